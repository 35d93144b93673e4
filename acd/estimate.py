"""Who works for a caller, and how long he will wait: the forecast, asked with what the engine knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acd.records import Call
    from acd.world import World


def expected_wait_seconds(world: World, call: Call) -> float | None:
    """Estimate how much longer a call that holds a place will wait; None without data or agents at work."""
    position = max(1, world.lines.position(call))
    _, search = world.reach_of(call)
    return world.forecast.expected_wait_seconds(call.queue.name, position, search.servers(world.lines))


def newcomer_wait_seconds(world: World, queue: str) -> float | None:
    """Estimate the wait of a caller who would join this configured queue now with no needs of his own."""
    position = world.lines.length(queue) + 1
    search = world.reach_of_newcomer(world.policy.queues[queue])
    return world.forecast.expected_wait_seconds(queue, position, search.servers(world.lines))
