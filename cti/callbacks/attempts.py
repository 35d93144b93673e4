"""What Asterisk wrote down of attempts: in its own database, by the dialplan, whether or not a server was there.

Family `hotline-callback`, key `<callback>/<offer>`, value `state!epoch seconds!agent!result`; see deploy/asterisk/extensions.conf.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cti.callbacks.promise import Attempt

FAMILY = "hotline-callback"


class Noted(StrEnum):
    """How far an attempt had come when the dialplan wrote it down."""

    DIALLED = "dialled"  #: about to ring the customer
    TALKED = "talked"  #: the customer took the call
    FAILED = "failed"  #: it is over, and he did not


@dataclass(frozen=True, slots=True)
class NotedAttempt:
    """One entry."""

    callback: str
    noted: Noted
    attempt: Attempt


def read_noted(entries: Mapping[str, str]) -> list[NotedAttempt]:
    """The attempts in this family; damaged entries count as dialled: better once too few than once too often."""
    found = []
    for key, value in entries.items():
        callback, _, offer = key.partition("/")
        state, epoch, agent, result = (*value.split("!", 3), "", "", "")[:4]
        noted = Noted(state) if state in [known.value for known in Noted] else Noted.DIALLED
        at_ms = int(epoch) * 1000 if epoch.isdecimal() else 0
        if callback and offer:
            found.append(NotedAttempt(callback, noted, Attempt(offer, at_ms, agent, _result(noted, result))))
    return found


def _result(noted: Noted, result: str) -> str:
    return {Noted.DIALLED: "", Noted.TALKED: Noted.TALKED.value, Noted.FAILED: reason_of(result)}[noted]


_REASONS = {
    "BUSY": "busy", "NOANSWER": "no_answer", "CHANUNAVAIL": "unreachable", "CONGESTION": "unreachable", "CANCEL": "agent_hung_up",
    "ANSWER": "not_taken", "UNTAKEN": "not_taken", "REFUSED": "not_allowed", "FULL": "lines_full", "": "agent_hung_up",
}  # fmt: skip
REASONS = tuple(dict.fromkeys((*_REASONS.values(), "error", "hung_up", "not_reached", "cancelled")))
"""Every word for an attempt that failed: the dialplan's, and the engine's own."""


def reason_of(result: str) -> str:
    """Why a customer was not reached, from what the dialplan says (OUT_RESULT): one word for records and logs."""
    return _REASONS.get(result.partition(":")[0], "error")
