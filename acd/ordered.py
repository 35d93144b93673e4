"""A sorted collection of many thousand items: places are found, added and removed without touching most of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T", bound=Any)
_MOST = 1024  #: a block of more items is cut in two


class Ordered(Generic[_T]):
    """Distinct items that can be compared, in sorted blocks of at most 1,024 each."""

    __slots__ = ("_blocks", "_lasts", "_size")

    def __init__(self) -> None:
        self._blocks: list[list[_T]] = []
        self._lasts: list[_T] = []  #: the last item of each block
        self._size = 0

    def add(self, item: _T) -> None:
        """Put an item where it belongs."""
        self._size += 1
        if not self._blocks:
            self._blocks, self._lasts = [[item]], [item]
            return
        where = min(bisect_left(self._lasts, item), len(self._blocks) - 1)
        block = self._blocks[where]
        insort(block, item)
        if len(block) > _MOST:
            self._blocks.insert(where + 1, block[_MOST // 2 :])
            del block[_MOST // 2 :]
            self._lasts.insert(where, block[-1])
        else:
            self._lasts[where] = block[-1]

    def remove(self, item: _T) -> None:
        """Take an item out that is in."""
        where = bisect_left(self._lasts, item)
        block = self._blocks[where]
        del block[bisect_left(block, item)]
        self._size -= 1
        if block:
            self._lasts[where] = block[-1]
        else:
            del self._blocks[where], self._lasts[where]

    def index(self, item: _T) -> int:
        """How many are smaller than this item."""
        where = bisect_left(self._lasts, item)
        before = sum(map(len, self._blocks[:where]))
        return before + (bisect_left(self._blocks[where], item) if where < len(self._blocks) else 0)

    def first(self, count: int) -> Iterator[_T]:
        """Yield the smallest items, at most `count`, without touching the others."""
        return islice((item for block in self._blocks for item in block), count)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[_T]:
        return (item for block in self._blocks for item in block)
