"""A recorded day, read from the database, for the commands that play it again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from cti.cli.console import BAD_INPUT, fail
from cti.cli.db import set_url
from cti.cli.reading import done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.records.calls import CallRecord

Zone = Annotated[str, typer.Option(help="time zone of the recorded day")]


def records_of(day: str, zone: str, database: str, settings: Path | None) -> "tuple[int, Sequence[CallRecord]]":
    """Return when a day begins (UTC milliseconds) and its call records, or end with a message.

    Args:
        day: like 2026-11-21.
        zone: like Asia/Shanghai.
        database: its address; empty for the one of the settings.
        settings: the settings file, None for the usual one.

    """
    since, until = _span(day, zone)
    return since, done(_read(database or set_url(settings), since, until))


def _span(day: str, zone: str) -> tuple[int, int]:
    try:
        begin = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=ZoneInfo(zone))
    except (ValueError, KeyError, OSError):
        fail(f"{day} {zone}: write a day like 2026-11-21 and a zone like Asia/Shanghai", BAD_INPUT)
    return _ms(begin), _ms(begin + timedelta(days=1))


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)


async def _read(url: str, since_ms: int, until_ms: int) -> "Sequence[CallRecord]":
    from cti.database import Database  # noqa: PLC0415 - other commands need not load it
    from cti.records.calls import calls_between  # noqa: PLC0415

    database = Database(url)
    try:
        return await calls_between(database, since_ms, until_ms)
    finally:
        await database.close()
