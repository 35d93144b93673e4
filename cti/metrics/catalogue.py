"""Every metric of the server by name: what is registered and what docs/metrics.md says both come from here.

Base units, prefix `hotline_`. Labels come from configuration or from short lists in the code, never from a call: no
number, no call id, no agent. Call ids stand in exemplars only, which OpenMetrics keeps apart from the series.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from cti.metrics import axes
from cti.metrics.axes import Axis, Names


class Kind(StrEnum):
    """The kinds of metric Prometheus knows, as far as they are used."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric.

    Attributes:
        name, kind, help: what the page says of it.
        axes: what its labels vary over.
        buckets: upper bounds in seconds, of histograms only.
        waits: the thresholds of the queues are among its bounds, too.
        sparse: a series is there only while something is known.

    """

    name: str
    kind: Kind
    help: str
    axes: tuple[Axis, ...] = ()
    buckets: tuple[float, ...] = ()
    waits: bool = False
    sparse: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels."""
        return tuple(label for axis in self.axes for label in axis.labels)

    def bounds(self, names: Names) -> tuple[float, ...]:
        """The upper bounds it has with this configuration, ascending, without +Inf."""
        also = (bound for bound in names.waits if bound > 0) if self.waits else ()
        return tuple(sorted({*self.buckets, *also}))

    def series(self, names: Names) -> int:
        """How many lines it has on a page, all of them: buckets (with +Inf), count and sum of histograms are lines."""
        lines = len(self.bounds(names)) + 3 if self.kind is Kind.HISTOGRAM else 1
        return lines * prod(len(list(axis.combinations(names))) for axis in self.axes)

    def formula(self) -> str:
        """The same in letters."""
        factors = [axis.symbol for axis in self.axes if axis.symbol != "1"]
        if self.kind is Kind.HISTOGRAM:
            factors.append("(W + 3)" if self.waits else str(len(self.buckets) + 3))
        return " · ".join(factors) or "1"


def series(names: Names, definitions: Iterable[Definition] | None = None) -> int:
    """How many series a server with this configuration has, once every queue has a forecast."""
    return sum(definition.series(names) for definition in (DEFINITIONS if definitions is None else definitions))


_DEFINITIONS: list[Definition] = []


def _metric(kind: Kind, name: str, text: str, *over: Axis, buckets: tuple[float, ...] = (), waits: bool = False, sparse: bool = False) -> Definition:
    definition = Definition(f"hotline_{name}", kind, text, over, buckets, waits, sparse)
    _DEFINITIONS.append(definition)
    return definition


def _counter(name: str, text: str, *over: Axis) -> Definition:
    return _metric(Kind.COUNTER, name, text, *over)


def _gauge(name: str, text: str, *over: Axis, sparse: bool = False) -> Definition:
    return _metric(Kind.GAUGE, name, text, *over, sparse=sparse)


def _histogram(name: str, text: str, *over: Axis, buckets: tuple[float, ...], waits: bool = False) -> Definition:
    return _metric(Kind.HISTOGRAM, name, text, *over, buckets=buckets, waits=waits)


_WAIT = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 900.0)
_TALK = (5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 1800.0)
_WRAP_UP = (1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_FLOW = (1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)
_ACTION = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_BACKEND = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LAG = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

# Queues
ENTERED = _counter(
    "queue_calls_entered_total", "Callers who began to wait. Those taken over after a restart are not counted again.", axes.QUEUE, axes.TIER
)
RESUMED = _counter(
    "queue_calls_resumed_total", "Callers who wait again with their old entry time: after a restart, a lost agent, or a move.",
    axes.QUEUE, axes.TIER,
)  # fmt: skip
ANSWERED = _counter("queue_calls_answered_total", "Callers who were connected to an agent, counted when the talk begins.", axes.QUEUE, axes.TIER)
ABANDONED = _counter("queue_calls_abandoned_total", "Callers who hung up while waiting.", axes.QUEUE, axes.TIER)
OVERFLOWED = _counter(
    "queue_calls_overflowed_total", "Callers the queue let go without an agent: max wait passed, queue full, nobody at work, queue not configured any more.",
    axes.QUEUE, axes.TIER, axes.OVERFLOW_REASON,
)  # fmt: skip
ENDED = _counter(
    "queue_calls_ended_total", "Queue entries that ended, exactly one outcome each; answered ones count when the talk is over.",
    axes.QUEUE, axes.TIER, axes.OUTCOME,
)  # fmt: skip
WAIT = _histogram(
    "queue_wait_seconds",
    "Time from entry to the outcome, ringing included. Each queue's service_level_seconds and short_abandon_seconds are among the bounds; `other` are all outcomes that are not told apart here.",
    axes.QUEUE, axes.TIER, axes.WAIT_OUTCOME, buckets=_WAIT, waits=True,
)  # fmt: skip
TALK = _histogram("talk_seconds", "Length of talks, those of colleagues who took over a caller included.", axes.QUEUE, axes.TIER, buckets=_TALK)
CALLBACKS = _counter(
    "callbacks_promised_total", "Customers who are to be called back. Those taken over after a restart are not counted again.",
    axes.QUEUE, axes.TIER,
)  # fmt: skip
CALLBACK_ATTEMPTS = _counter(
    "callback_attempts_failed_total", "Times a customer was dialled and no talk came of it: busy, no_answer, not_taken (a machine), unreachable …",
    axes.QUEUE, axes.CALLBACK_REASON,
)  # fmt: skip
CALLBACKS_ENDED = _counter(
    "callbacks_ended_total", "Callbacks that ended, exactly one outcome each. They count among no other calls of the queue.",
    axes.QUEUE, axes.TIER, axes.CALLBACK_OUTCOME,
)  # fmt: skip
CALLBACKS_OPEN = _gauge("callbacks_open", "Customers who wait to be called back, or are being called.", axes.QUEUE)
WRAP_UP = _histogram("wrapup_seconds", "Length of wrap-ups, by the caller they were for.", axes.QUEUE, axes.TIER, buckets=_WRAP_UP)
OFFERS = _counter("offers_total", "Attempts to ring an agent, by how they ended.", axes.QUEUE, axes.OFFER_RESULT)
WAITING = _gauge("queue_calls_waiting", "Callers who hold a place in the line now.", axes.QUEUE, axes.TIER)
LONGEST = _gauge("queue_longest_wait_seconds", "Wait so far of the one who waits longest.", axes.QUEUE, axes.TIER)
TALKING = _gauge("queue_calls_talking", "Callers of the queue who talk with an agent now.", axes.QUEUE)
ESTIMATE = _gauge(
    "queue_estimated_wait_seconds", "Likely wait of a caller who enters now; absent while there is nothing to go by.", axes.QUEUE, sparse=True
)
FORECAST_ERROR = _gauge(
    "queue_forecast_error_ratio",
    "Median of |forecast - wait| / wait over the last answered calls; callers are told only while it is small. Absent before the first.",
    axes.QUEUE, sparse=True,
)  # fmt: skip
SCORES = _counter("survey_scores_total", "Marks callers gave after a talk, by the queue of the talk.", axes.QUEUE, axes.SCORE)

# Agents
QUEUE_AGENTS = _gauge("queue_agents", "Agents of the queue by state.", axes.QUEUE, axes.STATE)
AGENTS = _gauge("agents", "Agents by state.", axes.STATE)
AGENTS_PAUSED = _gauge(
    "agents_paused", "Paused agents by reason: those of pause_reasons in agents.yaml, missed_calls, and all other words as `other`.", axes.PAUSE
)
AGENTS_OVER_LIMIT = _gauge("agents_pause_over_limit", "Agents whose pause lasts longer than its reason allows.")
AGENT_SECONDS = _counter(
    "agent_state_seconds_total", "Time agents spent in each state, all agents together; pauses by reason, `reason` is empty otherwise. The ground of occupancy.",
    axes.STATE_OF_AGENT,
)  # fmt: skip
QUEUE_AGENT_SECONDS = _counter(
    "queue_agent_state_seconds_total", "The same for the agents of a queue; who serves several queues counts in each.", axes.QUEUE, axes.STATE
)

# Calls and flows
CALLS_BEGAN = _counter("calls_total", "Calls that came in.")
CALLS_ADOPTED = _counter("calls_adopted_total", "Living calls taken over at a start or a reconnect.")
CALLS_ENDED = _counter("calls_ended_total", "Calls that ended, by how.", axes.CAUSE)
CALLS_BY_OUTCOME = _counter(
    "calls_by_outcome_total", "Calls that ended, by the one word of their record. `self_service` is containment: the flow ended, nobody was asked for.",
    axes.CALL_OUTCOME,
)  # fmt: skip
CALLS_ASKED = _counter("calls_asked_for_person_total", "Calls that entered a queue, each once however often it did.")
CALLS_LOST = _counter(
    "calls_lost_total", "Calls that asked for a person and were answered by none: the caller hung up in the line, or the line let him go (max wait, full, nobody at work). With calls_total the loss rate 来电损失率.",
)  # fmt: skip
CALLS_ACTIVE = _gauge("calls_active", "Calls on the line now.")
IVR_ACTIVE = _gauge("ivr_active_calls", "Calls in a flow now: on the line, neither waiting nor talking.")
IVR_STEPS = _counter("ivr_steps_total", "Flow steps done, by result.", axes.RESULT)
IVR_STEP_SECONDS = _counter(
    "ivr_step_seconds_total", "Time callers spent in each step, what it waits for included: a queue step holds wait and talk.", axes.STEP
)
IVR_SECONDS = _histogram(
    "ivr_seconds", "Time a call spent in flows, queues and talks left out, by how the flow ended.", axes.EXIT, buckets=_FLOW
)
IVR_EXITS = _counter("ivr_exits_total", "Calls that left a flow for good, by outcome.", axes.FLOW, axes.EXIT)
FALLBACK = _counter("fallback_total", "Callers whom the dialplan's own fallback took while the server was away.")
DIALS = _counter(
    "dials_total", "Callers put through to a number outside, by the rule of dialing.yaml and how it went; what no rule allows has none.",
    axes.RULE, axes.DIAL_OUTCOME,
)  # fmt: skip
TRANSFERS = _counter(
    "transfers_total", "Callers whom an agent led on, by the line they came from and what became of them: they wait in another line, talk with a "
    "colleague or outside; failed and refused ones wait in their line again, first.",
    axes.QUEUE, axes.TRANSFER_KIND, axes.TRANSFER_OUTCOME,
)  # fmt: skip
DIAL_TALK = _histogram("dial_talk_seconds", "Length of talks with somebody outside.", axes.RULE, buckets=_TALK)

FLOWS_RELOADED = _counter("flow_reloads_total", "Sets of flows tried under live calls: taken or refused.", axes.RELOAD)
POLICY_RELOADED = _counter("policy_reloads_total", "Configurations of queues, tiers and agents tried under live calls: taken or refused.", axes.RELOAD)
POLICY_BROKEN = _gauge("policy_broken", "1 while the last configuration tried was refused; calls are routed by the one before.")
FLOWS_BROKEN = _gauge("flows_broken", "1 while the last set of flows tried was refused; calls go on with the one before.")

# The server itself
AMI_UP = _gauge("ami_up", "1 while both AMI sessions are logged in.")
AMI_LINK_UP = _gauge("ami_link_up", "1 while this AMI session is logged in.", axes.LINK)
AMI_RECONNECTS = _counter("ami_reconnects_total", "Times the AMI link came back after it was lost.")
AMI_ACTION = _histogram("ami_action_seconds", "Time from an AMI action to its answer.", axes.ACTION, buckets=_ACTION)
CHANNELS = _gauge(
    "asterisk_channels", "Channels in Asterisk at the last audit: callers of ours, legs to agents, and all others.", axes.CHANNEL
)
FORGED = _counter("forged_events_total", "AMI events ignored because they were forged.", axes.FORGERY)
DRIFT = _counter("drift_repaired_total", "Differences between our model and Asterisk that were repaired.", axes.DRIFT_KIND)
IGNORED = _counter("events_ignored_total", "Events the engine ignored: late, doubled, unknown, illegal.", axes.IGNORED_WHY)
BACKEND_CALLS = _counter("backend_calls_total", "Calls to a backend, by result.", axes.BACKEND_OPERATION, axes.BACKEND_RESULT)
BACKEND_SECONDS = _histogram("backend_seconds", "Time a backend took.", axes.BACKEND_OPERATION, buckets=_BACKEND)
STORE_OPERATIONS = _counter("store_operations_total", "Reads and writes of live state, by whether the store did them.", axes.STORE_OPERATION, axes.STORE_RESULT)
STORE_SECONDS = _histogram("store_seconds", "Time the store took for what it did.", axes.STORE_OPERATION, buckets=_BACKEND)
STORE_UP = _gauge("store_up", "1 if the store did what it was last asked.")
STORE_FAILURES = _counter("store_write_failures_total", "Writes of live state that the store did not take.")
RECORDS_LOST = _counter("records_lost_total", "Calls whose news were dropped because the database was away too long.")
RECORD_FAILURES = _counter("record_write_failures_total", "Writes of call records that failed; they are tried again.")
LOOP_LAG = _histogram("event_loop_lag_seconds", "How late the event loop came to a timer, looked at ten times a second.", buckets=_LAG)
START_TIME = _gauge("start_time_seconds", "When this process began, in seconds since 1970: counters began at zero then.")
BUILD = _gauge("build_info", "Always 1; says which program and which flows run.", axes.BUILD_OF)

DEFINITIONS: tuple[Definition, ...] = tuple(_DEFINITIONS)
