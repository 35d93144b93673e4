"""How to rank the eligible agents, by name. A strategy gives each agent a tuple; the smallest goes first.

Ties are settled by the agents' order in the configuration. A new strategy is one function and one `register`. Where an
agent's rank cannot change while he is free, say so (`constant`): then the best one is found without asking all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acd.errors import UnknownStrategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acd.config import Needs
    from acd.records import AgentRecord

Rank = tuple[float, ...]
Ranking = Callable[["AgentRecord", "Needs", float], Rank]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A ranking: `rank(agent, needs, now)`.

    `constant`: the rank of a free agent does not depend on `now`. `drawn`: the rank is one weight, and the agent is
    drawn by lot with a chance in proportion to it.
    """

    rank: Ranking
    constant: bool = True
    drawn: bool = False


_STRATEGIES: dict[str, Strategy] = {}


def register(name: str, *, constant: bool = True, drawn: bool = False) -> Callable[[Ranking], Ranking]:
    """Make a ranking available to queues under this name."""

    def add(ranking: Ranking) -> Ranking:
        _STRATEGIES[name] = Strategy(ranking, constant, drawn)
        return ranking

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


def rank(strategy: str, agents: Sequence[AgentRecord], needs: Needs, now: float) -> list[tuple[Rank, AgentRecord]]:
    """Order the agents by the named strategy, best first, each with the tuple that placed him.

    Draws no lots: where the agent is drawn, the one with the greatest chance comes first.
    """
    chosen = find(strategy)
    placed = [(chosen.rank(agent, needs, now), agent) for agent in agents]
    sign = -1.0 if chosen.drawn else 1.0
    return sorted(placed, key=lambda pair: (tuple(sign * value for value in pair[0]), pair[1].order))


@register("longest_idle")
def longest_idle(agent: AgentRecord, needs: Needs, now: float) -> Rank:  # noqa: ARG001 - the shape of a strategy
    """Whoever has been free longest."""
    return (agent.idle_since,)


@register("most_skilled")
def most_skilled(agent: AgentRecord, needs: Needs, now: float) -> Rank:  # noqa: ARG001
    """The highest sum of levels in the needed skills, then whoever has been free longest."""
    return (-_level(agent, needs), agent.idle_since)


@register("least_skilled")
def least_skilled(agent: AgentRecord, needs: Needs, now: float) -> Rank:  # noqa: ARG001
    """The fewest skill levels in all, so that experts stay free for what only they can do."""
    return (sum(agent.config.skills.values()), agent.idle_since)


@register("fewest_talks")
def fewest_talks(agent: AgentRecord, needs: Needs, now: float) -> Rank:  # noqa: ARG001
    """Whoever has had the fewest talks since the engine started, then whoever has been free longest."""
    return (agent.talks, agent.idle_since)


@register("round_robin")
def round_robin(agent: AgentRecord, needs: Needs, now: float) -> Rank:  # noqa: ARG001
    """In turn: whoever was last offered a call (of any queue) longest ago."""
    return (agent.last_offered,)


@register("least_occupied", constant=False)
def least_occupied(agent: AgentRecord, needs: Needs, now: float) -> Rank:  # noqa: ARG001
    """Fair load: the smallest share of his time since log-in spent talking, then whoever has been free longest."""
    logged_in_seconds = max(now - agent.logged_in_at, 1e-9)
    return (agent.talked_seconds / logged_in_seconds, agent.idle_since)


@register("weighted_random", constant=False, drawn=True)
def weighted_random(agent: AgentRecord, needs: Needs, now: float) -> Rank:  # noqa: ARG001
    """By lot, with a chance in proportion to the agent's weight."""
    return (agent.config.weight,)


def _level(agent: AgentRecord, needs: Needs) -> int:
    return sum(agent.config.skills.get(need.skill, 0) for need in needs)
