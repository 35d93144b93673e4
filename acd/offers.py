"""The life of an offer: rung, answered, talking; or withdrawn, failed, overdue. And what it leaves its caller with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.agents import after_failed_offer, after_talk, rest
from acd.commands import CancelOffer, CancelReason
from acd.events import OfferCause
from acd.exits import end_call, end_callback, end_if_used_up, release, start_waiting, stop_waiting
from acd.facts import (
    CallAnswered,
    CallbackAttempted,
    CallbackOutcome,
    CallbackReached,
    Ignored,
    OfferEnded,
    OfferResult,
    Outcome,
    TalkFinished,
)
from acd.states import AgentState, CallState, OfferPhase
from acd.timers import Timer
from acd.world import nearest_first

if TYPE_CHECKING:
    from acd.events import CallbackDialled, OfferAnswered, OfferFailed, OfferRinging, TalkEnded, TalkStarted
    from acd.records import AgentRecord, Call, Callback, Offer
    from acd.world import World

_LEAST_CANCEL_SECONDS = 0.1
_DIALLING, _RINGING, _CONNECTING, _TALKS = OfferPhase.DIALLING, OfferPhase.RINGING, OfferPhase.CONNECTING, OfferPhase.TALKING
_NOT_ANSWERED = frozenset({_DIALLING, _RINGING})

#: what the phone itself said counts even if the offer was being withdrawn
_PHONE_SAYS = frozenset({OfferCause.BUSY, OfferCause.REJECTED, OfferCause.UNREACHABLE})

_NOT_THE_AGENTS_DOING = frozenset(
    {OfferCause.CALLER_GONE, OfferCause.REFUSED, OfferCause.STALE_OWNER, OfferCause.CANCELLED}
)
_MAX_HOLD_OFF_SECONDS = 30.0

_OVERDUE = {
    OfferPhase.DIALLING: (CancelReason.NO_ANSWER, OfferCause.UNREACHABLE),
    OfferPhase.RINGING: (CancelReason.NO_ANSWER, OfferCause.NO_ANSWER),
    OfferPhase.CONNECTING: (CancelReason.CONNECT_TIMEOUT, OfferCause.ERROR),
}


# Events


def ringing(world: World, event: OfferRinging) -> None:
    """Note that the phone rings: from now on no answer is a miss."""
    offer = find(world, event)
    if offer is None:
        return
    if offer.phase is _DIALLING:
        offer.phase = _RINGING
    else:
        world.ignore(event, Ignored.DUPLICATE if offer.phase is OfferPhase.RINGING else Ignored.LATE)


def answered(world: World, event: OfferAnswered) -> None:
    """The agent hears the whisper; from now on the connect deadline runs."""
    offer = find(world, event)
    if offer is None:
        return
    if offer.phase in _NOT_ANSWERED:
        connect(world, offer)
    else:
        world.ignore(event, Ignored.DUPLICATE if offer.phase is OfferPhase.CONNECTING else Ignored.LATE)


def talk_started(world: World, event: TalkStarted) -> None:
    """Caller and agent talk: wins over any withdrawal that is under way, unless the entry has ended."""
    offer = find(world, event)
    if offer is None:
        return
    if offer.phase is _TALKS:
        world.ignore(event, Ignored.DUPLICATE)
    elif world.call_of(offer) is None and not offer.orphan:
        world.ignore(event, Ignored.LATE)
    else:
        start_talk(world, offer, world.now)


def failed(world: World, event: OfferFailed) -> None:
    """The leg is gone: the caller keeps his place, the agent gets what the cause asks for."""
    offer = find(world, event)
    if offer is None:
        return
    if offer.phase is not OfferPhase.TALKING:
        bury(world, offer, _settled_cause(offer, event.cause), detail=event.detail)
    elif event.cause is OfferCause.HUNG_UP and world.now - offer.talk_at <= world.policy.instant_hangup_seconds:
        _hung_up_at_once(world, offer)
    else:
        world.ignore(event, Ignored.ILLEGAL)


def talk_ended(world: World, event: TalkEnded) -> None:
    """The talk is over. If its start was never heard, it is caught up first."""
    offer = find(world, event)
    if offer is None:
        return
    if offer.phase is not _TALKS:
        if world.call_of(offer) is None and not offer.orphan:
            bury(world, offer, offer.verdict or OfferCause.CANCELLED)
            return
        start_talk(world, offer, world.now)
    finish_talk(world, offer, "caller_remains" if event.caller_remains else "talk_ended")


def time_is_up(world: World, offer_id: str) -> None:
    """Withdraw an overdue offer; if it was withdrawn already and nobody confirmed, take it for dead."""
    offer = world.offers[offer_id]
    if offer.phase is OfferPhase.CANCELLING:
        bury(world, offer, offer.verdict or OfferCause.CANCELLED, expired=True)
    elif offer.dialled:
        withdraw(world, offer, CancelReason.CONNECT_TIMEOUT, OfferCause.NOT_REACHED)
    else:
        withdraw(world, offer, *_OVERDUE[offer.phase])
        call = world.call_of(offer)
        if call is not None and (nearest := world.offers_of(call)[0]).phase is not OfferPhase.CANCELLING:
            _round_goes_on(world, call, nearest)


# What becomes of an offer


def connect(world: World, offer: Offer) -> None:
    """Go on to the whisper, with its own deadline."""
    offer.phase = _CONNECTING
    world.timers.set(Timer.OFFER, offer.id, world.now + world.policy.connect_deadline_seconds)
    world.move_agent(world.agents[offer.agent], AgentState.CONNECTING)
    call, connecting = world.call_of(offer), CallState.CONNECTING
    if call is not None and call.state is not connecting:
        world.move_call(call, connecting)


def withdraw(world: World, offer: Offer, reason: CancelReason, verdict: OfferCause) -> None:
    """Hang up the offer's leg; agent (and caller) stay reserved until it is gone or the cancel deadline passes.

    Args:
        world: the engine's state.
        offer: an offer without a talk; if it is being withdrawn already nothing changes.
        reason: told to the shell.
        verdict: what the end of this offer counts as.

    """
    if offer.phase is OfferPhase.CANCELLING:
        return
    offer.phase = OfferPhase.CANCELLING
    offer.verdict = offer.verdict or verdict
    seconds = max(_LEAST_CANCEL_SECONDS, world.policy.cancel_deadline_seconds)
    world.timers.set(Timer.OFFER, offer.id, world.now + seconds)
    world.command(CancelOffer(offer.id, offer.call, offer.agent, reason))
    world.move_agent(world.agents[offer.agent], AgentState.CANCELLING)


def withdraw_all(world: World, call: Call) -> None:
    """Let a caller be leaving, and withdraw every offer of his round."""
    world.move_call(call, CallState.LEAVING)
    for offer in world.offers_of(call):
        withdraw(world, offer, CancelReason.LEAVING, OfferCause.CANCELLED)


def deadline_for_customer(world: World, callback: Callback) -> float:
    """When a customer who is dialled now must have answered and taken the call, in engine seconds."""
    rules = callback.rules
    return world.now + rules.ring_seconds + rules.answer_seconds + world.policy.offer_grace_seconds


def bury(world: World, offer: Offer, cause: OfferCause, *, expired: bool = False, detail: str = "") -> None:
    """Settle an offer that came to nothing. `detail`: why a customer was not reached."""
    call = world.call_of(offer)
    _forget(world, offer)
    if offer.phase is OfferPhase.CANCELLING or cause is OfferCause.NO_ANSWER:
        rest(world, world.agents[offer.agent])
    seconds = world.now - offer.made_at
    result = OfferResult(cause.value)
    world.establish(OfferEnded(offer.id, offer.call, offer.agent, offer.queue, result, seconds, expired))
    after_failed_offer(world, world.agents[offer.agent], cause)
    _entry_is_back(world, call, offer, cause, detail)


def start_talk(world: World, offer: Offer, started_at: float, *, news: bool = True) -> None:
    """Let the talk begin. `news`: it was not established by an earlier process."""
    seconds = max(0.0, started_at - offer.made_at)
    world.establish(OfferEnded(offer.id, offer.call, offer.agent, offer.queue, OfferResult.TALKED, seconds))
    offer.phase, offer.talk_at, offer.verdict = OfferPhase.TALKING, started_at, None
    world.timers.cancel(Timer.OFFER, offer.id)
    settle_into_talk(world, world.agents[offer.agent])
    caller_talks(world, offer, news=news)
    _let_the_others_go(world, offer)


def settle_into_talk(world: World, agent: AgentRecord) -> None:
    """Let the agent talk: whatever was counted against his phone is settled."""
    agent.misses, agent.not_before, agent.talks = 0, 0.0, agent.talks + 1
    if agent.failures:
        agent.failures.clear()
    world.move_agent(agent, AgentState.TALKING)


def finish_talk(world: World, offer: Offer, reason: str) -> None:
    """Let the talk end: the entry ends as answered, the agent wraps up."""
    call = world.call_of(offer)
    _forget(world, offer)
    _establish_talk(world, offer)
    if call is not None:
        end_call(world, call, Outcome.ANSWERED, reason)
    after_talk(world, world.agents[offer.agent], offer.queue)


def claim_leg(world: World, call: Call) -> bool:
    """Give a call, for which no offer is live, a leg that was made or adopted for it before it entered.

    That may be an adopted leg or talk that was seen before its caller, or a withdrawn one that is not yet dead: the
    caller must neither be moved nor offered again before it is, and if it comes to talk after all, he talks. Legs of
    one round come together.
    """
    legs = world.offers.of(call.id)
    if not legs:
        return False
    offer = nearest_first(list(legs))[0]
    call.round = offer.round
    for leg in world.offers_of(call):
        leg.queue, leg.tier, leg.orphan = call.queue.name, call.tier, False
    if offer.phase is OfferPhase.TALKING:
        caller_talks(world, offer, news=True)
    elif call.state is CallState.LEAVING:
        for leg in world.offers_of(call):
            withdraw(world, leg, CancelReason.LEAVING, OfferCause.CANCELLED)
    else:
        connecting = offer.phase is OfferPhase.CONNECTING
        world.move_call(call, CallState.CONNECTING if connecting else CallState.OFFERED)
        withdraw_if_held_back(world, call, offer)
    return True


def withdraw_if_held_back(world: World, call: Call, offer: Offer) -> None:
    """Let the agent of a found leg go whose customer is on the line himself."""
    if call.callback is not None and call.callback.held_for:
        withdraw(world, offer, CancelReason.RANG_IN, OfferCause.CANCELLED)


def caller_is_back(world: World, call: Call, cause: OfferCause) -> None:
    """Put a caller whose offers are dead where he belongs: out, if he is leaving, else back in his old place."""
    call.round = None
    if call.leave is None:
        if call.state is CallState.TALKING:
            start_waiting(world, call)
        _hold_off(world, call, cause)
        world.move_call(call, CallState.WAITING)
        claim_leg(world, call)
        return
    if call.state is not CallState.LEAVING:
        world.move_call(call, CallState.LEAVING)
    if not claim_leg(world, call) and world.dispatching:
        release(world, call)


def _entry_is_back(world: World, call: Call | None, offer: Offer, cause: OfferCause, detail: str = "") -> None:
    if call is None:
        return
    if others := world.offers_of(call):
        _round_goes_on(world, call, others[0])
    elif call.callback is not None and offer.dialled:
        _attempted(world, call, call.callback, offer, detail or cause.value)
    else:
        caller_is_back(world, call, cause)
        end_if_used_up(world, call)


def _round_goes_on(world: World, call: Call, nearest: Offer) -> None:
    """Wait for the others who are rung, unless the caller was only kept from leaving by the one who is gone."""
    if call.state is not CallState.CONNECTING or nearest.phase is OfferPhase.CONNECTING:
        return
    if call.leave is not None:
        withdraw_all(world, call)
    else:
        world.move_call(call, CallState.OFFERED)


def _let_the_others_go(world: World, winner: Offer) -> None:
    """Take everybody else of the round out of it. Who has answered is refused at the door, in words; the others are hung up."""
    legs = world.offers.of(winner.call)
    for offer in legs if len(legs) > 1 else ():
        if offer.round == winner.round and offer is not winner:
            offer.round, offer.orphan = f"{offer.id}-lost", False  # its own id may be the round's
            offer.verdict = offer.verdict or OfferCause.COLLEAGUE
            if offer.phase is not OfferPhase.CONNECTING:
                withdraw(world, offer, CancelReason.COLLEAGUE, OfferCause.COLLEAGUE)


def _attempted(world: World, call: Call, callback: Callback, offer: Offer, reason: str) -> None:
    """The customer was dialled and did not come to talk: once more after a pause, unless this was the last attempt."""
    last = callback.used_up and not callback.held_for
    pause = max(callback.rules.pause_seconds, 0.0)
    again = None if last or call.leave is not None else world.now + pause
    attempt = callback.attempts
    world.establish(CallbackAttempted(call.id, call.queue.name, offer.id, offer.agent, attempt, reason, again))
    if last and call.leave is None:
        call.round = None
        end_callback(world, call, CallbackOutcome.FAILED, reason)
        return
    caller_is_back(world, call, OfferCause.NOT_REACHED)
    if again is not None and call.state is CallState.WAITING and pause > 0:
        call.held_off = True
        world.timers.set(Timer.HOLD_OFF, call.id, again)
        world.index_call(call)


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


def caller_talks(world: World, offer: Offer, *, news: bool) -> None:
    """Let the offer's caller, if he has an entry, talk. `news`: no earlier process established the answer."""
    call = world.call_of(offer)
    if call is None:
        return
    call.leave, call.refusals = None, 0
    if call.callback is not None and not offer.dialled:
        offer.dialled, call.callback.attempts = True, call.callback.attempts + int(news)
    stop_waiting(world, call)
    call.stopped_waiting_at = offer.talk_at
    world.move_call(call, CallState.TALKING)
    world.last_agents.talked(call.caller, offer.agent, world.now)
    if news:
        told = CallAnswered if call.callback is None else CallbackReached
        wait_seconds = call.waited_seconds(world.now)
        world.establish(told(call.id, call.queue.name, call.tier, offer.agent, offer.id, wait_seconds))


def _hung_up_at_once(world: World, offer: Offer) -> None:
    call = world.call_of(offer)
    _forget(world, offer)
    _establish_talk(world, offer)
    after_failed_offer(world, world.agents[offer.agent], OfferCause.HUNG_UP)
    _entry_is_back(world, call, offer, OfferCause.HUNG_UP)


def _establish_talk(world: World, offer: Offer) -> None:
    seconds = max(0.0, world.now - offer.talk_at)
    world.agents[offer.agent].talked_seconds += seconds
    world.establish(TalkFinished(offer.id, offer.call, offer.agent, offer.queue, offer.tier, seconds))


def _forget(world: World, offer: Offer) -> None:
    world.offers.drop(offer)
    if offer.phase is not _TALKS:
        world.timers.cancel(Timer.OFFER, offer.id)


def _settled_cause(offer: Offer, reported: OfferCause) -> OfferCause:
    if offer.verdict is None or reported in _PHONE_SAYS:
        return reported
    return offer.verdict


def find(
    world: World, event: OfferRinging | OfferAnswered | CallbackDialled | TalkStarted | OfferFailed | TalkEnded
) -> Offer | None:
    """Return the live offer of an event; without one the event is ignored."""
    offer = world.offers.get(event.offer)
    if offer is None:
        world.ignore(event, Ignored.LATE if world.was_offer(event.offer) else Ignored.UNKNOWN_OFFER)
    return offer
