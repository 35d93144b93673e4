"""Twenty callers for whom four phones ring each, and all four answer in the same moment: twenty talks, sixty refusals in words."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.rig.agents import RINGS
from tests.rig.demo import gathered
from tests.rig.lines import Lines, agent_is, ask, number_shown, served
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.agents import AgentCall
    from tests.rig.gallery import Programs
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.long, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

CALLERS, PHONES = 20, 4
AGENTS = tuple(f"a{number:02d}" for number in range(1, CALLERS * PHONES + 1))
NUMBERS = tuple(f"137000300{number:02d}" for number in range(1, CALLERS + 1))
LINES = Lines(
    {"rounds": {"ring_at_once": PHONES, "offer_timeout_seconds": 100}}, {name: {"queues": ["rounds"]} for name in AGENTS}
)
#: Between the callers' answers, and half of it between their goodbyes: who plays eighty phones has one processor for their sound.
STAGGER_SECONDS = 0.4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lines(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with LINES.opened(programs, tmp_path_factory.mktemp("twenty")) as site:
        yield site


async def test_twenty_talks_and_sixty_refusals(lines: Site) -> None:
    async with served(lines) as server, lines.agents(*AGENTS, behaviour=RINGS) as farm:
        await gathered(*(ask(server, name, "login") for name in AGENTS))
        await gathered(*(agent_is(server, name, "ready", 30) for name in AGENTS))
        async with asyncio.TaskGroup() as callers:
            leave = asyncio.Event()
            for place, number in enumerate(NUMBERS):
                callers.create_task(_calls(lines, number, leave, STAGGER_SECONDS * place / 2))
            calls = await gathered(*(farm[name].called(90) for name in AGENTS))
            await gathered(*(eventually(lambda call=call: call.dialogue.first("INVITE", status=180), 60, f"{call.agent} rings") for call in calls))
            by_caller: dict[str, list[AgentCall]] = {number: [] for number in NUMBERS}
            for call in calls:
                by_caller[number_shown(call)].append(call)
            assert {len(four) for four in by_caller.values()} == {PHONES}
            for four in by_caller.values():
                for call in four:
                    call.answer()
                await asyncio.sleep(STAGGER_SECONDS)
            ended = await eventually(lambda: len(found := server.logs("offer_ended")) >= len(AGENTS) and found, 90, "every offer has ended")
            winners = {line["agent"] for line in server.logs("answered", queue="rounds")}
            losers = [call for call in calls if call.agent not in winners]
            await gathered(*(call.heard("phrases/with-colleague", 60) for call in losers))
            leave.set()
        assert Counter(line["result"] for line in ended) == {"talked": CALLERS, "colleague": CALLERS * (PHONES - 1)}
        for four in by_caller.values():
            assert len([call for call in four if call.agent in winners]) == 1
        assert len({line["call"] for line in server.logs("answered", queue="rounds")}) == CALLERS
        for call in losers:
            agent = await agent_is(server, call.agent, "ready", 30)
            assert agent["misses"] == 0
        assert farm.double_offers() == []


async def _calls(lines: Site, number: str, leave: asyncio.Event, then_seconds: float) -> None:
    async with LINES.caller(lines, number, "rounds") as caller:
        await asyncio.wait_for(leave.wait(), 200)
        await asyncio.sleep(then_seconds)
        await caller.hangup(within=30)
