"""Erlang's formulas: one line, one skill, first come first served.

Every function takes rates a second and means in seconds, so `erlangs = calls_per_second * handle_seconds`.
Sources: A. K. Erlang 1917 (B, C); C. Palm 1957, in the form of Mandelbaum and Zeltyn 2007, "Service engineering in
action: the Palm/Erlang-A queue" (A). Recursions instead of factorials: exact for thousands of agents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_ENOUGH = 1e-18
_MOST_STATES = 1_000_000


def erlang_b(agents: int, erlangs: float) -> float:
    """Return the share of callers turned away when nobody may wait (Erlang B)."""
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    return blocked


@dataclass(frozen=True, slots=True)
class ErlangC:
    """M/M/c: callers never give up. `erlangs` must be below `agents`.

    Raises:
        ValueError: if the agents cannot keep up, so that there is no steady state.

    """

    agents: int
    erlangs: float
    handle_seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.erlangs < self.agents:
            raise ValueError(
                f"{self.agents} agents cannot keep up with {self.erlangs:g} erlangs of callers who never give up"
            )

    @property
    def delayed_share(self) -> float:
        """The share of callers who wait at all, P(W > 0)."""
        blocked = erlang_b(self.agents, self.erlangs)
        used = self.erlangs / self.agents
        return blocked / (1.0 - used * (1.0 - blocked))

    @property
    def mean_wait_seconds(self) -> float:
        """The mean wait of all callers (ASA)."""
        return self.delayed_share * self.handle_seconds / (self.agents - self.erlangs)

    @property
    def mean_waiting(self) -> float:
        """The mean number of callers in the line (Little's law)."""
        return self.mean_wait_seconds * self.erlangs / self.handle_seconds

    @property
    def occupancy(self) -> float:
        """The share of their time that agents are busy."""
        return self.erlangs / self.agents

    def longer_share(self, seconds: float) -> float:
        """Return the share of callers who wait longer than `seconds`: the wait, given that there is one, is exponential."""
        return self.delayed_share * math.exp(-(self.agents - self.erlangs) * seconds / self.handle_seconds)

    def service_level(self, seconds: float) -> float:
        """Return the share of callers answered within `seconds`."""
        return 1.0 - self.longer_share(seconds)


@dataclass(frozen=True, slots=True)
class ErlangA:
    """M/M/c+M: each caller gives up after an exponential patience. Steady whatever the load.

    Solved from its birth-and-death chain: with n callers in the system they arrive at rate `calls_per_second` and
    leave at min(n, agents)/handle + max(0, n - agents)/patience.
    """

    agents: int
    calls_per_second: float
    handle_seconds: float
    patience_seconds: float

    def _steady(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return P(n callers in the system): for n < agents, and for n = agents, agents + 1, ..."""
        low = [1.0]
        for number in range(1, self.agents + 1):
            low.append(low[-1] * self.calls_per_second * self.handle_seconds / number)
            if low[-1] > 1e200:
                low = [weight * 1e-200 for weight in low]
        peak = max(low)
        high = [low.pop()]
        while high[-1] > _ENOUGH * peak and len(high) < _MOST_STATES:
            leaving = self.agents / self.handle_seconds + len(high) / self.patience_seconds
            high.append(high[-1] * self.calls_per_second / leaving)
            peak = max(peak, high[-1])
        total = math.fsum(low) + math.fsum(high)
        return tuple(weight / total for weight in low), tuple(weight / total for weight in high)

    @property
    def delayed_share(self) -> float:
        """The share of callers who find no free agent, P(W > 0)."""
        return math.fsum(self._steady()[1])

    @property
    def mean_waiting(self) -> float:
        """The mean number of callers in the line."""
        return math.fsum(number * share for number, share in enumerate(self._steady()[1]))

    @property
    def mean_wait_seconds(self) -> float:
        """The mean time in the line of all callers, those who give up included."""
        return self.mean_waiting / self.calls_per_second

    @property
    def abandoned_share(self) -> float:
        """The share of callers who give up: each does at rate 1/patience while he waits."""
        return self.mean_wait_seconds / self.patience_seconds

    @property
    def occupancy(self) -> float:
        """The share of their time that agents are busy."""
        return self.calls_per_second * (1.0 - self.abandoned_share) * self.handle_seconds / self.agents

    def service_level(self, seconds: float) -> float:
        """Return the share of all callers who are answered within `seconds`.

        A caller who finds k waiting is served after k + 1 departures, if his patience lasts. The time of the j-th of
        them is a sum of exponentials with rates agents/handle + i/patience; its distribution is advanced state by state
        (uniformization, A. Jensen 1953), his own giving up being one more way out of each state.
        """
        low, high = self._steady()
        return math.fsum(low) + _served_within(
            high, self.agents / self.handle_seconds, 1.0 / self.patience_seconds, seconds
        )

    @property
    def mean_wait_of_served_seconds(self) -> float:
        """The mean wait of the callers who are answered: a caller behind k others is served with chance s_k after w_k.

        With rate r_i = agents/handle + i/patience of the i-th departure ahead of him and 1/patience for himself, each
        step is won with r_i / (r_i + 1/patience) and lasts 1 / (r_i + 1/patience), independently of who wins it.
        """
        _, high = self._steady()
        serve, give_up = self.agents / self.handle_seconds, 1.0 / self.patience_seconds
        won, lasted, weighted, served = 1.0, 0.0, 0.0, 0.0
        for ahead, share in enumerate(high):
            rate = serve + ahead * give_up
            won *= rate / (rate + give_up)
            lasted += 1.0 / (rate + give_up)
            weighted += share * won * lasted
            served += share * won
        return weighted / (1.0 - self.delayed_share + served)


def _served_within(found: tuple[float, ...], serve: float, give_up: float, seconds: float) -> float:
    """Return the share of callers, found k ahead of them with `found[k]`, who are served within `seconds`."""
    top = serve + len(found) * give_up
    steps = top * seconds
    places = list(found)
    served, answer = 0.0, 0.0
    weight_log = -steps
    for step in range(1, int(steps + 10.0 * math.sqrt(steps)) + 50):  # what a Poisson number of this mean never exceeds
        answer += math.exp(weight_log) * served if weight_log > -700 else 0.0
        served += places[0] * serve / top
        last = len(places) - 1
        places = [
            # he stays where he is unless somebody ahead of him leaves or he gives up; or he moves up from one further back
            place * (1.0 - (serve + (ahead + 1) * give_up) / top)
            + (places[ahead + 1] * (serve + (ahead + 1) * give_up) / top if ahead < last else 0.0)
            for ahead, place in enumerate(places)
        ]
        weight_log += math.log(steps / step) if steps > 0 else -math.inf
    return answer
