"""Which conditions of alerts hold now: the Prometheus rules' conditions, judged from the server's own totals and counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from acd.config import Policy, Queue
from acd.states import AgentState
from acd.totals import QueueTotals, Totals
from cti.monitoring import catalogue, limits
from cti.monitoring.catalogue import Definition
from cti.monitoring.figures import Counts, Figures
from cti.monitoring.health import Health


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that holds now: of which alert, with which figure (in the alert's unit), about which queue or backend."""

    alert: Definition
    value: float
    subject: str = ""


def conditions(totals: Totals | None, policy: Policy, figures: Figures) -> list[Condition]:
    """Return every condition that holds, those of queues in the order of the configuration.

    Args:
        totals: the engine as it stands; None without one, then only figures are judged.
        policy: what is promised to callers.
        figures: the counts of the last 15 minutes and of the last hour, and the server's health.

    """
    found: list[Condition] = []
    for name, queue in policy.queues.items():
        line = totals.queues.get(name) if totals is not None else None
        found += _levels(queue, figures, line)
        if line is not None:
            found += _line(queue, line)
        found += _marks(name, figures)
    found += _flows(figures.health, figures.health_15m)
    found += _server(figures)
    return found


def _levels(queue: Queue, figures: Figures, line: QueueTotals | None) -> Iterator[Condition]:
    quarter, hour = figures.quarter.get(queue.name, Counts()), figures.hour.get(queue.name, Counts())
    level = quarter.service_level if quarter.answered + quarter.abandoned >= limits.LEAST_CALLS else None
    if level is not None and level < queue.service_level_target:
        yield Condition(catalogue.SERVICE_LEVEL_BELOW, level, queue.name)
    else:
        falling = level is not None and level < min(limits.at_risk_level(queue), hour.service_level or 0.0)
        late = line is not None and bool(line.waiting_by_tier.total()) and (line.expected_wait_seconds or 0.0) > queue.service_level_seconds
        if falling or late:
            yield Condition(catalogue.SERVICE_LEVEL_AT_RISK, quarter.service_level or 0.0, queue.name)
    lost = quarter.abandonment if quarter.offered >= limits.LEAST_CALLS else None
    if lost is not None and lost > queue.abandonment_target:
        yield Condition(catalogue.ABANDONMENT, lost, queue.name)


def _line(queue: Queue, line: QueueTotals) -> Iterator[Condition]:
    waiting, longest = line.waiting_by_tier.total(), max(line.longest_wait_by_tier_seconds.values(), default=0.0)
    if longest > limits.longest_wait_limit(queue):
        yield Condition(catalogue.LONGEST_WAIT, longest, queue.name)
    paused = line.agents_by_state[AgentState.PAUSED]
    logged_in = line.agents_by_state.total() - line.agents_by_state[AgentState.LOGGED_OUT]
    if 0 < paused == logged_in:
        yield Condition(catalogue.ALL_PAUSED, paused, queue.name)
    if logged_in == 0 and waiting > 0:
        yield Condition(catalogue.NOBODY_LOGGED_IN, waiting, queue.name)


def _marks(queue: str, figures: Figures) -> Iterator[Condition]:
    now = figures.health.marks.get(queue, (0, 0))
    hour, day = (_average(now, past.marks.get(queue, (0, 0))) for past in (figures.health_1h, figures.health_1d))
    marks = now[0] - figures.health_1h.marks.get(queue, (0, 0))[0]
    if marks >= limits.LEAST_SCORES and hour is not None and day is not None and hour < day - limits.SCORE_FALL:
        yield Condition(catalogue.SATISFACTION, hour, queue)


def _average(now: tuple[int, int], before: tuple[int, int]) -> float | None:
    marks = now[0] - before[0]
    return (now[1] - before[1]) / marks if marks else None


def _flows(now: Health, before: Health) -> Iterator[Condition]:
    if now.flow_loops > before.flow_loops:
        yield Condition(catalogue.FLOW_LOOP, now.flow_loops - before.flow_loops)
    failed, exits = now.flow_failures - before.flow_failures, now.flow_exits - before.flow_exits
    if failed >= limits.LEAST_ERRORS and failed > limits.FLOW_ERROR_RATIO * exits:
        yield Condition(catalogue.FLOW_ERRORS, failed / exits)
    for name, (calls, failures) in now.backends.items():
        calls_before, failures_before = before.backends.get(name, (0, 0))
        asked, unanswered = calls - calls_before, failures - failures_before
        if unanswered >= limits.LEAST_ERRORS and unanswered > limits.BACKEND_ERROR_RATIO * asked:
            yield Condition(catalogue.BACKEND_ERRORS, unanswered / asked, name)


def _server(figures: Figures) -> Iterator[Condition]:
    now, quarter, lately = figures.health, figures.health_15m, figures.health_5m
    if not now.ami_up:
        yield Condition(catalogue.AMI_DOWN, 1)
    if now.flows_refused or now.policy_refused:
        yield Condition(catalogue.CONFIGURATION_REFUSED, now.flows_refused + now.policy_refused)
    if now.loop_lag_seconds > limits.LOOP_LAG_SECONDS:
        yield Condition(catalogue.LOOP_LAG, now.loop_lag_seconds)
    for alert, count, limit in (
        (catalogue.FALLBACK_USED, now.fallbacks - quarter.fallbacks, 0),
        (catalogue.DRIFT, now.drifts - quarter.drifts, limits.DRIFTS),
        (catalogue.FORGED, now.forged - quarter.forged, 0),
        (catalogue.RECORDS_LOST, now.records_lost - quarter.records_lost, 0),
        (catalogue.RECORDS_NOT_WRITTEN, now.record_failures - lately.record_failures, 0),
        (catalogue.STORE_FAILING, now.store_failures - lately.store_failures, 0),
    ):
        if count > limit:
            yield Condition(alert, count)
