"""The mutable records the engine keeps: one per call in a line, per agent, and per live offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acd.kinds import Kind
from acd.states import AgentState, CallState, OfferPhase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.commands import ReleaseReason
    from acd.config import Agent, CallbackRules, Needs, Queue
    from acd.events import OfferCause
    from acd.facts import CallbackOutcome
    from acd.heads import Line, Sight
    from acd.searches import Pool

_WAITING = CallState.WAITING
IN_LINE = frozenset({CallState.WAITING, CallState.OFFERED, CallState.CONNECTING, CallState.LEAVING})

#: (0 for `first`, 1 past the guarantee, else 2, entered_at - head start - bonus, sequence, order of entry, call id); smallest goes first
SortKey = tuple[int, float, int, int, str]


@dataclass(slots=True)
class Leave:
    """A caller's pending way out, done once no offer of his is live."""

    reason: ReleaseReason
    target: str


@dataclass(slots=True)
class Callback:
    """What a queue entry without a channel has beside: whom to call, and what keeps him from being called.

    `ending` is what becomes of it once no offer is live; `held_for` the customer's own call while he is on the line.
    """

    number: str
    rules: CallbackRules
    expires_at: float
    attempts: int = 0
    allowed: bool = True
    held_for: str = ""
    ending: CallbackOutcome | None = None

    @property
    def used_up(self) -> bool:
        """Whether no attempt is left."""
        return self.attempts >= self.rules.attempts

    @property
    def callable(self) -> bool:
        """Whether the customer may be called now, the pause after an attempt aside."""
        return self.allowed and not self.held_for and not self.used_up


@dataclass(slots=True)
class Customers:
    """Who is who: callbacks and callers on the line by number, and the queues whose customers must not be called now."""

    callbacks: dict[str, str] = field(default_factory=dict)
    callers: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Call:
    """One queue entry, from `CallQueued` to its `CallEnded`; with `callback` set, one without a channel.

    `caller` tells who it is, `joined` names the callback whose place he took over with `credit_seconds`.
    """

    id: str
    queue: Queue
    tier: str
    entered_at: float
    order: int
    head_start_seconds: float = 0.0
    needs: Needs = ()
    sequence: int = 0
    first: bool = False
    placed: bool = True
    state: CallState = CallState.WAITING
    round: str | None = None  #: of the offers that are live for it
    leave: Leave | None = None
    stopped_waiting_at: float | None = None
    refusals: int = 0
    held_off: bool = False
    overdue: bool = False  #: waited longer than his queue guarantees
    wanted: str = ""  #: the agent he asks for
    attributes: Mapping[str, object] = field(default_factory=dict)
    joined_at: float = 0.0  #: when he came to this queue, by overflow from another
    line: Line | None = None  #: where dispatch finds him; set by acd.matching only
    place: tuple[str, SortKey] | None = None  #: queue and key by which he stands in its order; set by acd.lines only
    caller: str = ""
    joined: str = ""
    credit_seconds: float = 0.0
    callback: Callback | None = None

    @property
    def key(self) -> SortKey:
        """Where the call stands; constant while it waits, because every call ages at the same rate.

        Once it has waited longer than its queue guarantees it stands among its like, the oldest first.
        """
        if self.overdue and not self.first:
            return (1, self.entered_at, self.sequence, self.order, self.id)
        score_at = self.entered_at - self.head_start_seconds - self.queue.bonus_seconds - self.credit_seconds
        return (0 if self.first else 2, score_at, self.sequence, self.order, self.id)

    @property
    def offerable(self) -> bool:
        """Whether this call may be offered right now."""
        ready = self.state is _WAITING and self.placed and not self.held_off
        return ready and (self.callback is None or self.callback.callable)

    @property
    def holds_place(self) -> bool:
        """Whether it stands in its queue's order; a callback whose customer is on the line himself does not."""
        return self.state in IN_LINE and not (self.callback is not None and self.callback.held_for)

    def waited_seconds(self, now: float) -> float:
        """Seconds from entry until now, or until the talk or the way out began."""
        until = self.stopped_waiting_at
        waited_seconds = (now if until is None else until) - self.entered_at
        return waited_seconds if waited_seconds > 0.0 else 0.0  # noqa: FURB136 - asked at every turn


@dataclass(slots=True)
class Rest:
    """What an agent asked to be after his present offer or talk."""

    state: AgentState
    reason: str


class Presence(Kind):
    """Whether an agent counts among those who could serve somebody."""

    AWAY = "away"
    PAUSED = "paused"
    AT_WORK = "at_work"


@dataclass(slots=True)
class AgentRecord:
    """One agent: his configuration and what he is doing."""

    config: Agent
    order: int
    name: str = field(init=False)
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: float = 0.0
    idle_since: float = 0.0
    offer: str | None = None
    misses: int = 0
    failures: dict[OfferCause, int] = field(default_factory=dict)
    not_before: float = 0.0
    not_before_reason: str = ""
    after: Rest | None = None
    wrapup_queue: str = ""
    busy_elsewhere: bool = False
    resting: bool = False  #: his phone was just told that a call is taken back
    heard: bool = False
    retired: bool = False
    talks: int = 0
    talked_seconds: float = 0.0  #: since he logged in
    logged_in_at: float = 0.0
    last_offered: int = 0  #: number of his last offer, 0 if he had none
    presence: Presence = Presence.AWAY  #: these four are set by acd.matching only
    stamp: int = 0  #: not 0 while he is free; a new number each time he becomes free
    pools: list[Pool] = field(default_factory=list)
    sight: Sight | None = None

    def __post_init__(self) -> None:
        self.name = self.config.name


class Offers(dict[str, "Offer"]):
    """All live offers by id; those of one call are found without looking at the others."""

    def __init__(self) -> None:
        super().__init__()
        self._by_call: dict[str, list[Offer]] = {}

    def add(self, offer: Offer) -> None:
        """Take in an offer that is live from now on."""
        self[offer.id] = offer
        self._by_call.setdefault(offer.call, []).append(offer)

    def drop(self, offer: Offer) -> None:
        """Forget an offer that is over."""
        del self[offer.id]
        legs = self._by_call[offer.call]
        if len(legs) > 1:
            legs.remove(offer)
        else:
            del self._by_call[offer.call]

    def of(self, call: str) -> tuple[Offer, ...]:
        """The live offers of a call, the oldest first; of several rounds only around a restart, or when one was lost or won."""
        return tuple(self._by_call.get(call, ()))


@dataclass(slots=True)
class Offer:
    """One attempt to ring one agent for one call, until it failed or its talk is over.

    Agents rung together share a `round`, named after its first offer; one whose colleague got the caller leaves it for
    a round of its own.
    """

    id: str
    call: str
    agent: str
    queue: str
    tier: str
    made_at: float
    round: str
    phase: OfferPhase = OfferPhase.DIALLING
    talk_at: float = 0.0
    verdict: OfferCause | None = None
    orphan: bool = False
    dialled: bool = False  #: the customer of a callback was dialled
    led_call: str = ""  #: a colleague took over this call, whose entry has ended; `call` is its own id then
