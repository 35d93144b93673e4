"""Callbacks: queue entries without a channel. They stand in the same lines with the same score as callers.

The agent is rung first; once he has heard the whisper the customer is dialled, which is one attempt. An attempt that
reaches nobody frees the agent at once, and the next one follows after a pause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.calls import leave
from acd.commands import ReleaseReason
from acd.config import CallbackRules
from acd.eligibility import merge_needs
from acd.exits import end_call, end_if_used_up, start_waiting
from acd.facts import CallbackEnded, CallbackEntered, CallbackOutcome, Ignored, Outcome
from acd.offers import claim_leg, connect, deadline_for_customer, find
from acd.rang_in import hold_back
from acd.records import Callback
from acd.states import CallState, OfferPhase
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.config import Queue
    from acd.events import CallbackCancelled, CallbackDialled, CallbackHours, CallbackRequested
    from acd.records import Call
    from acd.world import World

_NO_QUEUE = ReleaseReason.NO_QUEUE.value
_CHANGEABLE = frozenset({CallState.WAITING, CallState.OFFERED, CallState.CONNECTING})


# Events


def requested(world: World, event: CallbackRequested) -> None:
    """Begin a callback, or change one that waits: its customer asked again."""
    call = world.calls.get(event.call)
    queue = world.policy.queues.get(event.queue)
    if not event.number or world.customers.callbacks.get(event.number, event.call) != event.call:
        world.ignore(event, Ignored.DUPLICATE if event.number else Ignored.ILLEGAL)
    elif call is None and queue is None:
        _refuse(world, event)
    elif queue is None:
        world.ignore(event, Ignored.UNKNOWN_QUEUE)
    elif call is None:
        _enter(world, event, queue)
    elif call.callback is None or call.callback.number != event.number or call.state not in _CHANGEABLE:
        world.ignore(event, Ignored.ILLEGAL)
    else:
        _change(world, event, call, queue)


def cancelled(world: World, event: CallbackCancelled) -> None:
    """End a callback that nobody wants any more, once no offer of it is live; a talk goes on."""
    call = world.calls.get(event.call)
    if call is None or call.callback is None:
        world.ignore(event, Ignored.LATE if world.story.knows(event.call) else Ignored.UNKNOWN_CALL)
    elif call.state is CallState.LEAVING:
        world.ignore(event, Ignored.DUPLICATE)
    elif call.state is CallState.TALKING:
        world.ignore(event, Ignored.ILLEGAL)
    else:
        call.callback.ending = CallbackOutcome.CANCELLED
        leave(world, call, ReleaseReason.CALLBACK, "")


def dialled(world: World, event: CallbackDialled) -> None:
    """Count the attempt; from now on the customer's own deadline runs."""
    offer = find(world, event)
    if offer is None:
        return
    call = world.call_of(offer)
    if call is None or call.callback is None:
        world.ignore(event, Ignored.ILLEGAL)
    elif offer.dialled:
        world.ignore(event, Ignored.DUPLICATE)
    else:
        offer.dialled = True
        call.callback.attempts += 1
        if offer.phase in {OfferPhase.DIALLING, OfferPhase.RINGING}:
            connect(world, offer)
        if offer.phase is OfferPhase.CONNECTING:
            world.timers.set(Timer.OFFER, offer.id, deadline_for_customer(world, call.callback))


def hours(world: World, event: CallbackHours) -> None:
    """Call back the customers of a queue from now on, or no longer; a call that is being made is finished."""
    closed = world.customers.closed
    if (event.queue not in closed) is event.allowed:
        world.ignore(event, Ignored.DUPLICATE)
        return
    closed.symmetric_difference_update({event.queue})
    for call in [world.calls[call_id] for call_id in world.customers.callbacks.values()]:
        if call.callback is not None and call.queue.name == event.queue:
            call.callback.allowed = event.allowed
            world.index_call(call)


# What else touches them


def held_back(call: Call) -> str:
    """Say in words why a callback is not made now, its place in the line aside; empty if nothing but that."""
    callback = call.callback
    if callback is None or call.state is not CallState.WAITING:
        return ""
    if callback.held_for:
        return f"the customer is on the line himself: {callback.held_for}"
    if not callback.allowed:
        return "outside the hours of callbacks"
    return "a pause after the last attempt" if call.held_off else ""


def rules_changed(world: World, call: Call) -> None:
    """Go by the rules of its queue as it is now."""
    assert call.callback is not None
    call.callback.rules = call.queue.callback or CallbackRules()
    end_if_used_up(world, call)


def _refuse(world: World, event: CallbackRequested) -> None:
    """End a callback at once whose queue is gone; said aloud, so that the shell does not keep it for ever."""
    call, number = event.call, event.number
    resumed = event.entered_at is not None and not event.fresh
    world.establish(CallbackEntered(call, event.queue, event.tier, number, resumed))
    failed = CallbackOutcome.FAILED
    world.establish(CallbackEnded(call, event.queue, event.tier, failed, _NO_QUEUE, 0.0, event.attempts))


def _enter(world: World, event: CallbackRequested, queue: Queue) -> None:
    resumed = event.entered_at is not None and not event.fresh
    world.establish(CallbackEntered(event.call, queue.name, event.tier, event.number, resumed))
    call = world.new_call(event.call, queue, event.tier, _take_over_place(world, event))
    call.needs, call.sequence = merge_needs(event.needs), event.sequence
    rules = queue.callback or CallbackRules()
    call.callback = Callback(event.number, rules, _expires_at(world, event, rules), event.attempts)
    call.callback.allowed = queue.name not in world.customers.closed
    world.customers.callbacks[event.number] = call.id
    start_waiting(world, call)
    if event.not_before is not None and event.not_before > world.now:
        call.held_off = True
        world.timers.set(Timer.HOLD_OFF, call.id, event.not_before)
    if not claim_leg(world, call):
        world.index_call(call)
        _look_for_the_customer(world, call)
        end_if_used_up(world, call)


def _change(world: World, event: CallbackRequested, call: Call, queue: Queue) -> None:
    assert call.callback is not None
    entered_at = min(call.entered_at, _take_over_place(world, event))
    call.entered_at, call.queue, call.tier, call.needs = entered_at, queue, event.tier, merge_needs(event.needs)
    call.head_start_seconds = world.head_start_seconds(event.tier, call.attributes)
    call.callback.rules = queue.callback or CallbackRules()
    call.callback.expires_at = _expires_at(world, event, call.callback.rules)
    call.callback.allowed = queue.name not in world.customers.closed
    world.timers.set(Timer.MAX_WAIT, call.id, call.callback.expires_at)
    world.index_call(call)
    end_if_used_up(world, call)


def _take_over_place(world: World, event: CallbackRequested) -> float:
    """Return the entry time: the older one of the call that left the line for this, whose entry ends here."""
    entered_at = world.now if event.entered_at is None else min(event.entered_at, world.now)
    origin = world.calls.get(event.instead_of)
    if origin is None or origin.state is not CallState.AWAY:
        return entered_at
    end_call(world, origin, Outcome.CALLBACK, "callback")
    return min(entered_at, origin.entered_at - origin.credit_seconds)


def _expires_at(world: World, event: CallbackRequested, rules: CallbackRules) -> float:
    return world.now + rules.expiry_seconds if event.expires_at is None else event.expires_at


def _look_for_the_customer(world: World, call: Call) -> None:
    """Hold back a callback whose customer is on the line already, as after a restart."""
    assert call.callback is not None
    theirs = world.calls.get(world.customers.callers.get(call.callback.number, ""))
    if theirs is not None and theirs.queue.name == call.queue.name and theirs.state is not CallState.TALKING:
        theirs.joined = call.id
        _credit(world, theirs, call)
        hold_back(world, call, theirs)


def _credit(world: World, theirs: Call, call: Call) -> None:
    """Give a caller who is in line already the better place of his callback."""
    credit_seconds = max(0.0, theirs.key[1] - call.key[1])
    theirs.credit_seconds += credit_seconds
    world.index_call(theirs)
