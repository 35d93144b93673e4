"""`hotline try`: walk the flows in the terminal by typing keys, without Asterisk."""

import uuid
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cti.cli.console import BAD_INPUT, fail, say
from cti.cli.try_replies import nobody, replies_from_database, replies_from_file, with_failures
from cti.cli.try_walk import walk
from ivr.commands import CallBackend
from ivr.document import BadDocument
from ivr.events import DialOutcome, FailReason
from ivr.explaining import ExplainingWalker
from ivr.flows import load_flows
from ivr.speech import Language
from ivr.state import CallInfo
from ivr.walker import Walker

REPLIES_FILE = Path("try") / "backend.yaml"
EXAMPLE = "Example:  hotline try balance --keys 1,# --lang en     hotline try flows/examples/bank --at 2026-10-01T10:00 --fail pay=timeout"


def register(app: typer.Typer) -> None:
    """Add `try` to the hotline command."""
    app.command("try", epilog=EXAMPLE)(try_flows)


def try_flows(
    flow: Annotated[str, typer.Argument(metavar="[FLOW|FOLDER]", help="The flow to begin in, or a folder of flows.")] = "",
    keys: Annotated[
        str | None, typer.Option(help="Keys to press, by commas: 1,10000001,t,#. t waits, h hangs up; a word like `full` leaves the queue.")
    ] = None,
    flows: Annotated[Path | None, typer.Option(help="Folder of the flows.")] = None,
    at: Annotated[str, typer.Option(help="Time of the call, e.g. 2026-10-01T10:00; now if not given.")] = "",
    caller: Annotated[str, typer.Option("--from", help="The caller's number.")] = "13800138001",
    language: Annotated[Language | None, typer.Option("--language", "--lang", help="Language chosen before.")] = None,
    entry: Annotated[str, typer.Option(help="The flow to begin in, where FOLDER is given.")] = "",
    replies: Annotated[Path | None, typer.Option(help="File of backend replies; <flows>/try/backend.yaml.")] = None,
    database: Annotated[str, typer.Option(help="Ask this database instead, e.g. sqlite:///run/hotline.db.")] = "",
    failing: Annotated[
        list[str] | None, typer.Option("--fail", help="Let an operation fail, by timeout, unavailable or invalid: balance=timeout. Repeatable.")
    ] = None,
    dial: Annotated[DialOutcome, typer.Option(help="What becomes of calls to the outside.")] = DialOutcome.ANSWERED,
    zone: Annotated[str, typer.Option(help="Time zone of the caller's clock.")] = "Asia/Shanghai",
    brief: Annotated[bool, typer.Option("--brief", help="Only what the caller hears and does.")] = False,
) -> None:
    """Walk a call in the terminal: keys are typed; what the caller hears is printed in words, in both languages.

    Between come the decisions of the steps, the values they set, and what backends are asked. Nothing is really done unless
    --database names where.
    """
    folder, entry = _place(flow, flows, entry)
    civil, failures = _civil(at, zone), _failures(failing or [])
    try:
        loaded = load_flows(folder, entry=entry)
        path = replies or folder / REPLIES_FILE
        file_replies = nobody if database and not path.exists() else replies_from_file(path)
    except (BadDocument, OSError) as error:
        fail(str(error), BAD_INPUT)
    with replies_from_database(database, file_replies) if database else nullcontext(file_replies) as answers:
        info = CallInfo(f"try-{uuid.uuid4().hex[:8]}", caller, "95598", language.value if language else None)
        source = f"database {database}" if database else path
        say(f"call from {caller} at {civil:%Y-%m-%d %H:%M %Z}, flow {entry} of {folder}, replies of {source}")
        walker = (Walker if brief else ExplainingWalker)(loaded, info, with_failures(answers, failures), civil, entry)
        walker.dial_outcome = dial
        walk(walker, keys)
    asked = {command.operation for command in walker.commands if isinstance(command, CallBackend)}
    for operation in failures.keys() - asked:
        say(f"--fail {operation}: nothing asked for it; this call asked for {', '.join(sorted(asked)) or 'nothing'}")


def _place(flow: str, flows: Path | None, entry: str) -> tuple[Path, str]:
    """Return the folder and the flow to begin in: the argument may name either."""
    if flow and flows is None and Path(flow).is_dir():
        return Path(flow), entry or "main"
    return flows or _flows_folder(), entry or flow or "main"


def _failures(words: list[str]) -> dict[str, FailReason]:
    """Read what --fail names."""
    found = {}
    for word in words:
        operation, _, reason = word.partition("=")
        try:
            found[operation] = FailReason(reason or FailReason.UNAVAILABLE)
        except ValueError:
            fail(f"--fail {word}: write OPERATION={'|'.join(FailReason)}, e.g. --fail balance=timeout", BAD_INPUT)
    return found


def _civil(at: str, zone: str) -> datetime:
    try:
        clock = ZoneInfo(zone)
        moment = datetime.fromisoformat(at) if at else datetime.now(clock)
    except (ValueError, KeyError, OSError):
        fail(
            f"--at {at or 'now'} --zone {zone}: no such time. Write e.g. --at 2026-10-01T10:00 --zone Asia/Shanghai",
            BAD_INPUT,
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=clock)


def _flows_folder() -> Path:
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - only when no folder is named

    return RunSettings().flows_dir
