"""The record of every offer: why this call, why this agent, why nobody else. Kept for a day, so that "why?" has an answer.

Written behind the calls: a slow or dead database costs nobody anything; what cannot be written is dropped and counted.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from acd.engine import Engine
from acd.explain import Decision
from acd.facts import Fact, OfferMade
from cti.clock import Clock
from cti.database.engine import Database
from cti.database.models import DecisionRow

KEPT_SECONDS = 86_400
GATHER_SECONDS = 1.0
WRITE_SECONDS = 5.0
SWEEP_SECONDS = 600.0
PENDING_LIMIT = 20_000
BATCH = 500
#: of so many agents the reason is kept one by one; beyond that only how many there were of each
MOST_NAMED = 300
#: so many decisions about others are read for one call's explanation
MOST_READ = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """One offer as things stood when it was made; of agents who were rung together there is one, named by the first offer.

    Attributes:
        offer: its id.
        call: for whom.
        at_ms: when, UTC milliseconds; `entered_ms` when he entered the line.
        queue: his line, and `tier` his class.
        agent: who was rung, and `also_rung` who together with him.
        score: waited_seconds + head start + bonus (+ credit): the highest goes first.
        past_guarantee, returned: goes before higher scores: he has waited so long; his agent's leg had died.
        ring: how wide was searched (0: the queue's own needs).
        strategy: how the eligible were ranked; `ranked` the best of them, best first.
        needs: skills with levels that were asked for.
        ineligible: agent -> reason, as `reason` or `reason: detail`.
        ineligible_counts: reason -> number of agents, all of them.

    """

    offer: str
    call: str
    at_ms: int
    entered_ms: int
    queue: str
    tier: str
    agent: str
    waited_seconds: float
    score: float
    ring: int
    strategy: str
    ranked: Sequence[str] = ()
    needs: Mapping[str, int] = field(default_factory=dict)
    ineligible: Mapping[str, str] = field(default_factory=dict)
    ineligible_counts: Mapping[str, int] = field(default_factory=dict)
    past_guarantee: bool = False
    returned: bool = False
    also_rung: Sequence[str] = ()


def record_of(decision: Decision, clock: Clock) -> DecisionRecord:
    """Return the engine's record in civil time and plain values."""
    reasons = decision.ineligible
    counts: dict[str, int] = {}
    for why in reasons.values():
        counts[why.reason.value] = counts.get(why.reason.value, 0) + 1
    named = list(reasons.items())[:MOST_NAMED]
    return DecisionRecord(
        offer=decision.offer, call=decision.call, at_ms=clock.to_wall_ms(decision.at),
        entered_ms=clock.to_wall_ms(decision.at - decision.waited_seconds), queue=decision.queue, tier=decision.tier,
        agent=decision.chosen, waited_seconds=round(decision.waited_seconds, 3), score=round(decision.score, 3), ring=decision.ring,
        strategy=decision.strategy, ranked=tuple(name for name, _ in decision.ranked),
        needs={need.skill: need.level for need in decision.needs},
        ineligible={name: f"{why.reason.value}: {why.detail}" if why.detail else why.reason.value for name, why in named},
        ineligible_counts=counts, past_guarantee=decision.past_guarantee, returned=decision.returned,
        also_rung=decision.also_rung,
    )  # fmt: skip


class DecisionWriter:
    """Takes decisions at once and writes them soon; sweeps out those older than a day.

    Args:
        database: migrated; stays the caller's to close.
        clock: for civil times.

    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._pending: deque[Decision] = deque(maxlen=PENDING_LIMIT)
        self._news = asyncio.Event()
        self._swept_at = float("-inf")
        self.lost = 0  #: decisions that were dropped

    def listening(self, engine: Engine) -> "Listener":
        """Return what is to be told the engine's facts."""
        return Listener(engine, self)

    def take(self, decision: Decision) -> None:
        """Keep a decision for writing. Never waits, never fails."""
        self.lost += len(self._pending) == PENDING_LIMIT
        self._pending.append(decision)
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled; what cannot be written is dropped. Old ones are swept out though nobody calls."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._news.wait()
                    await asyncio.sleep(GATHER_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write what is there, within a deadline, and now and then sweep."""
        self._news.clear()
        while self._pending:
            batch = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
            records = {decision.offer: record_of(decision, self._clock) for decision in batch}
            if not await self._done(self._store(list(records.values()))):
                self.lost += len(batch)
        if self._clock.now() - self._swept_at >= SWEEP_SECONDS:
            await self._done(self._store(()))

    async def close(self, seconds: float) -> None:
        """Write what is left, for at most so long. `run` must have ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.write()

    @staticmethod
    async def _done(work: Awaitable[None]) -> bool:
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await work
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def _store(self, records: Sequence[DecisionRecord]) -> None:
        async with self._database.writing() as session:
            for one in records:
                await session.merge(DecisionRow(offer=one.offer, call=one.call, at_ms=one.at_ms, document=asdict(one)))
            await self._sweep(session)

    async def _sweep(self, session: AsyncSession) -> None:
        if self._clock.now() - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = self._clock.now()
        await session.execute(delete(DecisionRow).where(DecisionRow.at_ms < self._clock.wall_ms() - 1000 * KEPT_SECONDS))


class Listener:
    """A FactSink that passes each new offer's decision on."""

    def __init__(self, engine: Engine, writer: DecisionWriter) -> None:
        self._engine = engine
        self._writer = writer

    def told(self, fact: Fact, now: float) -> None:
        """Take one fact."""
        del now
        if isinstance(fact, OfferMade) and not fact.adopted:
            decision = self._engine.decision(fact.call)
            if decision is not None and decision.offer == fact.offer:
                self._writer.take(decision)


async def decisions_of(database: Database, call: str) -> list[DecisionRecord]:
    """Return a call's decisions, oldest first. Raises SQLAlchemyError, OSError."""
    query = select(DecisionRow.document).where(DecisionRow.call == call).order_by(DecisionRow.at_ms)
    return await _read(database, query)


async def decisions_between(database: Database, since_ms: int, until_ms: int) -> list[DecisionRecord]:
    """Return the decisions of a span (UTC milliseconds, ends included), oldest first. Raises SQLAlchemyError, OSError."""
    within = DecisionRow.at_ms.between(since_ms, until_ms)
    return await _read(database, select(DecisionRow.document).where(within).order_by(DecisionRow.at_ms).limit(MOST_READ))


async def _read(database: Database, query: Any) -> list[DecisionRecord]:
    async with database.reading() as session:
        return [DecisionRecord(**document) for document in (await session.execute(query)).scalars()]
