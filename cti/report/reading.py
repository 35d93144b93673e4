"""Reads a period's records into sums, a page at a time."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Table, case, func, or_, select

from acd.config import Policy
from acd.states import AgentState
from cti.database.engine import Database
from cti.database.models import AgentStateRow, CallRecordRow
from cti.records.contacts import LEGS, Attempt, LegKind
from cti.report.gathered import Gathered
from cti.report.periods import Period
from cti.report.sums import CallRead, LegRead, StateTime

Progress = Callable[[float], None]
#: how much of the work reading legs is; the rest is reading calls
_LEGS_SHARE = 0.5
#: so many rows are in memory at once
_PAGE = 2000
_CALLS = cast("Table", CallRecordRow.__table__)
_KINDS = {kind.value: kind for kind in LegKind}


async def gather(
    database: Database, period: Period, policy: Policy, zone: ZoneInfo, *, now_ms: int, queue: str | None = None, progress: Progress | None = None,
) -> Gathered:  # fmt: skip
    """Return the sums of a period.

    Args:
        database: migrated.
        period: which; legs and calls belong to it by their begin, agents' time is cut at its ends.
        policy: whose limits the queues are judged by.
        zone: the hotline's.
        now_ms: agents' states that go on are counted until now, UTC milliseconds.
        queue: this one alone, None for all.
        progress: told how much of the work is done, 0 to 1.

    Raises:
        SQLAlchemyError, OSError: the database cannot be read.

    """
    found = Gathered(policy, zone, queue)
    since_ms, until_ms = period.window(zone)
    tell = progress or (lambda _: None)
    span_ms = until_ms - since_ms
    async for at_ms, legs in _pages(database, LEGS.c.entered_at_ms, LEGS.c.leg, [LEGS.c[name] for name in LegRead._fields], since_ms, until_ms):
        for kind, *row, attempts in legs:
            found.add_leg(LegRead._make((_KINDS[kind], *row, [Attempt(**attempt) for attempt in attempts])))
        tell(_LEGS_SHARE * (at_ms - since_ms) / span_ms)
    async for at_ms, calls in _pages(database, _CALLS.c.started_at_ms, _CALLS.c.call, [_CALLS.c[name] for name in CallRead._fields], since_ms, until_ms):
        for row in calls:
            found.add_call(CallRead._make(row))
        tell(_LEGS_SHARE + (1 - _LEGS_SHARE) * (at_ms - since_ms) / span_ms)
    for time in await _times(database, since_ms, min(until_ms, max(since_ms, now_ms))):
        found.add_time(time)
    tell(1.0)
    return found


async def _pages(
    database: Database, at: Column[Any], key: Column[Any], columns: Sequence[Column[Any]], since_ms: int, until_ms: int
) -> AsyncIterator[tuple[int, list[Any]]]:
    """Give the rows of a span in order, a page at a time with the instant it reaches to."""
    last: tuple[int, str] = (since_ms, "")
    while True:
        follows = (at >= last[0]) & ((at > last[0]) | (key > last[1]))  # so written, the index is used and nothing is sorted anew
        query = select(at, key, *columns).where(follows, at < until_ms).order_by(at, key).limit(_PAGE)
        async with database.reading() as session:
            rows = (await session.execute(query)).all()
        if rows:
            last = (rows[-1][0], rows[-1][1])
            yield last[0], [row[2:] for row in rows]
        if len(rows) < _PAGE:
            return


async def _times(database: Database, since_ms: int, until_ms: int) -> list[StateTime]:
    """Return agents' time by state and reason, added up by the database: there are several spans to each call."""
    row = AgentStateRow
    ends = case((or_(row.until_ms.is_(None), row.until_ms > until_ms), until_ms), else_=row.until_ms)
    begins = case((row.from_ms < since_ms, since_ms), else_=row.from_ms)
    within = (row.from_ms < until_ms) & or_(row.until_ms.is_(None), row.until_ms > since_ms)
    query = select(row.agent, row.state, row.reason, func.sum(ends - begins)).where(within).group_by(row.agent, row.state, row.reason).order_by(row.agent)
    async with database.reading() as session:
        return [StateTime(agent, AgentState(state), reason, int(lasted)) for agent, state, reason, lasted in await session.execute(query)]
