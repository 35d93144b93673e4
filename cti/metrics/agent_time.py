"""How long agents spent in each state, as counters that grow while a state lasts: the ground of occupancy.

For each state the sum of (time of leaving - time of entering) of all agents is kept; at a scrape those who are in it now
count as leaving now. So an agent who changes costs two additions, and nobody's name is needed but to know where he was.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acd.config import Policy
from acd.facts import AgentChanged
from acd.states import AgentState
from acd.totals import Totals
from cti.metrics import catalogue
from cti.metrics.axes import Combination
from cti.metrics.registry import Registry
from cti.metrics.series import Family, Number


@dataclass(slots=True)
class _Span:
    """Agents in one state: `sum` as above without those who are `inside` now."""

    sum: float = 0.0
    inside: int = 0

    def enter(self, now: float, agents: int) -> None:
        self.sum -= now * agents
        self.inside += agents

    def until(self, now: float) -> float:
        return self.sum + now * self.inside


@dataclass(slots=True)
class _Spans:
    """Spans by label values, shown in one family."""

    family: Family[Number]
    spans: dict[Combination, _Span] = field(default_factory=dict)

    def move(self, old: Iterable[Combination], new: Iterable[Combination], now: float) -> None:
        for keys, agents in ((old, -1), (new, 1)):
            for key in keys:
                self.spans.setdefault(key, _Span()).enter(now, agents)

    def settle(self, counts: Mapping[Combination, int], now: float) -> None:
        """So many agents are inside, whatever was told; a counter never falls."""
        for key in counts.keys() | self.spans.keys():
            span = self.spans.setdefault(key, _Span())
            span.enter(now, counts.get(key, 0) - span.inside)
            series = self.family.labels(*key)
            series.set(max(series.value, round(span.until(now), 3)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an agent counts: by state and reason, and by queue and state."""

    key: Combination
    in_queues: tuple[Combination, ...]


class AgentTime:
    """Counts from facts, and is set right at each scrape by how many agents are in each state.

    Where an agent was is remembered here: an engine that starts after a lost link tells of all agents anew, from logged out.
    """

    def __init__(self, policy: Policy, registry: Registry) -> None:
        self._labels = registry.labels
        self._policy = policy
        self._all = _Spans(registry.number(catalogue.AGENT_SECONDS))
        self._by_queue = _Spans(registry.number(catalogue.QUEUE_AGENT_SECONDS))
        self._places: dict[str, _Place] | None = None

    def policy_replaced(self, policy: Policy) -> None:
        """Agents come, go, and are in other queues; the counts of the next scrape set that right."""
        self._policy = policy
        if self._places is not None:
            self._places = {agent: place for agent, place in self._places.items() if agent in policy.agents}

    def told(self, fact: AgentChanged, now: float) -> None:
        """An agent went from one state to another at engine time `now`."""
        places = self._begun(now)
        old = places.get(fact.agent) or self._place(fact.agent, fact.old)
        new = places[fact.agent] = self._place(fact.agent, fact.new, fact.reason)
        self._all.move([old.key], [new.key], now)
        self._by_queue.move(old.in_queues, new.in_queues, now)

    def settle(self, totals: Totals, now: float) -> None:
        """Show the time until `now`."""
        self._begun(now)
        counts: Counter[Combination] = Counter()
        for (state, reason), agents in totals.agents.items():
            counts[self._key(state, reason)] += agents
        self._all.settle(counts, now)
        self._by_queue.settle(
            {
                (name, state.value): agents
                for name, queue in totals.queues.items()
                if name in self._policy.queues
                for state, agents in queue.agents_by_state.items()
            },
            now,
        )

    def _begun(self, now: float) -> dict[str, _Place]:
        """Where agents are; at the beginning nobody is logged in."""
        if self._places is None:
            self._places = {agent: self._place(agent, AgentState.LOGGED_OUT) for agent in self._policy.agents}
            for place in self._places.values():
                self._all.move([], [place.key], now)
                self._by_queue.move([], place.in_queues, now)
        return self._places

    def _place(self, name: str, state: AgentState, reason: str = "") -> _Place:
        agent = self._policy.agents.get(name)
        return _Place(self._key(state, reason), tuple((queue, state.value) for queue in agent.queues) if agent else ())

    def _key(self, state: AgentState, reason: str) -> Combination:
        return state.value, self._labels.reason(reason) if state is AgentState.PAUSED else ""
