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
    from tests.rig.agents import Agent, AgentCall, AgentFarm
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


async def _served_in_order(server: HotlineServer, agent: Agent, callers: list[Caller]) -> None:
    agent.behaviour = ANSWERS
    await login(server, agent.name)
    for caller in callers[:2]:
        call = await agent.called()
        assert caller_number(call) == caller.who
        await call.answered()
        await caller.hears_voice(agent.name, 15.0)
        await asyncio.sleep(1.5)  # a talk that ends as it begins is none
        await call.hangup()
        await server.logged("talk_finished", agent=agent.name, call=server.logs("answered", agent=agent.name)[-1]["call"])
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


async def test_a_phone_in_a_call_of_its_own_is_not_rung(site: Site, server: HotlineServer) -> None:
    """The agent calls the hotline himself: nobody is put through to him until he has hung up. A server that starts meanwhile knows it, too."""

    async def busy() -> bool:
        reply = await server.api("GET", "/api/agents/agent03")
        return bool(reply.body["busy_elsewhere"])

    async with site.agents("agent03", behaviour=ANSWERS) as farm:
        await login(server, "agent03")
        async with (
            Caller.call(site.rig, HOTLINE, "agent03", username="agent03", password=site.passwords["agent03"]) as own,
            Caller.call(site.rig, HOTLINE, fresh_numbers(1)[0], voice=True) as caller,
        ):
            await eventually(busy, 20.0, "the agent busy elsewhere")
            await to_queue(caller)
            await waits(server, 1)
            await server.restart()
            await waits(server, 1)
            assert await busy()
            await caller.hears_music()
            assert farm["agent03"].calls == []
            await own.hangup()
            call = await farm["agent03"].talking(20.0)
            await voices(caller, call)
            await logout(server, "agent03")
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
        early, language, menu, digits, line, *queued = callers
        await gathered(*map(to_queue, queued))
        await waits(server, 4)
        calls = await _agents_take(server, farm, {"agent01": RINGS, "agent02": RINGS, "agent03": ANSWERS, "agent04": ANSWERS})
        by_number = {caller.who: caller for caller in queued}
        ringing, whisper, talking, survey = pairs = [(by_number[caller_number(call)], call) for call in calls]
        await gathered(
            _leaves_early(early), _leaves_language(language), _leaves_menu(menu), _leaves_digits(digits), _leaves_line(line),
            _leaves_ringing(*ringing), _leaves_whisper(*whisper), _leaves_talk(*talking), _leaves_survey(*survey),
        )
        for _, call in pairs[:2]:
            ended = server.logs("offer_ended", agent=call.agent)
            assert [entry["result"] for entry in ended][:1] in (["cancelled"], ["caller_gone"]), ended
        agents = await server.api("GET", "/api/agents")
        assert {agent["name"]: agent["misses"] for agent in agents.body["agents"] if agent["misses"]} == {}
        found = await finished_records(server, [caller for caller in callers if caller.dialogue.answered_at])
        served = {talking[0].who, survey[0].who}
        assert {number: record["outcome"] for number, record in found.items()} == {
            number: "answered" if number in served else "abandoned" for number in found
        }
        await nobody_stuck(site, server, farm)


async def _leaves_early(caller: Caller) -> None:
    await eventually(lambda: caller.dialogue.messages, 5.0, "invited", every=0.001)
    caller.give_up()
    await caller.ended(5.0)


async def _leaves_language(caller: Caller) -> None:
    await caller.answered()
    await caller.heard("main/ask_language-*")
    await caller.hangup()


async def _leaves_menu(caller: Caller) -> None:
    await to_menu(caller)
    await caller.hangup()


async def _leaves_digits(caller: Caller) -> None:
    await to_digits(caller)
    await caller.hangup()


async def _leaves_line(caller: Caller) -> None:
    await to_queue(caller)
    await caller.hears_music()
    await caller.hangup()


async def _leaves_ringing(caller: Caller, call: AgentCall) -> None:
    left_at = time.monotonic()
    await caller.hangup()
    await eventually(lambda: call.cancelled, 3.0, "the agent's phone stops ringing", every=0.005)
    cancel = call.dialogue.first("CANCEL")
    assert cancel is not None
    assert cancel.at - left_at < 0.5


async def _leaves_whisper(caller: Caller, call: AgentCall) -> None:
    call.answer()
    await call.heard("phrases/whisper-*")
    await caller.hangup()
    assert await call.ended(10.0) == "asterisk"


async def _leaves_talk(caller: Caller, call: AgentCall) -> None:
    await voices(caller, call, 15.0)
    await caller.hangup()
    assert await call.ended(3.0) == "asterisk"


async def _leaves_survey(caller: Caller, call: AgentCall) -> None:
    await voices(caller, call, 15.0)
    await asyncio.sleep(1.5)  # a talk that ends as it begins is none: that caller would go first again
    await call.hangup()
    await caller.heard("survey/ask-1")
    await caller.hangup()


async def _agents_take(server: HotlineServer, farm: AgentFarm, behaviours: dict[str, Behaviour]) -> list[AgentCall]:
    calls = []
    for name, behaviour in behaviours.items():
        farm[name].behaviour = behaviour
        await login(server, name)
        calls.append(await farm[name].called())
    return calls


@pytest.mark.parametrize("rounds", [2, pytest.param(12, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
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
