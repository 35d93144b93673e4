"""What keeps each agent from being offered a call, in a form of which every decision can keep a copy."""

from __future__ import annotations

from acd.eligibility import Ineligibility, Reason

_BLOCK = 64
_MOST_KINDS = 256  #: one byte each

_PAUSED = Ineligibility(Reason.PAUSED)

#: what `Roster.copy` returns
Copy = tuple[bytes, ...]


class Roster:
    """One byte an agent, in blocks: a copy shares every block that has not changed since the last one."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._kinds: list[Ineligibility | None] = [None, _PAUSED]
        self._numbers: dict[Ineligibility | None, int] = {None: 0, _PAUSED: 1}

    def note(self, order: int, hindrance: Ineligibility | None) -> None:
        """Note what keeps the agent of this number from calls now; None if he is free."""
        number = self._numbers.get(hindrance)
        if number is None:
            number = self._new(hindrance)
        at, within = divmod(order, _BLOCK)
        while len(self._blocks) <= at:
            self._blocks.append(bytes(_BLOCK))
        block = self._blocks[at]
        if block[within] != number:
            self._blocks[at] = block[:within] + bytes((number,)) + block[within + 1 :]

    def copy(self) -> Copy:
        """How things stand, to be asked later with `then`."""
        return tuple(self._blocks)

    def then(self, copy: Copy, order: int) -> Ineligibility | None:
        """What kept the agent of this number from calls when the copy was made; None if he was free."""
        at, within = divmod(order, _BLOCK)
        return self._kinds[copy[at][within]]

    def _new(self, hindrance: Ineligibility | None) -> int:
        """Number one more kind; pauses have free texts: when they grow too many, the rest is told without the text."""
        if len(self._kinds) >= _MOST_KINDS:
            return 1
        self._kinds.append(hindrance)
        self._numbers[hindrance] = len(self._kinds) - 1
        return len(self._kinds) - 1
