"""`hotline queue-log`: what happened in the lines, as Asterisk's own queue_log tells it."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

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
    from cti.clock import Clock
    from cti.database import Database
    from cti.records.queue_log import Line

FOLLOW_SECONDS = 1.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("queue-log")(queue_log)


def queue_log(
    on: DateOption = "", since: SinceOption = "", until: UntilOption = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what happens, until Ctrl-C")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="write here instead of to the terminal", metavar="FILE")] = None,
    database: DatabaseOption = "", settings: SettingsFile = None,
) -> None:  # fmt: skip
    """Print what happened in the lines as lines of Asterisk's queue_log, for tools that read those. Without a span: today.

    Example: hotline queue-log --date yesterday -o queue_log
    """
    from cti.clock import Clock  # noqa: PLC0415 - `--help` need not load it

    if follow and (until or on not in ("", "today")):
        fail("--follow goes on from now: leave out --until and --date.", BAD_INPUT)
    loaded = settings_of(settings)
    clock = Clock(loaded.time_zone)
    span = time_span(clock.zone, on=on, since=since, until=until)
    with _opened(output) as file, contextlib.suppress(KeyboardInterrupt):
        done(_print(database or loaded.database_url, _queues_of(loaded.config_dir), span, file, clock if follow else None))


async def _print(url: str, queues_of: Mapping[str, Sequence[str]], span: TimeSpan, file: TextIO, following: "Clock | None") -> None:
    from cti.database import Database, migrate  # noqa: PLC0415
    from cti.records.queue_log_reading import read_lines  # noqa: PLC0415

    await migrate(url)
    database = Database(url)
    now_ms = following.wall_ms() if following is not None else 0
    until_ms = now_ms if following is not None else span.until_ms
    try:
        async for line in read_lines(database, queues_of, span.since_ms, until_ms):
            print(line, file=file)
        file.flush()
        if following is not None:
            await _follow(database, queues_of, now_ms, file, following)
    finally:
        await database.close()


async def _follow(database: "Database", queues_of: Mapping[str, Sequence[str]], since_ms: int, file: TextIO, clock: "Clock") -> None:
    """Print what is new each second. Each line once; what is long past is not looked at again."""
    from cti.records.queue_log_reading import LATE_MS, lines_since, read_lines  # noqa: PLC0415

    printed: dict[Line, None] = dict.fromkeys([line async for line in read_lines(database, queues_of, since_ms - LATE_MS, since_ms)])
    while True:
        for line in await lines_since(database, queues_of, since_ms, clock.wall_ms()):
            if line not in printed:
                printed[line] = None
                print(line, file=file, flush=True)
        since_ms = max(since_ms, clock.wall_ms() - LATE_MS)
        printed = {line: None for line in printed if line.at_ms >= since_ms - LATE_MS}
        await asyncio.sleep(FOLLOW_SECONDS)


def _queues_of(config_dir: Path) -> dict[str, tuple[str, ...]]:
    """The queues of each agent."""
    from cti.config import read_policy  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415

    try:
        return {agent.name: agent.queues for agent in read_policy(config_dir).policy.agents.values()}
    except (BadDocument, OSError) as error:
        fail(f"The configuration in {config_dir} tells which queues an agent serves, and cannot be used:\n{error}", BAD_INPUT)


def _opened(output: Path | None) -> "contextlib.AbstractContextManager[TextIO]":
    if output is None:
        return contextlib.nullcontext(sys.stdout)
    try:
        return output.open("w", encoding="utf-8")
    except OSError as error:
        fail(f"{output}: {error.strerror}. Name a file in a folder that exists and may be written.", BAD_INPUT)
