"""Bringing callers and agents together: the oldest score first, to whom the queue's strategy ranks best."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from acd.commands import Command, OfferCall, OfferCallback
from acd.eligibility import judge
from acd.explain import Decision
from acd.facts import OfferMade
from acd.records import Offer
from acd.states import AgentState, CallState
from acd.strategies import rank
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.eligibility import Reach
    from acd.records import AgentRecord, Call
    from acd.world import World

_LEAST_RING_SECONDS = 1.0


def dispatch(world: World) -> None:
    """Offer calls until no free agent is eligible for any waiting call.

    Only the heads of lines are looked at: all calls of a line need the same, so its first is its best. A line
    whose free agents are used up cannot gain one in the same pass and is left.
    """
    if not (world.dispatching and world.changed):
        return
    world.changed = False
    if not world.free:
        return
    heads = list(world.lines.heads())
    heapq.heapify(heads)
    while heads and world.free:
        key, line = heapq.heappop(heads)
        reach = world.reach(line)
        if reach.able.isdisjoint(world.free):
            continue
        _decide(world, world.calls[key[-1]], reach)
        head = world.lines.head(line)
        if head is not None:
            heapq.heappush(heads, (head, line))


def _decide(world: World, call: Call, reach: Reach) -> None:
    judgement = judge(reach, world.agents)
    ranked = rank(call.queue.strategy, judgement.eligible, reach.needs)
    chosen = ranked[0][1]
    offer = _make_offer(world, call, chosen)
    world.story.decide(
        Decision(
            offer=offer.id,
            call=call.id,
            queue=call.queue.name,
            at=world.now,
            score=world.now - call.key[1],
            ring=reach.ring,
            needs=reach.needs,
            strategy=call.queue.strategy,
            chosen=chosen.name,
            ranked=tuple((agent.name, place) for place, agent in ranked),
            not_free=judgement.not_free,
            unable=judgement.unable,
        )
    )


def _make_offer(world: World, call: Call, agent: AgentRecord) -> Offer:
    world.offers_made += 1
    queue = call.queue
    offer_id = f"{world.offer_prefix}{world.offers_made:08d}"
    offer = Offer(offer_id, call.id, agent.name, queue.name, call.tier, world.now)
    world.offers[offer_id] = offer
    agent.offer = call.offer = offer_id
    ring_seconds = max(_LEAST_RING_SECONDS, queue.offer_timeout_seconds)
    world.timers.set(Timer.OFFER, offer_id, world.now + ring_seconds + world.policy.offer_grace_seconds)
    world.establish(OfferMade(offer_id, call.id, agent.name, queue.name))
    world.move_agent(agent, AgentState.OFFERED)
    world.move_call(call, CallState.OFFERED)
    world.command(_command(world, offer, call, ring_seconds))
    return offer


def _command(world: World, offer: Offer, call: Call, ring_seconds: float) -> Command:
    waited_seconds = call.waited_seconds(world.now)
    callback = call.callback
    if callback is None:
        return OfferCall(offer.id, call.id, offer.agent, offer.queue, offer.tier, ring_seconds, waited_seconds)
    return OfferCallback(
        offer.id,
        call.id,
        offer.agent,
        offer.queue,
        offer.tier,
        callback.number,
        callback.attempts + 1,
        ring_seconds,
        callback.rules.ring_seconds,
        waited_seconds,
    )
