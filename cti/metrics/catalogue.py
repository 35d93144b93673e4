"""Every metric of the server by name: what is registered and what docs/metrics.md says both come from here.

Base units, prefix `hotline_`. Labels come from configuration or from short lists in the code, never from a call: no
number, no call id, no agent.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of metric Prometheus knows, as far as they are used."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. `buckets` are upper bounds in seconds, of histograms only."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_DEFINITIONS: list[Definition] = []


def _metric(kind: Kind, name: str, labels: str, text: str, *, buckets: tuple[float, ...] = ()) -> Definition:
    definition = Definition(f"hotline_{name}", kind, text, tuple(labels.split()), buckets)
    _DEFINITIONS.append(definition)
    return definition


_WAIT = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 900.0)
_TALK = (5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 1800.0)
_WRAP_UP = (1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_ACTION = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_BACKEND = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# Queues
ENTERED = _metric(
    Kind.COUNTER, "queue_calls_entered_total", "queue tier",
    "Callers who began to wait. Those taken over after a restart are not counted again.",
)  # fmt: skip
RESUMED = _metric(
    Kind.COUNTER, "queue_calls_resumed_total", "queue tier",
    "Callers who wait again with their old entry time: after a restart, a lost agent, or a move.",
)  # fmt: skip
ANSWERED = _metric(
    Kind.COUNTER, "queue_calls_answered_total", "queue tier",
    "Callers who were connected to an agent, counted when the talk begins.",
)  # fmt: skip
ABANDONED = _metric(Kind.COUNTER, "queue_calls_abandoned_total", "queue tier", "Callers who hung up while waiting.")
OVERFLOWED = _metric(
    Kind.COUNTER, "queue_calls_overflowed_total", "queue tier reason",
    "Callers the queue let go without an agent: max wait passed, queue full, queue not configured any more.",
)  # fmt: skip
ENDED = _metric(
    Kind.COUNTER, "queue_calls_ended_total", "queue tier outcome",
    "Queue entries that ended, exactly one outcome each; answered ones count when the talk is over.",
)  # fmt: skip
WAIT = _metric(
    Kind.HISTOGRAM, "queue_wait_seconds", "queue tier outcome",
    "Time from entry to the outcome. Each queue's `service_level_seconds` and `short_abandon_seconds` are among the buckets.", buckets=_WAIT,
)  # fmt: skip
TALK = _metric(Kind.HISTOGRAM, "talk_seconds", "queue tier", "Length of talks.", buckets=_TALK)
CALLBACKS = _metric(
    Kind.COUNTER, "callbacks_promised_total", "queue tier",
    "Customers who are to be called back. Those taken over after a restart are not counted again.",
)  # fmt: skip
CALLBACK_ATTEMPTS = _metric(
    Kind.COUNTER, "callback_attempts_failed_total", "queue reason",
    "Times a customer was dialled and no talk came of it: busy, no_answer, not_taken (a machine), unreachable …",
)  # fmt: skip
CALLBACKS_ENDED = _metric(
    Kind.COUNTER, "callbacks_ended_total", "queue tier outcome",
    "Callbacks that ended, exactly one outcome each. They count among no other calls of the queue.",
)  # fmt: skip
CALLBACKS_OPEN = _metric(
    Kind.GAUGE, "callbacks_open", "queue", "Customers who wait to be called back, or are being called."
)
WRAP_UP = _metric(Kind.HISTOGRAM, "wrapup_seconds", "queue", "Length of wrap-ups.", buckets=_WRAP_UP)
OFFERS = _metric(Kind.COUNTER, "offers_total", "queue result", "Attempts to ring an agent, by how they ended.")
WAITING = _metric(Kind.GAUGE, "queue_calls_waiting", "queue tier", "Callers who hold a place in the line now.")
LONGEST = _metric(Kind.GAUGE, "queue_longest_wait_seconds", "queue tier", "Wait so far of the one who waits longest.")
TALKING = _metric(Kind.GAUGE, "queue_calls_talking", "queue", "Callers of the queue who talk with an agent now.")
ESTIMATE = _metric(
    Kind.GAUGE, "queue_estimated_wait_seconds", "queue",
    "Likely wait of a caller who enters now; absent while there is nothing to go by.",
)  # fmt: skip
FORECAST_ERROR = _metric(
    Kind.GAUGE, "queue_forecast_error_ratio", "queue",
    "Median of |forecast - wait| / wait over the last answered calls; callers are told only while it is small. Absent before the first.",
)  # fmt: skip
QUEUE_AGENTS = _metric(Kind.GAUGE, "queue_agents", "queue state", "Agents of the queue by state.")
AGENTS = _metric(Kind.GAUGE, "agents", "state", "Agents by state.")
AGENTS_PAUSED = _metric(
    Kind.GAUGE, "agents_paused", "reason",
    "Paused agents by reason: those of pause_reasons in agents.yaml, missed_calls, and all other words as `other`.",
)  # fmt: skip
AGENTS_OVER_LIMIT = _metric(Kind.GAUGE, "agents_pause_over_limit", "", "Agents whose pause lasts longer than its reason allows.")

# Calls and flows
CALLS_BEGAN = _metric(Kind.COUNTER, "calls_total", "", "Calls that came in.")
CALLS_ADOPTED = _metric(Kind.COUNTER, "calls_adopted_total", "", "Living calls taken over at a start or a reconnect.")
CALLS_ENDED = _metric(Kind.COUNTER, "calls_ended_total", "cause", "Calls that ended, by how.")
CALLS_ACTIVE = _metric(Kind.GAUGE, "calls_active", "", "Calls on the line now.")
IVR_ACTIVE = _metric(
    Kind.GAUGE, "ivr_active_calls", "", "Calls in a flow now: on the line, neither waiting nor talking."
)
IVR_STEPS = _metric(
    Kind.COUNTER, "ivr_steps_total", "flow step result",
    "Flow steps done, by result. A series begins with its first event.",
)  # fmt: skip
IVR_EXITS = _metric(Kind.COUNTER, "ivr_exits_total", "flow outcome", "Calls that left a flow for good, by outcome.")
FALLBACK = _metric(
    Kind.COUNTER, "fallback_total", "", "Callers whom the dialplan's own fallback took while the server was away."
)

DIALS = _metric(
    Kind.COUNTER, "dials_total", "rule outcome",
    "Callers put through to a number outside, by the rule of dialing.yaml and how it went; what no rule allows has none.",
)  # fmt: skip
DIAL_TALK = _metric(Kind.HISTOGRAM, "dial_talk_seconds", "rule", "Length of talks with somebody outside.", buckets=_TALK)

FLOWS_RELOADED = _metric(Kind.COUNTER, "flow_reloads_total", "result", "Sets of flows tried under live calls: taken or refused.")
POLICY_RELOADED = _metric(Kind.COUNTER, "policy_reloads_total", "result", "Configurations of queues, tiers and agents tried under live calls: taken or refused.")
POLICY_BROKEN = _metric(Kind.GAUGE, "policy_broken", "", "1 while the last configuration tried was refused; calls are routed by the one before.")
FLOWS_BROKEN = _metric(Kind.GAUGE, "flows_broken", "", "1 while the last set of flows tried was refused; calls go on with the one before.")

# The server itself
AMI_UP = _metric(Kind.GAUGE, "ami_up", "", "1 while both AMI sessions are logged in.")
AMI_RECONNECTS = _metric(Kind.COUNTER, "ami_reconnects_total", "", "Times the AMI link came back after it was lost.")
AMI_ACTION = _metric(
    Kind.HISTOGRAM, "ami_action_seconds", "action", "Time from an AMI action to its answer.", buckets=_ACTION
)
FORGED = _metric(Kind.COUNTER, "forged_events_total", "why", "AMI events ignored because they were forged.")
DRIFT = _metric(
    Kind.COUNTER, "drift_repaired_total", "kind", "Differences between our model and Asterisk that were repaired."
)
IGNORED = _metric(
    Kind.COUNTER, "events_ignored_total", "why", "Events the engine ignored: late, doubled, unknown, illegal."
)
BACKEND_CALLS = _metric(
    Kind.COUNTER, "backend_calls_total", "backend operation result", "Calls to a backend, by result."
)
BACKEND_SECONDS = _metric(
    Kind.HISTOGRAM, "backend_seconds", "backend operation", "Time a backend took.", buckets=_BACKEND
)
STORE_FAILURES = _metric(
    Kind.COUNTER, "store_write_failures_total", "", "Writes of live state that the store did not take."
)
RECORDS_LOST = _metric(
    Kind.COUNTER, "records_lost_total", "", "Calls whose news were dropped because the database was away too long."
)
RECORD_FAILURES = _metric(
    Kind.COUNTER, "record_write_failures_total", "", "Writes of call records that failed; they are tried again."
)
BUILD = _metric(Kind.GAUGE, "build_info", "version flow_version", "Always 1; says which program and which flows run.")

DEFINITIONS: tuple[Definition, ...] = tuple(_DEFINITIONS)
