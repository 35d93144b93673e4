"""Agents' states as written: over any changes, late writes and kills no two rows overlap, and no second of being logged in is lost."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.config import Agent, Policy
from acd.engine import Engine
from acd.events import AgentAdopted, AgentLoggedIn, AgentLoggedOut, AgentPaused, AgentUnpaused, Event
from acd.states import AgentState
from cti.database.engine import Database
from cti.database.migrate import migrate
from cti.records.agent_states import AgentStateWriter, Span, spans_between

NAMES = ("anna", "bert")
POLICY = Policy(agents={name: Agent(name) for name in NAMES})
WRITE, KILL = "write", "kill"
ASKED = [AgentLoggedIn, AgentLoggedOut, AgentUnpaused, lambda name: AgentPaused(name, "lunch"), lambda name: AgentPaused(name, "tea")]
EVENTS: st.SearchStrategy[Event] = st.builds(lambda asked, name: asked(name), st.sampled_from(ASKED), st.sampled_from(NAMES))
STEPS = st.lists(st.tuples(st.integers(0, 500), EVENTS | st.sampled_from([WRITE, KILL])), min_size=1, max_size=30)
END_MS = 10_000_000


class StillClock:
    """Milliseconds that pass when told; engine seconds are the wall clock's."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now(self) -> float:
        return self.ms / 1000

    def wall_ms(self) -> int:
        return self.ms

    def to_wall_ms(self, monotonic: float) -> int:
        return round(monotonic * 1000)


async def _live(url: str, steps: list[tuple[int, Any]], *, written: bool) -> tuple[list[Span], dict[tuple[str, AgentState, str], int]]:
    """Live through the steps; return what was written, and how long each agent really was in each state, milliseconds.

    `written`: whether what was told before a kill had been written by then.
    """
    clock, lasted = StillClock(), dict[tuple[str, AgentState, str], int]()
    await migrate(url)
    database = Database(url)
    engine = Engine(POLICY, offer_prefix="t")

    def pass_time(milliseconds: int) -> None:
        for name, agent in engine.snapshot(clock.now()).agents.items():
            if agent.state is not AgentState.LOGGED_OUT:
                key = (name, agent.state, agent.reason)
                lasted[key] = lasted.get(key, 0) + milliseconds
        clock.ms += milliseconds

    writer = AgentStateWriter(database, clock, kept_days=400)  # type: ignore[arg-type] # a clock as far as it is asked
    writer.settle(engine.snapshot(clock.now()).agents.values())
    try:
        for milliseconds, what in steps:
            pass_time(milliseconds)
            if what == WRITE or (what == KILL and written):
                assert await writer.write()
            if what == KILL:
                before = engine.snapshot(clock.now()).agents.values()
                writer, engine = AgentStateWriter(database, clock, kept_days=400), Engine(POLICY, offer_prefix="t")  # type: ignore[arg-type]
                for agent in before:  # as the store tells it
                    engine.handle(AgentAdopted(agent.name, agent.state, agent.reason, agent.since or None), clock.now())
                writer.settle(engine.snapshot(clock.now()).agents.values())
            elif what != WRITE:
                for fact in engine.handle(what, clock.now()).facts:
                    writer.told(fact, clock.now())
        pass_time(1)
        assert await writer.write()
        spans = await spans_between(database, 0, END_MS)
    finally:
        await database.close()
    assert {span.agent for span in spans if span.until_ms is None} == {
        name for name, agent in engine.snapshot(clock.now()).agents.items() if agent.state is not AgentState.LOGGED_OUT
    }
    return [Span(s.agent, s.state, s.reason, s.from_ms, clock.ms if s.until_ms is None else s.until_ms) for s in spans], lasted


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, written=st.booleans())
def test_no_row_overlaps_and_no_second_is_lost(steps: list[tuple[int, Any]], *, written: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spans, lasted = asyncio.run(_live(f"sqlite:///{Path(folder) / 'hotline.db'}", steps, written=written))
    for earlier, later in itertools.pairwise(spans):
        assert earlier.agent != later.agent or (earlier.until_ms or 0) <= later.from_ms
    summed: dict[tuple[str, AgentState, str], int] = {}
    for span in spans:
        assert (span.until_ms or 0) > span.from_ms
        key = (span.agent, span.state, span.reason)
        summed[key] = summed.get(key, 0) + (span.until_ms or 0) - span.from_ms
    if written or KILL not in [what for _, what in steps]:
        assert summed == {key: milliseconds for key, milliseconds in lasted.items() if milliseconds}
