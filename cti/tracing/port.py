"""What is told of calls to whoever traces them. None of this waits or fails."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from acd.facts import Fact
from ivr.state import Trace


class CallSpans(Protocol):
    """Where spans are made. `call` is the call's id; one that did not begin here has no spans."""

    def began(self, call: str, *, adopted: bool, flow_version: str) -> None:
        """A call came in, or was found on its channel."""

    def stepped(self, call: str, trace: Trace, seconds: float) -> None:
        """A flow step did something, after so long."""

    def ended(self, call: str, outcome: str) -> None:
        """A call is over; `outcome` is the word of its record."""

    def told(self, fact: Fact, now: float) -> None:
        """The routing engine established something at engine time `now` (seconds)."""

    def request(self, call: str, backend: str, operation: str) -> AbstractContextManager[None]:
        """A span for the time the context is open; a BackendError that passes through is its result."""

    async def close(self, seconds: float) -> None:
        """Send what is left, for so long at most."""


class NoSpans:
    """Nobody traces: implements CallSpans at no cost."""

    def began(self, call: str, *, adopted: bool, flow_version: str) -> None:
        """See CallSpans."""

    def stepped(self, call: str, trace: Trace, seconds: float) -> None:
        """See CallSpans."""

    def ended(self, call: str, outcome: str) -> None:
        """See CallSpans."""

    def told(self, fact: Fact, now: float) -> None:
        """See CallSpans."""

    def request(self, call: str, backend: str, operation: str) -> AbstractContextManager[None]:
        """See CallSpans."""
        del call, backend, operation
        return nullcontext()

    async def close(self, seconds: float) -> None:
        """See CallSpans."""
