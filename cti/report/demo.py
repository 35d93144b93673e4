"""A month that never was, for looking at reports: callers drawn from a scenario, routed by the engine, written as records.

Queues, waits, offers, talks and agents' states are the engine's own. What it does not decide is drawn: how callers go through
the menus (walks through the real flows), their survey scores, and who of those that grow impatient asks to be called back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from acd.simulation.callers import Rate, Stream, merged
from acd.simulation.draws import Draws
from acd.simulation.runner import Simulation
from cti.database.engine import Database
from cti.database.models import AgentStateRow, CallRecordRow, ContactLegRow
from cti.records.agent_days import day_window
from cti.records.agent_states import Span
from cti.records.calls import CallRecord
from cti.records.contacts import ContactLeg
from cti.report.demo_day import Recorder
from cti.report.demo_walks import Walks
from cti.report.periods import Period
from cti.simulation.scenario import Scenario

#: how busy the days of the week are, from Monday
_WEEK = (1.15, 1.0, 1.0, 0.98, 1.08, 0.62, 0.5)
#: on this day of the month a storm brings so many times the calls about faults
_STORM_DAY, _STORM = 14, 2.6
_AFTER_CLOSING_SECONDS = 4 * 3600.0
_ROWS = 500


@dataclass(frozen=True, slots=True)
class PlayedDay:
    """The records of one day."""

    legs: Sequence[ContactLeg]
    calls: Sequence[CallRecord]
    spans: Sequence[Span]


def play(scenario: Scenario, walks: Walks, day: date, zone: ZoneInfo, seed: int) -> PlayedDay:
    """Return the records of one day of a scenario; the same day and seed give the same records.

    Args:
        scenario: whose callers and agents.
        walks: how callers go through the menus.
        day: which; it has a volume of its own.
        zone: the hotline's.
        seed: of everything drawn.

    """
    draws = Draws(seed, f"report {day}")
    streams = [_scaled(stream, day, draws) for stream in scenario.streams]
    callers = merged(streams, seed * 100_003 + day.toordinal(), scenario.seconds)
    opens_ms = day_window(day, zone)[0] + int(scenario.opens_at_seconds * 1000)
    recorder = Recorder(scenario.policy, opens_ms, f"{day:%y%m%d}-")
    simulation = Simulation(scenario.policy, callers, watch=recorder.told, shifts=scenario.shifts, manners=scenario.manners, seed=seed + day.toordinal())
    simulation.run(scenario.seconds + _AFTER_CLOSING_SECONDS)
    legs, calls = walks.told(recorder.legs(), draws)
    calls += walks.self_served(opens_ms, scenario.seconds, len(calls), f"{day:%y%m%d}-", draws)
    return PlayedDay(legs, calls, recorder.spans())


def _scaled(stream: Stream, day: date, draws: Draws) -> Stream:
    factor = _WEEK[day.weekday()] * max(0.6, 1 + 0.07 * draws.normal())
    if stream.queue == "faults" and day.day == _STORM_DAY:
        factor *= _STORM
    return replace(stream, rates=tuple(Rate(rate.from_seconds, rate.calls_per_hour * factor) for rate in stream.rates))


async def write_month(
    database: Database, scenario: Scenario, walks: Walks, period: Period, zone: ZoneInfo, seed: int, progress: Callable[[float], None],
) -> int:  # fmt: skip
    """Write the records of a period's days into a migrated database; return how many calls there were.

    Raises SQLAlchemyError (also when the days were written before, see `has_calls`), OSError.
    """
    written = 0
    for number, day in enumerate(period.days, start=1):
        played = play(scenario, walks, day, zone, seed)
        async with database.writing() as session:
            for kind, rows in ((ContactLegRow, played.legs), (CallRecordRow, played.calls), (AgentStateRow, played.spans)):
                for some in _batches([_row(each) for each in rows]):
                    await session.execute(insert(kind), some)
        written += len(played.calls)
        progress(number / len(period.days))
    return written


async def has_calls(database: Database, period: Period, zone: ZoneInfo) -> bool:
    """Whether a period has any calls. Raises SQLAlchemyError, OSError."""
    since_ms, until_ms = period.window(zone)
    began = CallRecordRow.started_at_ms
    async with database.reading() as session:
        return (await session.execute(select(began).where(began >= since_ms, began < until_ms).limit(1))).first() is not None


def _row(record: Any) -> dict[str, Any]:
    return {each.name: _plain(getattr(record, each.name)) for each in fields(record)}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_row(each) if hasattr(each, "__dataclass_fields__") else each for each in value]
    return value


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for begin in range(0, len(rows), _ROWS):
        yield rows[begin : begin + _ROWS]
