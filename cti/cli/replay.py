"""`hotline replay`: what a caller went through, from the trail in the database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from cti.cli.asking import printable
from cti.cli.console import BAD_INPUT, FAILED, fail, say
from cti.cli.db import Address, SettingsFile, set_url
from cti.cli.reading import done
from ivr.document import BadDocument
from ivr.flows import load_flows
from ivr.replay import Told, retell

if TYPE_CHECKING:
    from cti.records.calls import CallRecord

EXAMPLE = "Example:  hotline replay 1795257600.42 --database sqlite:///run/hotline.db"


def register(app: typer.Typer) -> None:
    """Add `replay` to the hotline command."""
    app.command("replay", epilog=EXAMPLE)(replay)


def replay(
    call: Annotated[str, typer.Argument(help="The call's id, as in the log, the API or the call records.")],
    database: Address = "",
    settings: SettingsFile = None,
    flows: Annotated[Path | None, typer.Option(help="Folder of the flows, for the texts.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the times shown.")] = "Asia/Shanghai",
) -> None:
    """Tell what a caller went through: times, steps, results, and what was said, in both languages."""
    try:
        clock = ZoneInfo(zone)
        loaded = load_flows(flows or _flows_folder())
    except (ValueError, KeyError):
        fail(f"--zone {zone}: no such time zone. Write e.g. Asia/Shanghai", BAD_INPUT)
    except (BadDocument, OSError) as error:
        fail(str(error), BAD_INPUT)
    record = done(_one(database or set_url(settings), call))
    if record is None:
        fail(f"No call {printable(call)} in the records. Take the id from the log or from GET /api/calls", FAILED)
    for line in _head(record, clock):
        say(line)
    if record.flow_version not in (None, loaded.version):
        say(
            f"It went through version {printable(record.flow_version)}; the texts are those of version {loaded.version}."
        )
    for told in retell(record.trail, loaded):
        for line in _lines(told, record.started_at_ms or told.at_ms):
            say(line)


async def _one(url: str, call: str) -> "CallRecord | None":
    from cti.database import Database  # noqa: PLC0415 - here and below: other commands need not load it
    from cti.records.calls import one_call  # noqa: PLC0415

    database = Database(url)
    try:
        return await one_call(database, call)
    finally:
        await database.close()


def _head(record: "CallRecord", clock: ZoneInfo) -> Iterator[str]:
    started = datetime.fromtimestamp((record.started_at_ms or 0) / 1000, UTC).astimezone(clock)
    caller = printable(record.caller_number or "unknown")
    yield f"call {printable(record.call)} from {caller}, {started:%Y-%m-%d %H:%M:%S}"
    known = {
        "account": record.account, "tier": record.tier, "language": record.language, "queue": record.queue, "agent": record.agent,
        "outcome": record.outcome, "tickets": ", ".join(record.tickets), "mark": record.survey_score,
    }  # fmt: skip
    yield "  " + "; ".join(f"{name} {printable(value)}" for name, value in known.items() if value not in (None, ""))


def _lines(told: Told, started_ms: int) -> Iterator[str]:
    seconds = (told.at_ms - started_ms) / 1000
    yield f"{seconds:8.1f} s  {printable(told.flow)}/{printable(told.step)} ({printable(told.type)}): {printable(told.result)}"
    for language, text in told.texts.items():
        yield f"            [{language}] {printable(text)}"


def _flows_folder() -> Path:
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - only when no folder is named

    return RunSettings().flows_dir
