"""What every backend does around its work: one deadline, a breaker, and failures told in three words."""

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from cti.backends.base import BackendError, BackendInvalid, BackendTimeout, BackendUnavailable
from cti.store.bounded import Bounded
from cti.store.breaker import Breaker

T = TypeVar("T")

FAILURES_TO_OPEN = 5
REST_SECONDS = 2.0
CLOSE_SECONDS = 1.0


class Guard:
    """Runs a backend's work within a deadline.

    Args:
        name: of the backend, for messages.
        failures: exception types that mean the backend is not to be had.
        clock: monotonic seconds, for the breaker.

    """

    def __init__(
        self, name: str, failures: tuple[type[Exception], ...], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._failures = failures
        self._bounded = Bounded()
        self._breaker = Breaker(failures_to_open=FAILURES_TO_OPEN, rest_seconds=REST_SECONDS, clock=clock)

    async def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Return the work's result; raise BackendTimeout, BackendUnavailable or BackendInvalid.

        After a time-out the work goes on to its own end: an effect may still happen, once, under its key.
        """
        if not self._breaker.admit():
            work.close()
            raise BackendUnavailable(f"{self._name}: failed {FAILURES_TO_OPEN} times, rests {REST_SECONDS:g} s")
        try:
            result = await self._bounded.run(work, seconds)
        except BackendInvalid:
            self._breaker.succeeded()
            raise
        except Exception as error:
            raise self._told(error, seconds) from error
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return result

    async def drain(self) -> None:
        """Wait a moment for work that outlived its caller."""
        await self._bounded.drain(CLOSE_SECONDS)

    def _told(self, error: Exception, seconds: float) -> Exception:
        """Return the error as callers know it; a fault of the program itself stays what it is."""
        if isinstance(error, BackendError):
            self._breaker.failed()
            return error
        if isinstance(error, TimeoutError):
            self._breaker.failed()
            return BackendTimeout(f"{self._name}: no answer within {seconds:g} s")
        if isinstance(error, self._failures):
            self._breaker.failed()
            return BackendUnavailable(f"{self._name}: {type(error).__name__}")
        self._breaker.abandoned()
        return error
