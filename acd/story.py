"""What happened to each call, for explanations and for the message of a broken invariant. Bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acd.commands import Command
    from acd.events import Event
    from acd.explain import Decision
    from acd.facts import Fact

_LINES_PER_CALL = 200
_ENDED_CALLS = 2000
_RECENT_EVENTS = 20


class Line(NamedTuple):
    """One thing that happened: an event heard, a command given or a fact established, at engine time `at`."""

    at: float
    what: Event | Command | Fact

    def __str__(self) -> str:
        return f"{self.at:.3f} {self.what}"


class Story:
    """Keeps the last lines of every live call and of the calls that ended last; and the last events with what came of them.

    Most of it is never read: lines are kept as bare pairs and become a `Line` when somebody asks.
    """

    def __init__(self) -> None:
        self._lines: dict[str, list[tuple[float, Event | Command | Fact]]] = {}
        self._decisions: dict[str, Decision] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._recent: deque[tuple[float, Event, Sequence[Command], Sequence[Fact]]] = deque(maxlen=_RECENT_EVENTS)

    def hear(self, at: float, event: Event, commands: Sequence[Command], facts: Sequence[Fact]) -> None:
        """Remember an event; `commands` and `facts` grow while it is handled."""
        self._recent.append((at, event, commands, facts))

    def add(self, call: str, at: float, what: Event | Command | Fact) -> None:
        """Remember a line of a call, if its story was begun."""
        lines = self._lines.get(call)
        if lines is not None:
            lines.append((at, what))
            if len(lines) > _LINES_PER_CALL:
                del lines[0]

    def begin(self, call: str) -> None:
        """Open (or go on with) the story of a call."""
        if call not in self._lines:
            self._lines[call] = []
        else:
            self._ended.pop(call, None)

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
        return tuple(Line(at, what) for at, what in self._lines.get(call, ()))

    def decision(self, call: str) -> Decision | None:
        """Return the latest decision about a call, if remembered."""
        return self._decisions.get(call)

    def recent(self) -> str:
        """Return the last events, each with the commands and facts that followed, one per line of text."""
        return "\n".join(
            str(Line(at, what))
            for at, event, commands, facts in self._recent
            for what in (event, *commands, *facts)
        )
