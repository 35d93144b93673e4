"""How a queue entry ends or is interrupted, and what starts again when a caller is back among those who wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.commands import ReleaseCall, ReleaseReason
from acd.facts import CallbackEnded, CallbackOutcome, CallEnded, CallEntered, Outcome
from acd.records import Leave
from acd.states import CallState
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.config import Queue
    from acd.records import Call
    from acd.world import World

OUTCOMES = {
    ReleaseReason.MENU: Outcome.LEFT_QUEUE,
    ReleaseReason.VOICEMAIL: Outcome.VOICEMAIL,
    ReleaseReason.CLOSED: Outcome.CLOSED,
    ReleaseReason.MAX_WAIT: Outcome.OVERFLOWED,
    ReleaseReason.NO_QUEUE: Outcome.OVERFLOWED,
    ReleaseReason.FULL: Outcome.REJECTED_FULL,
    ReleaseReason.EMPTY: Outcome.OVERFLOWED,
    ReleaseReason.CALLBACK: Outcome.LEFT_QUEUE,
}
_OVERFLOWS = frozenset({ReleaseReason.MAX_WAIT, ReleaseReason.EMPTY})
_TO_THE_MENU = frozenset({ReleaseReason.MENU, ReleaseReason.CALLBACK})


def end_call(world: World, call: Call, outcome: Outcome, reason: str) -> None:
    """End a queue entry, once and for all."""
    if call.callback is not None:
        served = outcome is Outcome.ANSWERED
        end_callback(world, call, CallbackOutcome.CALLED_BACK if served else CallbackOutcome.FAILED, reason)
        return
    wait_seconds = call.waited_seconds(world.now)
    position = world.lines.position(call)
    world.establish(CallEnded(call.id, call.queue.name, call.tier, outcome, reason, wait_seconds, position))
    _close(world, call)
    if world.customers.callers.get(call.caller) == call.id:
        del world.customers.callers[call.caller]
    _let_go_of_callback(world, call, served=outcome is Outcome.ANSWERED)


def end_callback(world: World, call: Call, outcome: CallbackOutcome, reason: str) -> None:
    """End a callback, once and for all."""
    assert call.callback is not None
    wait_seconds = call.waited_seconds(world.now)
    attempts = call.callback.attempts
    world.establish(CallbackEnded(call.id, call.queue.name, call.tier, outcome, reason, wait_seconds, attempts))
    del world.customers.callbacks[call.callback.number]
    _close(world, call)


def end_if_used_up(world: World, call: Call) -> None:
    """End a waiting callback that has no attempt left, e.g. of an earlier process; its last one may still be adopted."""
    callback = call.callback
    waits = callback is not None and call.state is CallState.WAITING and not callback.held_for
    if callback is not None and waits and callback.used_up and world.dispatching:
        end_callback(world, call, CallbackOutcome.FAILED, "attempts")


def _close(world: World, call: Call) -> None:
    stop_waiting(world, call)
    world.move_call(call, CallState.ENDED)
    del world.calls[call.id]
    world.story.end(call.id)


def _let_go_of_callback(world: World, call: Call, *, served: bool) -> None:
    """A customer who rang in is gone: served, he needs no callback any more; else he is called after all."""
    entry = world.calls.get(call.joined)
    if entry is None or entry.callback is None or entry.callback.held_for != call.id:
        return
    entry.callback.held_for = ""
    if entry.state is CallState.WAITING and (served or entry.callback.used_up):
        end_callback(world, entry, CallbackOutcome.RANG_IN if served else CallbackOutcome.FAILED, "rang_in")
        return
    if served and entry.state in {CallState.OFFERED, CallState.CONNECTING}:  # its agent's leg is not dead yet
        entry.callback.ending = CallbackOutcome.RANG_IN
        entry.leave = Leave(ReleaseReason.CALLBACK, "")
        world.move_call(entry, CallState.LEAVING)
    else:
        world.index_call(entry)


def stop_waiting(world: World, call: Call) -> None:
    """Stop everything that time does to a waiting call."""
    if call.state is CallState.AWAY:
        world.timers.cancel(Timer.AWAY, call.id)
    if call.stopped_waiting_at is not None:  # stopped before
        return
    call.stopped_waiting_at = world.now
    world.timers.cancel(Timer.MAX_WAIT, call.id)
    world.timers.cancel(Timer.ANNOUNCE, call.id)
    if call.held_off:
        call.held_off = False
        world.timers.cancel(Timer.HOLD_OFF, call.id)


def start_waiting(world: World, call: Call) -> None:
    """Start what time does to a waiting call: max wait from its entry, announcements from now on."""
    call.stopped_waiting_at = None
    queue = call.queue
    if call.callback is not None:
        world.timers.set(Timer.MAX_WAIT, call.id, call.callback.expires_at)
        return
    if queue.max_wait_seconds > 0:
        world.timers.set(Timer.MAX_WAIT, call.id, call.joined_at + queue.max_wait_seconds)
    first = call.entered_at + queue.announce_first_seconds
    if queue.announce_first_seconds > 0 and first > world.now:
        world.timers.set(Timer.ANNOUNCE, call.id, first)
    elif queue.announce_frequency_seconds > 0:
        world.timers.set(Timer.ANNOUNCE, call.id, world.now + queue.announce_frequency_seconds)


def release(world: World, call: Call) -> None:
    """Let a leaving caller, for whom no offer is live, out of hold: to the menu for a while, or for good."""
    assert call.leave is not None
    leave, call.leave = call.leave, None
    if call.callback is not None:
        end_callback(world, call, call.callback.ending or CallbackOutcome.FAILED, leave.reason.value)
        return
    further = world.policy.queues.get(leave.target) if leave.reason in _OVERFLOWS else None
    if further is not None and further.name != call.queue.name:
        _pass_on(world, call, further, leave.reason)
        return
    world.command(ReleaseCall(call.id, call.queue.name, leave.reason, leave.target))
    if leave.reason in _TO_THE_MENU:
        stop_waiting(world, call)
        world.move_call(call, CallState.AWAY)
        world.timers.set(Timer.AWAY, call.id, world.now + world.policy.away_seconds)
    else:
        end_call(world, call, OUTCOMES[leave.reason], leave.reason.value)


def _pass_on(world: World, call: Call, queue: Queue, reason: ReleaseReason) -> None:
    """Let a caller go on waiting in the queue that his own overflows to, with his age."""
    end_call(world, call, OUTCOMES[reason], reason.value)
    world.establish(CallEntered(call.id, queue.name, call.tier, resumed=True))
    further = world.new_call(call.id, queue, call.tier, call.entered_at)
    further.needs, further.attributes, further.wanted = call.needs, call.attributes, call.wanted
    further.head_start_seconds, further.sequence, further.placed = call.head_start_seconds, call.sequence, call.placed
    further.credit_seconds, further.joined_at = call.credit_seconds, world.now
    if call.caller:
        further.caller = call.caller
        world.customers.callers[call.caller] = call.id
    start_waiting(world, further)
    world.index_call(further)
    if world.staffing.is_empty(queue.name):
        world.watch_empty(queue.name)
