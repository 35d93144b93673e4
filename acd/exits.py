"""How a queue entry ends or is interrupted, and what starts again when a caller is back among those who wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.commands import ReleaseCall, ReleaseReason
from acd.events import OfferCause
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
_NOT_THE_AGENTS_DOING = frozenset(
    {OfferCause.CALLER_GONE, OfferCause.REFUSED, OfferCause.STALE_OWNER, OfferCause.CANCELLED}
)
_MAX_HOLD_OFF_SECONDS = 30.0


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


def caller_is_back(world: World, call: Call, cause: OfferCause) -> None:
    """Put a caller whose offer is dead where he belongs: out, if he is leaving, else back in his old place."""
    call.offer = None
    if call.leave is not None:
        if call.state is not CallState.LEAVING:
            world.move_call(call, CallState.LEAVING)
        if world.dispatching:
            release(world, call)
        return
    if call.state is CallState.TALKING:
        start_waiting(world, call)
    _hold_off(world, call, cause)
    world.move_call(call, CallState.WAITING)


def _hold_off(world: World, call: Call, cause: OfferCause) -> None:
    """Do not offer a call again at once whose own side refuses: agents would be rung for nothing in a tight loop."""
    if cause not in _NOT_THE_AGENTS_DOING:
        return
    call.refusals += 1
    # one refusal is normal around a restart and is retried at once; a gone caller's hang-up is on its way
    exponent = call.refusals - 1 if cause is OfferCause.CALLER_GONE else call.refusals - 2
    if exponent >= 0:
        call.held_off = True
        world.timers.set(Timer.HOLD_OFF, call.id, world.now + min(2.0 ** min(exponent, 10), _MAX_HOLD_OFF_SECONDS))
