"""The contract between a call and the company's data: one `call` method, three ways to fail, secrets kept wrapped."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable


class FailureReason(StrEnum):
    """Why a backend gave no answer; the words a flow branches on."""

    TIMEOUT = "timeout"  #: no answer within the time given; an effect may have happened
    UNAVAILABLE = "unavailable"  #: refused, gone, overloaded, or resting behind its breaker
    INVALID = "invalid"  #: the request or the answer breaks the contract


class BackendError(Exception):
    """Root of all backend failures. Messages never hold argument values, so no PIN can leak through a log."""

    reason: ClassVar[FailureReason]

    @property
    def timed_out(self) -> bool:
        """Whether the effect may have happened in spite of the failure."""
        return self.reason is FailureReason.TIMEOUT


class BackendTimeout(BackendError):
    """No answer within `timeout_seconds`. Asking again with the same idempotency key is safe."""

    reason = FailureReason.TIMEOUT


class BackendUnavailable(BackendError):
    """The backend is down, overloaded, or its breaker is open."""

    reason = FailureReason.UNAVAILABLE


class BackendInvalid(BackendError):
    """Unknown operation, wrong arguments, or an answer outside the operation's schema."""

    reason = FailureReason.INVALID


@runtime_checkable
class Revealable(Protocol):
    """A wrapped secret: shows `***` in repr and logs, and its text only on demand (`ivr.Secret` is one)."""

    def reveal(self) -> str:
        """Return the secret text."""


class Backend(Protocol):
    """One source of customer data and sink of tickets. All operations of `cti.backends.catalogue.OPERATIONS`."""

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """Do one operation and return its reply as plain JSON, checked against the operation's schema.

        Args:
            operation: a name of the catalogue.
            arguments: by name; secret ones may be text or a `Revealable`.
            idempotency_key: same key, same effect, once: a repeated call gets the first call's reply.
            timeout_seconds: the whole call ends within this time.

        Raises:
            BackendTimeout, BackendUnavailable, BackendInvalid.

        """

    async def ping(self, timeout_seconds: float) -> None:
        """Return when the backend answers; raise BackendTimeout or BackendUnavailable otherwise."""

    async def close(self) -> None:
        """Give connections back. Never raises."""


def reveal(value: object) -> str:
    """Return the text of a secret argument, wrapped or plain. Use it at the very last moment only."""
    return value.reveal() if isinstance(value, Revealable) else str(value)
