"""Skills exactly: callers first come first served, each to the agent idle longest of those who can (FCFS-ALIS).

Source: I. Adan and G. Weiss 2014, "A skill based parallel service system under FCFS-ALIS: steady state, overloads, and
abandonments", Stochastic Systems 4, theorem 2.1. With busy agents M_1 .. M_i in the order in which callers would reach
them, n_j callers between M_j and M_(j+1), and idle agents M_(i+1) .. M_J, the longest idle last:

    pi = B * prod_(j<=i) L(U(M_1..M_j))^n_j / m(M_1..M_j)^(n_j + 1) * prod_(j>i) 1 / L(C(M_j..M_J))

where m sums the agents' rates, C(S) are the kinds of caller that somebody of S can serve, U(S) those that only agents
of S can serve, and L sums the kinds' arrival rates. Exact for exponential talks whose rate is the agent's; the sums
run over all orders of the agents, so this is for small groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ProductForm:
    """A small group in steady state.

    Args:
        calls_per_second: arrival rate of each kind of caller.
        talks_per_second: talks a second each agent does when busy.
        serves: the kinds each agent can serve.

    """

    calls_per_second: Mapping[str, float]
    talks_per_second: Mapping[str, float]
    serves: Mapping[str, frozenset[str]]

    def mean_wait_seconds(self, kind: str) -> float:
        """Return the mean wait of a kind of caller (Little's law on its mean number waiting).

        Raises:
            ValueError: if some kinds bring more work than the agents who can serve them do.

        """
        weights = list(self._states())
        total = sum(weight for weight, _ in weights)
        waiting = sum(weight * numbers.get(kind, 0.0) for weight, numbers in weights) / total
        return waiting / self.calls_per_second[kind]

    def busy_share(self, agent: str) -> float:
        """Return the share of his time that an agent is busy."""
        total = busy_weight = 0.0
        for order in permutations(self.talks_per_second):
            for busy in range(len(order) + 1):
                weight, _ = self._weigh(order[:busy], order[busy:])
                total += weight
                busy_weight += weight if agent in order[:busy] else 0.0
        return busy_weight / total

    def _states(self) -> Sequence[tuple[float, dict[str, float]]]:
        return [
            self._weigh(order[:busy], order[busy:])
            for order in permutations(self.talks_per_second)
            for busy in range(len(order) + 1)
        ]

    def _weigh(self, busy: Sequence[str], idle: Sequence[str]) -> tuple[float, dict[str, float]]:
        """Return the weight of all states with these agents in this order, and the mean waiting of each kind in them."""
        weight = 1.0
        waiting: dict[str, float] = {}
        for count in range(1, len(busy) + 1):
            rate = sum(self.talks_per_second[agent] for agent in busy[:count])
            only_these = self._only(busy[:count])
            arriving = sum(self.calls_per_second[kind] for kind in only_these)
            if arriving >= rate:
                raise ValueError(f"{', '.join(busy[:count])} cannot keep up with {', '.join(sorted(only_these))}")
            weight *= 1.0 / (rate - arriving)
            for kind in only_these:  # a geometric number between two agents, each of a kind by its share
                waiting[kind] = waiting.get(kind, 0.0) + self.calls_per_second[kind] / (rate - arriving)
        for first in range(len(idle)):
            weight /= sum(self.calls_per_second[kind] for kind in self._any(idle[first:]))
        return weight, waiting

    def _any(self, agents: Sequence[str]) -> frozenset[str]:
        return frozenset().union(*(self.serves[agent] for agent in agents))

    def _only(self, agents: Sequence[str]) -> frozenset[str]:
        others = [agent for agent in self.talks_per_second if agent not in agents]
        return frozenset(self.calls_per_second) - self._any(others)
