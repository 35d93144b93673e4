"""A colleague takes over a caller whom his agent has led to him: a talk of his without an offer, with its wrap-up.

The caller's own entry has ended with his first talk; this one is the agent's alone, and counts for the queue it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd import agents
from acd.adoption import reserve
from acd.facts import Ignored
from acd.offers import finish_talk, settle_into_talk
from acd.records import Offer
from acd.states import AgentState, OfferPhase

if TYPE_CHECKING:
    from acd.events import AgentBusyElsewhere, CallTakenOver
    from acd.world import World


def taken_over(world: World, event: CallTakenOver) -> None:
    """Let the talk begin. Who is not at work, or busy with an offer of his own, only has his phone in use."""
    agent = world.agents.get(event.agent)
    if agent is None:
        world.ignore(event, Ignored.UNKNOWN_AGENT)
    elif event.talk in world.offers:
        world.ignore(event, Ignored.DUPLICATE)
    elif agent.offer is not None or agent.state is AgentState.LOGGED_OUT:
        world.ignore(event, Ignored.ILLEGAL)
    else:
        reserve(world, agent)
        talk = Offer(event.talk, event.talk, agent.name, event.queue, event.tier, world.now, event.talk)
        talk.phase, talk.talk_at, talk.led_call = OfferPhase.TALKING, world.now, event.call
        world.offers.add(talk)
        agent.offer = talk.id
        settle_into_talk(world, agent)


def busy_elsewhere(world: World, event: AgentBusyElsewhere) -> None:
    """Note that the agent's phone is in a call that is not ours, or no longer: then what he took over is over as well."""
    agents.busy_elsewhere(world, event)
    agent = world.agents.get(event.agent)
    talk = world.offers.get(agent.offer or "") if agent is not None else None
    if talk is not None and talk.led_call and not event.busy:
        finish_talk(world, talk, "talk_ended")
