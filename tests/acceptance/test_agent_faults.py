"""Phones that fail in every way, and callers who leave at every moment: nobody stays stuck, nothing rings twice."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.rig.agents import ANSWERS, BUSY, DEAF, DECLINES, MANUAL, NOT_AVAILABLE, NOT_FOUND, RINGS, Behaviour
from tests.rig.listener import Caller
from tests.rig.stages import (
    HOTLINE,
    agent_states,
    caller_number,
    finished_records,
    fresh_numbers,
    gathered,
    login,
    logout,
    nobody_stuck,
    to_digits,
    to_menu,
    to_queue,
    voices,
    waits,
)
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from tests.rig.agents import Agent, AgentFarm
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

#: What a phone does, and the one word the log has for it.
FAULTS = {
    "agent01": (DECLINES, "rejected"),
    "agent02": (BUSY, "busy"),
    "agent03": (NOT_AVAILABLE, "unreachable"),
    "agent04": (NOT_FOUND, "unreachable"),
    "agent06": (RINGS, "no_answer"),
    "agent07": (DEAF, "unreachable"),
    "agent09": (Behaviour(answer_after=0.05, talk=0.2), "hung_up"),  # within 500 ms of answering, in the whisper
}
STUCK_SECONDS = 10.0
RING_SECONDS = 15.0  # offer_timeout_seconds in config/queues.yaml


async def test_every_kind_of_failing_phone(site: Site, server: HotlineServer) -> None:
    """Each caller is offered to a phone that fails; each keeps his place, and a phone that works serves them in order."""
    numbers = fresh_numbers(len(FAULTS))
    async with (
        site.agents(*FAULTS, "agent10", behaviour=MANUAL) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in numbers]) as callers,
    ):
        await gathered(*map(to_queue, callers))
        await waits(server, len(callers))
        await gathered(*(_fails(server, farm[name], *FAULTS[name]) for name in FAULTS))
        await _not_registered(server)
        assert farm.double_offers() == []
        assert [caller.who for caller in callers if not caller.alive] == []
        await _served_in_order(server, farm["agent10"], callers)
        await gathered(*(caller.hangup() for caller in callers))
        await nobody_stuck(site, server, farm)


async def _fails(server: HotlineServer, agent: Agent, behaviour: Behaviour, result: str) -> None:
    agent.behaviour = behaviour
    await login(server, agent.name)
    call = await agent.called()
    await server.logged("offer_ended", RING_SECONDS + STUCK_SECONDS, agent=agent.name, result=result)
    states = await agent_states(server)
    assert states[agent.name] in ("backoff", "paused"), states
    ended = server.logs("offer_ended", agent=agent.name)
    assert [(entry["result"], entry["cancel_expired"]) for entry in ended] == [(result, False)]
    await logout(server, agent.name)
    if not call.dialogue.over:
        assert behaviour is DEAF


async def _not_registered(server: HotlineServer) -> None:
    """A phone nobody registered: Asterisk does not even make a channel."""
    await login(server, "agent08")
    async with asyncio.timeout(5.0):
        while (await agent_states(server))["agent08"] != "ready":
            await asyncio.sleep(0.05)


async def _served_in_order(server: HotlineServer, agent: Agent, callers: list[Caller]) -> None:
    agent.behaviour = ANSWERS
    await login(server, agent.name)
    for caller in callers[:2]:
        call = await agent.called()
        assert caller_number(call) == caller.who
        await call.answered()
        await caller.hears_voice(agent.name, 15.0)
        await call.hangup()
        await server.api("POST", f"/api/agents/{agent.name}/ready")
    call = await agent.called()
    assert caller_number(call) == callers[2].who


async def test_a_phone_that_is_not_registered(site: Site, server: HotlineServer) -> None:
    async with Caller.call(site.rig, HOTLINE, fresh_numbers(1)[0]) as caller, site.agents("agent02", behaviour=ANSWERS) as farm:
        await to_queue(caller)
        await waits(server, 1)
        await login(server, "agent01")
        ended = await server.logged("offer_ended", agent="agent01")
        assert ended["result"] == "unreachable"
        assert (await agent_states(server))["agent01"] == "backoff"
        await login(server, "agent02")
        assert caller_number(await farm["agent02"].talking()) == caller.who
        await caller.hears_voice("agent02", 15.0)
        await caller.hangup()
        await nobody_stuck(site, server, farm)


async def test_an_agent_hangs_up_in_the_whisper(site: Site, server: HotlineServer) -> None:
    """The caller hears music on, and is offered again before all others."""
    first, second = fresh_numbers(2)
    async with (
        site.agents("agent01", "agent02", behaviour=MANUAL) as farm,
        Caller.group(site.rig, [(first, HOTLINE), (second, HOTLINE)]) as callers,
    ):
        await gathered(*map(to_queue, callers))
        await waits(server, 2)
        for caller in callers:
            caller.measure_from_now()
        farm["agent01"].behaviour = ANSWERS
        await login(server, "agent01")
        call = await farm["agent01"].talking()
        await call.heard("phrases/whisper-*")
        await call.hangup()
        await server.logged("offer_ended", agent="agent01", result="hung_up")
        farm["agent02"].behaviour = ANSWERS
        await login(server, "agent02")
        again = await farm["agent02"].talking()
        assert caller_number(again) == caller_number(call) == first
        assert callers[0].longest_gap_seconds() < 0.5
        await voices_of(callers[0], "agent02")
        await gathered(*(caller.hangup() for caller in callers))
        await nobody_stuck(site, server, farm)


async def voices_of(caller: Caller, agent: str) -> None:
    await caller.hears_voice(agent, 15.0)


async def test_callers_leave_at_every_stage(site: Site, server: HotlineServer) -> None:
    """Before the answer, in prompts, while entering digits, waiting, ringing, in the whisper, talking, in the survey."""
    numbers = fresh_numbers(9)
    async with (
        site.agents("agent01", "agent02", "agent03", "agent04", behaviour=RINGS) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in numbers], rate=10, voice=True) as callers,
    ):
        early, language, menu, digits, waiting, ringing, whisper, talking, survey = callers
        await gathered(*map(to_queue, (ringing, whisper, talking, survey)))
        await waits(server, 4)
        calls = await _agents_take(server, farm, {"agent01": RINGS, "agent02": RINGS, "agent03": ANSWERS, "agent04": ANSWERS})
        by_agent = {call.agent: next(c for c in callers if c.who == caller_number(call)) for call in calls}
        ringing, whisper, talking, survey = (by_agent[f"agent0{n}"] for n in range(1, 5))
        call_of = {call.agent: call for call in calls}

        async def leaves_early() -> None:
            await eventually(lambda: early.dialogue.messages, 5.0, "invited", every=0.001)
            early.give_up()
            await early.ended(5.0)

        async def leaves_language() -> None:
            await language.answered()
            await language.heard("main/ask_language-*")
            await language.hangup()

        async def leaves_menu() -> None:
            await to_menu(menu)
            await menu.hangup()

        async def leaves_digits() -> None:
            await to_digits(digits)
            await digits.hangup()

        async def leaves_line() -> None:
            await to_queue(waiting)
            await waiting.hears_music(15.0)
            await waiting.hangup()

        async def leaves_ringing() -> None:
            left_at = time.monotonic()
            await ringing.hangup()
            call = call_of["agent01"]
            await eventually(lambda: call.cancelled, 3.0, "the agent's phone stops ringing", every=0.005)
            cancel = call.dialogue.first("CANCEL")
            assert cancel is not None
            assert cancel.at - left_at < 0.5

        async def leaves_whisper() -> None:
            call = call_of["agent02"]
            call.answer()
            await call.heard("phrases/whisper-*")
            await whisper.hangup()
            assert await call.ended(10.0) == "asterisk"

        async def leaves_talk() -> None:
            await voices(talking, call_of["agent03"], 15.0)
            await talking.hangup()
            assert await call_of["agent03"].ended(3.0) == "asterisk"

        async def leaves_survey() -> None:
            await voices(survey, call_of["agent04"], 15.0)
            await asyncio.sleep(1.5)  # a talk that ends as it begins is none: that caller would go first again
            await call_of["agent04"].hangup()
            await survey.heard("survey/ask-1")
            await survey.hangup()

        await gathered(
            leaves_early(), leaves_language(), leaves_menu(), leaves_digits(), leaves_line(), leaves_ringing(), leaves_whisper(), leaves_talk(), leaves_survey()
        )
        for name in ("agent01", "agent02"):
            ended = server.logs("offer_ended", agent=name)
            assert [entry["result"] for entry in ended][:1] in (["cancelled"], ["caller_gone"]), ended
        agents = await server.api("GET", "/api/agents")
        assert {agent["name"]: agent["misses"] for agent in agents.body["agents"] if agent["misses"]} == {}
        found = await finished_records(server, [caller for caller in callers if caller.dialogue.answered_at])
        assert {number: record["outcome"] for number, record in found.items()} == {
            number: "answered" if number in (talking.who, survey.who) else "abandoned" for number in found
        }
        await nobody_stuck(site, server, farm)


async def _agents_take(server: HotlineServer, farm: AgentFarm, behaviours: dict[str, Behaviour]) -> list[object]:
    calls = []
    for name, behaviour in behaviours.items():
        farm[name].behaviour = behaviour
        await login(server, name)
        calls.append(await farm[name].called())
    return calls


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.long)])
async def test_the_caller_leaves_in_the_instant_of_the_answer(site: Site, server: HotlineServer, rounds: int) -> None:
    """Whoever is first, the agent is free again, and the next caller gets through."""
    chance = random.Random(7)
    names = ("agent01", "agent02", "agent03", "agent04")
    async with site.agents(*names, behaviour=RINGS) as farm:
        for name in names:
            await login(server, name)
        for _ in range(rounds):
            numbers = fresh_numbers(len(names))
            async with Caller.group(site.rig, [(number, HOTLINE) for number in numbers], rate=20) as callers:
                await gathered(*(_leaves_with_the_answer(farm, callers, to_queue, caller, chance.uniform(0, 0.04)) for caller in callers))
                found = await finished_records(server, callers)
                assert {record["outcome"] for record in found.values()} <= {"abandoned", "answered"}
            await _all_free_again(server, names)
        await logout(server, *names)
        assert farm.double_offers() == []
        await nobody_stuck(site, server, farm)


async def _leaves_with_the_answer(farm: AgentFarm, callers: list[Caller], walk: object, caller: Caller, jitter_seconds: float) -> None:
    await to_queue(caller)

    def call_of() -> object:
        return next((call for agent in farm.agents.values() for call in agent.calls if caller_number(call) == caller.who), None)

    call = await eventually(call_of, 30.0, f"{caller.who} offered", every=0.01)
    if jitter_seconds > 0.02:
        call.answer()
        await asyncio.sleep(jitter_seconds - 0.02)
        await caller.hangup()
    else:
        caller._tell("XBYE")
        await asyncio.sleep(jitter_seconds)
        call.answer()
        await caller.ended()


async def _all_free_again(server: HotlineServer, names: tuple[str, ...]) -> None:
    async def free() -> bool:
        states = await agent_states(server)
        for name in names:
            if states[name] in ("wrap_up", "backoff"):
                await server.api("POST", f"/api/agents/{name}/ready")
        return {states[name] for name in names} == {"ready"}

    await eventually(free, STUCK_SECONDS, "all agents ready again", every=0.1)


async def test_both_sides_vanish_without_bye(site: Site, server: HotlineServer) -> None:
    """Dead phones say no goodbye: the silence ends the call, the record is closed, the agent is free."""
    async with (
        site.agents("agent01", "agent02", behaviour=ANSWERS) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(3)], voice=True) as callers,
    ):
        await gathered(*map(to_queue, callers))
        await waits(server, 3)
        await login(server, "agent01")
        both = await farm["agent01"].talking()
        await login(server, "agent02")
        alone = await farm["agent02"].talking()
        by_number = {caller.who: caller for caller in callers}
        pair, lost = by_number.pop(caller_number(both)), by_number.pop(caller_number(alone))
        (waiting,) = by_number.values()
        await gathered(voices(pair, both, 15.0), voices(lost, alone, 15.0))
        for party in (pair, both, alone, waiting):  # `lost` stays, only his agent's phone dies
            party.vanish()
        await lost.heard("phrases/agent-lost", 25.0)
        await waits(server, 1, 10.0)
        found = await finished_records(server, [pair, waiting], 30.0)
        assert found[pair.who]["outcome"] == "answered"
        assert found[waiting.who]["outcome"] == "abandoned"
        await lost.hangup()
        await nobody_stuck(site, server)
