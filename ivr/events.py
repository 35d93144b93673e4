"""What happened on a call: the only things an interpreter learns from outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FailReason(StrEnum):
    """Why a backend gave no answer."""

    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"


class QueueOutcome(StrEnum):
    """How a caller came back from a queue."""

    SERVED = "served"
    MENU = "menu"
    VOICEMAIL = "voicemail"
    MAX_WAIT = "max_wait"
    FULL = "full"
    EMPTY = "empty"
    CLOSED = "closed"
    AGENT_LOST = "agent_lost"
    CALLBACK = "callback"
    ERROR = "error"


class DialOutcome(StrEnum):
    """How putting a caller through to a number outside went."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    NOT_ALLOWED = "not_allowed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """The caller pressed one key: `0`-`9`, `*` or `#` (others are ignored). Never shown in a repr: it may be part of a PIN."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """The prompts of this `Play` are over. `ok` is false when they could not be played; the call goes on in any case."""

    token: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class RecordEnded:
    """The recording is over, `seconds` long.

    `hung_up` says that the caller hung up while he spoke: the flow then goes on without him as far as its backend steps lead.
    """

    token: str
    name: str
    seconds: float
    ok: bool = True
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class BackendReplied:
    """The backend answered with a JSON-like value."""

    token: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BackendFailed:
    """The backend gave no usable answer."""

    token: str
    reason: FailReason


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The caller is back from the queue: after the talk (`served`) or without one.

    `wait_seconds` is his time in the queue; `agent` and `offer` name who served him, if somebody did.
    """

    token: str
    outcome: QueueOutcome
    wait_seconds: float = 0.0
    agent: str | None = None
    offer: str | None = None


@dataclass(frozen=True, slots=True)
class DialEnded:
    """The caller is back from a number outside: after the talk (`answered`) or without one.

    `rule` names what of the allow-list let it be dialled, `talk_seconds` the length of the talk. `hung_up` says that the caller
    himself ended the talk: he is gone.
    """

    token: str
    outcome: DialOutcome
    talk_seconds: float = 0.0
    rule: str = ""
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The deadline of the last `Step` has come. One that comes too early is ignored."""


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller is gone. The session ends, unless a backend call is under way: its flow then goes on until it needs the caller."""


Event = (
    DigitPressed | PlayEnded | RecordEnded | BackendReplied | BackendFailed | QueueLeft | DialEnded | DeadlinePassed | CallerHungUp
)
