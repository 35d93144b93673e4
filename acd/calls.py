"""How callers enter a line, come back to it, and leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.commands import Announce, CancelReason, ReleaseCall, ReleaseReason
from acd.eligibility import merge_needs
from acd.estimate import expected_wait
from acd.events import LeaveReason, OfferCause
from acd.exits import OUTCOMES, end_call, release, start_waiting
from acd.facts import CallbackOutcome, CallEnded, CallEntered, Ignored, Outcome, PlaceRestored
from acd.offers import claim_leg, finish_talk, withdraw, withdraw_all
from acd.rang_in import join
from acd.records import Call, Leave
from acd.states import CallState, OfferPhase
from acd.timers import Timer
from acd.world import nearest_first

if TYPE_CHECKING:
    from acd.config import Queue
    from acd.events import CallAbandoned, CallLeaveRequested, CallLost, CallPlaced, CallQueued, CustomerKnown
    from acd.world import World

_RELEASES = {
    LeaveReason.MENU: ReleaseReason.MENU,
    LeaveReason.VOICEMAIL: ReleaseReason.VOICEMAIL,
    LeaveReason.CLOSED: ReleaseReason.CLOSED,
    LeaveReason.CALLBACK: ReleaseReason.CALLBACK,
}
_TO_THE_MENU = frozenset({ReleaseReason.MENU, ReleaseReason.CALLBACK})
_ONLY_CALLERS_DO = frozenset({CallState.AWAY, CallState.TALKING})


# Events


def queued(world: World, event: CallQueued) -> None:
    """Begin a queue entry; or let a caller who was away take up his old one."""
    call = world.calls.get(event.call)
    queue = world.policy.queues.get(event.queue)
    if call is not None and (call.callback is not None or call.state not in _ONLY_CALLERS_DO):
        world.ignore(event, Ignored.DUPLICATE)
    elif queue is None:
        # said aloud instead of ignored alone: this caller stands in hold and nobody would ever let him out
        world.command(ReleaseCall(event.call, event.queue, ReleaseReason.NO_QUEUE, ""))
        world.ignore(event, Ignored.UNKNOWN_QUEUE)
    elif call is None:
        _enter(world, event, queue, event.entered_at)
    elif call.state is CallState.TALKING:
        # the shell knows that he waits again; the end of his talk is late or lost
        finish_talk(world, world.offers_of(call)[0], "requeued")
        _enter(world, event, queue, event.entered_at)
    else:
        _come_back(world, call, event, queue)


def placed(world: World, event: CallPlaced) -> None:
    """Let the caller be offered: he is in hold (again)."""
    call = world.calls.get(event.call)
    if call is None:
        _ignore_stranger(world, event)
    elif call.callback is not None:
        world.ignore(event, Ignored.ILLEGAL)
    elif call.state is CallState.AWAY:
        _resume(world, call)
    elif call.placed:
        world.ignore(event, Ignored.DUPLICATE)
    else:
        call.placed = True
        world.index_call(call)


def customer_known(world: World, event: CustomerKnown) -> None:
    """Give a caller the head start that what is known of him earns."""
    call = world.calls.get(event.call)
    if call is None:
        _ignore_stranger(world, event)
    elif call.attributes == event.attributes:
        world.ignore(event, Ignored.DUPLICATE)
    else:
        call.attributes = event.attributes
        call.head_start_seconds = world.head_start_seconds(call.tier, call.attributes)
        world.index_call(call)


def abandoned(world: World, event: CallAbandoned) -> None:
    """End the entry of a caller who hung up."""
    _vanish(world, event, Outcome.ABANDONED, "")


def lost(world: World, event: CallLost) -> None:
    """End the entry of a caller who vanished without his doing."""
    _vanish(world, event, Outcome.LOST, event.reason)


def leave_requested(world: World, event: CallLeaveRequested) -> None:
    """Let a caller go, once no offer of his is live."""
    call = world.calls.get(event.call)
    reason = _RELEASES[event.reason]
    if call is None:
        _ignore_stranger(world, event)
    elif call.callback is not None:
        world.ignore(event, Ignored.ILLEGAL)
    elif call.state is CallState.AWAY and reason not in _TO_THE_MENU:
        end_call(world, call, OUTCOMES[reason], reason.value)
    elif call.state in {CallState.AWAY, CallState.LEAVING}:
        world.ignore(event, Ignored.DUPLICATE)
    elif call.state is CallState.TALKING:
        world.ignore(event, Ignored.ILLEGAL)
    else:
        leave(world, call, reason, event.target)


# Deadlines


def max_wait_passed(world: World, call_id: str) -> None:
    """Let the caller out to his queue's overflow, unless he is leaving anyway."""
    call = world.calls[call_id]
    if call.leave is None:
        if call.callback is not None:
            call.callback.ending = CallbackOutcome.EXPIRED
        leave(world, call, ReleaseReason.MAX_WAIT, call.queue.overflow)


def queue_is_empty(world: World, name: str) -> None:
    """Let out all who wait in a queue where nobody has been for a while."""
    queue = world.policy.queues.get(name)
    if queue is None or not world.staffing.is_empty(name):
        return
    if not world.dispatching:  # who is there may not be known yet
        world.watch_empty(name)
        return
    for call in [world.calls[call_id] for call_id in world.lines.places(name)]:
        if call.leave is None and call.callback is None:
            leave(world, call, ReleaseReason.EMPTY, queue.overflow)


def ring_passed(world: World, call_id: str) -> None:
    """Search wider for this caller."""
    world.index_call(world.calls[call_id])


def hold_off_passed(world: World, call_id: str) -> None:
    """Offer this call again."""
    call = world.calls[call_id]
    call.held_off = False
    world.index_call(call)


def announcement_due(world: World, call_id: str) -> None:
    """Tell a waiting caller where he stands; later again."""
    call = world.calls[call_id]
    if world.dispatching and call.placed and call.state is CallState.WAITING:
        world.command(_announcement(world, call))
    if call.queue.announce_frequency_seconds > 0:
        world.timers.set(Timer.ANNOUNCE, call_id, world.now + call.queue.announce_frequency_seconds)


def away_passed(world: World, call_id: str) -> None:
    """End the entry of a caller who stayed away too long."""
    end_call(world, world.calls[call_id], Outcome.LEFT_QUEUE, "away_expired")


def _announcement(world: World, call: Call) -> Announce:
    """His place, and his wait while what was told others came true; a forecast is held against his wait, told or not."""
    position, expected = world.lines.position(call), expected_wait(world, call)
    if expected is None:
        return Announce(call.id, call.queue.name, position, None)
    world.forecast.promise(call.id, expected.likely_seconds, world.now)
    if not world.forecast.trusted(call.queue.name, world.policy.forecast):
        return Announce(call.id, call.queue.name, position, None)
    return Announce(call.id, call.queue.name, position, expected.likely_seconds, expected.longest_seconds)


# What becomes of a caller


def leave(world: World, call: Call, reason: ReleaseReason, target: str) -> None:
    """Start the way out: withdraw live offers first, release the caller when it is dead.

    A max wait that passes while an agent hears the whisper is left pending: both are seconds from talking.
    """
    call.leave = Leave(reason, target)
    offers = world.offers_of(call)
    if offers and offers[0].phase is OfferPhase.CONNECTING and reason is ReleaseReason.MAX_WAIT:
        return
    withdraw_all(world, call)
    if not offers and world.dispatching:
        release(world, call)


def _enter(world: World, event: CallQueued, queue: Queue, entered_at: float | None) -> None:
    resumed = entered_at is not None and not event.fresh
    if not (resumed or event.first) and _refusal(world, queue) is not None:
        admitting = _first_that_admits(world, event, queue)
        if admitting is None:
            return
        queue = admitting
    tier = world.tier(event.tier).name
    world.establish(CallEntered(event.call, queue.name, tier, resumed))
    since = world.now if entered_at is None else min(entered_at, world.now)
    call = world.new_call(event.call, queue, tier, since)
    call.sequence = event.sequence
    _take_what_counts(world, call, event)
    if event.caller:
        _recognise(world, call, event.caller)
    start_waiting(world, call)
    if world.staffing.is_empty(queue.name) and world.timers.at(Timer.EMPTY, queue.name) is None:
        world.watch_empty(queue.name)
    if not claim_leg(world, call):
        world.index_call(call)


def _first_that_admits(world: World, event: CallQueued, queue: Queue) -> Queue | None:
    """Follow the overflow from queue to queue to the first that takes him; let him out where there is none."""
    refused: list[str] = []
    while (why := _refusal(world, queue)) is not None:
        tier = world.tier(event.tier).name
        world.establish(CallEntered(event.call, queue.name, tier, resumed=bool(refused)))
        refused.append(queue.name)
        further = world.policy.queues.get(queue.overflow)
        if further is None or further.name in refused:
            world.command(ReleaseCall(event.call, queue.name, why, queue.overflow))
        world.establish(CallEnded(event.call, queue.name, tier, OUTCOMES[why], why.value, 0.0))
        if further is None or further.name in refused:
            return None
        queue = further
    return queue


def _refusal(world: World, queue: Queue) -> ReleaseReason | None:
    if 0 < queue.max_length <= world.lines.length(queue.name):
        return ReleaseReason.FULL
    return ReleaseReason.EMPTY if world.dispatching and world.staffing.is_empty(queue.name) else None


def _take_what_counts(world: World, call: Call, event: CallQueued) -> None:
    last = world.last_agents.of(event.caller, world.now, world.policy.last_agent_seconds) if event.caller else ""
    call.needs, call.attributes, call.wanted = merge_needs(event.needs), event.attributes, event.wanted or last
    call.head_start_seconds = world.head_start_seconds(call.tier, call.attributes)
    call.first, call.placed = event.first, event.placed


def _recognise(world: World, call: Call, caller: str) -> None:
    """He may be somebody who waits to be called back, or who hung up a moment ago."""
    call.caller = caller
    world.customers.callers[caller] = call.id
    join(world, call)
    stood_at = world.returning.take(caller, call.queue.name, world.now, world.policy.return_seconds)
    if stood_at is not None and stood_at < call.key[1]:
        call.credit_seconds += call.key[1] - stood_at
        world.establish(PlaceRestored(call.id, call.queue.name, call.credit_seconds))


def _come_back(world: World, call: Call, event: CallQueued, queue: Queue) -> None:
    deadline = world.timers.at(Timer.AWAY, call.id)
    if deadline is not None and deadline < world.now:
        away_passed(world, call.id)
        _enter(world, event, queue, event.entered_at)
    elif call.queue.name != queue.name:
        end_call(world, call, Outcome.LEFT_QUEUE, "moved")
        _enter(world, event, queue, call.entered_at)
    else:
        call.tier = world.tier(event.tier).name
        _take_what_counts(world, call, event)
        _resume(world, call)


def _resume(world: World, call: Call) -> None:
    world.timers.cancel(Timer.AWAY, call.id)
    start_waiting(world, call)
    world.move_call(call, CallState.WAITING)


def _vanish(world: World, event: CallAbandoned | CallLost, outcome: Outcome, reason: str) -> None:
    call = world.calls.get(event.call)
    if call is None:
        _vanish_unseen(world, event)
        return
    if call.callback is not None:
        world.ignore(event, Ignored.ILLEGAL)
        return
    offers = world.offers_of(call)
    if call.state is CallState.AWAY:
        end_call(world, call, Outcome.LEFT_QUEUE, reason or "hung_up_away")
    elif call.state is CallState.TALKING:
        finish_talk(world, offers[0], reason or "caller_hung_up")
    else:
        if outcome is Outcome.ABANDONED:
            world.returning.abandoned(call.caller, call.queue.name, call.key[1], world.now, world.policy.return_seconds)
        end_call(world, call, outcome, reason or call.state.value)
        for offer in offers:
            withdraw(world, offer, CancelReason.CALLER_GONE, OfferCause.CALLER_GONE)


def _vanish_unseen(world: World, event: CallAbandoned | CallLost) -> None:
    """A caller whose leg to an agent was adopted may hang up before his own channel was read."""
    orphans = nearest_first([offer for offer in world.offers.of(event.call) if offer.orphan])
    if not orphans or orphans[0].phase is OfferPhase.TALKING:
        _ignore_stranger(world, event)
        return
    for offer in orphans:
        withdraw(world, offer, CancelReason.CALLER_GONE, OfferCause.CALLER_GONE)


def _ignore_stranger(
    world: World, event: CallAbandoned | CallLost | CallPlaced | CallLeaveRequested | CustomerKnown
) -> None:
    world.ignore(event, Ignored.LATE if world.story.knows(event.call) else Ignored.UNKNOWN_CALL)
