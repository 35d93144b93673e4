"""What happened to each call, for explanations and for the message of a broken invariant. Bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from acd.commands import Command
    from acd.events import Event
    from acd.explain import Decision
    from acd.facts import Fact

_LINES_PER_CALL = 200
_ENDED_CALLS = 2000
_RECENT = 60


class Line(NamedTuple):
    """One thing that happened: an event heard, a command given or a fact established, at engine time `at`."""

    at: float
    what: Event | Command | Fact

    def __str__(self) -> str:
        return f"{self.at:.3f} {self.what}"


class Story:
    """Keeps the last lines of every live call, of the calls that ended last, and of all together."""

    def __init__(self) -> None:
        self._lines: dict[str, list[Line]] = {}
        self._decisions: dict[str, Decision] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._recent: deque[Line] = deque(maxlen=_RECENT)

    def add(self, call: str | None, line: Line) -> None:
        """Remember a line, under its call if it has one."""
        self._recent.append(line)
        lines = self._lines.get(call) if call is not None else None
        if lines is not None:
            lines.append(line)
            if len(lines) > _LINES_PER_CALL:
                del lines[0]

    def begin(self, call: str) -> None:
        """Open (or go on with) the story of a call."""
        self._ended.pop(call, None)
        self._lines.setdefault(call, [])

    def decide(self, decision: Decision) -> None:
        """Remember the latest decision about a call."""
        self._decisions[decision.call] = decision

    def end(self, call: str) -> None:
        """Close the story of a call; it is forgotten once enough others have ended after it."""
        self._ended[call] = None
        if len(self._ended) > _ENDED_CALLS:
            oldest, _ = self._ended.popitem(last=False)
            del self._lines[oldest]
            self._decisions.pop(oldest, None)

    def knows(self, call: str) -> bool:
        """Whether anything is remembered about this call."""
        return call in self._lines

    def of(self, call: str) -> tuple[Line, ...]:
        """Return what is remembered about a call, oldest first."""
        return tuple(self._lines.get(call, ()))

    def decision(self, call: str) -> Decision | None:
        """Return the latest decision about a call, if remembered."""
        return self._decisions.get(call)

    def recent(self) -> str:
        """Return the last lines of all, one per line of text."""
        return "\n".join(str(line) for line in self._recent)
