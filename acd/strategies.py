"""How to rank the eligible agents, by name. A strategy gives each agent a tuple; the smallest goes first.

Ties are settled by the agents' order in the configuration. A new strategy is one function and one `register`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from acd.errors import UnknownStrategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acd.config import Needs
    from acd.records import AgentRecord

Rank = tuple[float, ...]
Strategy = Callable[["AgentRecord", "Needs"], Rank]

_STRATEGIES: dict[str, Strategy] = {}


def register(name: str) -> Callable[[Strategy], Strategy]:
    """Make a strategy available to queues under this name."""

    def add(strategy: Strategy) -> Strategy:
        _STRATEGIES[name] = strategy
        return strategy

    return add


def names() -> tuple[str, ...]:
    """All registered strategies, sorted."""
    return tuple(sorted(_STRATEGIES))


def find(name: str) -> Strategy:
    """Return the strategy of this name.

    Raises:
        UnknownStrategy: if none is registered; the message lists those that are.

    """
    try:
        return _STRATEGIES[name]
    except KeyError:
        raise UnknownStrategy(f"no ranking strategy {name!r}; use one of {', '.join(names())}") from None


def rank(strategy: str, agents: Sequence[AgentRecord], needs: Needs) -> list[tuple[Rank, AgentRecord]]:
    """Order the agents by the named strategy, best first, each with the tuple that placed him."""
    judge = find(strategy)
    placed = [(judge(agent, needs), agent) for agent in agents]
    return sorted(placed, key=lambda pair: (pair[0], pair[1].order))


@register("longest_idle")
def longest_idle(agent: AgentRecord, needs: Needs) -> Rank:  # noqa: ARG001 - the shape of a strategy
    """Whoever has been free longest."""
    return (agent.idle_since,)


@register("most_skilled")
def most_skilled(agent: AgentRecord, needs: Needs) -> Rank:
    """The highest sum of levels in the needed skills, then whoever has been free longest."""
    return (-_level(agent, needs), agent.idle_since)


@register("least_skilled")
def least_skilled(agent: AgentRecord, needs: Needs) -> Rank:  # noqa: ARG001 - the shape of a strategy
    """The fewest skill levels in all, so that experts stay free for what only they can do."""
    return (sum(agent.config.skills.values()), agent.idle_since)


@register("fewest_talks")
def fewest_talks(agent: AgentRecord, needs: Needs) -> Rank:  # noqa: ARG001 - the shape of a strategy
    """Whoever has had the fewest talks since the engine started, then whoever has been free longest."""
    return (agent.talks, agent.idle_since)


def _level(agent: AgentRecord, needs: Needs) -> int:
    return sum(agent.config.skills.get(need.skill, 0) for need in needs)
