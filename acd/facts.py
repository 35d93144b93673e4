"""What the engine established, for records, metrics and logs. Nobody has to act on a fact."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from acd.kinds import Kind
from acd.values import value

if TYPE_CHECKING:
    from acd.events import Event
    from acd.states import AgentState


class Outcome(Kind):
    """How a queue entry ended; each entry ends in exactly one."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"
    LEFT_QUEUE = "left_queue"
    VOICEMAIL = "voicemail"
    CLOSED = "closed"
    REJECTED_FULL = "rejected_full"
    LOST = "lost"
    CALLBACK = "callback"  #: a callback took over the place


class CallbackOutcome(Kind):
    """How a callback ended; each ends in exactly one."""

    CALLED_BACK = "called_back"
    FAILED = "callback_failed"  #: not reached in all attempts, or nothing to route it by
    EXPIRED = "callback_expired"
    CANCELLED = "callback_cancelled"
    RANG_IN = "callback_rang_in"  #: the customer rang in himself and was served


class OfferResult(Kind):
    """How an offer ended."""

    TALKED = "talked"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    CALLER_GONE = "caller_gone"
    REFUSED = "refused"
    HUNG_UP = "hung_up"
    CANCELLED = "cancelled"
    ERROR = "error"
    STALE_OWNER = "stale_owner"
    COLLEAGUE = "colleague"  #: another agent who was rung with him got the caller
    NOT_REACHED = "not_reached"


class Ignored(Kind):
    """Why an event changed nothing."""

    UNKNOWN_CALL = "unknown_call"
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_OFFER = "unknown_offer"
    LATE = "late"  #: about a call or an offer that has ended
    DUPLICATE = "duplicate"  #: said before
    ILLEGAL = "illegal"  #: not possible in the present state


@value(frozen=True, slots=True)
class CallEntered:
    """A queue entry began. `resumed`: with an entry time from before (adoption, re-entry)."""

    call: str
    queue: str
    tier: str
    resumed: bool


@value(frozen=True, slots=True)
class PlaceRestored:
    """A caller who had hung up a moment ago rang again, and stands where he stood: `credit_seconds` ahead of his time."""

    call: str
    queue: str
    credit_seconds: float


@value(frozen=True, slots=True)
class CallAnswered:
    """A talk began. Said again for one entry only if the agent hung up at once and the caller kept his place."""

    call: str
    queue: str
    tier: str
    agent: str
    offer: str
    wait_seconds: float


@value(frozen=True, slots=True)
class CallEnded:
    """A queue entry ended, exactly once each; ANSWERED comes when the talk is over. Wait excludes the talk.

    `position`: the place he gave up, from 1; 0 if he held none any more.
    """

    call: str
    queue: str
    tier: str
    outcome: Outcome
    reason: str
    wait_seconds: float
    position: int = field(default=0, compare=False)


@value(frozen=True, slots=True)
class CallbackEntered:
    """A callback stands in line. `resumed`: with an entry time from before."""

    call: str
    queue: str
    tier: str
    number: str
    resumed: bool


@value(frozen=True, slots=True)
class CallbackReached:
    """The customer is on the line with the agent. Said again for one entry only if the agent hung up at once."""

    call: str
    queue: str
    tier: str
    agent: str
    offer: str
    wait_seconds: float


@value(frozen=True, slots=True)
class CallbackAttempted:
    """An attempt came to nothing: `attempt` is its number, `reason` the shell's word; `next_at` engine time or None."""

    call: str
    queue: str
    offer: str
    agent: str
    attempt: int
    reason: str
    next_at: float | None


@value(frozen=True, slots=True)
class CallbackEnded:
    """A callback ended, exactly once each; CALLED_BACK comes when the talk is over."""

    call: str
    queue: str
    tier: str
    outcome: CallbackOutcome
    reason: str
    wait_seconds: float
    attempts: int


@value(frozen=True, slots=True)
class OfferMade:
    """An offer began (`adopted`: it was found alive at start)."""

    offer: str
    call: str
    agent: str
    queue: str
    adopted: bool = False


@value(frozen=True, slots=True)
class OfferEnded:
    """An offer is over after `seconds`. `cancel_expired`: nobody confirmed that the withdrawn leg is gone."""

    offer: str
    call: str
    agent: str
    queue: str
    result: OfferResult
    seconds: float
    cancel_expired: bool = False


@value(frozen=True, slots=True)
class TalkFinished:
    """A talk is over."""

    offer: str
    call: str
    agent: str
    queue: str
    tier: str
    talk_seconds: float


@value(frozen=True, slots=True)
class WrapUpFinished:
    """An agent's wrap-up is over."""

    agent: str
    queue: str
    seconds: float


@value(frozen=True, slots=True)
class AgentChanged:
    """An agent went from one state to another (or changed the reason of his pause)."""

    agent: str
    old: AgentState
    new: AgentState
    reason: str
    seconds_in_old: float


@value(frozen=True, slots=True)
class EventIgnored:
    """An event was late, doubled, unknown or illegal: counted, never raised."""

    event: Event
    why: Ignored


#: facts about one call, which they name
CallFact = (
    CallEntered
    | PlaceRestored
    | CallAnswered
    | CallEnded
    | CallbackEntered
    | CallbackReached
    | CallbackAttempted
    | CallbackEnded
    | OfferMade
    | OfferEnded
    | TalkFinished
)
Fact = CallFact | WrapUpFinished | AgentChanged | EventIgnored
