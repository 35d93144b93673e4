"""The step `dial` on the real Asterisk: every way back, kills in ringing and talk, hang-ups, and numbers that nobody can have dialled."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import yaml

from cti.ami.session import AmiAccount, AmiSession
from cti.asterisk.options import ACTIONS_USER
from tests.rig.agents import ANSWERS, BUSY, DEAF, DECLINES, NOT_AVAILABLE, NOT_FOUND, RINGS
from tests.rig.callee import OUTSIDE, number_called, number_shown
from tests.rig.demo import gathered, record_of
from tests.rig.listener import Caller
from tests.rig.server import PROJECT
from tests.rig.stages import HOTLINE, fresh_numbers
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.rig.agents import AgentCall
    from tests.rig.callee import Callee
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

RING_SECONDS = 4
TALK_SECONDS = 10
GAP_SECONDS = 0.5
#: `max_calls` of the rule `branch` in config/dialing.yaml.
BRANCH_CALLS = 5
#: Each outcome has a sentence of its own, out of those that are spoken already.
SENTENCES = {
    "answered": "agent-ready", "busy": "agent-paused", "no_answer": "agent-logged-out", "rejected": "agent-unknown",
    "unreachable": "caller-gone", "not_allowed": "agent-logged-in", "error": "system-error",
}  # fmt: skip
QUESTION, ANNOUNCED = "not-a-choice", "whisper-queue-general"


def _dial(to: str, **more: Any) -> dict[str, Any]:
    return {"type": "dial", "to": to, "outcomes": {outcome: f"heard_{outcome}" for outcome in SENTENCES}, **more}


FLOW: dict[str, Any] = {
    "version": 1, "flow": "main", "start": "ask", "safe_exit": "bye",
    "vars": {"premium": {"type": "text", "value": "16812345"}, "mobile": {"type": "text", "value": "138 0013 8001"}},
    "defaults": {
        "on_timeout": {"say": {"phrase": "no-key"}, "next": "ask"}, "on_invalid": {"say": {"phrase": "no-key"}, "next": "ask"}, "on_error": "bye",
    },
    "steps": {
        "ask": {
            "type": "menu", "say": {"phrase": QUESTION}, "retries": 5,
            "choices": {"1": "office", "2": "short_talk", "3": "with_music", "4": "premium_line", "5": "somebodys_mobile", "#": "bye"},
        },
        "office": _dial("6800-1", ring_seconds=RING_SECONDS, announce={"phrase": ANNOUNCED}, announce_language="en"),
        "short_talk": _dial("68002", max_talk_seconds=TALK_SECONDS),
        "with_music": _dial("68010", hear="music"),
        "premium_line": _dial("${premium}"),
        "somebodys_mobile": _dial("${mobile}"),
        **{f"heard_{outcome}": {"type": "say", "say": {"phrase": phrase}, "barge_in": False, "next": "ask"} for outcome, phrase in SENTENCES.items()},
        "bye": {"type": "hangup", "say": {"phrase": "goodbye"}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dial-flows")
    for name in ("phrases.yaml", "hours.yaml"):  # queues.yaml names plans of the latter
        shutil.copy(PROJECT / "flows" / name, folder)
    (folder / "main.yaml").write_text(yaml.safe_dump(FLOW, allow_unicode=True), encoding="utf-8")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(site: Site, flows: Path) -> AsyncIterator[HotlineServer]:
    """One server for all: the tests that kill it start it again."""
    async with site.running(flows_dir=str(flows)) as server:
        yield server
    assert server.tracebacks() == []


@pytest_asyncio.fixture(loop_scope="session")
async def hotline(site: Site, server: HotlineServer) -> AsyncIterator[HotlineServer]:
    yield server
    await site.asterisk.cli("channel request hangup all")
    await site.asterisk.no_channels(15.0)


@pytest_asyncio.fixture(loop_scope="session")
async def callee(site: Site) -> AsyncIterator[Callee]:
    async with site.callee() as callee:
        yield callee


def a_caller(site: Site) -> Any:
    """A caller with a voice; his number is his name."""
    (number,) = fresh_numbers(1)
    return Caller.call(site.rig, HOTLINE, number, voice=True)


async def to_outside(caller: Caller, callee: Callee, key: str = "1") -> AgentCall:
    """Hear the question, press the key: the far end is called."""
    await caller.heard(f"phrases/{QUESTION}", 20.0)
    await caller.press(key)
    return await callee.called(15.0)


async def hears(caller: Caller, outcome: str, within: float = 20.0) -> None:
    await caller.heard(f"phrases/{SENTENCES[outcome]}", within)


async def talk(caller: Caller, call: AgentCall, within: float = 15.0) -> None:
    """Both hear each other now."""
    await gathered(caller.hears_voice(OUTSIDE, within), call.hears_voice(caller.who, within))


async def adopted(server: HotlineServer, *callers: Caller) -> None:
    """The server that was just started has found them."""
    for caller in callers:
        await server.logged("call_adopted", 15.0, caller=caller.who)


async def dials(server: HotlineServer, rule: str, outcome: str) -> float:
    return (await server.metrics()).value("hotline_dials_total", rule=rule, outcome=outcome)


async def test_each_way_back_leads_on(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    """One caller is put through again and again, and each time it goes otherwise."""
    ways = [(BUSY, "busy"), (DECLINES, "rejected"), (NOT_FOUND, "unreachable"), (NOT_AVAILABLE, "no_answer"), (RINGS, "no_answer"), (DEAF, "no_answer")]
    async with a_caller(site) as caller:
        for behaviour, outcome in ways:
            callee.behaviour = behaviour
            call = await to_outside(caller, callee)
            assert (number_called(call), number_shown(call)) == ("68001", HOTLINE)
            await hears(caller, outcome)
        callee.behaviour = ANSWERS
        call = await to_outside(caller, callee)
        await call.heard(f"phrases/{ANNOUNCED}", 10.0, "en")
        await talk(caller, call)
        await call.hangup()
        await hears(caller, "answered")
        await caller.heard(f"phrases/{QUESTION}", 20.0)
        await caller.press("#")
        await caller.ended(15.0)
        record = await record_of(hotline, caller.who)
    assert record["outcome"] == "put_through"
    assert record["talk_ms"] is not None
    assert len(callee.calls) == len(ways) + 1
    assert [await dials(hotline, "branch", outcome) for outcome in ("answered", "busy", "rejected", "unreachable", "no_answer")] == [1, 1, 1, 1, 3]
    assert (await hotline.metrics()).value("hotline_dial_talk_seconds_count", rule="branch") == 1


async def test_music_until_the_answer_and_an_end_to_long_talks(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    async with a_caller(site) as listens, a_caller(site) as talks:
        callee.behaviour = RINGS
        call = await to_outside(listens, callee, "3")
        assert number_called(call) == "68010"
        await listens.hears_music()
        callee.behaviour = ANSWERS
        short = await to_outside(talks, callee, "2")
        await talk(talks, short)
        await hears(talks, "answered", TALK_SECONDS + 15.0)
        assert await short.ended(10.0) == "asterisk"
        call.answer()
        await talk(listens, call)
        assert listens.alive
        assert talks.alive


async def test_numbers_that_nobody_may_have_dialled(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    """Neither a flow's variable, nor a caller who dials the dialplan's own names, nor an order by somebody else gets through."""
    callee.behaviour = ANSWERS
    before = await dials(hotline, "", "not_allowed")
    async with a_caller(site) as caller:
        for key in "45":
            await caller.heard(f"phrases/{QUESTION}", 20.0)
            await caller.press(key)
            await hears(caller, "not_allowed")
    for number in ("68001", "13800138001", "s", "dial", "hotline-dial"):
        async with Caller.call(site.rig, number, fresh_numbers(1)[0], wait=False) as stray:
            assert await stray.ended(10.0) == "refused", number
    orders = ("branch!13800138001", "branch!16812345", "customers!13800138001", "nobody!68001", "branch!", "!68001", "hotline-out-dial-branch!68001")
    results = await gathered(*(_forged_order(site, f"{order}!9!9!ring!t1") for order in orders))
    assert set(results) == {"REFUSED:0:0:t1"}
    assert callee.calls == []
    assert await dials(hotline, "", "not_allowed") == before + 2


async def test_more_calls_at_once_than_allowed_are_busy(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    """The rule lets five; the sixth hears so at once, and when one is over there is room again."""
    callee.behaviour = RINGS
    async with Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(BRANCH_CALLS + 1)]) as callers:
        *rung, late = callers
        for caller in rung:
            await to_outside(caller, callee, "2")
        await late.heard(f"phrases/{QUESTION}", 20.0)
        await late.press("2")
        await hears(late, "busy")
        await rung[0].hangup()
        await to_outside(late, callee, "2")
    assert len(callee.calls) == BRANCH_CALLS + 1


async def _forged_order(site: Site, order: str) -> str:
    """Let the dialplan take this order on a channel of our own, and return what it says of it."""
    up = asyncio.Event()
    account = AmiAccount("127.0.0.1", site.options.ami_port, ACTIONS_USER, site.options.ami_secrets.actions, "off")

    async def is_up() -> None:
        up.set()

    session = AmiSession(account, frozenset(), lambda _frame: None, is_up, lambda _reason: None)
    running = asyncio.create_task(session.run())
    try:
        await asyncio.wait_for(up.wait(), 10.0)
        channel_id = f"forged-{abs(hash(order))}"
        # the far half of this local channel hangs up a second after the near half was taken into `hotline-outside`
        await session.request("Originate", [
            ("Channel", "Local/idle@hotline-forget"), ("Context", "hotline-dial"), ("Exten", "s"), ("Priority", "1"), ("Async", "true"),
            ("ChannelId", channel_id), ("Variable", f"OUT_ORDER={order}"), ("Variable", "ACD_STATE=1!dial!!!0!0!zh!1!"),
        ])  # fmt: skip

        async def result() -> str:
            frames = await session.request("Status", [("AllVariables", "true")], is_list=True)
            mine = next((frame for frame in frames if frame.headers.get("Uniqueid") == channel_id), None)
            if mine is None:
                return ""
            (found,) = await session.request("Getvar", [("Channel", mine.headers["Channel"]), ("Variable", "OUT_RESULT")])
            return found.headers.get("Value", "")

        return str(await eventually(result, 10.0, f"the result of {order}"))
    finally:
        running.cancel()
        session.close()
        await asyncio.wait([running])


async def test_a_kill_while_it_rings_costs_nothing(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    callee.behaviour = RINGS
    async with a_caller(site) as caller:
        call = await to_outside(caller, callee, "2")
        await hotline.restart()
        await adopted(hotline, caller)
        call.answer()
        await talk(caller, call)
        await call.hangup()
        await hears(caller, "answered")
        assert len(callee.calls) == 1
        await caller.hangup()
        assert (await record_of(hotline, caller.who))["outcome"] == "put_through"


async def test_a_kill_in_the_talk_is_not_heard(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    callee.behaviour = ANSWERS
    async with a_caller(site) as stays, a_caller(site) as leaves:
        one = await to_outside(stays, callee, "3")
        other = await to_outside(leaves, callee, "3")
        await gathered(talk(stays, one), talk(leaves, other))
        stays.measure_from_now()
        await hotline.restart()
        await adopted(hotline, stays, leaves)
        await talk(stays, one)
        assert stays.longest_gap_seconds() < GAP_SECONDS
        await one.hangup()
        await hears(stays, "answered")
        await leaves.hangup()
        assert await other.ended(10.0) == "asterisk"
        assert (await record_of(hotline, leaves.who))["outcome"] == "put_through"
        assert len(callee.calls) == 2


async def test_whose_way_back_comes_while_nobody_looks_gets_it_later(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    """Busy while the server is dead: the next one tells it, and does not dial again."""
    callee.behaviour = RINGS
    async with a_caller(site) as caller:
        call = await to_outside(caller, callee, "2")
        await hotline.kill9()
        call.refuse(486)
        await call.ended(10.0)
        await hotline.start()
        await hears(caller, "busy", 30.0)
        await caller.heard(f"phrases/{QUESTION}", 20.0)
        assert len(callee.calls) == 1


async def test_without_a_server_nobody_stands_in_silence(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    """After the talk a goodbye; who has not talked is rung through to agents by the fallback. The records come when a server is back."""
    async with a_caller(site) as talked, a_caller(site) as rang:
        callee.behaviour = ANSWERS
        one = await to_outside(talked, callee, "3")
        callee.behaviour = RINGS
        other = await to_outside(rang, callee, "3")
        await talk(talked, one)
        await hotline.kill9()
        await one.hangup()
        other.refuse(486)
        await gathered(talked.heard("phrases/goodbye", 30.0), rang.heard("phrases/fallback-sorry", 30.0))
        await talked.ended(15.0)
        await rang.hangup()
        await hotline.start()
        assert (await record_of(hotline, talked.who))["outcome"] == "put_through"
        assert (await record_of(hotline, rang.who))["outcome"] == "fallback"


async def test_who_hangs_up_while_it_rings_ends_it(site: Site, hotline: HotlineServer, callee: Callee) -> None:
    callee.behaviour = RINGS
    async with a_caller(site) as caller:
        call = await to_outside(caller, callee, "3")
        await caller.hangup()
        await eventually(lambda: call.cancelled, 10.0, "the far end taken back")
        assert (await record_of(hotline, caller.who))["outcome"] == "abandoned"
    await site.asterisk.no_channels(15.0)
