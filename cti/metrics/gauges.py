"""What is read, not kept, when Prometheus asks: gauges of lines and agents from the engine's totals."""

from collections import Counter
from collections.abc import Mapping

from acd.states import AgentState
from acd.totals import QueueTotals, Totals
from cti.metrics import axes, catalogue
from cti.metrics.agent_time import AgentTime
from cti.metrics.registry import Registry
from cti.metrics.words import OTHER


class Gauges:
    """Shows the engine as it stands at a scrape. While there is none (no link to Asterisk) lines and agents are absent."""

    def __init__(self, registry: Registry, time: AgentTime) -> None:
        self._labels = registry.labels
        self._time = time
        self._waiting, self._longest = registry.number(catalogue.WAITING), registry.number(catalogue.LONGEST)
        self._talking, self._callbacks = registry.number(catalogue.TALKING), registry.number(catalogue.CALLBACKS_OPEN)
        self._estimate, self._error = registry.number(catalogue.ESTIMATE), registry.number(catalogue.FORECAST_ERROR)
        self._queue_agents, self._agents = registry.number(catalogue.QUEUE_AGENTS), registry.number(catalogue.AGENTS)
        self._paused, self._over_limit = registry.number(catalogue.AGENTS_PAUSED), registry.number(catalogue.AGENTS_OVER_LIMIT)
        self._calls, self._in_flows = registry.number(catalogue.CALLS_ACTIVE), registry.number(catalogue.IVR_ACTIVE)
        self._hidden = False

    def show(self, totals: Totals | None, live_calls: int, now: float) -> None:
        """Take what stands at engine time `now`."""
        self._calls.labels().set(live_calls)
        if totals is None:
            self._hide()
            return
        self._hidden = False
        elsewhere = sum(queue.waiting_by_tier.total() + queue.talking for queue in totals.queues.values())
        self._in_flows.labels().set(max(0, live_calls - elsewhere))
        self._show_agents(totals)
        for name in self._labels.names.queues:
            self._show_queue(name, totals.queues.get(name) or QueueTotals())
        self._show_forecasts(totals.queues)
        self._time.settle(totals, now)

    def _hide(self) -> None:
        """Show nothing of what nobody knows: a zero would say that nobody waits."""
        if not self._hidden:
            self._hidden = True
            for family in (
                self._waiting, self._longest, self._talking, self._callbacks, self._estimate, self._error, self._queue_agents,
                self._agents, self._paused, self._over_limit, self._in_flows,
            ):  # fmt: skip
                family.keep_only(())

    def _show_agents(self, totals: Totals) -> None:
        states: Counter[AgentState] = Counter()
        reasons: Counter[str] = Counter()
        for (state, reason), agents in totals.agents.items():
            states[state] += agents
            if state is AgentState.PAUSED:
                reasons[self._labels.reason(reason)] += agents
        for state in AgentState:
            self._agents.labels(state.value).set(states[state])
        for (reason,) in axes.PAUSE.combinations(self._labels.names):
            self._paused.labels(reason).set(reasons[reason])
        self._over_limit.labels().set(totals.over_limit)

    def _show_queue(self, name: str, queue: QueueTotals) -> None:
        tiers = self._labels.names.tiers
        waiting = Counter(dict.fromkeys(tiers, 0))
        longest = dict.fromkeys(tiers, 0.0)
        for tier, callers in queue.waiting_by_tier.items():
            shown = self._labels.tier(tier)
            waiting[shown] += callers
            longest[shown] = max(longest.get(shown, 0.0), queue.longest_wait_by_tier_seconds.get(tier, 0.0))
        if OTHER not in waiting:  # no stranger waits any more
            self._waiting.drop(name, OTHER)
            self._longest.drop(name, OTHER)
        for tier, callers in waiting.items():
            self._waiting.labels(name, tier).set(callers)
            self._longest.labels(name, tier).set(longest[tier])
        self._talking.labels(name).set(queue.talking)
        self._callbacks.labels(name).set(queue.callbacks)
        for state in AgentState:
            self._queue_agents.labels(name, state.value).set(queue.agents_by_state[state])

    def _show_forecasts(self, queues: Mapping[str, QueueTotals]) -> None:
        known = {name: queues[name] for name in self._labels.names.queues if name in queues}
        expected = {name: queue.expected_wait_seconds for name, queue in known.items() if queue.expected_wait_seconds is not None}
        errors = {name: queue.forecast_error for name, queue in known.items() if queue.forecast_error is not None}
        for family, values in ((self._estimate, expected), (self._error, errors)):
            family.keep_only({(name,) for name in values})
            for name, value in values.items():
                family.labels(name).set(value)
