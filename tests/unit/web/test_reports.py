"""Reports on the server: what may be asked for, what is refused, and that no page carries what is forbidden."""

import base64
import hashlib
import re
from datetime import date

import pytest

from cti.report.periods import PeriodKind
from tests.unit.web.hotline import Hotline

pytestmark = pytest.mark.asyncio


@pytest.fixture
def hotline():
    return Hotline()


async def answered(client, path, status=200):
    async with client.get(path) as answer:
        assert answer.status == status, await answer.text()
        return answer, await answer.text()


async def test_a_report_is_asked_for_by_its_period_a_day_of_it_and_a_queue(hotline):
    async with hotline.serve() as client:
        answer, text = await answered(client, "/reports/week?date=2026-11-18&language=en&queue=billing")
        told, _ = await answered(client, "/api/reports/quarter?date=2026-11-18")
        about = (await told.json())["report"]
    wish, other = hotline.reports.asked
    assert (wish.kind, wish.period.name, wish.language, wish.queue) == (PeriodKind.WEEK, "2026-W47", "en", "billing")
    assert answer.content_type == "text/html"
    assert "Weekly report · 2026-W47" in text
    assert 'href="/reports/week?date=2026-11-09&amp;language=en&amp;queue=billing"' in text
    assert (other.kind, about["name"], about["language"], about["first_day"]) == (PeriodKind.QUARTER, "2026-Q4", "zh", "2026-10-01")


async def test_without_a_day_it_is_yesterday(hotline):
    async with hotline.serve() as client:
        await answered(client, "/reports/day")
    assert (hotline.clock.civil().date() - hotline.reports.asked[0].day).days == 1


async def test_the_list_leads_to_reports_that_are_there(hotline):
    async with hotline.serve() as client:
        _, text = await answered(client, "/reports?language=en")
        links = re.findall(r'href="(/reports/[^"]+)"', text)
        assert len(links) > 20
        for link in (links[0], links[-1]):
            await answered(client, link.replace("&amp;", "&"))
    assert hotline.reports.asked[0].period.last >= date(2026, 1, 1)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reports/year", 404), ("/reports/day?queue=nobody", 404), ("/reports/day?date=soon", 422), ("/reports/day?date=1999-12-31", 422),
        ("/reports/day?language=fr", 422), ("/reports/day?queue=%3Cscript%3E", 422), ("/api/reports/hour", 404),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused(hotline, path, status):
    async with hotline.serve() as client:
        await answered(client, path, status)
    assert not hotline.reports.asked


async def test_records_that_cannot_be_read_are_told(hotline):
    hotline.reports.down = "the database is away for this test"
    async with hotline.serve() as client:
        _, text = await answered(client, "/reports/day", 503)
    assert "the database is away for this test" in text


async def test_strangers_see_no_report(hotline):
    async with hotline.serve(token="") as client:
        for path in ("/reports", "/reports/day", "/api/reports/day"):
            await answered(client, path, 401)


async def test_its_style_is_one_the_rules_allow_and_it_carries_no_script(hotline):
    async with hotline.serve() as client:
        for path in ("/reports", "/reports/month"):
            answer, text = await answered(client, path)
            (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
            assert not re.search(r"<script| style=|https?://", text)
