"""What the commands that read the database share: which database, which span of time, and what went wrong in words."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer

from cti.cli.console import BAD_INPUT, FAILED, fail

if TYPE_CHECKING:
    from cti.settings import Settings

T = TypeVar("T")

DateOption = Annotated[str, typer.Option("--date", help="one day, YYYY-MM-DD, or `today` or `yesterday`, in the hotline's time zone", metavar="DAY")]
SinceOption = Annotated[str, typer.Option("--since", help="from this on: YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS]", metavar="TIME")]
UntilOption = Annotated[str, typer.Option("--until", help="before this; without it until now", metavar="TIME")]
DatabaseOption = Annotated[str, typer.Option("--database", help="another database: sqlite:///file or postgresql://…; else as set")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="the server's settings file; default: what `hotline run` wrote")]
_CURE = "Write a day as 2026-11-22, or a time as 2026-11-22T08:00."


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From when until before when, UTC milliseconds."""

    since_ms: int
    until_ms: int


def settings_of(path: Path | None) -> "Settings":
    """Return the server's settings; ends the program with status 2 when they cannot be used."""
    from cti.settings import SettingsError, load_settings  # noqa: PLC0415 - here and below: `--help` need not load it
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    try:
        return load_settings(path or RunSettings().layout.settings)
    except SettingsError as error:
        fail(str(error), BAD_INPUT)


def time_span(zone: ZoneInfo, *, on: str, since: str, until: str) -> TimeSpan:
    """Return the span that the options name, today without any; ends the program with status 2 when they are wrong."""
    if on and (since or until):
        fail("--date is a whole day: leave out --since and --until, or --date.", BAD_INPUT)
    now = datetime.now(zone)
    if on or not (since or until):
        begins = _day(on or "today", now.date())
        return TimeSpan(_ms(datetime.combine(begins, time(), zone)), _ms(datetime.combine(begins + timedelta(days=1), time(), zone)))
    begins_at = _instant("--since", since, zone) if since else datetime.combine(date(1970, 1, 2), time(), zone)
    ends_at = _instant("--until", until, zone) if until else now
    if ends_at <= begins_at:
        fail(f"--until {until or 'now'} is not after --since {since}. Exchange them.", BAD_INPUT)
    return TimeSpan(_ms(begins_at), _ms(ends_at))


def done(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns; say in words what went wrong with the database."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from cti.database import DatabaseAddressError  # noqa: PLC0415
    from cti.database.migrate import UnknownRevisionError  # noqa: PLC0415

    try:
        return asyncio.run(work)
    except DatabaseAddressError as error:
        fail(str(error), BAD_INPUT)
    except UnknownRevisionError as error:
        fail(str(error), FAILED)
    except BrokenPipeError:  # whoever read it has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except (SQLAlchemyError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        fail(f"The database cannot be used: {reason}. See that it runs and that its folder may be written.", FAILED)


def _day(text: str, today: date) -> date:
    if text in ("today", "yesterday"):
        return today if text == "today" else today - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"--date {text}: no day. {_CURE}", BAD_INPUT)


def _instant(option: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text}: no time. {_CURE}", BAD_INPUT)
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
