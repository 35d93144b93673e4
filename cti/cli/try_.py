"""`hotline try`: walk the flows in the terminal by typing keys, without Asterisk."""

import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cti.cli.console import BAD_INPUT, fail, say
from cti.cli.try_replies import nobody, replies_from_database, replies_from_file
from ivr.document import BadDocument
from ivr.events import DialOutcome
from ivr.flows import load_flows
from ivr.state import CallInfo
from ivr.walker import Line, LineKind, Walker

HELP = "keys 0-9 * #   Enter: wait for the time-out (in a queue: an agent answers; dialling: as --dial says)   h: hang up   q: quit"
REPLIES_FILE = Path("try") / "backend.yaml"
_MARKS = {
    LineKind.PRESSED: "  you press",
    LineKind.BACKEND: "  · backend",
    LineKind.QUEUE: "  · queue",
    LineKind.DIAL: "  · dial",
    LineKind.RECORD: "  · recording",
    LineKind.LANGUAGE: "  · language",
    LineKind.ENDED: "  · ended",
}


def register(app: typer.Typer) -> None:
    """Add `try` to the hotline command."""
    app.command("try")(try_flows)


def try_flows(
    flows: Annotated[Path | None, typer.Argument(help="Folder of the flows.")] = None,
    keys: Annotated[
        str | None, typer.Option(help="Keys to press, by commas: 1,10000001,t,#. t waits, h hangs up.")
    ] = None,
    at: Annotated[str, typer.Option(help="Time of the call, e.g. 2026-10-01T10:00; now if not given.")] = "",
    caller: Annotated[str, typer.Option("--from", help="The caller's number.")] = "13800138001",
    language: Annotated[str, typer.Option("--language", "--lang", help="Language chosen before: zh or en.")] = "",
    entry: Annotated[str, typer.Option(help="Flow to begin in.")] = "main",
    replies: Annotated[Path | None, typer.Option(help="File of backend replies; <flows>/try/backend.yaml.")] = None,
    database: Annotated[str, typer.Option(help="Ask this database instead, e.g. sqlite:///run/hotline.db.")] = "",
    dial: Annotated[DialOutcome, typer.Option(help="What becomes of calls to the outside.")] = DialOutcome.ANSWERED,
    zone: Annotated[str, typer.Option(help="Time zone of the caller's clock.")] = "Asia/Shanghai",
) -> None:
    """Walk a call in the terminal: what the caller hears is printed in words, keys are typed.

    Example: hotline try --keys 1,# --lang en
    """
    folder = flows or _flows_folder()
    civil = _civil(at, zone)
    try:
        loaded = load_flows(folder, entry=entry)
        path = replies or folder / REPLIES_FILE
        file_replies = nobody if database and not path.exists() else replies_from_file(path)
    except (BadDocument, OSError) as error:
        fail(str(error), BAD_INPUT)
    with replies_from_database(database, file_replies) if database else nullcontext(file_replies) as answers:
        info = CallInfo(f"try-{uuid.uuid4().hex[:8]}", caller, "95598", language or None)
        walker = Walker(loaded, info, answers, civil, entry)
        walker.dial_outcome = dial
        _walk(walker, keys)


def _walk(walker: Walker, keys: str | None) -> None:
    shown = _show(walker, 0)
    source = _typed(walker) if keys is None else _scripted(keys)
    for key in source:
        if key == "h":
            walker.hang_up()
        elif key == "t":
            walker.wait()
        else:
            walker.press(key)
        shown = _show(walker, shown)
        if walker.over:
            return
    if keys is not None:
        say(f"  · still {_waiting(walker)}")


def _waiting(walker: Walker) -> str:
    if walker.is_put_through:
        return "put through"
    return "in the queue" if walker.waits_in_queue else "waiting for a key"


def _scripted(keys: str) -> Iterator[str]:
    for part in filter(None, (part.strip() for part in keys.split(","))):
        yield from _keys_of(part)


def _typed(walker: Walker) -> Iterator[str]:
    """Yield the keys somebody types, until he quits or the input ends."""
    say(HELP)
    while not walker.over:
        try:
            typed = input("key> ").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if typed == "q":
            return
        wrong = typed.strip("0123456789*#") if typed not in ("", "t", "h") else ""
        if wrong:
            say(f'"{wrong}" is no key. {HELP}')
            continue
        yield from _keys_of(typed or "t")


def _keys_of(part: str) -> Iterator[str]:
    if part in ("t", "h"):
        yield part
    elif part.strip("0123456789*#"):
        fail(f'--keys: "{part}" is no key. Write digits, * and #, t to wait, h to hang up, by commas: 1,t,#', BAD_INPUT)
    else:
        yield from part


def _show(walker: Walker, shown: int) -> int:
    for line in walker.lines[shown:]:
        say(_words(line))
    return len(walker.lines)


def _words(line: Line) -> str:
    if line.kind is LineKind.HEARD:
        return f"[{line.language}] {line.text}"
    return f"{_MARKS[line.kind]}: {line.text}"


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
