"""What the gauges of a large floor need: counts alone, without a line for every caller and agent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acd.snapshot import pause_over_limit
from acd.states import CallState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.states import AgentState
    from acd.world import World

_OLDEST_FORECAST_SECONDS = 60.0


@dataclass(slots=True)
class QueueTotals:
    """One line, as in QueueSnapshot. Waits are seconds, by tier as the callers' calls name it."""

    waiting_by_tier: Counter[str] = field(default_factory=Counter)
    longest_wait_by_tier_seconds: dict[str, float] = field(default_factory=dict)
    talking: int = 0
    callbacks: int = 0
    agents_by_state: Counter[AgentState] = field(default_factory=Counter)
    expected_wait_seconds: float | None = None
    forecast_error: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole engine. `agents` counts by state and reason, `over_limit` pauses that last too long."""

    queues: Mapping[str, QueueTotals]
    agents: Counter[tuple[AgentState, str]]
    over_limit: int


def count(world: World) -> Totals:
    """Count everything in one pass. The expected waits are those foreseen within the last minute; none is made for this."""
    queues = {name: QueueTotals() for name in world.policy.queues}
    for call in world.calls.values():
        totals = queues.setdefault(call.queue.name, QueueTotals())
        if call.callback is not None:
            totals.callbacks += 1
        elif call.state is CallState.TALKING:
            totals.talking += 1
        elif call.holds_place:
            totals.waiting_by_tier[call.tier] += 1
            waited = call.waited_seconds(world.now)
            if waited > totals.longest_wait_by_tier_seconds.get(call.tier, 0.0):
                totals.longest_wait_by_tier_seconds[call.tier] = waited
    _forecasts(world, queues)
    return Totals(queues, _agents(world, queues), sum(pause_over_limit(world, agent) for agent in world.agents.values()))


def _agents(world: World, queues: Mapping[str, QueueTotals]) -> Counter[tuple[AgentState, str]]:
    states: Counter[tuple[AgentState, str]] = Counter()
    for agent in world.agents.values():
        states[agent.state, agent.reason] += 1
        for name in agent.config.queues:
            if name in queues:
                queues[name].agents_by_state[agent.state] += 1
    return states


def _forecasts(world: World, queues: Mapping[str, QueueTotals]) -> None:
    newest = max(world.seen, world.foreseen, key=lambda outlook: outlook.at)
    newcomers = newest.newcomers if world.now - newest.at <= _OLDEST_FORECAST_SECONDS else {}
    for name, totals in queues.items():
        expected = newcomers.get(name)
        accuracy = world.forecast.accuracy(name)
        totals.expected_wait_seconds = None if expected is None else expected.likely_seconds
        totals.forecast_error = None if accuracy is None else accuracy.median_error
