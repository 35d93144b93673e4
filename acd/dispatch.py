"""Bringing callers and agents together: the oldest score first, to whom the queue's strategy ranks best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.commands import Command, OfferCall, OfferCallback
from acd.explain import Decision
from acd.facts import OfferMade
from acd.records import Offer
from acd.states import AgentState, CallState
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.matching import Match
    from acd.records import AgentRecord, Call
    from acd.world import World

_LEAST_RING_SECONDS = 1.0
_OFFERED = CallState.OFFERED


def dispatch(world: World) -> None:
    """Offer calls until no free agent is eligible for any waiting call; may be left out while nothing has changed."""
    for match in world.matching.matches(world.now):
        call = world.calls[match.key[-1]]
        others = _rung_with_him(world, call, match)
        round_id = _next_offer_id(world)
        world.story.decide(_decision(world, call, match, round_id, tuple([agent.name for agent in others])))
        _make_offer(world, call, match.agent, round_id, round_id)
        for agent in others:
            _make_offer(world, call, agent, _next_offer_id(world), round_id)


def _next_offer_id(world: World) -> str:
    world.offers_made += 1
    return f"{world.offer_prefix}{world.offers_made:08d}"


def _rung_with_him(world: World, call: Call, match: Match) -> list[AgentRecord]:
    """Return who is rung together with the best agent; a customer to be called back is dialled by one."""
    more = call.queue.ring_at_once - 1
    if more <= 0 or call.callback is not None:
        return []
    return world.matching.next_best(match, more, world.now)


def _decision(world: World, call: Call, match: Match, round_id: str, also_rung: tuple[str, ...]) -> Decision:
    """Put down how things stand just before the offers of a round are made."""
    return Decision(
        offer=round_id,
        call=call.id,
        queue=call.queue.name,
        tier=call.tier,
        at=world.now,
        waited_seconds=call.waited_seconds(world.now),
        score=world.now - match.key[1],
        past_guarantee=call.overdue,
        returned=call.first,
        ring=match.ring,
        strategy=call.queue.strategy,
        chosen=match.agent.name,
        also_rung=also_rung,
        ranked=match.ranked,
        search=match.search,
        roster=world.roster,
        stood=world.roster.copy(),
    )


def _make_offer(world: World, call: Call, agent: AgentRecord, offer_id: str, round_id: str) -> None:
    queue = call.queue
    offer = Offer(offer_id, call.id, agent.name, queue.name, call.tier, world.now, round_id)
    world.offers.add(offer)
    agent.offer, call.round = offer_id, round_id
    agent.last_offered = world.offers_made
    ring_seconds = max(_LEAST_RING_SECONDS, queue.offer_timeout_seconds)
    world.timers.set(Timer.OFFER, offer_id, world.now + ring_seconds + world.policy.offer_grace_seconds)
    world.establish(OfferMade(offer_id, call.id, agent.name, queue.name))
    world.move_agent(agent, AgentState.OFFERED)
    if call.state is not _OFFERED:
        world.move_call(call, _OFFERED)
    world.command(_command(world, offer, call, ring_seconds))


def _command(world: World, offer: Offer, call: Call, ring_seconds: float) -> Command:
    waited_seconds = call.waited_seconds(world.now)
    callback = call.callback
    if callback is None:
        return OfferCall(
            offer.id, call.id, offer.agent, offer.queue, offer.tier, ring_seconds, waited_seconds, offer.round
        )
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
