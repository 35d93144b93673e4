"""Several agents are rung for one caller, on the real Asterisk: one gets him, nobody else is worse off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.rig.agents import RINGS
from tests.rig.demo import gathered, record_of
from tests.rig.lines import Lines, agent_is, call_of, log_in, waiting
from tests.rig.site import Site, Sound
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.agents import AgentCall, AgentFarm
    from tests.rig.listener import Caller
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

ROUND = {"ring_at_once": 3, "offer_timeout_seconds": 60}
ANSWERED = ("anna", "bo", "chen")
TOGETHER = ("ding", "er", "fang")
KILLED = ("gao", "hua", "ina")
#: One line, and agents, for each test.
LINES = Lines(
    {"answered": ROUND, "together": {**ROUND, "ring_at_once": 2}, "killed": ROUND},
    {name: {"queues": [queue]} for queue, names in {"answered": ANSWERED, "together": TOGETHER, "killed": KILLED}.items() for name in names},
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lines(asterisk_install: AsteriskInstall, sipp: Tool, sound: Sound, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """An Asterisk of its own with these lines and phones."""
    folder = tmp_path_factory.mktemp("several")
    config, flows = LINES.write(folder)
    site = Site(asterisk_install, sipp, sound, folder, config=config, flows=flows, rtp_timeout_seconds=30)
    await site.asterisk.start()
    yield site
    await site.asterisk.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(lines: Site) -> AsyncIterator[HotlineServer]:
    async with lines.running() as server:
        yield server
        assert server.tracebacks() == []
    await lines.clear()


async def test_one_answers_and_the_other_phones_stop_ringing(lines: Site, hotline: HotlineServer) -> None:
    """One talk, two CANCELs; the two are the next to be rung, nothing is counted against them."""
    async with lines.agents(*ANSWERED, behaviour=RINGS) as farm:
        await log_in(hotline, *ANSWERED)
        async with LINES.caller(lines, "13700020101", "answered", voice=True) as caller:
            anna, bo, chen = await _rung(farm, ANSWERED)
            assert await _rung_for(hotline, caller) == ["anna", "bo", "chen"]
            bo.answer()
            await gathered(caller.hears_voice("bo", 20), bo.hears_voice(caller.who, 20))
            await _hung_up(anna, chen)
            await _lost(hotline, "anna", "chen")
            async with LINES.caller(lines, "13700020102", "answered") as next_one:
                await waiting(hotline, "answered", 1)
                await _rung(farm, ("anna", "chen"))
                assert await _rung_for(hotline, next_one) == ["anna", "chen"]
            await bo.hangup()
        assert (await record_of(hotline, caller.who))["agent"] == "bo"
        assert farm.double_offers() == []


async def test_two_answer_at_once_and_one_is_told_that_a_colleague_was_first(lines: Site, hotline: HotlineServer) -> None:
    """He is refused in words, and stays the one who has been idle longest."""
    async with lines.agents(*TOGETHER, behaviour=RINGS) as farm:
        await log_in(hotline, *TOGETHER)
        async with LINES.caller(lines, "13700020201", "together", voice=True) as caller:
            calls = await _rung(farm, TOGETHER[:2])
            assert farm["fang"].calls == []
            for call in calls:
                call.answer()
            answered = await hotline.logged("answered", 20, queue="together")
            winner, loser = sorted(calls, key=lambda call: call.agent != answered["agent"])
            await gathered(caller.hears_voice(winner.agent, 20), loser.heard("phrases/with-colleague", 20))
            assert not [heard for heard in loser.heard_so_far if heard.name.id == f"voice/{caller.who}"]
            await _lost(hotline, loser.agent)
            async with LINES.caller(lines, "13700020202", "together") as next_one:
                await _rung(farm, (loser.agent, "fang"))
                assert await _rung_for(hotline, next_one) == [loser.agent, "fang"]
            await winner.hangup()
        assert (await record_of(hotline, caller.who))["agent"] == winner.agent
        assert farm.double_offers() == []


async def test_all_phones_ring_on_when_the_server_is_killed(lines: Site, hotline: HotlineServer) -> None:
    """Whoever answers after the restart gets the caller; the others are let go as if nothing had been."""
    async with lines.agents(*KILLED, behaviour=RINGS) as farm:
        await log_in(hotline, *KILLED)
        async with LINES.caller(lines, "13700020301", "killed", voice=True) as caller:
            gao, hua, ina = await _rung(farm, KILLED)
            await gathered(*(agent_is(hotline, name, "offered") for name in KILLED))
            await hotline.kill9()
            await hotline.start()
            await gathered(*(agent_is(hotline, name, "offered", 20) for name in KILLED))
            assert [call.cancelled for call in (gao, hua, ina)] == [False] * 3
            ina.answer()
            await gathered(caller.hears_voice("ina", 20), ina.hears_voice(caller.who, 20))
            await _hung_up(gao, hua)
            await _lost(hotline, "gao", "hua")
            await ina.hangup()
        assert (await record_of(hotline, caller.who))["agent"] == "ina"
        assert [len(farm[name].calls) for name in KILLED] == [1, 1, 1]


async def _rung(farm: AgentFarm, names: Sequence[str]) -> list[AgentCall]:
    """Wait until all these phones are rung."""
    return await gathered(*(farm[name].called(20) for name in names))


async def _rung_for(server: HotlineServer, caller: Caller) -> list[str]:
    """Who was rung for this caller, the best first, by the engine's own explanation."""
    call = (await call_of(server, caller.who))["call"]
    decision: dict[str, Any] = (await server.api("GET", f"/api/calls/{call}")).body["explanation"]["decision"]
    return [decision["chosen"], *decision["also_rung"]]


async def _hung_up(*calls: AgentCall) -> None:
    await gathered(*(eventually(lambda call=call: call.cancelled, 20, f"{call.agent} rings no more") for call in calls))


async def _lost(server: HotlineServer, *agents: str) -> None:
    """These lost a caller to a colleague: free, and nothing counted against them."""
    for agent in agents:
        await server.logged("offer_ended", 20, agent=agent, result="colleague")
        assert (await agent_is(server, agent, "ready", 20))["misses"] == 0
        assert [entry["result"] for entry in server.logs("offer_ended", agent=agent)] == ["colleague"]
