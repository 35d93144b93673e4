"""What each agent did from when to when, written behind the calls into the table `agent_states`.

A change closes what he was in before and opens what he is in now, so an agent has at most one open row and his rows never
overlap. Writing a change twice changes nothing. A killed server leaves its rows open: the first thing the next one learns of
an agent (from the store, or from his call in Asterisk) goes on with the open row if he is still in that state, else closes
it when the new state began. The changes of the last GATHER_SECONDS before a kill are lost; what they led to is not.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from acd.facts import AgentChanged, Fact
from acd.snapshot import AgentSnapshot
from acd.states import AgentState
from cti.clock import Clock
from cti.database.engine import Database
from cti.database.models import AgentStateRow
from cti.store.bounded import Bounded

GATHER_SECONDS = 0.1
WRITE_SECONDS = 5.0
REST_SECONDS = 1.0
SWEEP_SECONDS = 3600.0
PENDING_LIMIT = 50_000
BATCH = 100
REASON_LENGTH = 64
_DAY_MS = 86_400_000
_NOT_TO_BE_HAD = (SQLAlchemyError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Change:
    """From `at_ms` (UTC milliseconds) on the agent is in this state."""

    agent: str
    state: AgentState
    reason: str
    at_ms: int

    def continues(self, state: str, reason: str) -> bool:
        """Whether somebody in that state changes nothing by it. Only pauses are told apart by their reasons."""
        return self.state.value == state and (self.state is not AgentState.PAUSED or self.reason == reason)


@dataclass(frozen=True, slots=True)
class Span:
    """An agent was in a state; UTC milliseconds, `until_ms` None while he still is."""

    agent: str
    state: AgentState
    reason: str
    from_ms: int
    until_ms: int | None


class AgentStateWriter:
    """A FactSink that writes agents' states soon; a slow or dead database costs nobody anything.

    Args:
        database: migrated; stays the caller's to close, after `close`.
        clock: for civil times.
        kept_days: rows that ended longer ago are swept out.
        limit: changes kept while the database is away; beyond that the oldest are dropped: the agent counts as still in
            what he was in before.

    """

    def __init__(self, database: Database, clock: Clock, *, kept_days: int, limit: int = PENDING_LIMIT) -> None:
        self._database = database
        self._clock = clock
        self._kept_ms = kept_days * _DAY_MS
        self._limit = limit
        self._pending: deque[Change] = deque()
        self._stands: dict[str, Change] = {}  # each agent's latest
        self._first: dict[str, Change] = {}  # each agent's first of this process
        self._open: dict[str, Span] | None = None  # what the database had open when this process first read it
        self._floor_ms: dict[str, int] = {}  # of agents whose first change was held against the database: not before this
        self._settled = False
        self._news = asyncio.Event()
        self._bounded = Bounded()
        self._one_write_at_a_time = asyncio.Lock()
        self._swept_at = float("-inf")
        self._away = False  # the database did not take the last write
        self.lost = 0  #: changes that were dropped
        self.log = structlog.get_logger("agent_states")

    @property
    def pending(self) -> int:
        """Changes that are not written yet."""
        return len(self._pending)

    def told(self, fact: Fact, now: float) -> None:
        """Take one fact. During an adoption agents only seem to change."""
        if self._settled and isinstance(fact, AgentChanged):
            self._take(Change(fact.agent, fact.new, _fitting(fact.reason), self._clock.to_wall_ms(now)))

    def unsettle(self) -> None:
        """An adoption begins: what agents do is told by `settle` at its end."""
        self._settled = False

    def settle(self, agents: Iterable[AgentSnapshot]) -> None:
        """Go on with the agents as an adoption left them. Whoever is no longer there has logged out."""
        now_ms = self._clock.wall_ms()
        present = set()
        for agent in agents:
            present.add(agent.name)
            at_ms = self._clock.to_wall_ms(agent.since) if agent.since > 0 else now_ms
            self._take(Change(agent.name, agent.state, _fitting(agent.reason), min(at_ms, now_ms)))
        for name in [name for name in self._stands if name not in present]:
            self._take(Change(name, AgentState.LOGGED_OUT, "", now_ms))
        self._settled = True

    def _take(self, change: Change) -> None:
        stands = self._stands.get(change.agent)
        if stands is not None:
            if change.continues(stands.state.value, stands.reason):
                return
            change = replace(change, at_ms=max(change.at_ms, stands.at_ms))
        self._first.setdefault(change.agent, change)
        self._stands[change.agent] = change
        self._pending.append(change)
        if len(self._pending) > self._limit:
            self._pending.popleft()
            self.lost += 1
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled; then what is left is `close`'s to write."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)
            if not await self.write():
                await asyncio.sleep(REST_SECONDS)

    async def write(self) -> bool:
        """Write what is there, and now and then sweep; tell whether the database took it. What it did not take is kept."""
        async with self._one_write_at_a_time:
            if not await self._bounded.drain(WRITE_SECONDS):  # a write of unknown fate goes on: it must not come after this one
                return False
            try:
                while self._pending:
                    batch = tuple(islice(self._pending, BATCH))
                    lost = self.lost
                    await self._bounded.run(self._store(batch), WRITE_SECONDS)
                    for _ in range(max(0, len(batch) - (self.lost - lost))):  # those dropped meanwhile were the oldest
                        self._pending.popleft()
                self._news.clear()
                await self._bounded.run(self._sweep(), WRITE_SECONDS)
            except _NOT_TO_BE_HAD as error:
                if not self._away:
                    self.log.warning("agent_states_wait", reason=type(error).__name__)
                self._away = True
                return False
            if self._away:
                self.log.info("agent_states_written", lost=self.lost)
            self._away = False
            return True

    async def close(self, timeout_seconds: float) -> int:
        """Write what is left; return how many changes could not be written in time. `run` must have ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self.write()
        await self._bounded.drain(0.1)
        return self.pending

    async def _store(self, batch: Sequence[Change]) -> None:
        async with self._database.writing() as session:
            known = self._open
            if known is None:
                known = await _open_spans(session)
                await self._close_strangers(session, known)
            for change in batch:
                fitted = await self._fitted(session, change, known)
                if fitted is not None:
                    await _apply(session, fitted)
        self._open = known

    async def _close_strangers(self, session: AsyncSession, known: dict[str, Span]) -> None:
        """Whoever was removed from the configuration while no server ran is logged out."""
        for name in known.keys() - self._stands.keys():
            await _apply(session, Change(name, AgentState.LOGGED_OUT, "", max(self._clock.wall_ms(), known[name].from_ms)))

    async def _fitted(self, session: AsyncSession, change: Change, known: dict[str, Span]) -> Change | None:
        """Return the change as it follows on what an earlier process wrote; None if it only goes on with that."""
        before = known.get(change.agent)
        if change is self._first[change.agent] and (
            change.state is AgentState.LOGGED_OUT if before is None else change.continues(before.state.value, before.reason)
        ):
            return None
        if change.agent not in self._floor_ms:
            self._floor_ms[change.agent] = await _latest_ms(session, change.agent)
        return replace(change, at_ms=max(change.at_ms, self._floor_ms[change.agent]))

    async def _sweep(self) -> None:
        if self._clock.now() - self._swept_at < SWEEP_SECONDS:
            return
        async with self._database.writing() as session:
            await session.execute(delete(AgentStateRow).where(AgentStateRow.until_ms < self._clock.wall_ms() - self._kept_ms))
        self._swept_at = self._clock.now()


async def spans_between(database: Database, since_ms: int, until_ms: int, agent: str | None = None) -> list[Span]:
    """Return what agents (or one) did in a span (UTC milliseconds), by agent and time; what began before or goes on is whole.

    Raises SQLAlchemyError, OSError.
    """
    query = select(AgentStateRow).where(AgentStateRow.from_ms < until_ms, or_(AgentStateRow.until_ms.is_(None), AgentStateRow.until_ms >= since_ms))
    if agent is not None:
        query = query.where(AgentStateRow.agent == agent)
    async with database.reading() as session:
        return [_span(row) for row in (await session.execute(query.order_by(AgentStateRow.agent, AgentStateRow.from_ms))).scalars()]


async def _open_spans(session: AsyncSession) -> dict[str, Span]:
    rows = (await session.execute(select(AgentStateRow).where(AgentStateRow.until_ms.is_(None)).order_by(AgentStateRow.from_ms))).scalars()
    return {row.agent: _span(row) for row in rows}


async def _latest_ms(session: AsyncSession, agent: str) -> int:
    """Until when the agent's rows reach, 0 if he has none."""
    query = select(AgentStateRow).where(AgentStateRow.agent == agent).order_by(AgentStateRow.from_ms.desc()).limit(1)
    row = (await session.execute(query)).scalar()
    return 0 if row is None else row.until_ms or row.from_ms


async def _apply(session: AsyncSession, change: Change) -> None:
    """Close what the agent was in, open what he is in; what would have lasted no time at all is replaced."""
    his = AgentStateRow.agent == change.agent
    before = update(AgentStateRow).where(his, AgentStateRow.until_ms.is_(None), AgentStateRow.from_ms < change.at_ms)
    await session.execute(before.values(until_ms=change.at_ms))
    if change.state is AgentState.LOGGED_OUT:
        await session.execute(delete(AgentStateRow).where(his, AgentStateRow.from_ms == change.at_ms))
        return
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(AgentStateRow)
    now_in = {"state": change.state.value, "reason": change.reason}
    row = insert.values(agent=change.agent, from_ms=change.at_ms, until_ms=None, **now_in)
    await session.execute(row.on_conflict_do_update(index_elements=["agent", "from_ms"], set_=now_in))


def _span(row: AgentStateRow) -> Span:
    return Span(row.agent, AgentState(row.state), row.reason, row.from_ms, row.until_ms)


def _fitting(reason: str) -> str:
    """Return a text every database takes, cut to its column."""
    return reason[:REASON_LENGTH].encode("utf-8", "replace").decode()
