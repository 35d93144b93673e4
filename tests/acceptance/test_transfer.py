"""Agents lead their callers on, by their phones' transfer keys, on the real Asterisk; that callers cannot is shown in test_apps_queues.py."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.rig.agents import ANSWERS, BUSY
from tests.rig.callee import OUTSIDE, number_called
from tests.rig.demo import record_of
from tests.rig.lines import Lines, agent_is, ask, call_of, log_in, number_shown, served, waiting
from tests.rig.listener import Caller
from tests.rig.stage import Stage, open_stage, scene
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.agents import AgentCall
    from tests.rig.gallery import Programs
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

WRAPUP_SECONDS = 3
#: A line for each scene, so that all can play side by side; the second is where the caller is led.
LINES = Lines(
    {
        "blind": {"wrapup_seconds": WRAPUP_SECONDS}, "blind_to": {"extension": "811"},
        "office": {}, "colleague": {"wrapup_seconds": WRAPUP_SECONDS}, "failing": {}, "asking": {"wrapup_seconds": WRAPUP_SECONDS}, "killed": {}, "killed_to": {"extension": "812"},
        "killed_far": {}, "killed_out": {},
    },
    {
        "blind": {"queues": ["blind"]}, "blind_to": {"queues": ["blind_to"]},
        "office": {"queues": ["office"]},
        "colleague": {"queues": ["colleague"]}, "helper": {"queues": ["colleague"], "extension": 2901},
        "failing": {"queues": ["failing"]}, "engaged": {"queues": ["failing"], "extension": 2902},
        "asking": {"queues": ["asking"]}, "asked": {"queues": ["asking"], "extension": 2903},
        "killed": {"queues": ["killed"]}, "killed_to": {"queues": ["killed_to"]},
        "killed_out": {"queues": ["killed_out"]},
        "killed_far": {"queues": ["killed_far"]}, "far": {"queues": ["killed_far"], "extension": 2904},
    },
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lines(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with LINES.opened(programs, tmp_path_factory.mktemp("transfer")) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(lines: Site) -> AsyncIterator[HotlineServer]:
    async with served(lines) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, lines: Site, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, lines, hotline) as stage:
        yield stage


async def lead(talk: AgentCall, number: str, *, replaces: Caller | None = None) -> None:
    """As a phone does: ask, and hang up once it is granted."""
    assert await talk.refer(number, replaces=replaces) == 200
    await talk.hangup()


async def transfers(server: HotlineServer, queue: str, kind: str, outcome: str) -> float:
    return (await server.metrics()).value("hotline_transfers_total", queue=queue, kind=kind, outcome=outcome)


async def legs_of(server: HotlineServer, number: str, count: int) -> list[tuple[Any, ...]]:
    """The legs of the call from this number once all are over and wrapped up: kind, line, agent, where to, how it ended."""
    call = (await record_of(server, number))["call"]
    told = "SELECT kind, queue, agent, target, outcome, reason FROM contact_legs WHERE call = ? AND ended_at_ms NOT NULL ORDER BY number"

    def found() -> list[Any] | None:
        rows = server.rows(told, call)
        return rows if len(rows) == count else None

    rows = await eventually(found, 20, f"{count} legs of {number}")
    return [tuple(row[name] for name in ("kind", "queue", "agent", "target", "outcome", "reason")) for row in rows]


@scene
async def test_to_another_line(site: Site, server: HotlineServer) -> None:
    """He goes before all who wait there; the agent has his wrap-up once; the record names both."""
    async with site.agents("blind", "blind_to", behaviour=ANSWERS) as farm:
        await log_in(server, "blind")
        async with LINES.caller(site, "13700002101", "blind", voice=True) as caller, LINES.caller(site, "13700002102", "blind_to", tier="diamond"):
            talk = await farm["blind"].talking()
            await caller.hears_voice("blind", 20)
            call = (await call_of(server, caller.who))["call"]
            await waiting(server, "blind_to", 1)
            await lead(talk, "811")
            await agent_is(server, "blind", "wrap_up")
            await caller.hears_music(30)
            first, _ = await waiting(server, "blind_to", 2)
            assert first["call"] == call
            await agent_is(server, "blind", "ready", WRAPUP_SECONDS + 10)
            await ask(server, "blind_to", "login")
            second = await farm["blind_to"].talking(20)
            assert number_shown(second) == caller.who
            await caller.hears_voice("blind_to", 20)
            await asyncio.sleep(1)
            await second.hangup()
            await caller.heard("survey/ask-1", 20)
        record = await record_of(server, caller.who)
        assert (record["call"], record["outcome"], record["queue"], record["agent"]) == (call, "answered", "blind_to", "blind_to")
        assert [(step["step"], step["result"]) for step in json.loads(record["trail"]) if step["type"] == "transfer"] == [("blind", "blind 811")]
        assert await transfers(server, "blind", "blind", "line") == 1
        assert await legs_of(server, caller.who, 2) == [
            ("queue", "blind", "blind", "811", "answered", "transferred"), ("queue", "blind_to", "blind_to", None, "answered", "caller_remains"),
        ]  # fmt: skip


@scene
async def test_to_somebody_outside_whom_the_list_has(site: Site, server: HotlineServer) -> None:
    async with site.agents("office", behaviour=ANSWERS) as farm, site.callee(ANSWERS) as callee:
        await log_in(server, "office")
        async with LINES.caller(site, "13700002201", "office", voice=True) as caller:
            talk = await farm["office"].talking()
            await caller.hears_voice("office", 20)
            assert await talk.refer("13800138001") == 404  # listed, but not for this
            await caller.hears_voice("office", 20)
            await lead(talk, "68001")
            far = await callee.talking(15)
            assert number_called(far) == "68001"
            await caller.hears_voice(OUTSIDE, 20)
            await agent_is(server, "office", "ready", 20)
            await far.hangup()
            await caller.heard("survey/ask-1", 20)
    assert farm.double_offers() == []
    assert await transfers(server, "office", "blind", "outside") == 1
    first, second = await legs_of(server, "13700002201", 2)
    assert (first[2], first[4:]) == ("office", ("answered", "transferred"))
    assert second == ("transfer", "office", None, first[3], "answered", None)


@scene
async def test_to_a_colleague(site: Site, server: HotlineServer) -> None:
    async with site.agents("colleague", "helper", behaviour=ANSWERS) as farm:
        await log_in(server, "colleague")
        async with LINES.caller(site, "13700002301", "colleague", voice=True) as caller:
            talk = await farm["colleague"].talking()
            await caller.hears_voice("colleague", 20)
            await ask(server, "helper", "login")
            await lead(talk, "2901")
            second = await farm["helper"].talking(15)
            await caller.hears_voice("helper", 20)
            await second.hears_voice(caller.who, 20)
            await agent_is(server, "helper", "talking")
            await second.hangup()
            await agent_is(server, "helper", "wrap_up")
            await caller.heard("survey/ask-1", 20)
            await agent_is(server, "helper", "ready", WRAPUP_SECONDS + 10)
    assert await transfers(server, "colleague", "blind", "colleague") == 1
    assert await legs_of(server, "13700002301", 2) == [
        ("queue", "colleague", "colleague", "2901", "answered", "transferred"), ("transfer", "colleague", "helper", "2901", "answered", None),
    ]  # fmt: skip


@scene
async def test_who_is_led_to_nobody_is_the_first_of_his_line(site: Site, server: HotlineServer) -> None:
    async with site.agents("failing", behaviour=ANSWERS) as farm, site.agents("engaged", behaviour=BUSY) as others:
        await log_in(server, "failing")
        async with LINES.caller(site, "13700002401", "failing", voice=True) as caller, LINES.caller(site, "13700002402", "failing", tier="diamond"):
            talk = await farm["failing"].talking()
            who = number_shown(talk)
            await talk.hears_voice(caller.who, 20) if who == caller.who else await asyncio.sleep(1)
            await ask(server, "failing", "pause", {"reason": "lunch"})
            await lead(talk, "2902")
            calls = await waiting(server, "failing", 2)
            assert calls[0]["call"] == (await call_of(server, who))["call"]
            assert len(others["engaged"].calls) == 1
            assert await transfers(server, "failing", "blind", "failed") == 1
            await agent_is(server, "failing", "paused")


@scene
async def test_asks_a_colleague_first(site: Site, server: HotlineServer) -> None:
    """An attended transfer: the agent is free, the two talk, and the caller comes back to his flow after it."""
    async with site.agents("asking", "asked", behaviour=ANSWERS) as farm:
        await log_in(server, "asking")
        await ask(server, "asked", "login")
        await ask(server, "asked", "pause", {"reason": "back office"})
        async with LINES.caller(site, "13700002601", "asking", voice=True) as caller:
            talk = await farm["asking"].talking()
            await caller.hears_voice("asking", 20)
            async with Caller.call(site.rig, "2903", "asking", voice=True, username="asking", password=site.passwords["asking"]) as consult:
                second = await farm["asked"].talking()
                await consult.hears_voice("asked", 20)
                await lead(talk, "2903", replaces=consult)
                await caller.hears_voice("asked", 20)
                await second.hears_voice(caller.who, 20)
                await agent_is(server, "asking", "wrap_up")
                await agent_is(server, "asked", "talking")
            await agent_is(server, "asking", "ready", WRAPUP_SECONDS + 10)
            await caller.hears_voice("asked", 20)
            await second.hangup()
            await agent_is(server, "asked", "paused")
            await caller.heard("survey/ask-1", 20)
        record = await record_of(server, caller.who)
        assert (record["outcome"], record["agent"]) == ("answered", "asking")
        assert [step["result"] for step in json.loads(record["trail"]) if step["type"] == "transfer"] == ["attended 2903"]
        assert await transfers(server, "asking", "attended", "colleague") == 1


async def test_a_kill_after_each_kind_costs_nobody(lines: Site, hotline: HotlineServer, stage: Stage) -> None:
    """One waits where he was led, one talks outside, one with the colleague who was asked: all go on, and so do the agents."""
    del stage
    names = ("killed", "killed_to", "killed_out", "killed_far", "far")
    async with (
        lines.agents(*names, behaviour=ANSWERS) as farm,
        lines.callee(ANSWERS) as callee,
        LINES.caller(lines, "13700002701", "killed") as waits,
        LINES.caller(lines, "13700002702", "killed_out") as outside,
        LINES.caller(lines, "13700002703", "killed_far", voice=True) as joined,
    ):
        for name in ("killed", "killed_out", "killed_far"):
            await ask(hotline, name, "login")
        talks = [await farm[name].talking(20) for name in ("killed", "killed_out", "killed_far")]
        for caller, name in ((waits, "killed"), (outside, "killed_out"), (joined, "killed_far")):
            await caller.hears_voice(name, 30)
        async with Caller.call(lines.rig, "2904", "killed_far", username="killed_far", password=lines.passwords["killed_far"]) as consult:
            far = await farm["far"].talking()
            await consult.hears_voice("far", 20)  # a phone transfers when the two have spoken
            await lead(talks[2], "2904", replaces=consult)
            await joined.hears_voice("far", 20)
        await lead(talks[0], "812")
        await lead(talks[1], "68001")
        abroad = await callee.talking(15)
        call = (await call_of(hotline, waits.who))["call"]
        await waiting(hotline, "killed_to", 1)
        await outside.hears_voice(OUTSIDE, 20)

        await hotline.restart()

        (entry,) = await waiting(hotline, "killed_to", 1)
        assert entry["call"] == call
        await outside.hears_voice(OUTSIDE, 20)
        await joined.hears_voice("far", 20)
        await abroad.hangup()
        await far.hangup()
        await outside.heard("survey/ask-1", 30)
        await joined.heard("survey/ask-1", 30)
        await ask(hotline, "killed_to", "login")
        await waits.hears_voice("killed_to", 30)
        assert len(callee.calls) == 1
        for name in ("killed", "killed_out", "killed_far"):
            await agent_is(hotline, name, "ready", 20)
            assert len(farm[name].calls) == 1
