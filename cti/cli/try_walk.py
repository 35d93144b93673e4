"""How `hotline try` speaks with whoever walks: keys in, lines out."""

from collections.abc import Iterator

import typer

from cti.cli.console import BAD_INPUT, fail, say
from ivr.events import DialOutcome, QueueOutcome
from ivr.walker import Line, LineKind, Walker

HELP = (
    "keys 0-9 * #   Enter: wait for the time-out (in a queue: an agent answers; put through: as --dial says)   h: hang up   q: quit\n"
    f"in a queue also how the caller comes back: {' '.join(QueueOutcome)}\nput through also: {' '.join(DialOutcome)}"
)
_WORDS = frozenset({"t", "h", *QueueOutcome, *DialOutcome})
_MARKS = {
    LineKind.STEP: "  ·",
    LineKind.VALUES: "    =",
    LineKind.PRESSED: "  you press",
    LineKind.BACKEND: "  · backend",
    LineKind.QUEUE: "  · queue",
    LineKind.DIAL: "  · dial",
    LineKind.RECORD: "  · recording",
    LineKind.LANGUAGE: "  · language",
    LineKind.ENDED: "  · ended",
}
_FAINT = frozenset({LineKind.STEP, LineKind.VALUES, LineKind.BACKEND, LineKind.LANGUAGE})


def walk(walker: Walker, keys: str | None) -> None:
    """Walk until the call is over, the keys are used up, or whoever types quits.

    keys: what is pressed, by commas; None: it is typed.
    """
    shown = _show(walker, 0)
    for key in _typed(walker) if keys is None else _scripted(keys):
        _do(walker, key)
        shown = _show(walker, shown)
        if walker.over:
            return
    if keys is not None:
        say(f"  · still {_waiting(walker)}")


def _do(walker: Walker, key: str) -> None:
    if key == "h":
        walker.hang_up()
    elif key == "t":
        walker.wait()
    elif key in set(QueueOutcome) and walker.waits_in_queue:
        walker.leave_queue(QueueOutcome(key))
    elif key in set(DialOutcome) and walker.is_put_through:
        walker.end_dial(DialOutcome(key))
    elif key in _WORDS:
        say(f'  · "{key}" is for a caller who waits in a queue or is put through; this one is {_waiting(walker)}')
    else:
        walker.press(key)


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
        wrong = typed.strip("0123456789*#") if typed not in ("", *_WORDS) else ""
        if wrong:
            say(f'"{wrong}" is no key. {HELP}')
            continue
        yield from _keys_of(typed or "t")


def _keys_of(part: str) -> Iterator[str]:
    if part in _WORDS:
        yield part
    elif part.strip("0123456789*#"):
        fail(
            f'--keys: "{part}" is no key. Write digits, * and #, t to wait, h to hang up, by commas: 1,t,#; '
            f"in a queue {', '.join(QueueOutcome)}; put through {', '.join(DialOutcome)}",
            BAD_INPUT,
        )
    else:
        yield from part


def _show(walker: Walker, shown: int) -> int:
    for line in walker.lines[shown:]:
        typer.echo(_words(line))
        for language, words in line.others.items():
            typer.echo(typer.style(f"[{language}] {words}", dim=True))
    return len(walker.lines)


def _words(line: Line) -> str:
    if line.kind is LineKind.HEARD:
        return typer.style(f"[{line.language}] {line.text}", bold=True)
    between = " " if line.kind in (LineKind.STEP, LineKind.VALUES) else ": "
    return typer.style(f"{_MARKS[line.kind]}{between}{line.text}", dim=line.kind in _FAINT)
