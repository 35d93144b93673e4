"""What is read, not kept, when Prometheus asks: gauges from the engine's snapshot, counters of the record writer."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from acd.agents import MISSED_CALLS
from acd.config import Policy
from acd.snapshot import QueueSnapshot, Snapshot
from acd.states import AgentState
from cti.metrics import catalogue
from cti.metrics.catalogue import Definition
from cti.metrics.labels import OTHER, Vocabulary


class SnapshotCollector(Collector):
    """Takes one snapshot a scrape. While there is none (no engine yet) only `hotline_calls_active` is told.

    Args:
        policy: which queues, tiers and reasons to pause have series.
        snapshot: the engine as it stands, None if there is none.
        live_calls: how many calls are on the line.

    """

    def __init__(self, policy: Policy, snapshot: Callable[[], Snapshot | None], live_calls: Callable[[], int]) -> None:
        self._tiers = Vocabulary(policy.tiers)
        self._queues = Vocabulary(policy.queues)
        self._reasons = Vocabulary((MISSED_CALLS, *policy.pause_reasons))
        self._snapshot = snapshot
        self._live_calls = live_calls

    def policy_replaced(self, policy: Policy) -> None:
        """Tell of the queues, tiers and reasons to pause of this policy, too."""
        self._tiers.learn(policy.tiers)
        self._queues.learn(policy.queues)
        self._reasons.learn(policy.pause_reasons)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name the families without taking a snapshot; the registry asks when this is registered."""
        return [
            _family(definition)
            for definition in (
                catalogue.WAITING, catalogue.LONGEST, catalogue.TALKING, catalogue.CALLBACKS_OPEN, catalogue.ESTIMATE, catalogue.FORECAST_ERROR,
                catalogue.QUEUE_AGENTS,
                catalogue.AGENTS, catalogue.AGENTS_PAUSED, catalogue.AGENTS_OVER_LIMIT, catalogue.CALLS_ACTIVE, catalogue.IVR_ACTIVE,
            )
        ]  # fmt: skip

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return all families as of now."""
        live_calls = self._live_calls()
        yield _single(catalogue.CALLS_ACTIVE, live_calls)
        snapshot = self._snapshot()
        if snapshot is None:
            return
        elsewhere = sum(queue.waiting + queue.talking for queue in snapshot.queues.values())
        yield _single(catalogue.IVR_ACTIVE, max(0, live_calls - elsewhere))
        yield self._agents(snapshot)
        yield self._paused(snapshot)
        yield _single(catalogue.AGENTS_OVER_LIMIT, sum(agent.over_limit for agent in snapshot.agents.values()))
        yield from self._lines(snapshot)

    def _agents(self, snapshot: Snapshot) -> GaugeMetricFamily:
        family = _family(catalogue.AGENTS)
        states = Counter(agent.state for agent in snapshot.agents.values())
        for state in AgentState:
            family.add_metric([state.value], states[state])
        return family

    def _paused(self, snapshot: Snapshot) -> GaugeMetricFamily:
        family = _family(catalogue.AGENTS_PAUSED)
        reasons = Counter(self._reasons.fit(agent.reason) for agent in snapshot.agents.values() if agent.state is AgentState.PAUSED)
        for reason in (*self._reasons.known, OTHER):
            family.add_metric([reason], reasons[reason])
        return family

    def _lines(self, snapshot: Snapshot) -> Iterable[GaugeMetricFamily]:
        queues = [snapshot.queues[name] for name in self._queues.known if name in snapshot.queues]
        yield self._by_tier(catalogue.WAITING, queues, lambda queue: queue.waiting_by_tier, sum)
        yield self._by_tier(catalogue.LONGEST, queues, lambda queue: queue.longest_wait_by_tier_seconds, max)
        talking, estimate = _family(catalogue.TALKING), _family(catalogue.ESTIMATE)
        callbacks, error = _family(catalogue.CALLBACKS_OPEN), _family(catalogue.FORECAST_ERROR)
        agents = _family(catalogue.QUEUE_AGENTS)
        for queue in queues:
            talking.add_metric([queue.name], queue.talking)
            callbacks.add_metric([queue.name], queue.callbacks)
            if queue.forecast is not None:
                error.add_metric([queue.name], queue.forecast.median_error)
            if queue.expected_wait_seconds is not None:
                estimate.add_metric([queue.name], queue.expected_wait_seconds)
            for state in AgentState:
                agents.add_metric([queue.name, state.value], queue.agents_by_state.get(state, 0))
        yield from (talking, callbacks, estimate, error, agents)

    def _by_tier(
        self, definition: Definition, queues: list[QueueSnapshot],
        values: Callable[[QueueSnapshot], Mapping[str, float]], fold: Callable[[list[float]], float],
    ) -> GaugeMetricFamily:  # fmt: skip
        family = _family(definition)
        for queue in queues:
            for tier, value in _folded(values(queue), self._tiers, fold).items():
                family.add_metric([queue.name, tier], value)
        return family


class RecordCollector(Collector):
    """Reads the record writer's own counters: `counts` gives (calls lost, writes failed)."""

    def __init__(self, counts: Callable[[], tuple[int, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Return both counters as of now."""
        for definition, count in zip((catalogue.RECORDS_LOST, catalogue.RECORD_FAILURES), self._counts(), strict=True):
            yield CounterMetricFamily(definition.name, definition.help, value=count)


def _folded(values: Mapping[str, float], tiers: Vocabulary, fold: Callable[[list[float]], float]) -> dict[str, float]:
    """Return a value for every known tier, and one for all strangers together if there are any."""
    groups: dict[str, list[float]] = {tier: [] for tier in tiers.known}
    for tier, value in values.items():
        groups.setdefault(tiers.fit(tier) if tier else OTHER, []).append(value)
    return {tier: fold(group) if group else 0.0 for tier, group in groups.items()}


def _family(definition: Definition) -> GaugeMetricFamily:
    return GaugeMetricFamily(definition.name, definition.help, labels=definition.labels)


def _single(definition: Definition, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(definition.name, definition.help, value=value)
