"""The one door to the routing engine: events and the time go in, commands and facts come out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from acd import (
    adoption,
    agents,
    callbacks,
    calls,
    events,
    invariants,
    offers,
    snapshot,
    takeover,
    totals,
)
from acd.dispatch import dispatch
from acd.explain import Decision, Explanation, explain
from acd.reload import check_policy, policy_replaced
from acd.states import CallState
from acd.timers import Timer
from acd.values import value
from acd.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from acd.commands import Command
    from acd.config import Policy
    from acd.events import Event
    from acd.facts import Fact
    from acd.snapshot import AgentSnapshot, EntrySnapshot, Snapshot
    from acd.story import Line
    from acd.totals import Totals


@value(frozen=True, slots=True)
class Handled:
    """What followed from one event: commands to perform in order, and facts to record."""

    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]


class Engine:
    """Decides who gets which call. Holds no clock: the shell says what time it is.

    Args:
        policy: what to route by.
        offer_prefix: begins every offer id; must differ between two engines that may meet the same legs.

    Raises:
        UnknownStrategy: if the policy names a ranking that is not registered.

    The caller's duties after each `handle`: perform the commands in order, report their effects as events, and
    arm one timer for `next_deadline()` that sends `TimePassed`. A new engine dispatches at once; one that takes
    over living calls is told DispatchPaused, what was found, then DispatchResumed.

    """

    def __init__(self, policy: Policy, *, offer_prefix: str) -> None:
        check_policy(policy)
        self._world = World(policy, offer_prefix)
        for agent in policy.agents.values():
            self._world.add_agent(agent)

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._world.policy

    @property
    def dispatching(self) -> bool:
        """Whether offers are made."""
        return self._world.dispatching

    def handle(self, event: Event, now: float) -> Handled:
        """Take in one event at monotonic time `now` (seconds; a step back counts as no time).

        Never raises for what an event says: late, doubled, unknown and illegal ones become `EventIgnored`.
        """
        world = self._world
        world.now = now = max(world.now, now)
        world.version += 1
        world.commands, world.facts = [], []
        kind = type(event)
        world.story.hear(now, event, world.commands, world.facts)
        self._tell_story(kind, event)
        _HANDLERS[kind](world, event)
        while (due := world.timers.pop_due(now)) is not None:
            deadline, subject = due
            _DEADLINES[deadline](world, subject)
        if world.matching.changed and world.dispatching:
            dispatch(world)
        if kind in _BEGINNINGS:
            self._end_story(event)
        return Handled(tuple(world.commands), tuple(world.facts))

    def next_deadline(self) -> float | None:
        """When `TimePassed` is needed next (engine seconds, after the last `now`); None if never."""
        return self._world.timers.next()

    def snapshot(self, now: float) -> Snapshot:
        """Copy the state into plain values, with durations as of `now`."""
        with self._as_of(now):
            return snapshot.take(self._world)

    def totals(self, now: float) -> Totals:
        """Count callers and agents by state, in one pass and without a line for each; forecasts are those there are."""
        with self._as_of(now):
            return totals.count(self._world)

    def agent(self, name: str, now: float) -> AgentSnapshot | None:
        """Copy one agent's state; costs no more with a thousand callers than with none. None if he is not known."""
        agent = self._world.agents.get(name)
        if agent is None:
            return None
        with self._as_of(now):
            return snapshot.agent_of(self._world, agent)

    def entries(self) -> tuple[str, ...]:
        """The ids of all calls and callbacks that wait, talk, or are in the menu and may come back."""
        return tuple(self._world.calls)

    def entry(self, call: str) -> EntrySnapshot | None:
        """Copy what belongs into the record of a call's or callback's entry; None if it is in no line (any more)."""
        found = self._world.calls.get(call)
        return None if found is None else snapshot.entry_of(self._world, found)

    def explain(self, call: str, now: float) -> Explanation:
        """Say where a call stands and why.

        Raises:
            UnknownCall: if nothing is remembered about it.

        """
        with self._as_of(now):
            return explain(self._world, call)

    def decision(self, call: str) -> Decision | None:
        """Return the record of the latest offer of a call; None before its first, or when it is not remembered."""
        return self._world.story.decision(call)

    def state_of(self, call: str) -> CallState | None:
        """Where a call or callback stands; ENDED if it did not long ago, None if nothing is remembered."""
        known = self._world.calls.get(call)
        if known is not None:
            return known.state
        return CallState.ENDED if self._world.story.knows(call) else None

    def story(self, call: str) -> tuple[Line, ...]:
        """Return the last events, commands and facts of a call, oldest first; empty if it is not remembered."""
        return self._world.story.of(call)

    def check_invariants(self) -> None:
        """Check all that must hold.

        Raises:
            AssertionError: naming what does not, with the last events.

        """
        invariants.check(self._world)

    @contextmanager
    def _as_of(self, now: float) -> Iterator[None]:
        """Look at durations as of `now` without letting time pass: nothing that is due is handled by looking."""
        world = self._world
        last, world.now = world.now, max(world.now, now)
        try:
            yield
        finally:
            world.now = last

    def _tell_story(self, kind: type, event: Any) -> None:
        world = self._world
        if kind in _OF_OFFERS:
            if (offer := world.offers.get(event.offer)) is not None:
                world.story.add(offer.call, world.now, event)
        elif kind in _OF_CALLS:
            if kind in _BEGINNINGS:
                world.story.begin(event.call)
            world.story.add(event.call, world.now, event)

    def _end_story(self, event: Any) -> None:
        """Whoever did not come in after all is over."""
        if event.call not in self._world.calls:
            self._world.story.end(event.call)


_BEGINNINGS = frozenset({events.CallQueued, events.CallbackRequested, events.TalkAdopted})


def _time_passed(world: World, event: events.TimePassed) -> None:
    """Every event handles what is due; this one does nothing else."""


_HANDLERS: dict[type, Callable[[World, Any], None]] = {
    events.CallQueued: calls.queued,
    events.CustomerKnown: calls.customer_known,
    events.CallPlaced: calls.placed,
    events.CallAbandoned: calls.abandoned,
    events.CallLost: calls.lost,
    events.CallLeaveRequested: calls.leave_requested,
    events.CallbackRequested: callbacks.requested,
    events.CallbackCancelled: callbacks.cancelled,
    events.CallbackDialled: callbacks.dialled,
    events.CallbackHours: callbacks.hours,
    events.AgentLoggedIn: agents.logged_in,
    events.AgentLoggedOut: agents.logged_out,
    events.AgentPaused: agents.paused,
    events.AgentUnpaused: agents.unpaused,
    events.AgentReadied: agents.readied,
    events.AgentWrapUpExtended: agents.wrapup_extended,
    events.AgentAdopted: adoption.agent_adopted,
    events.AgentBusyElsewhere: takeover.busy_elsewhere,
    events.CallTakenOver: takeover.taken_over,
    events.AgentLegCut: agents.leg_cut,
    events.OfferRinging: offers.ringing,
    events.OfferAnswered: offers.answered,
    events.TalkStarted: offers.talk_started,
    events.OfferFailed: offers.failed,
    events.TalkEnded: offers.talk_ended,
    events.OfferAdopted: adoption.offer_adopted,
    events.TalkAdopted: adoption.talk_adopted,
    events.DispatchPaused: adoption.dispatch_paused,
    events.DispatchResumed: adoption.dispatch_resumed,
    events.PolicyReplaced: policy_replaced,
    events.TimePassed: _time_passed,
}

#: events that name their call; and those that name but an offer
_OF_CALLS = frozenset(kind for kind in _HANDLERS if hasattr(kind, "call"))
_OF_OFFERS = frozenset(kind for kind in _HANDLERS if hasattr(kind, "offer")) - _OF_CALLS

_DEADLINES: dict[Timer, Callable[[World, str], None]] = {
    Timer.MAX_WAIT: calls.max_wait_passed,
    Timer.RING: calls.ring_passed,
    Timer.ANNOUNCE: calls.announcement_due,
    Timer.AWAY: calls.away_passed,
    Timer.HOLD_OFF: calls.hold_off_passed,
    Timer.OFFER: offers.time_is_up,
    Timer.AGENT: agents.time_is_up,
    Timer.REST: agents.rest_is_over,
    Timer.EMPTY: calls.queue_is_empty,
}
