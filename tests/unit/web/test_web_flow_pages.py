"""The pages at /flows as text: who may see them, what they refuse, what they cannot be made to carry."""

import re

import pytest

from cti.flow_versions import FlowStatus
from cti.http.flow_page import Told, Version, list_page
from ivr.flows import load_flows
from tests.unit.ivr.ivr_room import files, flow_text
from tests.unit.web.hotline import Hotline

pytestmark = pytest.mark.asyncio

STEPS = "hello: {{type: say, say: {{zh: 您好, en: Hello {n}}}, next: safe}}\nsafe: {{type: hangup}}"


def flows(n):
    return load_flows(files(flow_text(STEPS.format(n=n), start="hello")))


@pytest.fixture
def hotline():
    hotline = Hotline()
    now, before = flows(2), flows(1)
    hotline.flows.sets = {each.version: each for each in (now, before)}
    hotline.flows.status = FlowStatus(now.version, "", 0.0, before.version, "")
    return hotline


async def page(client, path, status=200):
    async with client.get(path) as answer:
        text = await answer.text()
        assert (answer.status, answer.content_type) == (status, "text/html" if status == 200 else "application/problem+json"), text
        return text


async def test_they_need_no_token_and_tell_what_changed(hotline):
    async with hotline.serve(token="") as client:
        listed = await page(client, "/flows")
        assert 'href="/flows/main?version=previous"' in listed
        assert "<li>the text of main/hello changed (en)</li>" in listed
        shown = await page(client, "/flows/main")
        assert "Hello 2" in shown
        assert "Hello 1" in await page(client, "/flows/main?version=previous")
        compared = await page(client, "/flows/main?against=previous")
        assert 'class="step speaking changed"' in compared
        assert "<li>the text of main/hello changed (en)</li>" in compared


@pytest.mark.parametrize(
    ("path", "status"),
    [("/flows/none", 404), ("/flows/main?version=candidate", 404), ("/flows/main?against=candidate", 404), ("/flows/main?version=last", 422)],
)
async def test_what_is_not_there_is_refused(hotline, path, status):
    async with hotline.serve(token="") as client:
        await page(client, path, status)


async def test_nothing_outside_is_named_and_every_script_and_style_is_one_the_rules_allow(hotline):
    async with hotline.serve(token="") as client, client.get("/flows/main") as answer:
        text, rules = await answer.text(), answer.headers["Content-Security-Policy"]
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "script-src 'sha256-" in rules
    assert "unsafe" not in rules
    assert not re.search(r"\son\w+=|\sstyle=", text), "the rules would not let it work"


async def test_words_cannot_break_out():
    text = list_page([Told("<b>", Version.CURRENT, 0.0, {"a": 1})], ["<script>"], "<i>")
    assert not re.search(r"<b>|<script>|<i>", text)
