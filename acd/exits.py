"""How a queue entry ends or is interrupted, and what starts again when a caller is back among those who wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.commands import ReleaseCall, ReleaseReason
from acd.facts import CallEnded, Outcome
from acd.states import CallState
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.records import Call
    from acd.world import World

OUTCOMES = {
    ReleaseReason.MENU: Outcome.LEFT_QUEUE,
    ReleaseReason.VOICEMAIL: Outcome.VOICEMAIL,
    ReleaseReason.CLOSED: Outcome.CLOSED,
    ReleaseReason.MAX_WAIT: Outcome.OVERFLOWED,
    ReleaseReason.NO_QUEUE: Outcome.OVERFLOWED,
    ReleaseReason.FULL: Outcome.REJECTED_FULL,
}
_WAIT_TIMERS = (Timer.MAX_WAIT, Timer.RING, Timer.ANNOUNCE, Timer.HOLD_OFF)


def end_call(world: World, call: Call, outcome: Outcome, reason: str) -> None:
    """End a queue entry, once and for all."""
    wait_seconds = call.waited_seconds(world.now)
    world.establish(CallEnded(call.id, call.queue.name, call.tier, outcome, reason, wait_seconds))
    stop_waiting(world, call)
    world.timers.cancel(Timer.AWAY, call.id)
    world.move_call(call, CallState.ENDED)
    del world.calls[call.id]
    world.story.end(call.id)


def stop_waiting(world: World, call: Call) -> None:
    """Stop everything that time does to a waiting call."""
    if call.stopped_waiting_at is None:
        call.stopped_waiting_at = world.now
    for kind in _WAIT_TIMERS:
        world.timers.cancel(kind, call.id)
    call.held_off = False


def start_waiting(world: World, call: Call) -> None:
    """Start what time does to a waiting call: max wait from its entry, announcements from now on."""
    call.stopped_waiting_at = None
    queue = call.queue
    if queue.max_wait_seconds > 0:
        world.timers.set(Timer.MAX_WAIT, call.id, call.entered_at + queue.max_wait_seconds)
    first = call.entered_at + queue.announce_first_seconds
    if queue.announce_first_seconds > 0 and first > world.now:
        world.timers.set(Timer.ANNOUNCE, call.id, first)
    elif queue.announce_frequency_seconds > 0:
        world.timers.set(Timer.ANNOUNCE, call.id, world.now + queue.announce_frequency_seconds)


def release(world: World, call: Call) -> None:
    """Let a leaving caller, for whom no offer is live, out of hold: to the menu for a while, or for good."""
    assert call.leave is not None
    leave, call.leave = call.leave, None
    world.command(ReleaseCall(call.id, call.queue.name, leave.reason, leave.target))
    if leave.reason is ReleaseReason.MENU:
        stop_waiting(world, call)
        world.move_call(call, CallState.AWAY)
        world.timers.set(Timer.AWAY, call.id, world.now + world.policy.away_seconds)
    else:
        end_call(world, call, OUTCOMES[leave.reason], leave.reason.value)
