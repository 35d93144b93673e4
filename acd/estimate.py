"""Who works for a caller, and how long he will wait: the forecast, asked with what the engine knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.states import AgentState

if TYPE_CHECKING:
    from acd.eligibility import Reach
    from acd.records import AgentRecord, Call
    from acd.world import World

_NOT_AT_WORK = frozenset({AgentState.LOGGED_OUT, AgentState.PAUSED})


def expected_wait_seconds(world: World, call: Call) -> float | None:
    """Estimate how much longer a call that holds a place will wait; None without data or agents at work."""
    position = max(1, world.lines.position(call))
    queue = call.queue.name
    return world.forecast.expected_wait_seconds(queue, position, _servers(world, world.reach_of(call)))


def newcomer_wait_seconds(world: World, queue: str) -> float | None:
    """Estimate the wait of a caller who would join this queue now with no needs of his own."""
    position = world.lines.length(queue) + 1
    return world.forecast.expected_wait_seconds(queue, position, _servers(world, world.reach((queue, (), 0))))


def _servers(world: World, reach: Reach) -> float:
    at_work = (world.agents[name] for name in reach.able)
    return sum(_share(world, agent) for agent in at_work if agent.state not in _NOT_AT_WORK)


def _share(world: World, agent: AgentRecord) -> float:
    """An agent of several queues with callers serves each in part."""
    return 1.0 / max(1, sum(1 for queue in agent.config.queues if world.lines.length(queue)))
