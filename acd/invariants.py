"""What must hold after every event. Checked in tests after each step, and at any time in production on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.eligibility import cannot, is_not_free, merge_needs, stage_at, why_not
from acd.states import AgentState, CallState, OfferPhase
from acd.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acd.config import Needs
    from acd.records import AgentRecord, Call, Offer
    from acd.world import World

_AGENT_IN = {
    OfferPhase.DIALLING: AgentState.OFFERED,
    OfferPhase.RINGING: AgentState.OFFERED,
    OfferPhase.CONNECTING: AgentState.CONNECTING,
    OfferPhase.CANCELLING: AgentState.CANCELLING,
    OfferPhase.TALKING: AgentState.TALKING,
}
_CALL_IN = {
    OfferPhase.DIALLING: {CallState.OFFERED},
    OfferPhase.RINGING: {CallState.OFFERED},
    OfferPhase.CONNECTING: {CallState.CONNECTING},
    OfferPhase.CANCELLING: {CallState.OFFERED, CallState.CONNECTING, CallState.LEAVING},
    OfferPhase.TALKING: {CallState.TALKING},
}
_ENDING = frozenset({OfferPhase.CANCELLING, OfferPhase.TALKING})
_NEEDS_OFFER = frozenset({CallState.OFFERED, CallState.CONNECTING, CallState.TALKING})
_WHILE_WAITING = (Timer.MAX_WAIT, Timer.RING, Timer.ANNOUNCE, Timer.HOLD_OFF)
_HOLDS_PLACE = frozenset({CallState.WAITING, CallState.OFFERED, CallState.CONNECTING, CallState.LEAVING})


def check(world: World) -> None:
    """Check every invariant.

    Raises:
        AssertionError: naming each one that is broken, with the last events.

    """
    problems = [problem for find in _CHECKS for problem in find(world)]
    if problems:
        raise AssertionError("\n".join([*problems, "Last events:", world.story.recent()]))


def _offers(world: World) -> Iterator[str]:
    for offer in world.offers.values():
        agent = world.agents.get(offer.agent)
        if agent is None or agent.offer != offer.id or agent.state is not _AGENT_IN[offer.phase]:
            yield f"{offer.id} is {offer.phase.name} but its agent is {agent}"
        waiting = world.calls.get(offer.call)
        if waiting is not None and waiting.round is None:
            yield f"{offer.id} may still talk to {waiting.id}, who could be moved or offered meanwhile"
        if offer.orphan and waiting is not None:
            yield f"{offer.id} is an orphan, but {waiting.id} is there"
        yield from _offer_deadline(world, offer)


def _rounds(world: World) -> Iterator[str]:
    for call in world.calls.values():
        offers = world.offers_of(call)
        if offers and call.state not in _CALL_IN[offers[0].phase]:
            yield f"{offers[0].id} is {offers[0].phase.name} but its call is {call}"
        if call.state is CallState.TALKING and len(offers) > 1:
            yield f"{call.id} talks, but {[offer.id for offer in offers]} are live for it"
        if call.callback is not None and len(offers) > 1:
            yield f"{call.id} is a callback with several offers"
    talks = [offer.call for offer in world.offers.values() if offer.phase is OfferPhase.TALKING]
    if len(talks) > len(set(talks)):
        yield f"some call talks twice: {talks}"


def _offer_deadline(world: World, offer: Offer) -> Iterator[str]:
    armed = world.timers.at(Timer.OFFER, offer.id) is not None
    if armed is (offer.phase is OfferPhase.TALKING):
        yield f"{offer.id} is {offer.phase.name} and its deadline is {'' if armed else 'not '}armed"


def _agents(world: World) -> Iterator[str]:
    for agent in world.agents.values():
        if agent.offer is not None and agent.offer not in world.offers:
            yield f"{agent.name} holds the dead offer {agent.offer}"
        if (agent.state in _AGENT_IN.values()) is not (agent.offer is not None):
            yield f"{agent.name} is {agent.state.name} with offer {agent.offer}"
        if (is_not_free(agent) is None) is not (agent.name in world.free):
            yield f"{agent.name} is {agent.state.name} but the set of free agents disagrees"
        if agent.after is not None and agent.offer is None:
            yield f"{agent.name} has nothing to finish before {agent.after}"
        if agent.resting is not (world.timers.at(Timer.REST, agent.name) is not None):
            yield f"{agent.name} rests and the end of it disagree"
        yield from _agent_deadline(world, agent)


def _agent_deadline(world: World, agent: AgentRecord) -> Iterator[str]:
    passing = agent.state in {AgentState.WRAP_UP, AgentState.BACKOFF}
    if passing is not (world.timers.at(Timer.AGENT, agent.name) is not None):
        yield f"{agent.name} is {agent.state.name} and his deadline disagrees"


def _calls(world: World) -> Iterator[str]:
    for call in world.calls.values():
        if call.state is CallState.ENDED:
            yield f"{call.id} has ended but is still here"
        if call.round is not None and not world.offers_of(call):
            yield f"{call.id} holds the dead round {call.round}"
        if call.state is CallState.LEAVING:
            if call.leave is None or (call.round is None and world.dispatching):
                yield f"{call.id} is leaving but nothing will release it"
        elif (call.state in _NEEDS_OFFER) is not (call.round is not None):
            yield f"{call.id} is {call.state.name} with round {call.round}"
        if (call.state is CallState.AWAY) is not (world.timers.at(Timer.AWAY, call.id) is not None):
            yield f"{call.id} is {call.state.name} and its away deadline disagrees"
        if call.stopped_waiting_at is not None:
            for kind in (kind for kind in _WHILE_WAITING if world.timers.at(kind, call.id) is not None):
                yield f"{call.id} has stopped waiting, but its {kind.value} is armed"


def _order(world: World) -> Iterator[str]:
    found = sorted(world.matching.offerable())
    meant = sorted(call.id for call in world.calls.values() if call.offerable)
    if found != meant:
        yield f"dispatch can find {found}, but {meant} wait"
    for queue in {call.queue.name for call in world.calls.values()}:
        held = world.lines.places(queue)
        calls = [call for call in world.calls.values() if call.queue.name == queue and _holds_place(call)]
        if list(held) != [call.id for call in sorted(calls, key=lambda call: call.key)]:
            yield f"the places of {queue} are {held}"


def _nobody_idle(world: World) -> Iterator[str]:
    """Ask the one rule afresh, past everything that is kept ready."""
    if not world.dispatching:
        return
    free = [world.agents[name] for name in world.free]
    for call in (call for call in world.calls.values() if call.offerable and free):
        asked, needs = asked_now(world, call)
        idle = [
            agent.name for agent in free if agent.name in asked and why_not(agent, call.queue, needs, call.tier) is None
        ]
        if idle:
            yield f"{call.id} waits although {idle} could serve it"


def asked_now(world: World, call: Call) -> tuple[set[str], Needs]:
    """Who may be asked with which needs: the one agent he wants, or all by the first ring that anybody can match."""
    wanted = world.agents.get(call.wanted)
    waits = call.entered_at + call.queue.last_agent_wait_seconds > world.now
    at_work = wanted is not None and wanted.state not in {AgentState.LOGGED_OUT, AgentState.PAUSED}
    if at_work and waits and cannot(world.agents[call.wanted].config, call.queue, call.needs, call.tier) is None:
        return {call.wanted}, call.needs
    present = [agent for agent in world.agents.values() if agent.state is not AgentState.LOGGED_OUT]
    rings = [merge_needs(needs, call.needs) for _, needs in call.queue.stages]
    rings = rings[stage_at(call.queue, call.entered_at, world.now) :]
    matched = [
        needs for needs in rings if any(cannot(agent.config, call.queue, needs, call.tier) is None for agent in present)
    ]
    return set(world.agents), (matched or rings)[0]


def _deadlines(world: World) -> Iterator[str]:
    due = world.timers.next()
    if due is not None and due <= world.now:
        yield f"a deadline of {due} is unhandled at {world.now}"


def _holds_place(call: Call) -> bool:
    """One who waits to be called back stands in line, unless he rang in: then he himself does."""
    return call.state in _HOLDS_PLACE and (call.callback is None or not call.callback.held_for)


def _callbacks(world: World) -> Iterator[str]:
    customers = world.customers
    meant = {call.callback.number: call.id for call in world.calls.values() if call.callback is not None}
    if customers.callbacks != meant:
        yield f"callbacks are {meant}, but {customers.callbacks} are found by number"
    for call in (world.calls[call_id] for call_id in meant.values()):
        callback = call.callback
        assert callback is not None
        theirs = world.calls.get(callback.held_for)
        if callback.held_for and (theirs is None or theirs.joined != call.id):
            yield f"{call.id} is held back for {callback.held_for}, who is not on the line"
        if callback.held_for and any(offer.phase not in _ENDING for offer in world.offers_of(call)):
            yield f"{call.id} is offered although its customer is on the line"
        if callback.allowed is (call.queue.name in customers.closed):
            yield f"{call.id} and the hours of {call.queue.name} disagree"
        if call.state is CallState.WAITING and callback.used_up and not callback.held_for and world.dispatching:
            yield f"{call.id} waits without an attempt left"
    for number, call_id in customers.callers.items():
        if call_id not in world.calls or world.calls[call_id].caller != number:
            yield f"{number} is not on the line as {call_id}"


def _staffing(world: World) -> Iterator[str]:
    for queue in (queue for queue in world.policy.queues.values() if queue.empty_when):
        theirs = [agent for agent in world.agents.values() if queue.name in agent.config.queues]
        empty = all(agent.state in queue.empty_when for agent in theirs)
        if empty is not world.staffing.is_empty(queue.name):
            yield f"{queue.name} is {'' if empty else 'not '}empty, but is counted otherwise"
        if empty and world.lines.length(queue.name) and world.timers.at(Timer.EMPTY, queue.name) is None:
            leaving = (world.calls[call].state is CallState.LEAVING for call in world.lines.places(queue.name))
            if not all(leaving) and not _only_callbacks(world, queue.name):
                yield f"callers wait in {queue.name}, which is empty, and nothing will let them out"


def _only_callbacks(world: World, queue: str) -> bool:
    return all(world.calls[call].callback is not None for call in world.lines.places(queue))


_CHECKS = (_offers, _rounds, _agents, _calls, _callbacks, _staffing, _order, _nobody_idle, _deadlines)
