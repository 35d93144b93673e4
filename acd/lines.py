"""Who waits, in order. Two sorted views of the same calls, kept by binary search.

*Places*: everybody who holds a place in a queue, for positions. *Lines*: only those who may be offered now, one
line per (queue, extra needs, ring), so that dispatch looks at the heads of a few lines and never at every caller.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acd.config import Needs
    from acd.records import Call, SortKey

LineName = tuple[str, "Needs", int]
_Name = TypeVar("_Name")


class Lines:
    """The sorted views. A call's key must not change while it stands in them."""

    def __init__(self) -> None:
        self._places: dict[str, list[SortKey]] = {}
        self._lines: dict[LineName, list[SortKey]] = {}
        self._placed: dict[str, str] = {}

    def hold_place(self, call: Call) -> None:
        """Let the call hold a place in its queue (again: no change)."""
        if call.id not in self._placed:
            self._placed[call.id] = call.queue.name
            insort(self._places.setdefault(call.queue.name, []), call.key)

    def give_up_place(self, call: Call) -> None:
        """Take the call out of its queue's order."""
        queue = self._placed.pop(call.id, None)
        if queue is not None:
            _remove(self._places, queue, call.key)

    def offer(self, call: Call, line: LineName) -> None:
        """Let the call be found by dispatch in this line (and in no other)."""
        if call.line != line:
            self.withdraw(call)
            insort(self._lines.setdefault(line, []), call.key)
            call.line = line

    def withdraw(self, call: Call) -> None:
        """Let dispatch no longer find the call."""
        if call.line is not None:
            _remove(self._lines, call.line, call.key)
            call.line = None

    def clear(self) -> None:
        """Forget all order, e.g. because keys are about to change; the caller puts every call back."""
        self._places.clear()
        self._lines.clear()
        self._placed.clear()

    def heads(self) -> Iterator[tuple[SortKey, LineName]]:
        """Yield the first call of each line."""
        return ((keys[0], line) for line, keys in self._lines.items())

    def head(self, line: LineName) -> SortKey | None:
        """Return the first call of a line, None if it is empty."""
        keys = self._lines.get(line)
        return keys[0] if keys else None

    def position(self, call: Call) -> int:
        """Return the 1-based place of the call in its queue; 0 if it holds none."""
        if call.id not in self._placed:
            return 0
        return bisect_left(self._places[call.queue.name], call.key) + 1

    def length(self, queue: str) -> int:
        """How many hold a place in the queue."""
        return len(self._places.get(queue, ()))

    def places(self, queue: str) -> tuple[str, ...]:
        """Return the ids of all who hold a place in the queue, first to last."""
        return tuple(key[-1] for key in self._places.get(queue, ()))

    def offerable(self) -> Iterator[str]:
        """Yield the ids of all whom dispatch can find."""
        return (key[-1] for keys in self._lines.values() for key in keys)


def _remove(views: dict[_Name, list[SortKey]], name: _Name, key: SortKey) -> None:
    keys = views[name]
    del keys[bisect_left(keys, key)]
    if not keys:
        del views[name]
