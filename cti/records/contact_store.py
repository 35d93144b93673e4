"""Writing contact legs: finding the row a leg belongs to, laying its news over it, all of a batch in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from cti.backends.replies import without_control_characters
from cti.database.engine import Database
from cti.records.contact_news import LegNews
from cti.records.contacts import LEGS, ContactLeg, leg_of

_WIDTHS = {column.name: column.type.length for column in LEGS.columns if isinstance(column.type, String) and column.type.length}


@dataclass(frozen=True, slots=True)
class Late:
    """News of legs that are found in the database: those that `where` chooses, or the latest of them (`only_latest`)."""

    where: ColumnElement[bool]
    change: Callable[[ContactLeg], ContactLeg]
    only_latest: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A leg before and after a write; `before` is None for a new one."""

    before: ContactLeg | None
    after: ContactLeg


async def write(database: Database, news: Sequence[LegNews], late: Sequence[Late]) -> list[Written]:
    """Write all of it or nothing; news get their numbers. Raises SQLAlchemyError, OSError."""
    async with database.writing() as session:
        written, numbers = await _write_news(session, news)
        for one in late:
            written += await _write_late(session, one)
    for leg, number in numbers:
        leg.number = number
    return written


async def _write_news(session: AsyncSession, news: Sequence[LegNews]) -> tuple[list[Written], list[tuple[LegNews, int]]]:
    rows = await _rows_of(session, {leg.call for leg in news})
    written, numbers = [], []
    for leg in news:
        of_call = rows.setdefault(leg.call, {})
        before = leg.row_among(of_call.values())
        number = before.number if before is not None else leg.number or max(of_call, default=0) + 1
        after = _fitting(leg.as_leg(number) if before is None else leg.laid_over(before))
        of_call[number] = after
        written.append(Written(before, after))
        numbers.append((leg, number))
    await _upsert(session, [one.after for one in written])
    return written, numbers


async def _write_late(session: AsyncSession, late: Late) -> list[Written]:
    query = select(LEGS).where(late.where).order_by(LEGS.c.entered_at_ms.desc(), LEGS.c.number.desc())
    found = (await session.execute(query.limit(1) if late.only_latest else query)).mappings()
    pairs = [Written(leg, _fitting(late.change(leg))) for leg in map(leg_of, found)]
    changed = [pair for pair in pairs if pair.after != pair.before]
    await _upsert(session, [pair.after for pair in changed])
    return changed


async def _rows_of(session: AsyncSession, calls: set[str]) -> dict[str, dict[int, ContactLeg]]:
    rows: dict[str, dict[int, ContactLeg]] = {}
    if calls:
        query = select(LEGS).where(LEGS.c.call.in_(calls)).order_by(LEGS.c.call, LEGS.c.number).with_for_update()
        for row in (await session.execute(query)).mappings():
            rows.setdefault(row["call"], {})[row["number"]] = leg_of(row)
    return rows


async def _upsert(session: AsyncSession, legs: Sequence[ContactLeg]) -> None:
    if not legs:
        return
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(LEGS)
    changed = {column.name: insert.excluded[column.name] for column in LEGS.columns if column.name != "leg"}
    rows = {leg.leg: _columns(leg) for leg in legs}
    await session.execute(insert.on_conflict_do_update(index_elements=["leg"], set_=changed), list(rows.values()))


def _columns(leg: ContactLeg) -> dict[str, Any]:
    return {**asdict(leg), "kind": leg.kind.value, "attempts": [asdict(attempt) for attempt in leg.attempts]}


def _fitting(leg: ContactLeg) -> ContactLeg:
    """Return the leg with texts cleaned and cut to their columns."""
    texts: dict[str, Any] = {name: value for name in _WIDTHS if isinstance(value := getattr(leg, name), str)}
    fitted: dict[str, Any] = {name: str(without_control_characters(value))[: _WIDTHS[name]] for name, value in texts.items()}
    return leg if fitted == texts else replace(leg, **fitted)
