"""How long will a caller wait? A simple, honest estimate, and None where there is nothing to base one on.

With mean handling time H (talk plus wrap-up, of the queue's last talks) and s agents at work for him, somebody
becomes free every H/s seconds on average, so the caller at position n waits about n * H / s: the mean wait of a
caller who finds all s servers busy with n - 1 before him (M/M/s, conditional wait).
"""

from __future__ import annotations

from collections import deque

_WINDOW = 50


class Forecast:
    """Remembers the last talks and wrap-ups of each queue."""

    def __init__(self) -> None:
        self._talks: dict[str, deque[float]] = {}
        self._wrapups: dict[str, deque[float]] = {}

    def talk_finished(self, queue: str, talk_seconds: float) -> None:
        """Learn from a finished talk."""
        self._talks.setdefault(queue, deque(maxlen=_WINDOW)).append(talk_seconds)

    def wrapup_finished(self, queue: str, wrapup_seconds: float) -> None:
        """Learn from a finished wrap-up."""
        self._wrapups.setdefault(queue, deque(maxlen=_WINDOW)).append(wrapup_seconds)

    def handling_seconds(self, queue: str) -> float | None:
        """Mean talk plus mean wrap-up of the queue's last talks; None before its first talk."""
        talks = self._talks.get(queue)
        return None if not talks else _mean(talks) + _mean(self._wrapups.get(queue, deque()))

    def expected_wait_seconds(self, queue: str, position: int, servers: float) -> float | None:
        """Estimate the wait of the caller at `position` (1 is next).

        Args:
            queue: whose handling times to use.
            position: 1-based place in the queue.
            servers: agents at work who could serve him; one who serves several busy queues counts in part.

        """
        handling = self.handling_seconds(queue)
        if handling is None or servers <= 0:
            return None
        return position * handling / servers


def _mean(values: deque[float]) -> float:
    return sum(values) / len(values) if values else 0.0
