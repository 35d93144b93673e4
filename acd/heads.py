"""Lines of calls that need the same, and the first call of every line side by side.

An agent who becomes free is shown the first calls of all lines he is able for: his *sight* picks them out of the list
of all heads in one step, and is made anew only when lines come, go, or are searched for elsewhere.
"""

from __future__ import annotations

import heapq
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from acd.config import Needs
    from acd.records import SortKey
    from acd.searches import Pool, Search

_SLACK = 64
NOBODY: SortKey = (3, float("inf"), 0, 0, "")
"""Stands behind every call: the head of an empty line."""


class LineName(NamedTuple):
    """What the calls of a line have in common.

    `needs` are the calls' own beside their queue's, `stage` the ring their time has come for, `tier` is set where the
    queue has dedicated seats, `wanted` while they wait for one agent only.
    """

    queue: str
    needs: Needs
    stage: int
    tier: str = ""
    wanted: str = ""


class Line:
    """Calls that may be offered and need the same, smallest key first.

    A heap whose entries go stale when their call leaves and are dropped when they surface, or when most are stale.

    Args:
        name: what they have in common.
        plan: (ring, its search), narrowest first.
        heads: the first calls of all lines; the line keeps its own up to date there.

    """

    __slots__ = ("_heads", "_heap", "_number", "members", "name", "plan", "ring", "search")

    def __init__(self, name: LineName, plan: tuple[tuple[int, Search], ...], heads: list[SortKey]) -> None:
        self.name, self.plan = name, plan
        self.ring, self.search = plan[0]
        self.members: dict[str, SortKey] = {}
        self._heap: list[SortKey] = []
        self.enrol(heads)

    def enrol(self, heads: list[SortKey]) -> None:
        """Take a number in a new list of heads."""
        self._heads, self._number = heads, len(heads)
        heads.append(self._first())

    @property
    def number(self) -> int:
        """Where its head is found in the list."""
        return self._number

    @property
    def head(self) -> SortKey:
        """The key of the first call; NOBODY if there is none."""
        return self._heads[self._number]

    def add(self, key: SortKey) -> None:
        """Take in a call."""
        self.members[key[-1]] = key
        heapq.heappush(self._heap, key)
        self._heads[self._number] = min(self._heads[self._number], key)
        if len(self._heap) > 2 * len(self.members) + _SLACK:
            self._heap = list(self.members.values())
            heapq.heapify(self._heap)

    def remove(self, call: str) -> None:
        """Take out a call that is in."""
        key = self.members.pop(call)
        if key is self._heads[self._number]:
            self._heads[self._number] = self._first()

    def in_force(self) -> tuple[int, Search]:
        """The first ring that anybody logged in could ever serve; if there is none, the ring of the time itself."""
        for ring, search in self.plan:
            if search.open:
                return ring, search
        return next((ring, search) for ring, search in self.plan if not search.wanted)

    def _first(self) -> SortKey:
        heap, members = self._heap, self.members
        if not members:
            heap.clear()
            return NOBODY
        while members.get(heap[0][-1]) is not heap[0]:
            heapq.heappop(heap)
        return heap[0]


class Sight(NamedTuple):
    """What an agent looks at when he becomes free: `pick` returns the heads of `lines` from the list of all heads.

    True while the `layout` of lines and searches is the one it was made for.
    """

    layout: int
    lines: tuple[Line, ...]
    pick: Callable[[list[SortKey]], tuple[Any, ...]]

    def best(self, heads: list[SortKey]) -> tuple[Line, SortKey] | None:
        """Return the first of all calls he sees, with its line; None if he sees nobody."""
        seen = self.pick(heads)
        key = min(seen)
        return None if key is NOBODY else (self.lines[seen.index(key)], key)


def sight(layout: int, pools: Iterable[Pool]) -> Sight:
    """Look through the pools of an agent in whose eyes all queues weigh the same."""
    lines = [line for pool in pools for line in pool.search.watchers if line.search is pool.search]
    # he sees one line twice, or an empty place twice, where there are fewer than two: `itemgetter` of one item returns no tuple
    numbers = [line.number for line in lines]
    return Sight(layout, tuple(lines), itemgetter(*numbers, 0, 0))
