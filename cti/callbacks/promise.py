"""One promise to call somebody back, as it is kept in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cti.store.base import Json

#: What the ids of callbacks begin with; those of calls begin with another letter.
PREFIX = "k"


def is_callback(entry: str) -> bool:
    """Whether an entry of a line is a callback, not a call."""
    return entry.startswith(PREFIX)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time the customer was dialled: the agent's offer, when (UTC ms), and how it went, "" while nobody knows."""

    offer: str
    at_ms: int
    agent: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """A callback. Times are UTC milliseconds.

    `number` is in the form that is dialled; `entered_ms` his place in the line (older than `requested_ms` if he waited
    before); `not_before_ms` the end of the pause after the last attempt, 0 if there is none.
    """

    callback: str
    number: str
    queue: str
    tier: str
    needs: tuple[tuple[str, int], ...]
    language: str
    requested_ms: int
    entered_ms: int
    expires_ms: int
    attempts: tuple[Attempt, ...] = ()
    not_before_ms: int = 0

    def to_json(self) -> Json:
        """What the store keeps."""
        return {
            "number": self.number, "queue": self.queue, "tier": self.tier, "needs": dict(self.needs),
            "language": self.language, "requested_ms": self.requested_ms, "entered_ms": self.entered_ms, "expires_ms": self.expires_ms,
            "attempts": [{"offer": a.offer, "at_ms": a.at_ms, "agent": a.agent, "result": a.result} for a in self.attempts],
            "not_before_ms": self.not_before_ms,
        }  # fmt: skip

    def attempted(self, attempt: Attempt) -> tuple[Attempt, ...]:
        """The attempts with this one, each offer once; what was learnt later wins."""
        return (*(known for known in self.attempts if known.offer != attempt.offer), attempt)


def promise_of(callback: str, value: Json) -> Promise | None:
    """What the store kept, None if it is damaged."""
    try:
        return _read(callback, value if isinstance(value, dict) else {})
    except (KeyError, TypeError, ValueError):
        return None


def _read(callback: str, value: Mapping[str, Any]) -> Promise:
    attempts = tuple(Attempt(str(a["offer"]), int(a["at_ms"]), str(a["agent"]), str(a["result"])) for a in value["attempts"])
    return Promise(
        callback, str(value["number"]), str(value["queue"]), str(value["tier"]),
        tuple((str(skill), int(level)) for skill, level in value["needs"].items()), str(value["language"]), int(value["requested_ms"]),
        int(value["entered_ms"]), int(value["expires_ms"]), attempts, int(value["not_before_ms"]),
    )  # fmt: skip
