"""All metrics of the server behind one object: a sink of facts, and a hook for everything else that is counted."""

from collections.abc import Callable, Collection, Iterable, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector

from acd.config import Policy
from acd.facts import Fact
from acd.snapshot import Snapshot
from cti.backends.base import FailureReason
from cti.backends.catalogue import OPERATIONS
from cti.backends.text_messages import SEND_SMS
from cti.metrics import catalogue
from cti.metrics.gauges import RecordCollector, SnapshotCollector
from cti.metrics.labels import OTHER, Vocabulary
from cti.metrics.making import begin_at_zero, counter, gauge, histogram
from cti.metrics.routing import RoutingMetrics
from cti.monitoring.health import Health
from ivr.events import DialOutcome
from ivr.state import Trace

BACKEND_OK = "ok"
HTTP_REQUEST = "http"
"""Stands for all requests of `http` steps."""
BUDGET_USED_UP = "budget"
"""The result of a step at which a call's budget of steps, time or silence was used up: it went round in a loop."""
RELOAD_TAKEN, RELOAD_REFUSED = "taken", "refused"
_BACKEND_RESULTS = (BACKEND_OK, *(reason.value for reason in FailureReason))
_EXITS = ("completed", "abandoned", "failed")
_FORGERIES = ("no_nonce", "doubled_header")
_DRIFTS = ("call_vanished", "leg_vanished", "orphan_leg", "call_adopted", "taken_back", "strayed")
#: Words of the code, not of callers, that are not listed here: how many more of them get series of their own.
_ROOM = 20


class Metrics:
    """Counts for one server process; implements the router's FactSink. No method waits or fails.

    Args:
        policy: its queues and tiers are label values; service levels become buckets.
        flows: names of the steps by flow name; label values too.
        snapshot: the engine as it stands, None while there is none. Called at each scrape.
        live_calls: how many calls are on the line. Called at each scrape.
        backends: names of the backends.
        rules: names of the rules of what may be dialled.
        records: (calls lost, writes failed) of the record writer. Called at each scrape.
        version, flow_version: of this program and of its flows.

    """

    def __init__(
        self, policy: Policy, flows: Mapping[str, Collection[str]], snapshot: Callable[[], Snapshot | None], *,
        live_calls: Callable[[], int], backends: Iterable[str] = (), rules: Iterable[str] = (), records: Callable[[], tuple[int, int]] = lambda: (0, 0),
        version: str, flow_version: str,
    ) -> None:  # fmt: skip
        self.registry = CollectorRegistry()
        self._health = Health()
        self._records = records
        self._flows = {flow: Vocabulary(steps) for flow, steps in flows.items()}
        self._results = Vocabulary((), _ROOM)
        self._exits = Vocabulary(_EXITS, _ROOM)
        self._causes = Vocabulary(_EXITS, _ROOM)
        self._forgeries = Vocabulary(_FORGERIES, _ROOM)
        self._drifts = Vocabulary(_DRIFTS, _ROOM)
        self._actions = Vocabulary((), _ROOM)
        self._backends = Vocabulary(backends)
        self._rules = Vocabulary(rules)
        self._operations = Vocabulary((*OPERATIONS, SEND_SMS, HTTP_REQUEST))
        self._backend_results = Vocabulary(_BACKEND_RESULTS)
        self._link_is_up = self._link_was_up = False
        self._routing = RoutingMetrics(policy, self.registry)
        self._make_counters()
        self._begin()
        self._version = version
        self._build = gauge(catalogue.BUILD, self.registry)
        self._build.labels(version, flow_version).set(1)
        self._gauges = SnapshotCollector(policy, snapshot, live_calls)
        self.registry.register(self._gauges)
        self.registry.register(RecordCollector(records))
        ProcessCollector(registry=self.registry)

    def _make_counters(self) -> None:
        registry = self.registry
        self._calls_began = counter(catalogue.CALLS_BEGAN, registry)
        self._calls_adopted = counter(catalogue.CALLS_ADOPTED, registry)
        self._calls_ended = counter(catalogue.CALLS_ENDED, registry)
        self._ivr_steps = counter(catalogue.IVR_STEPS, registry)
        self._ivr_exits = counter(catalogue.IVR_EXITS, registry)
        self._fallback = counter(catalogue.FALLBACK, registry)
        self._dials = counter(catalogue.DIALS, registry)
        self._dial_talk = histogram(catalogue.DIAL_TALK, registry)
        self._flow_reloads = counter(catalogue.FLOWS_RELOADED, registry)
        self._flows_broken = gauge(catalogue.FLOWS_BROKEN, registry)
        self._policy_reloads = counter(catalogue.POLICY_RELOADED, registry)
        self._policy_broken = gauge(catalogue.POLICY_BROKEN, registry)
        self._ami_up = gauge(catalogue.AMI_UP, registry)
        self._ami_reconnects = counter(catalogue.AMI_RECONNECTS, registry)
        self._ami_seconds = histogram(catalogue.AMI_ACTION, registry)
        self._forged = counter(catalogue.FORGED, registry)
        self._drift = counter(catalogue.DRIFT, registry)
        self._backend_calls = counter(catalogue.BACKEND_CALLS, registry)
        self._backend_seconds = histogram(catalogue.BACKEND_SECONDS, registry)
        self._store_failures = counter(catalogue.STORE_FAILURES, registry)

    def _begin(self) -> None:
        begin_at_zero(self._calls_ended, _EXITS)
        begin_at_zero(self._flow_reloads, (RELOAD_TAKEN, RELOAD_REFUSED))
        begin_at_zero(self._policy_reloads, (RELOAD_TAKEN, RELOAD_REFUSED))
        begin_at_zero(self._ivr_exits, tuple(self._flows), _EXITS)
        begin_at_zero(self._dials, self._rules.known, tuple(DialOutcome))
        begin_at_zero(self._forged, _FORGERIES)
        begin_at_zero(self._drift, _DRIFTS)
        begin_at_zero(self._backend_calls, self._backends.known, self._operations.known, _BACKEND_RESULTS)

    def told(self, fact: Fact, now: float) -> None:
        """Count what the engine established."""
        self._routing.told(fact, now)

    def health(self) -> Health:
        """How the server is, for the watch that judges it."""
        self._health.records_lost, self._health.record_failures = self._records()
        return self._health

    # ---- calls and flows

    def call_began(self, *, adopted: bool = False) -> None:
        """A call came in, or a living one was found."""
        (self._calls_adopted if adopted else self._calls_began).inc()

    def call_ended(self, cause: str) -> None:
        """A call is over; `cause` is the outcome of its record."""
        self._calls_ended.labels(self._causes.fit(cause)).inc()

    def ivr_stepped(self, trace: Trace) -> None:
        """A flow step did something. Steps that the flows do not have count as `other`."""
        self._health.flow_loops += trace.result == BUDGET_USED_UP
        flow = self._flow(trace.flow)
        steps = self._flows.get(flow)
        step = steps.fit(trace.step) if steps else OTHER
        # `case 3` of a branch: which one is for the trail, not for a label
        result = trace.result.partition(" ")[0] if trace.result.startswith("case ") else trace.result
        self._ivr_steps.labels(flow, step, self._results.fit(result)).inc()

    def ivr_exited(self, flow: str, outcome: str) -> None:
        """A call left its flow for good."""
        self._health.flow_exits += 1
        self._health.flow_failures += outcome == "failed"
        self._ivr_exits.labels(self._flow(flow), self._exits.fit(outcome)).inc()

    def dialled(self, rule: str, outcome: DialOutcome, talk_seconds: float) -> None:
        """A number outside was dialled for a caller; `rule` is empty when none has it."""
        name = self._rules.fit(rule) if rule else ""
        self._dials.labels(name, outcome.value).inc()
        if outcome is DialOutcome.ANSWERED:
            self._dial_talk.labels(name).observe(talk_seconds)

    def fell_back(self) -> None:
        """The dialplan's fallback took a caller while the server was away."""
        self._health.fallbacks += 1
        self._fallback.inc()

    def _flow(self, flow: str) -> str:
        return flow if flow in self._flows else OTHER

    def flows_loaded(self, version: str) -> None:
        """New calls are served by this version of the flows now."""
        self._health.flows_refused = False
        self._build.clear()
        self._build.labels(self._version, version).set(1)
        self._flow_reloads.labels(RELOAD_TAKEN).inc()
        self._flows_broken.set(0)

    def flows_refused(self) -> None:
        """The last set of flows tried is broken."""
        self._health.flows_refused = True
        self._flow_reloads.labels(RELOAD_REFUSED).inc()
        self._flows_broken.set(1)

    def policy_loaded(self, policy: Policy) -> None:
        """Calls are routed by this policy now."""
        self._health.policy_refused = False
        self._routing.policy_replaced(policy)
        self._gauges.policy_replaced(policy)
        self._policy_reloads.labels(RELOAD_TAKEN).inc()
        self._policy_broken.set(0)

    def policy_refused(self) -> None:
        """The last configuration tried is broken."""
        self._health.policy_refused = True
        self._policy_reloads.labels(RELOAD_REFUSED).inc()
        self._policy_broken.set(1)

    # ---- the link to Asterisk

    def ami_link(self, *, up: bool) -> None:
        """Both AMI sessions are logged in now, or one of them was lost. Saying the same again changes nothing."""
        self._health.ami_up = up
        if up and not self._link_is_up and self._link_was_up:
            self._ami_reconnects.inc()
        self._link_is_up = up
        self._link_was_up = self._link_was_up or up
        self._ami_up.set(1 if up else 0)

    def ami_action(self, name: str, seconds: float) -> None:
        """An AMI action of that name was answered (or refused) after so long."""
        self._ami_seconds.labels(self._actions.fit(name)).observe(seconds)

    def forged(self, why: str) -> None:
        """An event was recognised as forged."""
        self._health.forged += 1
        self._forged.labels(self._forgeries.fit(why)).inc()

    def drift(self, kind: str) -> None:
        """A difference between our model and Asterisk was repaired."""
        self._health.drifts += 1
        self._drift.labels(self._drifts.fit(kind)).inc()

    # ---- backends and store

    def backend_called(self, backend: str, operation: str, result: str, seconds: float) -> None:
        """A backend answered, or failed: `result` is BACKEND_OK or a FailureReason."""
        self._health.asked(backend, answered=result == BACKEND_OK)
        name, operation = self._backends.fit(backend), self._operations.fit(operation)
        self._backend_calls.labels(name, operation, self._backend_results.fit(result)).inc()
        self._backend_seconds.labels(name, operation).observe(seconds)

    def store_write_failed(self, writes: int = 1) -> None:
        """The store did not take so many writes."""
        self._health.store_failures += writes
        self._store_failures.inc(writes)
