"""Kill -9 of the server with callers in every state at once: nobody notices more than one menu step."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.agents import ANSWERS
from tests.rig.listener import Caller
from tests.rig.stages import (
    HOTLINE,
    Stage,
    finished_records,
    fresh_numbers,
    gathered,
    login,
    nobody_stuck,
    staged,
    to_ticket,
    voices,
    waiting,
)
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

DISPATCH_AGAIN_SECONDS = 5.0
#: One lost packet more than a lap of the hold loop costs.
GAP_SECONDS = 0.5
#: What times on two clocks, the engine's and the calendar's, may differ by.
SAME_MS = 50


async def _kill_and_watch(site: Site, stage: Stage) -> None:
    """Kill the server, start it again, and hold everything a caller or agent may notice against what was promised."""
    server = stage.server
    before = await waiting(server)
    for caller in stage.waiting + stage.talking:
        caller.measure_from_now()
    for caller in stage.prompt + stage.digits + stage.survey:
        caller.forget()
    killed_at = time.monotonic()
    await server.kill9()
    await server.start(ready_within=DISPATCH_AGAIN_SECONDS + 5.0)

    await _dispatches_again(site, stage, killed_at)
    assert [caller.who for caller in stage.all if not caller.alive] == []
    await _menus_go_on(stage)
    await _talks_go_on(stage)
    await _line_is_kept(stage, before)


async def _dispatches_again(site: Site, stage: Stage, killed_at: float) -> None:
    """The first agent who becomes free after the kill is called."""
    agent = stage.agent_calls[stage.survey[0].who].agent
    stage.farm[agent].behaviour = ANSWERS
    known = len(stage.farm[agent].calls)
    await login(stage.server, agent)
    call = await stage.farm[agent].called()
    assert len(stage.farm[agent].calls) == known + 1
    assert call.invite.at - killed_at < DISPATCH_AGAIN_SECONDS
    stage.agent_calls[f"again {agent}"] = call


async def _menus_go_on(stage: Stage) -> None:
    """Whoever was in a menu hears the question again that he was asked."""
    await gathered(
        *(caller.heard("main/menu-1", 10.0, "zh") for caller in stage.prompt),
        *(caller.heard("identify/ask_account-1", 10.0, "zh") for caller in stage.digits),
        *(caller.heard("survey/ask-1", 10.0, "zh") for caller in stage.survey),
    )


async def _talks_go_on(stage: Stage) -> None:
    async def goes_on(caller: Caller) -> None:
        await voices(caller, stage.agent_calls[caller.who])
        assert caller.longest_gap_seconds() < GAP_SECONDS

    async def answered_later(caller: Caller) -> None:
        call = stage.agent_calls[caller.who]
        assert not call.cancelled
        call.answer()
        await voices(caller, call, 15.0)

    async def was_connecting(caller: Caller) -> None:
        await voices(caller, stage.agent_calls[caller.who], 15.0)

    await gathered(*map(goes_on, stage.talking), *map(answered_later, stage.ringing), *map(was_connecting, stage.connecting))


async def _line_is_kept(stage: Stage, before: list[dict[str, object]]) -> None:
    """Order and entry times are those of before, less the one who was served meanwhile; the music never stopped."""
    after = await waiting(stage.server)
    waited = {str(call["call"]): float(str(call["waited_seconds"])) for call in before}
    assert [call["call"] for call in after] == [call["call"] for call in before if call["call"] in {c["call"] for c in after}]
    assert all(call["waited_seconds"] > waited[call["call"]] for call in after)
    for caller in stage.waiting:
        assert caller.longest_gap_seconds() < GAP_SECONDS


async def _drain(site: Site, stage: Stage) -> None:
    """Everybody comes to his end: surveys answered, talks hung up, the rest gives up."""
    for caller in stage.survey:
        await caller.press("5")
    await gathered(*(caller.ended(15.0) for caller in stage.survey))
    assert {caller.ended_by for caller in stage.survey} == {"asterisk"}
    talks = stage.talking + stage.ringing + stage.connecting
    await gathered(*(caller.hangup() for caller in talks + stage.prompt + stage.digits + stage.waiting))
    found = await finished_records(stage.server, stage.all)
    served = {caller.who for caller in talks + stage.survey}
    for number, record in found.items():
        assert (record["outcome"] == "answered") is (number in served or record["agent"] is not None), record
        assert record["started_at_ms"] is not None
    for caller in talks + stage.survey:
        assert found[caller.who]["agent"] == stage.agent_calls[caller.who].agent
        assert found[caller.who]["queue"] == "general"
    for caller in stage.survey:
        assert found[caller.who]["survey_score"] == 5
    assert {found[caller.who]["outcome"] for caller in stage.prompt + stage.digits} == {"abandoned"}
    assert len([1 for caller in stage.waiting if found[caller.who]["outcome"] == "answered"]) == 1
    await nobody_stuck(site, stage.server, stage.farm)
    _legs_are_whole(stage, found)


def _legs_are_whole(stage: Stage, records: dict[str, dict[str, Any]]) -> None:
    """Whoever was in the line has one leg, from his entry to his end, as if there had been no kill."""
    legs = stage.server.rows("SELECT * FROM contact_legs")
    in_line = stage.talking + stage.ringing + stage.connecting + stage.survey + stage.waiting
    assert sorted(leg["call"] for leg in legs) == sorted(records[caller.who]["call"] for caller in in_line)
    by_call = {leg["call"]: leg for leg in legs}
    for caller in in_line:
        record, leg = records[caller.who], by_call[records[caller.who]["call"]]
        assert (leg["number"], leg["kind"], leg["queue"], leg["agent"]) == (1, "queue", "general", record["agent"]), leg
        assert leg["outcome"] == record["outcome"], leg
        assert record["started_at_ms"] < leg["entered_at_ms"] < leg["ended_at_ms"] <= record["ended_at_ms"], leg
        if record["outcome"] == "answered":
            assert leg["entered_at_ms"] <= leg["rang_at_ms"] <= leg["answered_at_ms"] < leg["talk_ended_at_ms"], leg
            assert abs(leg["wait_ms"] - (leg["answered_at_ms"] - leg["entered_at_ms"])) < SAME_MS, json.dumps(leg)
            assert abs(leg["talk_ms"] - (leg["talk_ended_at_ms"] - leg["answered_at_ms"])) < SAME_MS, json.dumps(leg)
    for caller in stage.survey:
        assert by_call[records[caller.who]["call"]]["survey_score"] == 5


async def test_kill_with_callers_in_every_state(site: Site, server: HotlineServer) -> None:
    async with staged(site, server, queued=11, each=2) as stage:
        await _kill_and_watch(site, stage)
        await _drain(site, stage)


@pytest.mark.long
async def test_kill_with_a_hundred_callers_up(site: Site, server: HotlineServer) -> None:
    async with staged(site, server, queued=98, each=2) as stage:
        assert len(stage.all) >= 100
        await _kill_and_watch(site, stage)
        await _drain(site, stage)


@pytest.mark.parametrize("callers", [3, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
async def test_a_ticket_is_made_once_when_the_server_dies_before_it_knows(site: Site, server: HotlineServer, callers: int) -> None:
    """Killed in the moment the first row appears, with the other reports in flight: each has one ticket, and hears its number."""
    async with Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(callers)]) as group:
        await gathered(*map(to_ticket, group))
        await gathered(*(caller.press("1") for caller in group), _kill_at_the_first_row(server))
        await server.start()
        await gathered(*(_ticket_heard(caller) for caller in group))
        made = [row["caller"] for row in server.rows("select caller from tickets")]
        assert sorted(made) == sorted(caller.who for caller in group)
        await gathered(*(caller.hangup() for caller in group))
        found = await finished_records(server, group)
        assert {record["outcome"] for record in found.values()} == {"abandoned"}
        assert sorted(ticket for record in found.values() for ticket in json.loads(record["tickets"])) == sorted(
            row["ticket"] for row in server.rows("select ticket from tickets")
        )


async def _kill_at_the_first_row(server: HotlineServer) -> None:
    await eventually(lambda: server.rows("select ticket from tickets"), 20.0, "a ticket", every=0.001)
    await server.kill9()


async def _ticket_heard(caller: Caller) -> None:
    """He is told the number; one whose key came into the dead moment is asked again, and answers again."""
    asked = 0
    end = time.monotonic() + 40.0
    while not any(name.startswith("fault/thanks-") for name in caller.heard_ids):
        seen = caller.heard_ids.count("fault/check-1")
        if seen > max(asked, 1):
            asked = seen
            await caller.press("1")
        assert time.monotonic() < end, caller._story()
        await asyncio.sleep(0.05)
