"""Twenty kills under load: callers arrive at five a second over all branches; nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.rig.agents import Behaviour
from tests.rig.ledger import disagreements
from tests.rig.load import CallOutcome, Plan, run_load
from tests.rig.stages import AGENTS, HOTLINE, agent_states, fresh_numbers, login, nobody_stuck
from tests.rig.waiting import Deadline, eventually

if TYPE_CHECKING:
    from tests.rig.listener import Caller
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.long, pytest.mark.timeout(900), pytest.mark.asyncio(loop_scope="session")]

RATE = 5.0
KILL_EVERY_SECONDS = 10.0
SLOW = 200.0
LANGUAGE = {"main/ask_language-1": "1"}


async def _walk(caller: Caller, keys: dict[str, str], until: str) -> None:
    """Answer each question as often as it is heard, like a person: a kill may cost one menu step, which is then asked again.

    Returns when `until` is heard, or the call is over.
    """
    end = time.monotonic() + SLOW
    while not caller.dialogue.over:
        place = caller._consumed
        if place < len(caller.ear.heard):
            caller._consumed += 1
            name = caller.ear.heard[place].name.id
            if name.startswith(until):
                return
            if name in keys:
                await caller.press(keys[name])
        elif time.monotonic() > end:
            raise Deadline(f"{caller.who} did not come to {until}; {caller._story()}")
        else:
            await asyncio.sleep(0.02)


async def digits(caller: Caller) -> None:
    """Hangs up in the middle of his account number."""
    await _walk(caller, LANGUAGE | {"main/menu-1": "1"}, "identify/ask_account-1")
    await caller.press("1000")
    await asyncio.sleep(1.0)
    await caller.hangup()


async def fault(caller: Caller) -> None:
    """Reports a fault, and hangs up as soon as he hears that it is registered."""
    keys = {"main/menu-1": "2", "fault/ask_area-1": "2", "fault/ask_kind-1": "4", "fault/offer_message-1": "2"}
    checks = {"fault/check-1": "1", "fault/check-2": "1", "fault/check-3": "1"}
    await _walk(caller, LANGUAGE | keys | checks, "fault/thanks-1")
    assert "fault/thanks-1" in caller.heard_ids, caller._story()
    await caller.hangup()


async def agent(caller: Caller) -> None:
    """Talks with an agent and gives his mark."""
    await _walk(caller, LANGUAGE | {"main/menu-1": "0", "agent/ask_topic-1": "3", "survey/ask-1": "5"}, "phrases/goodbye")
    assert any(name.startswith("voice/") for name in caller.heard_ids), caller._story()


async def impatient(caller: Caller) -> None:
    """Waits in the line for a while, then hangs up."""
    await _walk(caller, LANGUAGE | {"main/menu-1": "0", "agent/ask_topic-1": "2"}, "phrases/please-hold")
    await asyncio.sleep(6.0)
    await caller.hangup()


SCRIPTS = (digits, fault, agent, fault, digits, impatient)  # no more for agents than eight can serve between the kills


@pytest.mark.parametrize("kills", [20])
async def test_kills_under_load(site: Site, server: HotlineServer, kills: int) -> None:
    """The ledger of the callers, our records and Asterisk's CEL agree call by call; each ticket exists once."""
    chance = random.Random(kills)
    calls = int(RATE * KILL_EVERY_SECONDS * kills)
    plans = [Plan(number, HOTLINE, script, script.__name__) for number, script in zip(fresh_numbers(calls), SCRIPTS * (calls // len(SCRIPTS) + 1), strict=False)]
    talk = Behaviour(answer_after=0.3, talk=8.0)  # counted from the answer: five seconds are the whisper
    async with site.agents(*AGENTS, behaviour=talk) as farm, server.kept_running():
        await login(server, *AGENTS)
        keep = asyncio.create_task(_keep_agents(server))
        killer = asyncio.create_task(_kill(server, kills, chance))
        outcomes = await run_load(site.rig, plans, rate=RATE, within=KILL_EVERY_SECONDS * kills + 300.0)
        await killer
        keep.cancel()
        await server.wait_ready()
        await nobody_stuck(site, server, farm)
        await _all_agree(site, server, outcomes)


async def _kill(server: HotlineServer, kills: int, chance: random.Random) -> None:
    for _ in range(kills):
        await asyncio.sleep(KILL_EVERY_SECONDS * chance.uniform(0.8, 1.2))
        await server.kill9()


async def _keep_agents(server: HotlineServer) -> None:
    """Agents come back from wrap-up and pauses at once: it is the server that is tried, not their patience."""
    while True:
        await asyncio.sleep(1.0)
        try:
            states = await agent_states(server)
            for name in AGENTS:
                if states.get(name) in ("wrap_up", "paused", "backoff"):
                    await server.api("POST", f"/api/agents/{name}/ready")
        except (OSError, TimeoutError, ValueError):
            continue


async def _all_agree(site: Site, server: HotlineServer, outcomes: list[CallOutcome]) -> None:
    numbers = {outcome.plan.from_number for outcome in outcomes}

    def rows() -> list[dict[str, object]]:
        return [row for row in server.rows("select * from call_records") if row["caller_number"] in numbers]

    def finished() -> bool:
        found = rows()
        return len({row["caller_number"] for row in found}) == len(numbers) and all(row["ended_at_ms"] for row in found)

    try:
        await eventually(finished, 90.0, "all records finished", every=1.0)
    except Deadline as error:
        missing = numbers - {str(row["caller_number"]) for row in rows()}
        unfinished = [row["caller_number"] for row in rows() if not row["ended_at_ms"]]
        raise Deadline(f"{error}; no record: {sorted(missing)[:10]}, unfinished: {unfinished[:10]}") from error
    faults = disagreements(outcomes, rows(), site.asterisk.cel())
    assert not faults, f"{len(faults)} disagreements:\n" + "\n".join(faults)
    reporters = {outcome.plan.from_number for outcome in outcomes if outcome.plan.name == "fault"}
    tickets = [row["caller"] for row in server.rows("select caller from tickets")]
    assert sorted(number for number in tickets if number in reporters) == sorted(reporters)
    assert server.tracebacks() == []
