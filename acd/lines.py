"""Who holds a place in which queue, in order, for positions and lengths. Whom dispatch may find is in matching.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.ordered import Ordered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acd.records import Call, SortKey


class Lines:
    """Everybody who holds a place, queue by queue. An entry stands where its key said when it was put in."""

    def __init__(self) -> None:
        self._places: dict[str, Ordered[SortKey]] = {}

    def hold_place(self, call: Call, key: SortKey) -> None:
        """Let the call hold the place of this key in its queue (again: it moves if its key has changed)."""
        held, queue = call.place, call.queue.name
        if held is not None:
            if held == (queue, key):
                return
            self._take_out(*held)
        call.place = queue, key
        if queue not in self._places:
            self._places[queue] = Ordered()
        self._places[queue].add(key)

    def give_up_place(self, call: Call) -> None:
        """Take the call out of its queue's order, if it is in one."""
        held, call.place = call.place, None
        if held is not None:
            self._take_out(*held)

    def clear(self, calls: Iterable[Call]) -> None:
        """Forget all order, e.g. because keys are about to change; the caller puts every one of the calls back."""
        self._places.clear()
        for call in calls:
            call.place = None

    def position(self, call: Call) -> int:
        """Return the 1-based place of the call in its queue; 0 if it holds none."""
        held = call.place
        return 0 if held is None else self._places[held[0]].index(held[1]) + 1

    def length(self, queue: str) -> int:
        """How many hold a place in the queue."""
        return len(self._places.get(queue, ()))

    def places(self, queue: str) -> tuple[str, ...]:
        """Return the ids of all who hold a place in the queue, first to last."""
        return tuple(key[-1] for key in self._places.get(queue, ()))

    def first(self, queue: str, count: int) -> tuple[str, ...]:
        """Return the ids of the first callers who hold a place in the queue, at most `count`."""
        places = self._places.get(queue)
        return () if places is None else tuple(key[-1] for key in places.first(count))

    def _take_out(self, queue: str, key: SortKey) -> None:
        places = self._places[queue]
        places.remove(key)
        if not places:
            del self._places[queue]
