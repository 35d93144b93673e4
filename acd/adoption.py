"""Taking over what is already there: agents from the store, legs and talks from Asterisk, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.agents import leave_wrapup, rest
from acd.commands import CancelOffer, CancelReason
from acd.config import Agent, Queue
from acd.events import OfferCause
from acd.exits import end_if_used_up, release
from acd.facts import CallEntered, Ignored, OfferMade
from acd.offers import (
    bury,
    connect,
    finish_talk,
    start_talk,
    withdraw,
    withdraw_if_held_back,
)
from acd.records import Offer, Rest
from acd.states import AGENT_MOVES, AgentState, CallState, OfferPhase
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.events import AgentAdopted, DispatchPaused, DispatchResumed, OfferAdopted, TalkAdopted
    from acd.records import AgentRecord, Call
    from acd.world import World

_AGENT_STATES = {
    OfferPhase.DIALLING: AgentState.OFFERED,
    OfferPhase.RINGING: AgentState.OFFERED,
    OfferPhase.CONNECTING: AgentState.CONNECTING,
}
_CALL_STATES = {
    OfferPhase.DIALLING: CallState.OFFERED,
    OfferPhase.RINGING: CallState.OFFERED,
    OfferPhase.CONNECTING: CallState.CONNECTING,
}


# Events


def agent_adopted(world: World, event: AgentAdopted) -> None:
    """Believe the store about an agent of whom nothing was heard live yet."""
    agent = world.agents.get(event.agent)
    if agent is None:
        world.ignore(event, Ignored.UNKNOWN_AGENT)
    elif agent.heard:
        world.ignore(event, Ignored.LATE)
    elif agent.offer is not None:
        agent.heard, agent.misses = True, event.misses
        if event.state is AgentState.PAUSED:
            agent.after = Rest(AgentState.PAUSED, event.reason)
    else:
        agent.heard, agent.misses = True, event.misses
        # an adopted leg may have failed meanwhile: what it left him in is fresher than a wrap-up in the store
        if event.state is agent.state or event.state in AGENT_MOVES[agent.state]:
            _restore(world, agent, event)


def offer_adopted(world: World, event: OfferAdopted) -> None:
    """Go on with a live leg; one that fits nowhere is hung up."""
    known = world.offers.get(event.offer)
    agent = world.agents.get(event.agent)
    call = world.calls.get(event.call)
    if known is not None:
        _advance(world, known, event)
    elif agent is None:
        _refuse(world, event, Ignored.UNKNOWN_AGENT)
    elif world.was_offer(event.offer):
        _refuse(world, event, Ignored.LATE)
    elif agent.offer is not None or not _can_take_offer(world, call, event):
        _refuse(world, event, Ignored.ILLEGAL)
    else:
        _adopt_offer(world, event, agent, call)


def talk_adopted(world: World, event: TalkAdopted) -> None:
    """Believe Asterisk that these two talk, and clear away whatever says otherwise."""
    offer = world.offers.get(event.offer)
    if offer is not None and offer.phase is OfferPhase.TALKING:
        world.ignore(event, Ignored.DUPLICATE)
        return
    if offer is not None and (offer.agent, offer.call) != (event.agent, event.call):
        bury(world, offer, OfferCause.CANCELLED)
        offer = None
    agent = _agent_for_talk(world, event)
    call, news = _call_for_talk(world, event)
    offer = offer or _new_offer(world, event.offer, event.call, agent)
    offer.orphan = False
    offer.queue, offer.tier, call.round = event.queue, event.tier, offer.round
    _supersede_orphans(world, offer)
    start_talk(world, offer, min(event.started_at, world.now), news=news)


def dispatch_paused(world: World, event: DispatchPaused) -> None:
    """Give no offers, releases and announcements from now on."""
    if not world.dispatching:
        world.ignore(event, Ignored.DUPLICATE)
    world.dispatching = False


def dispatch_resumed(world: World, event: DispatchResumed) -> None:
    """Hang up legs whose callers never showed up, release those who had to wait for it, and dispatch."""
    if world.dispatching:
        world.ignore(event, Ignored.DUPLICATE)
        return
    world.dispatching = True
    for offer in list(world.offers.values()):
        if offer.orphan and offer.phase is not OfferPhase.TALKING:
            withdraw(world, offer, CancelReason.ORPHAN, OfferCause.CANCELLED)
    for call in list(world.calls.values()):
        if call.state is CallState.LEAVING and call.round is None:
            release(world, call)
        else:
            end_if_used_up(world, call)


# Agents


def _restore(world: World, agent: AgentRecord, event: AgentAdopted) -> None:
    runs_on = event.until is not None and event.until > world.now
    since = _began(world, event)
    if agent.state is AgentState.WRAP_UP and event.state not in {AgentState.LOGGED_OUT, AgentState.PAUSED}:
        return  # an adopted talk has just ended here: fresher than the store
    if agent.state is AgentState.BACKOFF is event.state:
        return  # an adopted leg has just failed
    leave_wrapup(world, agent)
    if event.state in {AgentState.LOGGED_OUT, AgentState.PAUSED}:
        if agent.state is not event.state:
            world.move_agent(agent, event.state, event.reason)
    elif event.state in {AgentState.WRAP_UP, AgentState.BACKOFF} and runs_on:
        world.move_agent(agent, event.state, event.reason, until=event.until)
    elif agent.state is not AgentState.READY:
        world.move_agent(agent, AgentState.READY)
    agent.since = agent.idle_since = since
    world.refresh_free(agent)
    if agent.state is AgentState.BACKOFF:
        agent.not_before, agent.not_before_reason = event.until or 0.0, event.reason


def _began(world: World, event: AgentAdopted) -> float:
    """When what the agent is in now began: a wrap-up or back-off that ran out meanwhile ended at its deadline, a call just now."""
    if event.state in {AgentState.WRAP_UP, AgentState.BACKOFF} and event.until is not None and event.until <= world.now:
        return event.until
    in_call = event.state not in {AgentState.LOGGED_OUT, AgentState.READY, AgentState.PAUSED, AgentState.WRAP_UP, AgentState.BACKOFF}
    return world.now if in_call or event.since is None else min(event.since, world.now)


def reserve(world: World, agent: AgentRecord) -> None:
    """Remember what the agent goes back to once a leg or talk is over that was not offered to him."""
    leave_wrapup(world, agent)
    if agent.state is AgentState.PAUSED:
        agent.after = Rest(AgentState.PAUSED, agent.reason)
    elif agent.retired or (agent.state is AgentState.LOGGED_OUT and agent.heard):
        agent.after = Rest(AgentState.LOGGED_OUT, "removed" if agent.retired else agent.reason)


# Offers


def _can_take_offer(world: World, call: Call | None, event: OfferAdopted) -> bool:
    """Whether the leg is the call's first, or rings together with those it has."""
    if event.phase not in _AGENT_STATES:
        return False
    if call is None:
        orphans = [offer for offer in world.offers.of(event.call) if offer.orphan]
        return all(offer.round == _round(event) and offer.phase is not OfferPhase.TALKING for offer in orphans)
    if call.round is None:
        return call.state in {CallState.WAITING, CallState.LEAVING}
    return call.round == _round(event) and call.state is not CallState.TALKING


def _round(event: OfferAdopted) -> str:
    return event.round or event.offer


def _refuse(world: World, event: OfferAdopted, why: Ignored) -> None:
    if event.phase is not OfferPhase.TALKING:  # hanging up a leg that talks would cut the caller off
        world.command(CancelOffer(event.offer, event.call, event.agent, CancelReason.SUPERSEDED))
        if event.agent in world.agents:
            rest(world, world.agents[event.agent])
    world.ignore(event, why)


def _advance(world: World, offer: Offer, event: OfferAdopted) -> None:
    if event.phase is OfferPhase.CONNECTING and offer.phase in {OfferPhase.DIALLING, OfferPhase.RINGING}:
        connect(world, offer)
    elif event.phase is OfferPhase.RINGING and offer.phase is OfferPhase.DIALLING:
        offer.phase = OfferPhase.RINGING
    else:
        world.ignore(event, Ignored.DUPLICATE)


def _adopt_offer(world: World, event: OfferAdopted, agent: AgentRecord, call: Call | None) -> None:
    offer = _new_offer(world, event.offer, event.call, agent)
    offer.phase, offer.dialled, offer.round = event.phase, event.dialled, _round(event)
    world.move_agent(agent, _AGENT_STATES[event.phase])
    world.timers.set(Timer.OFFER, offer.id, _deadline(world, event, call))
    if call is None:
        offer.orphan = True
        return
    offer.queue, offer.tier, call.round = call.queue.name, call.tier, offer.round
    if call.state is CallState.LEAVING:
        withdraw(world, offer, CancelReason.LEAVING, OfferCause.CANCELLED)
    else:
        if call.state is not CallState.CONNECTING and call.state is not _CALL_STATES[event.phase]:
            world.move_call(call, _CALL_STATES[event.phase])
        withdraw_if_held_back(world, call, offer)


def _deadline(world: World, event: OfferAdopted, call: Call | None) -> float:
    if event.deadline is not None and event.deadline > world.now:
        return event.deadline
    if event.phase is OfferPhase.CONNECTING:
        return world.now + world.policy.connect_deadline_seconds
    queue = call.queue if call is not None else Queue("")
    return world.now + queue.offer_timeout_seconds + world.policy.offer_grace_seconds


def _new_offer(world: World, offer_id: str, call_id: str, agent: AgentRecord) -> Offer:
    reserve(world, agent)
    offer = Offer(offer_id, call_id, agent.name, "", "", world.now, offer_id)
    world.offers.add(offer)
    agent.offer = offer_id
    world.establish(OfferMade(offer_id, call_id, agent.name, "", adopted=True))
    return offer


# Talks


def _agent_for_talk(world: World, event: TalkAdopted) -> AgentRecord:
    agent = world.agents.get(event.agent)
    if agent is not None and agent.offer is not None and agent.offer != event.offer:
        _supersede(world, world.offers[agent.offer])
        agent = world.agents.get(event.agent)
    return agent or world.add_agent(Agent(event.agent), retired=True)


def _supersede(world: World, offer: Offer) -> None:
    if offer.phase is OfferPhase.TALKING:
        finish_talk(world, offer, "superseded")
        return
    if offer.phase is not OfferPhase.CANCELLING:
        world.command(CancelOffer(offer.id, offer.call, offer.agent, CancelReason.SUPERSEDED))
        offer.phase = OfferPhase.CANCELLING
    bury(world, offer, OfferCause.CANCELLED)


def _supersede_orphans(world: World, offer: Offer) -> None:
    """Clear away what was found of other rounds before the caller, who talks, was."""
    for other in world.offers.of(offer.call):
        if other.orphan and other.round != offer.round:
            other.orphan = False
            _supersede(world, other)


def _call_for_talk(world: World, event: TalkAdopted) -> tuple[Call, bool]:
    """Return the call and whether its answer is news (an earlier process established it otherwise)."""
    call = world.calls.get(event.call)
    others = [] if call is None else world.offers_of(call)
    if call is not None and event.offer not in [other.id for other in others]:
        if call.state is CallState.TALKING:
            finish_talk(world, others[0], "superseded")
            call = None
        else:
            call.round = None
            for other in others:
                withdraw(world, other, CancelReason.SUPERSEDED, OfferCause.CANCELLED)
    if call is not None:
        return call, True
    queue = world.policy.queues.get(event.queue) or Queue(event.queue)
    started_at = min(event.started_at, world.now)
    entered_at = started_at if event.entered_at is None else min(event.entered_at, started_at)
    world.establish(CallEntered(event.call, queue.name, event.tier, resumed=True))
    return world.new_call(event.call, queue, event.tier, entered_at), False
