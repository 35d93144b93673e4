"""What the shell is to do. Each command's effect comes back as an event."""

from __future__ import annotations

from acd.kinds import Kind
from acd.values import value


class CancelReason(Kind):
    """Why a live offer is withdrawn."""

    CALLER_GONE = "caller_gone"
    LEAVING = "leaving"  #: the caller leaves the line; `ReleaseCall` follows once the offer is dead
    NO_ANSWER = "no_answer"  #: the offer's own deadline passed
    CONNECT_TIMEOUT = "connect_timeout"  #: answered, but no talk came of it in time
    ORPHAN = "orphan"  #: adopted, but its caller was never seen
    SUPERSEDED = "superseded"  #: the agent or the caller is known to be in another offer or talk
    COLLEAGUE = "colleague"  #: another agent of the round got the caller
    RANG_IN = "rang_in"  #: the customer to be called back is on the line himself


class ReleaseReason(Kind):
    """Why a caller is let out of hold."""

    MENU = "menu"
    VOICEMAIL = "voicemail"
    CLOSED = "closed"
    MAX_WAIT = "max_wait"
    FULL = "full"
    EMPTY = "empty"  #: nobody is there who could ever answer
    NO_QUEUE = "no_queue"  #: the queue is not (or no longer) configured
    CALLBACK = "callback"  #: to ask for a callback


@value(frozen=True, slots=True)
class OfferCall:
    """Ring this agent for this call. Answer with OfferRinging/OfferAnswered/TalkStarted or OfferFailed.

    Agents rung together for one call share a `round`, the id of its first offer. The first to reach the caller gets
    him: whoever holds the door must let in one leg a round. Each of the others is told CancelOffer, unless he has
    answered already: him the door refuses.
    """

    offer: str
    call: str
    agent: str
    queue: str
    tier: str
    ring_timeout_seconds: float
    waited_seconds: float
    round: str


@value(frozen=True, slots=True)
class OfferCallback:
    """Ring this agent, and when he has answered dial the customer. Attempts are counted from 1.

    Answer as for `OfferCall`, with CallbackDialled before the customer is dialled and TalkStarted when he talks.
    """

    offer: str
    call: str
    agent: str
    queue: str
    tier: str
    number: str
    attempt: int
    ring_timeout_seconds: float
    customer_ring_seconds: float
    waited_seconds: float


@value(frozen=True, slots=True)
class CancelOffer:
    """Hang up the offer's leg. Answer with OfferFailed(CANCELLED), or TalkStarted if the talk won the race."""

    offer: str
    call: str
    agent: str
    reason: CancelReason


@value(frozen=True, slots=True)
class ReleaseCall:
    """Let the caller out of hold. No offer of his is live any more."""

    call: str
    queue: str
    reason: ReleaseReason
    target: str


@value(frozen=True, slots=True)
class Announce:
    """Tell the caller his position (1 is next) and how long he will wait: as often more as less than `expected_wait_seconds`, one
    in ten more than `longest_wait_seconds`. Both None when nothing true enough can be said.
    """

    call: str
    queue: str
    position: int
    expected_wait_seconds: float | None
    longest_wait_seconds: float | None = None


Command = OfferCall | OfferCallback | CancelOffer | ReleaseCall | Announce
