"""The `queue_log` of a span of time out of the database, and what is added to it as it happens."""

from collections.abc import AsyncIterator, Mapping, Sequence
from heapq import merge

from cti.database.engine import Database
from cti.records.agent_states import spans_between
from cti.records.calls import callers_of
from cti.records.contacts import ContactLeg, each_leg_between, legs_alive_since
from cti.records.queue_log import Line, lines_of, lines_of_spans

#: A leg that began so long before a span may still have lines in it.
LONGEST_LEG_MS = 6 * 3_600_000
#: How far back is looked for what was written late, while what happens is followed.
LATE_MS = 60_000
_PAGE = 500


async def read_lines(database: Database, queues_of: Mapping[str, Sequence[str]], since_ms: int, until_ms: int) -> AsyncIterator[Line]:
    """Give the lines of a span (UTC milliseconds, the end not included), oldest first. Raises SQLAlchemyError, OSError.

    queues_of: the queues of each agent, as configured now.
    """
    agents = await _of_agents(database, queues_of, since_ms, until_ms)
    waiting: list[Line] = []
    async for legs in _pages(database, since_ms - LONGEST_LEG_MS, until_ms):
        waiting = sorted([*waiting, *await _of_legs(database, legs)])
        complete_until = legs[-1].entered_at_ms  # what is to come begins later
        ready = [line for line in waiting if line.at_ms < complete_until]
        waiting = waiting[len(ready) :]
        for line in merge(_within(ready, since_ms, until_ms), _taken(agents, complete_until)):
            yield line
    for line in merge(_within(waiting, since_ms, until_ms), agents):
        yield line


async def lines_since(database: Database, queues_of: Mapping[str, Sequence[str]], since_ms: int, now_ms: int) -> list[Line]:
    """Return the lines since a moment not long ago, and of what was going on then. Raises SQLAlchemyError, OSError."""
    legs = await legs_alive_since(database, since_ms - LATE_MS)
    agents = await _of_agents(database, queues_of, since_ms - LATE_MS, now_ms + LATE_MS)
    return [line for line in sorted([*await _of_legs(database, legs), *agents]) if line.at_ms >= since_ms]


async def _pages(database: Database, since_ms: int, until_ms: int) -> AsyncIterator[list[ContactLeg]]:
    page: list[ContactLeg] = []
    async for leg in each_leg_between(database, since_ms, until_ms):
        page.append(leg)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


async def _of_legs(database: Database, legs: Sequence[ContactLeg]) -> list[Line]:
    callers = await callers_of(database, {leg.call for leg in legs})
    return [line for leg in legs for line in lines_of(leg, callers.get(leg.call, ""))]


async def _of_agents(database: Database, queues_of: Mapping[str, Sequence[str]], since_ms: int, until_ms: int) -> list[Line]:
    spans = await spans_between(database, since_ms, until_ms)
    lines: list[Line] = []
    for agent in dict.fromkeys(span.agent for span in spans):
        lines += lines_of_spans(agent, queues_of.get(agent, ()), [span for span in spans if span.agent == agent])
    return sorted(line for line in lines if since_ms <= line.at_ms < until_ms)


def _within(lines: Sequence[Line], since_ms: int, until_ms: int) -> list[Line]:
    return [line for line in lines if since_ms <= line.at_ms < until_ms]


def _taken(lines: list[Line], until_ms: int) -> list[Line]:
    """Take out the lines before `until_ms`."""
    count = sum(line.at_ms < until_ms for line in lines)
    taken = lines[:count]
    del lines[:count]
    return taken
