"""Reads a period's records into sums, a page at a time."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, or_, select

from acd.config import Policy
from acd.states import AgentState
from cti.contacts import each_leg_between
from cti.database.engine import Database
from cti.database.models import AgentStateRow
from cti.records import each_call_between
from cti.report.gathered import Gathered, StateTime
from cti.report.periods import Period

Progress = Callable[[float], None]
#: how much of the work reading legs is, and reading calls
_LEGS, _CALLS = 0.6, 0.4
_EVERY = 2000


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
    number = 0
    async for leg in each_leg_between(database, since_ms, until_ms):
        found.add_leg(leg)
        number += 1
        if number % _EVERY == 0:
            tell(_LEGS * (leg.entered_at_ms - since_ms) / span_ms)
    async for call in each_call_between(database, since_ms, until_ms):
        found.add_call(call)
        number += 1
        if number % _EVERY == 0:
            tell(_LEGS + _CALLS * ((call.started_at_ms or since_ms) - since_ms) / span_ms)
    for time in await _times(database, since_ms, min(until_ms, max(since_ms, now_ms))):
        found.add_time(time)
    tell(1.0)
    return found


async def _times(database: Database, since_ms: int, until_ms: int) -> list[StateTime]:
    """Return agents' time by state and reason, added up by the database: there are several spans to each call."""
    row = AgentStateRow
    ends = case((or_(row.until_ms.is_(None), row.until_ms > until_ms), until_ms), else_=row.until_ms)
    begins = case((row.from_ms < since_ms, since_ms), else_=row.from_ms)
    within = (row.from_ms < until_ms) & or_(row.until_ms.is_(None), row.until_ms > since_ms)
    query = select(row.agent, row.state, row.reason, func.sum(ends - begins)).where(within).group_by(row.agent, row.state, row.reason).order_by(row.agent)
    async with database.reading() as session:
        return [StateTime(agent, AgentState(state), reason, int(lasted)) for agent, state, reason, lasted in await session.execute(query)]
