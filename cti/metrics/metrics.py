"""All metrics of the server behind one object: a sink of facts, and a hook for everything else that is counted."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from prometheus_client import CollectorRegistry, ProcessCollector

from acd.config import Policy
from acd.facts import Fact
from cti.leading import Transferred
from cti.metrics import axes, catalogue
from cti.metrics.agent_time import AgentTime
from cti.metrics.gauges import Gauges
from cti.metrics.labels import fit
from cti.metrics.page import process_lines, rendered
from cti.metrics.registry import Registry
from cti.metrics.routing import RoutingMetrics
from cti.metrics.series import Form
from cti.metrics.sources import Configured, Readings
from cti.metrics.step_results import all_results, marks, told
from cti.monitoring.health import Health
from ivr.events import DialOutcome
from ivr.flowset import FlowSet
from ivr.state import Trace

BUDGET_USED_UP = "budget"
"""The result of a step at which a call's budget of steps, time or silence was used up: it went round in a loop."""

#: How many looks at the event loop are told to the watch as "lately": ten seconds.
_LAGS = 100


class Metrics:
    """Counts for one server process; implements the router's FactSink. No method but `page` waits, none fails."""

    def __init__(self, policy: Policy, configured: Configured, readings: Readings) -> None:
        self._policy = policy
        self._configured = configured
        self._readings = readings
        self._registry = registry = Registry(configured.names(policy))
        self._labels = registry.labels
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._health = Health()
        self._lags: deque[float] = deque(maxlen=_LAGS)
        self._links: dict[str, bool] = {}
        self._link_is_up = self._link_was_up = False
        self._time = AgentTime(policy, registry)
        self._routing = RoutingMetrics(policy, registry, self._time)
        self._gauges = Gauges(registry, self._time)
        self._make_calls()
        self._make_server()

    def _make_calls(self) -> None:
        number, distribution = self._registry.number, self._registry.distribution
        self._scores = number(catalogue.SCORES)
        self._calls_began, self._calls_adopted = number(catalogue.CALLS_BEGAN), number(catalogue.CALLS_ADOPTED)
        self._calls_ended, self._by_outcome = number(catalogue.CALLS_ENDED), number(catalogue.CALLS_BY_OUTCOME)
        self._asked, self._lost = number(catalogue.CALLS_ASKED), number(catalogue.CALLS_LOST)
        self._ivr_steps, self._ivr_step_seconds = number(catalogue.IVR_STEPS), number(catalogue.IVR_STEP_SECONDS)
        self._ivr_seconds, self._ivr_exits = distribution(catalogue.IVR_SECONDS), number(catalogue.IVR_EXITS)
        self._fallback = number(catalogue.FALLBACK)
        self._dials, self._dial_talk = number(catalogue.DIALS), distribution(catalogue.DIAL_TALK)
        self._transfers = number(catalogue.TRANSFERS)

    def _make_server(self) -> None:
        number, distribution = self._registry.number, self._registry.distribution
        self._flow_reloads, self._flows_broken = number(catalogue.FLOWS_RELOADED), number(catalogue.FLOWS_BROKEN)
        self._policy_reloads, self._policy_broken = number(catalogue.POLICY_RELOADED), number(catalogue.POLICY_BROKEN)
        self._ami_up, self._ami_link_up = number(catalogue.AMI_UP), number(catalogue.AMI_LINK_UP)
        self._ami_reconnects, self._ami_seconds = number(catalogue.AMI_RECONNECTS), distribution(catalogue.AMI_ACTION)
        self._channels = number(catalogue.CHANNELS)
        self._forged, self._drift = number(catalogue.FORGED), number(catalogue.DRIFT)
        self._backend_calls, self._backend_seconds = number(catalogue.BACKEND_CALLS), distribution(catalogue.BACKEND_SECONDS)
        self._store_calls, self._store_seconds = number(catalogue.STORE_OPERATIONS), distribution(catalogue.STORE_SECONDS)
        self._store_up, self._store_failures = number(catalogue.STORE_UP), number(catalogue.STORE_FAILURES)
        self._records_lost, self._record_failures = number(catalogue.RECORDS_LOST), number(catalogue.RECORD_FAILURES)
        self._lag = distribution(catalogue.LOOP_LAG)
        number(catalogue.START_TIME).labels().set(round(time.time(), 3))
        self._build = number(catalogue.BUILD)
        self._build.labels(self._configured.version, self._configured.flow_version).set(1)

    # ---- the page

    async def page(self, form: Form = Form.TEXT) -> bytes:
        """What /metrics answers. It is made in slices, between which the event loop goes on."""
        self._read()
        await asyncio.sleep(0)
        return await rendered(self._registry.parts(form), process_lines(self._process, form))

    def text(self, form: Form = Form.TEXT) -> str:
        """The same at once."""
        self._read()
        return "".join((*self._registry.parts(form), process_lines(self._process, form)))

    def count(self) -> int:
        """How many series of the catalogue there are now."""
        return self._registry.count()

    def expected_count(self) -> int:
        """How many there are by the formula of docs/metrics.md."""
        return catalogue.series(self._labels.names)

    def _read(self) -> None:
        now = self._readings.now()
        self._gauges.show(self._readings.totals(now), self._readings.live_calls(), now)
        lost, failures = self._readings.records()
        self._records_lost.labels().set(lost)
        self._record_failures.labels().set(failures)

    # ---- what the engine establishes

    def told(self, fact: Fact, now: float) -> None:
        """Count what the engine established."""
        self._routing.told(fact, now)

    def health(self) -> Health:
        """How the server is, for the watch that judges it."""
        self._health.records_lost, self._health.record_failures = self._readings.records()
        self._health.loop_lag_seconds = max(self._lags, default=0.0)
        return self._health

    # ---- calls and flows

    def call_began(self, *, adopted: bool = False) -> None:
        """A call came in, or a living one was found."""
        (self._calls_adopted if adopted else self._calls_began).labels().inc()

    def asked_for_person(self) -> None:
        """A call entered a queue for the first time."""
        self._asked.labels().inc()

    def call_ended(self, cause: str, outcome: str, *, lost: bool = False, queue: str = "", score: int | None = None) -> None:
        """A call is over.

        Args:
            cause: how its flow ended.
            outcome: the word of its record.
            lost: it asked for a person, and nobody answered.
            queue: of its talk.
            score: the mark the caller gave.

        """
        self._calls_ended.labels(fit(cause, axes.CAUSES)).inc()
        self._by_outcome.labels(fit(outcome, axes.CALL_OUTCOMES)).inc()
        if lost:
            self._lost.labels().inc()
        if score is not None:
            self._health.marked(queue, score)
            self._scores.labels(self._labels.queue(queue), self._labels.score(str(score))).inc()

    def ivr_stepped(self, trace: Trace, seconds: float = 0.0) -> None:
        """A flow step did something after so long. Steps that the flows do not have count as `other`."""
        self._health.flow_loops += trace.result == BUDGET_USED_UP
        self._ivr_steps.labels(*self._labels.result(trace.flow, trace.step, told(trace))).inc()
        self._ivr_step_seconds.labels(*self._labels.step(trace.flow, trace.step)).inc(max(0.0, seconds))

    def ivr_exited(self, flow: str, outcome: str, *, seconds: float | None = None, call: str = "") -> None:
        """A call left its flow for good, after so long in flows (None: nobody knows)."""
        self._health.flow_exits += 1
        self._health.flow_failures += outcome == "failed"
        ending = fit(outcome, axes.EXITS)
        self._ivr_exits.labels(self._labels.flow(flow), ending).inc()
        if seconds is not None:
            self._ivr_seconds.labels(ending).observe(seconds, call)

    def dialled(self, rule: str, outcome: DialOutcome, talk_seconds: float, call: str = "") -> None:
        """A number outside was dialled for a caller; `rule` is empty when none has it."""
        name = self._labels.rule(rule)
        self._dials.labels(name, outcome.value).inc()
        if outcome is DialOutcome.ANSWERED:
            self._dial_talk.labels(name).observe(talk_seconds, call)

    def transferred(self, queue: str, outcome: Transferred, *, attended: bool) -> None:
        """An agent led a caller of this queue on, and what became of it."""
        kind = axes.TRANSFERRED_ATTENDED if attended else axes.TRANSFERRED_BLIND
        self._transfers.labels(self._labels.queue(queue), kind, outcome.value).inc()

    def fell_back(self) -> None:
        """The dialplan's fallback took a caller while the server was away."""
        self._health.fallbacks += 1
        self._fallback.labels().inc()

    # ---- the configuration

    def flows_loaded(self, version: str, *in_use: FlowSet) -> None:
        """New calls are served by this version of the flows now; a part of them perhaps by another that is in use."""
        self._health.flows_refused = False
        self._configure(replace(self._configured, flows=all_results(*in_use), marks=marks(*in_use), flow_version=version))
        self._build.labels(self._configured.version, version).set(1)
        self._flow_reloads.labels(axes.RELOAD_TAKEN).inc()
        self._flows_broken.labels().set(0)

    def flows_refused(self) -> None:
        """The last set of flows tried is broken."""
        self._health.flows_refused = True
        self._flow_reloads.labels(axes.RELOAD_REFUSED).inc()
        self._flows_broken.labels().set(1)

    def policy_loaded(self, policy: Policy) -> None:
        """Calls are routed by this policy now."""
        self._health.policy_refused = False
        self._policy = policy
        self._configure(self._configured)
        self._routing.policy_replaced(policy)
        self._time.policy_replaced(policy)
        self._policy_reloads.labels(axes.RELOAD_TAKEN).inc()
        self._policy_broken.labels().set(0)

    def policy_refused(self) -> None:
        """The last configuration tried is broken."""
        self._health.policy_refused = True
        self._policy_reloads.labels(axes.RELOAD_REFUSED).inc()
        self._policy_broken.labels().set(1)

    def _configure(self, configured: Configured) -> None:
        self._configured = configured
        self._registry.replace(configured.names(self._policy))

    # ---- the link to Asterisk

    def ami_link(self, **up: bool) -> None:
        """Whether the sessions `events` and `actions` are logged in now. Saying the same again changes nothing."""
        for link, is_up in up.items():
            self._links[link] = is_up
            self._ami_link_up.labels(link).set(int(is_up))
        both = all(self._links.get(link, False) for link in axes.LINKS)
        self._health.ami_up = both
        if both and not self._link_is_up and self._link_was_up:
            self._ami_reconnects.labels().inc()
        self._link_is_up = both
        self._link_was_up = self._link_was_up or both
        self._ami_up.labels().set(int(both))

    def ami_action(self, name: str, seconds: float) -> None:
        """An AMI action of that name was answered (or refused) after so long."""
        self._ami_seconds.labels(fit(name, axes.ACTIONS)).observe(seconds)

    def channels_seen(self, channels: Mapping[str, int]) -> None:
        """So many channels of each kind were in Asterisk's list just now."""
        for kind in axes.CHANNELS:
            self._channels.labels(kind).set(channels.get(kind, 0))

    def forged(self, why: str) -> None:
        """An event was recognised as forged."""
        self._health.forged += 1
        self._forged.labels(fit(why, axes.FORGERIES)).inc()

    def drift(self, kind: str) -> None:
        """A difference between our model and Asterisk was repaired."""
        self._health.drifts += 1
        self._drift.labels(fit(kind, axes.DRIFTS)).inc()

    # ---- backends, store, the process

    def backend_called(self, backend: str, operation: str, result: str, seconds: float, call: str = "") -> None:
        """A backend answered, or failed: `result` is BACKEND_OK or a FailureReason. `call` asked."""
        self._health.asked(backend, answered=result == axes.BACKEND_OK)
        labels = self._labels.operation(backend, operation)
        self._backend_calls.labels(*labels, fit(result, axes.BACKEND_RESULTS)).inc()
        self._backend_seconds.labels(*labels).observe(seconds, call)

    def store_used(self, operation: str, seconds: float, *, ok: bool) -> None:
        """The store did what it was asked after so long, or could not."""
        name = fit(operation, axes.STORE_OPERATIONS)
        self._store_calls.labels(name, axes.STORE_RESULTS[0 if ok else 1]).inc()
        self._store_up.labels().set(int(ok))
        if ok:
            self._store_seconds.labels(name).observe(seconds)

    def store_write_failed(self, writes: int = 1) -> None:
        """The store did not take so many writes."""
        self._health.store_failures += writes
        self._store_failures.labels().inc(writes)

    def loop_lagged(self, seconds: float) -> None:
        """The event loop came to a timer so late."""
        self._lag.labels().observe(seconds)
        self._lags.append(seconds)
