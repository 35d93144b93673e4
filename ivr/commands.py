"""What an interpreter wants done on a call. The shell performs these in order.

A `Step` holds at most one command that takes time on the channel (`Play`, `Record`, `JoinQueue`, `Dial`, `Hangup`), and it is the last one.
`CallBackend` runs beside the channel. Tokens are unique within a call; an event with a token nobody waits for is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Play:
    """Play prompts one after the other, then send `PlayEnded(token, ok)`.

    `language` is the folder the prompts are taken from (`SetLanguage` is not implied). `barge_in` says that a digit will be answered
    by `StopPlaying`; the shell sends every digit in any case and stops nothing by itself.
    """

    token: str
    prompts: tuple[str, ...]
    language: str
    barge_in: bool


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Stop the prompt of this token now. No `PlayEnded` is needed for it (one that comes is ignored)."""

    token: str


@dataclass(frozen=True, slots=True)
class Record:
    """Record the caller, then send `RecordEnded`.

    Ends after `max_seconds`, after `silence_seconds` of silence, or by one of `finish_keys` (a text such as `#*`; such a digit need
    not be sent as `DigitPressed`, and is ignored while recording when it is).
    `name` is safe as a file name and unique to call, step and attempt.
    """

    token: str
    name: str
    max_seconds: float
    silence_seconds: float
    finish_keys: str


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """From now on the channel speaks this language (hold announcements and whispers too)."""

    language: str


@dataclass(frozen=True, slots=True)
class CallBackend:
    """Ask or change something outside, then send `BackendReplied` or `BackendFailed`.

    `arguments` are JSON-like; a secure one is a `Secret`, which only the backend itself may reveal. `idempotency_key` is None for a
    query; for an effect it is the same each time the same effect is sent again (after a kill), so that it happens once.
    """

    token: str
    backend: str
    operation: str
    arguments: Mapping[str, Any]
    timeout_seconds: float
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class JoinQueue:
    """Put the caller into a queue, then send `QueueLeft` when he comes back (served or not).

    `needs` are extra skills with levels, beside those of the queue. `keys` maps a digit to the reason for leaving (`menu`,
    `voicemail`): the shell answers these digits itself while the caller waits. `customer` is what is known of him, for head starts.
    Sent again after a restart: a caller who still waits keeps his place.
    """

    token: str
    queue: str
    tier: str
    needs: tuple[tuple[str, int], ...]
    language: str
    keys: Mapping[str, str] = field(default_factory=dict)
    customer: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dial:
    """Put the caller through to a number outside, then send `DialEnded` when he comes back or the number may not be dialled.

    `ring_seconds` and `talk_seconds` bound ringing and talk (None: as the shell's configuration says). The caller hears music instead of
    ringing with `music`. `say` in `say_language` is what the other side hears before both are joined. Sent again after a restart: a
    caller who is being put through already is not put through twice.
    """

    token: str
    number: str
    ring_seconds: float | None
    talk_seconds: float | None
    music: bool
    say: tuple[str, ...]
    say_language: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Command = Play | StopPlaying | Record | SetLanguage | CallBackend | JoinQueue | Dial | Hangup
