"""The steps http and sms in real calls against a company in trouble, and killed in the middle of an effect.

Only phrases are spoken, so that no prompt has to be made.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.rig.demo import HOTLINE, check_heard, gathered, record_of, said
from tests.rig.listener import Caller
from tests.rig.ports import free_port
from tests.rig.server import PROJECT
from tests.rig.waiting import eventually
from tests.support.any_service import AnyService

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

SPOKEN = 40.0  # a long announcement, with room for a busy machine
SLOW = ("hang", "drip")
CANARY = "846207"
TROUBLES = (*SLOW, "error_500", "gigabyte", "no_json", "wrong_types")
STEPS = """
  fine: {type: hangup, say: {phrase: goodbye}, reason: fine}
  failed: {type: hangup, say: {phrase: system-error}, reason: failed}
  control: {type: http, service: control, path: /x, reply: {state: text}, into: found, next: echo}
  echo: {type: http, service: company, method: POST, path: "/echo/${found.state}", body: {state: "${found.state}", who: "${call.caller_number}"}, next: fine}
  pin: {type: collect, secure: true, say: {phrase: voicemail-ask}, min_digits: 6, max_digits: 6, into: pin, next: tell_pin}
  tell_pin: {type: http, service: company, method: POST, path: /pins, body: {deep: [{pin: "${pin}"}]}, next: fine}
  order: {type: http, service: company, method: PUT, path: /orders, body: {who: "${call.caller_number}"}, timeout_seconds: 30, next: fine}
  message: {type: sms, gateway: carrier, text: {zh: "你好 ${call.caller_number}", en: Hello}, outcomes: {no_number: failed, limited: failed}, timeout_seconds: 30, next: fine}
  gateway_down: {type: sms, gateway: broken, text: {zh: 你好, en: Hello}, outcomes: {no_number: failed, limited: failed}, next: fine}
"""
KEYS = {
    **{name: str(number) for number, name in enumerate(TROUBLES, 1)},
    "control": "7",
    "order": "8",
    "message": "9",
    "gateway_down": "0",
}


def write_flows(folder: Path) -> None:
    folder.mkdir()
    for name in ("phrases.yaml", "hours.yaml"):
        shutil.copy(PROJECT / "flows" / name, folder)
    troubles = "".join(
        f"  {name}: {{type: http, service: {name}, path: /x, reply: {{state: text}}, into: found, timeout_seconds: 3, next: fine}}\n"
        for name in TROUBLES
    )
    choices = ", ".join(f'"{key}": {name}' for name, key in KEYS.items())
    menu = f'  choose: {{type: menu, say: {{phrase: too-many-tries}}, choices: {{{choices}, "*": pin}}}}\n'
    head = "version: 1\nflow: main\nstart: choose\nsafe_exit: failed\nvars: {found: data, pin: secret}\n"
    defaults = "defaults: {on_error: failed, on_timeout: failed, on_invalid: {say: {phrase: not-a-choice}, next: failed}}\nsteps:\n"
    (folder / "main.yaml").write_text(head + defaults + menu + troubles + STEPS.lstrip("\n"), encoding="utf-8")


def write_config(folder: Path, url: str) -> None:
    shutil.copytree(PROJECT / "config", folder)
    services = "".join(f"  {name}: {{url: '{url}/trouble/{name}'}}\n" for name in TROUBLES)
    form = 'fields: {to: "${number}", text: "${text}"}'
    (folder / "backends.yaml").write_text(
        f"version: 1\nbackends: {{accounts: {{type: sql}}}}\nservices:\n{services}  control: {{url: '{url}/trouble/control_characters'}}\n"
        f"  company: {{url: '{url}', token: tok-en}}\ngateways:\n  carrier: {{type: http, url: '{url}/send', {form}}}\n"
        f"  broken: {{type: http, url: '{url}/trouble/error_500', {form}}}\n",
        encoding="utf-8",
    )


async def test_a_service_in_trouble_costs_a_sentence_and_a_kill_doubles_nothing(site: Site, tmp_path: Path) -> None:
    port = free_port()
    write_flows(tmp_path / "flows")
    write_config(tmp_path / "config", f"http://127.0.0.1:{port}")
    changes = {"flows_dir": str(tmp_path / "flows"), "config_dir": str(tmp_path / "config"), "default_queue": "general"}
    async with AnyService({"state": "ok"}).running(port) as company, site.running(**changes) as server:
        await gathered(
            *(_in_trouble(site, server, name, f"1390000000{n}") for n, name in enumerate((*TROUBLES, "gateway_down")))
        )
        await _cleaned(site, server, company)
        await _secret(site, server, company)
        await _killed_in_the_middle(site, server, company)
        metrics = await server.metrics()
        assert metrics.value("hotline_backend_calls_total", backend="company", operation="http", result="ok") >= 1
        assert server.tracebacks() == []
    await site.clear()


async def _in_trouble(site: Site, server: HotlineServer, name: str, number: str) -> None:
    """A sentence fills the time while nothing comes; then the flow's own way."""
    async with Caller.call(site.rig, HOTLINE, number) as caller:
        await caller.heard("phrases/too-many-tries", 20)
        await caller.press(KEYS[name])
        await caller.heard_whole("phrases/system-error", SPOKEN)
        assert await caller.ended(SPOKEN) == "asterisk"
        filler = ["phrases/one-moment"] if name in SLOW else []
        if name in SLOW or "phrases/one-moment" not in caller.heard_ids:  # a busy machine may need it elsewhere, too
            check_heard(caller, said("zh", "phrases/too-many-tries", *filler, "phrases/system-error"))
    assert (await record_of(server, number))["outcome"] == "self_service"


async def _cleaned(site: Site, server: HotlineServer, company: AnyService) -> None:
    """What a service sends is cleaned before it goes anywhere else."""
    async with Caller.call(site.rig, HOTLINE, "13900000010") as caller:
        await caller.heard("phrases/too-many-tries", 20)
        await caller.press(KEYS["control"])
        await caller.heard_whole("phrases/goodbye", SPOKEN)
    (echo,) = [seen for seen in company.requests if seen.target.startswith("/echo")]
    assert (echo.target, echo.body) == ("/echo/ok", {"state": "ok", "who": "13900000010"})
    assert echo.headers["Authorization"] == "Bearer tok-en"
    assert echo.key.endswith("/main/echo/1")


async def _secret(site: Site, server: HotlineServer, company: AnyService) -> None:
    """A PIN in a body reaches the service, and nothing else: no log, record, store or metric."""
    async with Caller.call(site.rig, HOTLINE, "13900000013") as caller:
        await caller.heard("phrases/too-many-tries", 20)
        await caller.press("*")
        await caller.heard("phrases/voicemail-ask", 20)
        await caller.press(CANARY)
        await caller.heard_whole("phrases/goodbye", SPOKEN)
    assert [seen.body for seen in company.requests if seen.target == "/pins"] == [{"deep": [{"pin": CANARY}]}]
    await record_of(server, "13900000013")
    metrics = (await server.api("GET", "/metrics")).body
    kept = [file for file in site.rig.folder.parent.rglob("server*") if file.is_file()]
    assert any(file.suffix == ".log" for file in kept)
    assert any(file.suffix == ".db" for file in kept)
    assert [file.name for file in kept if CANARY.encode() in file.read_bytes()] == []
    assert CANARY not in str(metrics)


async def _killed_in_the_middle(site: Site, server: HotlineServer, company: AnyService) -> None:
    """Both effects are done and unanswered when the server dies; the next one sends them again under their keys."""
    company.effects.clear()
    company.trouble = "done_but_silent"
    numbers = {"13900000011": "order", "13900000012": "message"}
    async with Caller.group(site.rig, [(number, HOTLINE) for number in numbers]) as group:
        await gathered(*(caller.heard("phrases/too-many-tries", 20) for caller in group))
        await gathered(*(caller.press(KEYS[numbers[caller.who]]) for caller in group))
        await eventually(lambda: len(company.effects) == 2, 20, "both effects done")
        await server.kill9()
        company.trouble = None
        await server.start()
        await gathered(*(caller.heard_whole("phrases/goodbye", SPOKEN) for caller in group))
        await gathered(*(caller.ended(SPOKEN) for caller in group))
    sent = {seen.body.get("who", seen.body.get("to")): key for key, seen in company.effects.items()}
    assert set(sent) == set(numbers), "one effect a caller, however often it was sent"
    again = [seen.key for seen in company.requests if seen.key in company.effects]
    assert all(again.count(key) >= 2 for key in company.effects)
    (row,) = server.rows("SELECT * FROM sms_outbox WHERE caller = '13900000012'")
    assert (row["state"], row["text"], row["key"]) == ("sent", "你好 13900000012", sent["13900000012"])
