"""Deadlines by what they are about: one per (kind, id), the earliest is the engine's next deadline."""

from __future__ import annotations

import heapq
from enum import Enum


class Timer(Enum):
    """What a deadline is for."""

    MAX_WAIT = "max_wait"
    RING = "ring"
    ANNOUNCE = "announce"
    AWAY = "away"
    HOLD_OFF = "hold_off"
    OFFER = "offer"
    AGENT = "agent"


class Timers:
    """A heap with lazy deletion: a replaced or cancelled entry stays until it surfaces or the heap is compacted."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer, str]] = []
        self._live: dict[tuple[Timer, str], tuple[float, int]] = {}
        self._count = 0

    def set(self, kind: Timer, subject: str, at: float) -> None:
        """Arm (or move) the deadline of this kind for this id."""
        self._count += 1
        self._live[kind, subject] = (at, self._count)
        heapq.heappush(self._heap, (at, self._count, kind, subject))
        if len(self._heap) > 2 * len(self._live) + 64:
            self._compact()

    def cancel(self, kind: Timer, subject: str) -> None:
        """Disarm it, if armed."""
        self._live.pop((kind, subject), None)

    def at(self, kind: Timer, subject: str) -> float | None:
        """When this deadline is due; None if not armed."""
        armed = self._live.get((kind, subject))
        return None if armed is None else armed[0]

    def next(self) -> float | None:
        """The earliest deadline; None if nothing is armed."""
        self._drop_dead()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> tuple[Timer, str] | None:
        """Take the earliest deadline that is due at `now`, if any."""
        self._drop_dead()
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, kind, subject = heapq.heappop(self._heap)
        del self._live[kind, subject]
        return kind, subject

    def __len__(self) -> int:
        return len(self._heap)

    def _drop_dead(self) -> None:
        while self._heap and not self._is_live(self._heap[0]):
            heapq.heappop(self._heap)

    def _is_live(self, entry: tuple[float, int, Timer, str]) -> bool:
        at, count, kind, subject = entry
        return self._live.get((kind, subject)) == (at, count)

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if self._is_live(entry)]
        heapq.heapify(self._heap)
