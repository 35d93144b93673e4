"""What happened, told to the engine. Ids are strings; times are the engine's monotonic seconds."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from acd.kinds import Kind
from acd.values import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.config import Needs, Policy
    from acd.states import AgentState, OfferPhase


class LeaveReason(Kind):
    """Why a caller leaves the line without an agent."""

    MENU = "menu"  #: by key, back to the menu: keeps his age for `Policy.away_seconds`
    VOICEMAIL = "voicemail"
    CLOSED = "closed"  #: the line closed while he waited
    CALLBACK = "callback"  #: to ask for a callback: keeps his age as with MENU


class OfferCause(Kind):
    """Why an offer failed."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    CALLER_GONE = "caller_gone"
    REFUSED = "refused"  #: the gate refused the leg
    HUNG_UP = "hung_up"  #: the agent hung up in the whisper, or at once after answering
    CANCELLED = "cancelled"
    ERROR = "error"
    STALE_OWNER = "stale_owner"
    COLLEAGUE = "colleague"  #: another agent of the round got the caller
    NOT_REACHED = "not_reached"  #: the agent answered, the customer he calls back did not


@value(frozen=True, slots=True)
class CallQueued:
    """A caller entered a line (or came back to it within the time he keeps his age).

    Args:
        needs: what this call needs beside its queue's needs, e.g. the language.
        entered_at: the entry time: an old one of a caller who is adopted or re-enters, or (with `fresh`) the moment
            the shell saw him enter; None means now.
        fresh: this is his first entry, whatever `entered_at` says.
        sequence: breaks ties between equal entry times.
        first: re-enter before all others (his agent's leg died).
        placed: False while he is not yet in hold; he is not offered before `CallPlaced`.
        caller: who calls, the same text at each of his calls (his number); empty if unknown. Somebody who waits to be
            called back in this queue joins that entry; one who hung up a moment ago gets his place back.
        wanted: the agent he waits for first (`Queue.last_agent_wait_seconds`); empty for the one the engine saw him
            speak to last.
        attributes: what is known of the customer (tags, credit, value), for `Policy.head_starts`.

    """

    call: str
    queue: str
    tier: str
    needs: Needs = ()
    entered_at: float | None = None
    sequence: int = 0
    first: bool = False
    placed: bool = True
    fresh: bool = False
    caller: str = ""
    wanted: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)


@value(frozen=True, slots=True)
class CustomerKnown:
    """What is known of a caller in line, e.g. after a restart, when his channel told only his tier."""

    call: str
    attributes: Mapping[str, object]


@value(frozen=True, slots=True)
class CallPlaced:
    """The caller is physically in hold (again) and may be offered."""

    call: str


@value(frozen=True, slots=True)
class CallAbandoned:
    """The caller hung up, in whatever state."""

    call: str


@value(frozen=True, slots=True)
class CallLost:
    """The call vanished without the caller's doing, e.g. Asterisk restarted."""

    call: str
    reason: str


@value(frozen=True, slots=True)
class CallLeaveRequested:
    """The caller is to leave the line; `target` is handed through to `ReleaseCall`."""

    call: str
    reason: LeaveReason
    target: str = ""


@value(frozen=True, slots=True)
class CallbackRequested:
    """A customer is to be called back; or one who is to be called already asked again.

    Args:
        call: id of the entry. Told again, it changes the entry: the newest queue, tier and needs, the better place.
        number: whom to call; also tells that a caller (`CallQueued.caller`) is the same person.
        needs: what the callback needs beside its queue's needs.
        entered_at: the entry time of a callback that is adopted; None means now.
        sequence: breaks ties between equal entry times.
        instead_of: a call that has left the line for this (`LeaveReason.CALLBACK`): its place is taken over.
        attempts: how often the customer was dialled before.
        expires_at: the end of the promise; None means after the queue's `expiry_seconds`.
        not_before: no attempt before this time: the pause after the last one.
        fresh: this is its first entry, whatever `entered_at` says.

    """

    call: str
    number: str
    queue: str
    tier: str
    needs: Needs = ()
    entered_at: float | None = None
    sequence: int = 0
    instead_of: str = ""
    attempts: int = 0
    expires_at: float | None = None
    not_before: float | None = None
    fresh: bool = False


@value(frozen=True, slots=True)
class CallbackCancelled:
    """A callback is wanted no more."""

    call: str


@value(frozen=True, slots=True)
class CallbackDialled:
    """The agent has heard the whisper and the customer's phone is being dialled: one attempt."""

    offer: str


@value(frozen=True, slots=True)
class CallbackHours:
    """Customers of this queue may (or may not) be called back from now on. Without a word they may."""

    queue: str
    allowed: bool


@value(frozen=True, slots=True)
class AgentLoggedIn:
    """The agent logged in and is ready."""

    agent: str


@value(frozen=True, slots=True)
class AgentLoggedOut:
    """The agent logged out (after his talk or offer, if he has one)."""

    agent: str


@value(frozen=True, slots=True)
class AgentPaused:
    """The agent takes a pause (after his talk or offer, if he has one)."""

    agent: str
    reason: str


@value(frozen=True, slots=True)
class AgentUnpaused:
    """The agent's pause is over."""

    agent: str


@value(frozen=True, slots=True)
class AgentReadied:
    """The agent is ready now: ends wrap-up early, and any pause, also the one after missed calls."""

    agent: str


@value(frozen=True, slots=True)
class AgentWrapUpExtended:
    """The agent needs so many seconds more after his talk, up to `Policy.wrapup_limit_seconds` in all."""

    agent: str
    seconds: float


@value(frozen=True, slots=True)
class AgentAdopted:
    """What the store knew of an agent when the server started. Anything heard live wins over it."""

    agent: str
    state: AgentState
    reason: str = ""
    since: float | None = None
    until: float | None = None
    misses: int = 0


@value(frozen=True, slots=True)
class AgentBusyElsewhere:
    """The agent's phone is (or is no longer) in a call that is not ours."""

    agent: str
    busy: bool


@value(frozen=True, slots=True)
class CallTakenOver:
    """A colleague talks with a caller whom his agent has led to him. TalkEnded of this `talk` ends it.

    `talk` is used once and is no offer's id; `queue` and `tier` are those of the caller's first talk, which has ended.
    """

    talk: str
    call: str
    agent: str
    queue: str
    tier: str


@value(frozen=True, slots=True)
class AgentLegCut:
    """A leg to the agent's phone that belongs to no offer was hung up (an orphan of a former server)."""

    agent: str


@value(frozen=True, slots=True)
class OfferRinging:
    """The agent's phone rings."""

    offer: str


@value(frozen=True, slots=True)
class OfferAnswered:
    """The agent answered and hears the whisper."""

    offer: str


@value(frozen=True, slots=True)
class TalkStarted:
    """Caller and agent are connected."""

    offer: str


@value(frozen=True, slots=True)
class OfferFailed:
    """The agent's leg is gone and no talk came of it. `detail`: why a customer was not reached, for records."""

    offer: str
    cause: OfferCause
    detail: str = ""


@value(frozen=True, slots=True)
class TalkEnded:
    """The talk is over; `caller_remains` says whether the caller is still on the line (survey, re-queue)."""

    offer: str
    caller_remains: bool


@value(frozen=True, slots=True)
class OfferAdopted:
    """A live leg to an agent was found at start. May come before its call's `CallQueued`.

    `dialled`: the customer of a callback was dialled by it; `CallbackRequested.attempts` counts that. `round` is shared
    by those who were rung together; empty for an agent rung alone.
    """

    offer: str
    call: str
    agent: str
    phase: OfferPhase
    deadline: float | None = None
    dialled: bool = False
    round: str = ""


@value(frozen=True, slots=True)
class TalkAdopted:
    """A talk was found in Asterisk. It is the truth, whatever the engine believed."""

    offer: str
    call: str
    agent: str
    queue: str
    tier: str
    started_at: float
    entered_at: float | None = None


@value(frozen=True, slots=True)
class DispatchPaused:
    """No offer or announcement, and nobody who waits is released, from now on (start, AMI down)."""


@value(frozen=True, slots=True)
class DispatchResumed:
    """The world is known again: settle what waited, then dispatch."""


@value(frozen=True, slots=True)
class PolicyReplaced:
    """The configuration changed; waiting calls keep their entry times, talks go on."""

    policy: Policy


@value(frozen=True, slots=True)
class TimePassed:
    """The timer for `next_deadline()` fired."""


Event = (
    CallQueued
    | CustomerKnown
    | CallPlaced
    | CallAbandoned
    | CallLost
    | CallLeaveRequested
    | CallbackRequested
    | CallbackCancelled
    | CallbackDialled
    | CallbackHours
    | AgentLoggedIn
    | AgentLoggedOut
    | AgentPaused
    | AgentUnpaused
    | AgentReadied
    | AgentWrapUpExtended
    | AgentAdopted
    | AgentBusyElsewhere
    | AgentLegCut
    | CallTakenOver
    | OfferRinging
    | OfferAnswered
    | TalkStarted
    | OfferFailed
    | TalkEnded
    | OfferAdopted
    | TalkAdopted
    | DispatchPaused
    | DispatchResumed
    | PolicyReplaced
    | TimePassed
)
