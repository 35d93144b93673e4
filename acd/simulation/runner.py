"""A day in a second: events in order of time into the engine, its commands performed by drawn agents.

The runner is the shell of the simulation. It keeps no rule of routing: whatever is decided, the engine decides.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from acd.commands import CancelOffer, OfferCall, OfferCallback, ReleaseCall, ReleaseReason
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentReadied,
    AgentUnpaused,
    CallAbandoned,
    CallbackDialled,
    CallLeaveRequested,
    CallQueued,
    LeaveReason,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkEnded,
    TalkStarted,
    TimePassed,
)
from acd.facts import AgentChanged, CallbackEnded, CallEnded, CallEntered, Fact
from acd.simulation.draws import Draws
from acd.simulation.promises import Promises
from acd.simulation.staff import Manner, Shift
from acd.states import AgentState

if TYPE_CHECKING:
    from acd.commands import Command
    from acd.config import Policy
    from acd.events import Event
    from acd.simulation.callers import Caller

Watcher = Callable[[tuple[Fact, ...], float], None]
Talk = Callable[["Caller", str], float]
MISSED_CALLS = "missed_calls"


class Simulation:
    """One run of one policy before one stream of callers.

    Args:
        policy: what the engine routes by.
        callers: in order of time.
        shifts: who works when; None: every agent of the policy from the start.
        manners: how agents handle offers, by name; others answer at once.
        seed: for what agents do by chance.
        watch: told of all facts with the time, in order.
        talk: how long a call's talk with an agent lasts (seconds), asked when it begins; None: as drawn, by his pace.

    """

    def __init__(
        self,
        policy: Policy,
        callers: Iterable[Caller],
        *,
        watch: Watcher,
        shifts: Iterable[Shift] | None = None,
        manners: Mapping[str, Manner] | None = None,
        seed: int = 1,
        talk: Talk | None = None,
    ) -> None:
        self.now = 0.0
        self.engine = Engine(_silent(policy), offer_prefix="s-")
        self._callers = iter(callers)
        self._watch = watch
        self._manners = manners or {}
        self._talk = talk or self._drawn_talk
        self._fate = Draws(seed, "agents")
        self._promises = Promises(policy.queues, seed)
        self._order = count()
        self._agenda: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._here: dict[str, Caller] = {}
        self._offers: dict[str, tuple[str, str]] = {}
        self._changes: dict[str, AgentChanged] = {}
        for shift in [Shift(agent) for agent in policy.agents] if shifts is None else shifts:
            self._plan(shift)
        self._next_caller(None)

    def run(self, until: float = math.inf) -> None:
        """Let time pass until `until` (seconds from the start); without it, until nothing more can happen."""
        agenda, engine = self._agenda, self.engine
        while True:
            due = agenda[0][0] if agenda else math.inf
            deadline = engine.next_deadline()
            if deadline is not None and deadline <= due:
                if deadline > until:
                    break
                self.now = max(self.now, deadline)
                self._tell(TimePassed())
            elif due > until or math.isinf(due):
                break
            else:
                self.now, _, act, subject = heapq.heappop(agenda)
                act(subject)
        if until < math.inf:
            self.now = max(self.now, until)

    # ---- the agenda

    def _at(self, when: float, act: Callable[[Any], None], subject: Any) -> None:
        if when < math.inf:
            heapq.heappush(self._agenda, (when, next(self._order), act, subject))

    def _tell(self, event: Event) -> None:
        handled = self.engine.handle(event, self.now)
        if handled.facts:
            self._watch(handled.facts, self.now)
            left: dict[str, Caller] = {}
            for fact in handled.facts:
                if isinstance(fact, CallEnded):
                    if fact.call in self._here:
                        left[fact.call] = self._here.pop(fact.call)
                elif isinstance(fact, CallEntered):
                    if fact.call in left:  # he overflowed into another queue
                        self._here[fact.call] = left[fact.call]
                elif isinstance(fact, AgentChanged):
                    self._agent_changed(fact)
                elif isinstance(fact, CallbackEnded):
                    self._promises.over(fact.call)
        for command in handled.commands:
            self._perform(command)

    def _perform(self, command: Command) -> None:
        match command:
            case OfferCall() | OfferCallback():
                self._offer(command)
            case ReleaseCall(reason=ReleaseReason.CALLBACK):
                self._promise(command)
            case CancelOffer():
                if self._offers.pop(command.offer, None) is not None:
                    self._at(self.now, self._tell, OfferFailed(command.offer, OfferCause.CANCELLED))
            case _:
                pass  # ways out cost nobody's time here

    # ---- callers

    def _next_caller(self, _: None) -> None:
        caller = next(self._callers, None)
        if caller is not None:
            self._at(caller.at, self._enter, caller)

    def _enter(self, caller: Caller) -> None:
        self._next_caller(None)
        self._here[caller.call] = caller
        self._at(caller.at + caller.patience_seconds, self._give_up, caller.call)
        if caller.wish is not None:
            self._at(caller.at + caller.wish.after_seconds, self._wish, caller.call)
        self._tell(CallQueued(caller.call, caller.queue, caller.tier, caller.needs))

    def _wish(self, call: str) -> None:
        caller = self._here.get(call)
        if caller is not None and self._promises.promised(caller):
            self._tell(CallLeaveRequested(call, LeaveReason.CALLBACK))

    def _promise(self, command: ReleaseCall) -> None:
        """He hangs up with the promise; his patience counts no more."""
        caller = self._here.pop(command.call, None)
        request = self._promises.ask(replace(caller, queue=command.queue)) if caller is not None else None
        if request is not None:
            self._at(self.now, self._tell, request)

    def _give_up(self, call: str) -> None:
        if call in self._here:
            self._tell(CallAbandoned(call))

    # ---- agents

    def _plan(self, shift: Shift) -> None:
        self._at(shift.start, self._tell, AgentLoggedIn(shift.agent))
        for pause in shift.breaks:
            self._at(pause.start, self._tell, AgentPaused(shift.agent, pause.reason))
            self._at(pause.end, self._tell, AgentUnpaused(shift.agent))
        self._at(shift.end, self._tell, AgentLoggedOut(shift.agent))

    def _agent_changed(self, fact: AgentChanged) -> None:
        self._changes[fact.agent] = fact
        if fact.new is AgentState.PAUSED and fact.reason == MISSED_CALLS:
            manner = self._manners.get(fact.agent) or Manner()
            self._at(self.now + manner.back_seconds, self._ready, fact)

    def _ready(self, since: AgentChanged) -> None:
        """End the rest that began with this change, unless something else has ended it."""
        if self._changes[since.agent] is since:
            self._tell(AgentReadied(since.agent))

    def _offer(self, command: OfferCall | OfferCallback) -> None:
        self._offers[command.offer] = (command.call, command.agent)
        manner = self._manners.get(command.agent)
        if manner is None:
            self._at(self.now, self._answer, command.offer)
            return
        seconds = manner.answer.draw(self._fate)
        missed = manner.misses > 0 and self._fate.unit() < manner.misses
        if seconds > 0 or missed:
            self._at(self.now, self._ring, command.offer)
        if missed or seconds >= command.ring_timeout_seconds:
            self._at(self.now + command.ring_timeout_seconds, self._miss, command.offer)
        else:
            self._at(self.now + seconds, self._answer, command.offer)

    def _ring(self, offer: str) -> None:
        if offer in self._offers:
            self._tell(OfferRinging(offer))

    def _miss(self, offer: str) -> None:
        if self._offers.pop(offer, None) is not None:
            self._tell(OfferFailed(offer, OfferCause.NO_ANSWER))

    def _answer(self, offer: str) -> None:
        if offer not in self._offers:
            return
        call, agent = self._offers[offer]
        caller = self._here.pop(call, None)
        if caller is not None:
            self._begin_talk(offer, caller, agent)
        elif self._promises.customer(call) is not None:
            self._tell(CallbackDialled(offer))
            takes, seconds = self._promises.attempt(call)
            self._at(self.now + seconds, self._customer_talks if takes else self._not_reached, offer)

    def _customer_talks(self, offer: str) -> None:
        call, agent = self._offers.get(offer, ("", ""))
        caller = self._promises.customer(call)
        if caller is not None:
            self._begin_talk(offer, caller, agent)

    def _not_reached(self, offer: str) -> None:
        if self._offers.pop(offer, None) is not None:
            self._tell(OfferFailed(offer, OfferCause.NOT_REACHED, "no_answer"))

    def _begin_talk(self, offer: str, caller: Caller, agent: str) -> None:
        seconds = self._talk(caller, agent)
        self._at(self.now + seconds, self._end_talk, (offer, agent, caller.wrapup_seconds))
        self._tell(TalkStarted(offer))

    def _drawn_talk(self, caller: Caller, agent: str) -> float:
        manner = self._manners.get(agent)
        return caller.talk_seconds if manner is None else caller.talk_seconds * manner.pace

    def _end_talk(self, ended: tuple[str, str, float | None]) -> None:
        offer, agent, wrapup_seconds = ended
        del self._offers[offer]
        self._tell(TalkEnded(offer, caller_remains=False))
        change = self._changes[agent]
        if wrapup_seconds is not None and change.new is AgentState.WRAP_UP:
            self._at(self.now + wrapup_seconds, self._ready, change)


def _silent(policy: Policy) -> Policy:
    """Take the announcements away: nobody hears them here, and each would cost a forecast. They move no caller."""
    queues = {
        name: replace(queue, announce_first_seconds=0.0, announce_frequency_seconds=0.0)
        for name, queue in policy.queues.items()
    }
    return replace(policy, queues=queues)
