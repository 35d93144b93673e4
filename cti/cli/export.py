"""`hotline export`: calls, contact legs, agents' states and routing decisions as CSV or Parquet."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cti.cli.console import BAD_INPUT, fail
from cti.cli.reading import (
    DatabaseOption,
    DateOption,
    SettingsFile,
    SinceOption,
    TimeSpan,
    UntilOption,
    done,
    settings_of,
    time_span,
)

if TYPE_CHECKING:
    from cti.records.exporting import Exported

PROGRESS_SECONDS = 0.5


class Kind(StrEnum):
    """What can be exported."""

    CALLS = "calls"
    LEGS = "legs"
    AGENT_STATES = "agent-states"
    DECISIONS = "decisions"


class Format(StrEnum):
    """As what."""

    CSV = "csv"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    what: Annotated[Kind, typer.Argument(help="calls: one row a call; legs: one a queue entry, callback, number dialled, transfer; agent-states; decisions of routing", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="the file to write, - for the terminal (CSV only)", metavar="FILE")],
    on: DateOption = "", since: SinceOption = "", until: UntilOption = "",
    as_format: Annotated[Format, typer.Option("--format", help="parquet needs the extra hotline-acd[parquet]")] = Format.CSV,
    database: DatabaseOption = "", settings: SettingsFile = None,
) -> None:  # fmt: skip
    """Write records of a span of time into a file, whole or not at all. Without a span: today.

    Example: hotline export legs --since 2026-11-01 --until 2026-12-01 --format parquet -o november.parquet
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - here and below: `--help` need not load it

    from cti.records.exporting import KINDS, ExportError  # noqa: PLC0415

    if str(output) == "-" and as_format is Format.PARQUET:
        fail("Parquet is no text for a terminal: name a file with -o.", BAD_INPUT)
    loaded = settings_of(settings)
    span = time_span(ZoneInfo(loaded.time_zone), on=on, since=since, until=until)
    try:
        with _target(output) as path:
            rows = done(_export(database or loaded.database_url, KINDS[what.value], span, path, as_format))
    except ExportError as error:
        fail(str(error), BAD_INPUT)
    _tell(f"{rows} rows of {what.value} written to {output}." if str(output) != "-" else "")


async def _export(url: str, what: "Exported", span: TimeSpan, path: Path | None, as_format: Format) -> int:
    from cti.database import Database, migrate  # noqa: PLC0415
    from cti.records.exporting import CsvSink, ParquetSink, export  # noqa: PLC0415

    await migrate(url)
    database = Database(url)
    try:
        with contextlib.ExitStack() as stack:
            if as_format is Format.PARQUET:
                assert path is not None
                return await export(database, what, span.since_ms, span.until_ms, ParquetSink(path, what.columns), _progress())
            file = sys.stdout if path is None else stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            return await export(database, what, span.since_ms, span.until_ms, CsvSink(file, what.columns), _progress())
    finally:
        await database.close()


@contextlib.contextmanager
def _target(output: Path) -> Iterator[Path | None]:
    """The file to write into; it takes the place of `output` at the end, so that nobody reads a half. None: the terminal."""
    if str(output) == "-":
        yield None
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.parent)
    except OSError as error:
        fail(f"{output}: {error.strerror}. Name a file in a folder that exists and may be written.", BAD_INPUT)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _progress() -> Callable[[int], None]:
    """Tell on a terminal how far it is, now and then."""
    told_at = time.monotonic()

    def progress(rows: int) -> None:
        nonlocal told_at
        if sys.stderr.isatty() and time.monotonic() - told_at > PROGRESS_SECONDS:
            told_at = time.monotonic()
            print(f"\r{rows} rows", end="", file=sys.stderr, flush=True)

    return progress


def _tell(message: str) -> None:
    if message:
        print(f"\r{message}" if sys.stderr.isatty() else message, file=sys.stderr)
