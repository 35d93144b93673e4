"""Deadlines by what they are about: one per (kind, id), the earliest is the engine's next deadline."""

from __future__ import annotations

import heapq

from acd.kinds import Kind


class Timer(Kind):
    """What a deadline is for."""

    MAX_WAIT = "max_wait"
    RING = "ring"
    ANNOUNCE = "announce"
    AWAY = "away"
    HOLD_OFF = "hold_off"
    OFFER = "offer"
    AGENT = "agent"
    EMPTY = "empty"
    REST = "rest"


_Entry = tuple[float, int, Timer, str]


class Timers:
    """A heap with lazy deletion: a replaced or cancelled entry stays until it surfaces or the heap is compacted."""

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._live: dict[Timer, dict[str, _Entry]] = {kind: {} for kind in Timer}
        self._armed = 0
        self._count = 0

    def set(self, kind: Timer, subject: str, at: float) -> None:
        """Arm (or move) the deadline of this kind for this id."""
        self._count += 1
        live = self._live[kind]
        self._armed += subject not in live
        entry = live[subject] = (at, self._count, kind, subject)
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * self._armed + 64:
            self._compact()

    def cancel(self, kind: Timer, subject: str) -> None:
        """Disarm it, if armed."""
        if self._live[kind].pop(subject, None) is not None:
            self._armed -= 1

    def at(self, kind: Timer, subject: str) -> float | None:
        """When this deadline is due; None if not armed."""
        armed = self._live[kind].get(subject)
        return None if armed is None else armed[0]

    def next(self) -> float | None:
        """The earliest deadline; None if nothing is armed."""
        heap, live = self._heap, self._live
        while heap:
            entry = heap[0]
            if live[entry[2]].get(entry[3]) is entry:
                return entry[0]
            heapq.heappop(heap)
        return None

    def pop_due(self, now: float) -> tuple[Timer, str] | None:
        """Take the earliest deadline that is due at `now`, if any."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            entry = heapq.heappop(heap)
            _, _, kind, subject = entry
            if self._live[kind].get(subject) is entry:
                self.cancel(kind, subject)
                return kind, subject
        return None

    def __len__(self) -> int:
        return len(self._heap)

    def _compact(self) -> None:
        self._heap = [entry for live in self._live.values() for entry in live.values()]
        heapq.heapify(self._heap)
