"""What keeps each agent from being offered a call, in a form of which every decision can keep a copy."""

from __future__ import annotations

from acd.eligibility import Ineligibility, Reason

_BLOCK_BITS = 6
_BLOCK = 1 << _BLOCK_BITS
_MOST_KINDS = 256  #: one byte each

_PAUSED = Ineligibility(Reason.PAUSED)

#: what `Roster.copy` returns
Copy = tuple[bytes, ...]


class Roster:
    """One byte an agent, in blocks: a copy shares every block that has not changed since the last one."""

    def __init__(self) -> None:
        self._now = bytearray()
        self._blocks: list[bytes] = []
        self._changed: set[int] = set()  #: blocks that are no longer as in `_now`
        self._kinds: list[Ineligibility | None] = [None, _PAUSED]
        self._numbers: dict[tuple[Reason, str], int] = {(_PAUSED.reason, _PAUSED.detail): 1}

    def note(self, order: int, hindrance: Ineligibility | None) -> None:
        """Note what keeps the agent of this number from calls now; None if he is free."""
        number = 0
        if hindrance is not None:
            number = self._numbers.get((hindrance.reason, hindrance.detail)) or self._new(hindrance)
        if order >= len(self._now):
            self._grow(order)
        if self._now[order] != number:
            self._now[order] = number
            self._changed.add(order >> _BLOCK_BITS)

    def copy(self) -> Copy:
        """How things stand, to be asked later with `then`."""
        for at in self._changed:
            self._blocks[at] = bytes(self._now[at * _BLOCK : (at + 1) * _BLOCK])
        self._changed.clear()
        return tuple(self._blocks)

    def then(self, copy: Copy, order: int) -> Ineligibility | None:
        """What kept the agent of this number from calls when the copy was made; None if he was free."""
        at, within = divmod(order, _BLOCK)
        return self._kinds[copy[at][within]]

    def _grow(self, order: int) -> None:
        while len(self._now) <= order:
            self._now += bytes(_BLOCK)
            self._blocks.append(bytes(_BLOCK))

    def _new(self, hindrance: Ineligibility) -> int:
        """Number one more kind; pauses have free texts: when they grow too many, the rest is told without the text."""
        if len(self._kinds) >= _MOST_KINDS:
            return 1
        self._kinds.append(hindrance)
        number = self._numbers[hindrance.reason, hindrance.detail] = len(self._kinds) - 1
        return number
