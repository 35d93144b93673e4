"""A breaker: after a few failures in a row a dead service is left alone for a while instead of costing every call time.

Pure: the clock is handed in, so tests move time by hand.
"""

from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    """What the breaker lets through."""

    CLOSED = "closed"  #: everything
    OPEN = "open"  #: nothing, until the rest is over
    PROBING = "probing"  #: one attempt is under way and decides


class Breaker:
    """Counts failures in a row and rests the service.

    Args:
        failures_to_open: failures in a row that open it.
        rest_seconds: how long it stays open before one probe is let through.
        clock: monotonic seconds.

    """

    def __init__(self, *, failures_to_open: int, rest_seconds: float, clock: Callable[[], float]) -> None:
        self._failures_to_open = failures_to_open
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        """What a call would meet now."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.PROBING if self._probing else BreakerState.OPEN

    def admit(self) -> bool:
        """Tell whether a call may go through; a True must be answered by one of the three methods below."""
        if self._open_until is None:
            return True
        if self._probing or self._clock() < self._open_until:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """Let everything through again: the service answered."""
        self._failures = 0
        self._open_until = None
        self._probing = False

    def failed(self) -> None:
        """Count a missing answer, and rest the service when that was one too many."""
        self._failures += 1
        if self._probing or self._failures >= self._failures_to_open:
            self._open_until = self._clock() + self._rest_seconds
        self._probing = False

    def abandoned(self) -> None:
        """Learn nothing: the caller gave up before the service could answer."""
        self._probing = False
