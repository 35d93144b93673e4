"""The interpreter: walks a caller through the flows, from one wait to the next, and does nothing itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ivr.events import Event
from ivr.flows import FlowSet
from ivr.state import Awaiting, CallInfo, Ended, Frame, Session, Step, Trace

__all__ = ["Awaiting", "CallInfo", "Ended", "Frame", "Interpreter", "Session", "Step", "Trace"]


class Interpreter:
    """Walks callers through one set of flows. It holds no state of any call.

    Args:
        flows: the checked flows.
        entry: the flow a call begins in.

    """

    def __init__(self, flows: FlowSet, entry: str = "main") -> None:
        self._flows = flows
        self._entry = entry

    def start(self, call: CallInfo, now: float, civil: datetime) -> Step:
        """Begin a call.

        Args:
            call: what is known of it.
            now: engine time in seconds (monotonic).
            civil: the wall-clock time, with its zone.

        """
        raise NotImplementedError

    def resume(self, session: Session, event: Event, now: float, civil: datetime) -> Step:
        """Go on after an event. An event that no longer fits (late, unknown token) changes nothing and returns the same wait."""
        raise NotImplementedError

    def restore(self, data: Mapping[str, Any], now: float, civil: datetime, last: str = "restart") -> Step:
        """Go on in another process with what `Session.to_json` wrote: the wait of the step is issued again.

        A prompt is played again, a backend call sent again with the same idempotency key, a queue joined again. Never raises for data
        that cannot be used: the call then begins again at its entry, in the caller's language when that can be read.
        """
        raise NotImplementedError
