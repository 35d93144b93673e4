"""The alerts as Prometheus judges them; the same conditions as in conditions.py, over the recorded figures."""

from typing import Any

from cti.monitoring import catalogue, limits
from cti.monitoring.catalogue import DEFINITIONS, Definition, Unit

_LEVEL, _LOST = "hotline_queue:sl_offered:ratio15m", "hotline_queue:abandonment_offered:ratio15m"
_TAKEN = f"hotline_queue:answered:increase15m + hotline_queue:abandoned:increase15m >= {limits.LEAST_CALLS}"
_LOW = f"({_LEVEL} < on (queue) hotline_queue:service_level_target:config and on (queue) ({_TAKEN}))"
_FALLING = (
    f"({_LEVEL} < on (queue) hotline_queue:service_level_at_risk:config"
    f" and on (queue) ({_LEVEL} < on (queue) hotline_queue:sl_offered:ratio1h) and on (queue) ({_TAKEN}))"
)
_LATE = (
    "(max by (queue) (hotline_queue_estimated_wait_seconds) > on (queue) hotline_queue:service_level_seconds:config"
    " and on (queue) (sum by (queue) (hotline_queue_calls_waiting) > 0))"
)
_LOGGED_IN = 'sum by (queue) (hotline_queue_agents{state!="logged_out"})'


def _more(metric: str, window: str, limit: float = 0) -> str:
    return f"sum(increase({metric}[{window}])) > {limit:g}"


def _share(metric: str, bad: str, by: str, ratio: float) -> str:
    """Whether more than a ratio of what is counted went wrong, and more than a few."""
    grouped = f"sum by ({by}) " if by else "sum"
    wrong, matched = f"{grouped}(increase({metric}{{{bad}}}[15m]))", f"on ({by}) " if by else ""
    return f"{wrong} / ({grouped}(increase({metric}[15m])) > 0) > {ratio:g} and {matched}({wrong} >= {limits.LEAST_ERRORS})"


_QUESTIONS: dict[str, str] = {
    catalogue.SERVICE_LEVEL_AT_RISK.name: f"({_FALLING} or {_LATE}) unless on (queue) {_LOW}",
    catalogue.SERVICE_LEVEL_BELOW.name: _LOW,
    catalogue.LONGEST_WAIT.name: "max by (queue) (hotline_queue_longest_wait_seconds) > on (queue) hotline_queue:longest_wait_limit_seconds:config",
    catalogue.ALL_PAUSED.name: f'(sum by (queue) (hotline_queue_agents{{state="paused"}}) == {_LOGGED_IN}) > 0',
    catalogue.NOBODY_LOGGED_IN.name: f"sum by (queue) (hotline_queue_calls_waiting) > 0 and on (queue) ({_LOGGED_IN} == 0)",
    catalogue.ABANDONMENT.name: (
        f"{_LOST} > on (queue) hotline_queue:abandonment_target:config and on (queue) (hotline_queue:offered:increase15m >= {limits.LEAST_CALLS})"
    ),
    catalogue.SATISFACTION.name: (
        f"hotline_queue:satisfaction_average:mark1h < on (queue) (hotline_queue:satisfaction_average:mark1d - {limits.SCORE_FALL:g})"
        f" and on (queue) (hotline_queue:marks:increase1h >= {limits.LEAST_SCORES})"
    ),
    catalogue.FLOW_LOOP.name: _more('hotline_ivr_steps_total{result="budget"}', "15m"),
    catalogue.FLOW_ERRORS.name: _share("hotline_ivr_exits_total", 'outcome="failed"', "", limits.FLOW_ERROR_RATIO),
    catalogue.BACKEND_ERRORS.name: _share("hotline_backend_calls_total", 'result!="ok"', "backend", limits.BACKEND_ERROR_RATIO),
    catalogue.AMI_DOWN.name: "max(hotline_ami_up) == 0",
    catalogue.FALLBACK_USED.name: _more("hotline_fallback_total", "15m"),
    catalogue.DRIFT.name: _more("hotline_drift_repaired_total", "15m", limits.DRIFTS),
    catalogue.FORGED.name: _more("hotline_forged_events_total", "15m"),
    catalogue.SERVER_GONE.name: 'up{job="JOB"} == 0 or absent(up{job="JOB"})',
    catalogue.RECORDS_LOST.name: _more("hotline_records_lost_total", "15m"),
    catalogue.RECORDS_NOT_WRITTEN.name: _more("hotline_record_write_failures_total", "5m"),
    catalogue.STORE_FAILING.name: _more("hotline_store_write_failures_total", "5m"),
    catalogue.LOOP_LAG.name: (
        f"histogram_quantile(0.999, sum by (le) (rate(hotline_event_loop_lag_seconds_bucket[1m]))) > {limits.LOOP_LAG_SECONDS:g}"
    ),
    catalogue.CONFIGURATION_REFUSED.name: "max(hotline_policy_broken) + max(hotline_flows_broken) > 0",
    catalogue.NOT_MEASURED.name: (
        "hotline_queue:service_level_seconds:config and on () max(hotline_build_info) unless on (queue)"
        " (hotline_queue_tier:calls_answered_in_time:increase15m + hotline_queue_tier:calls_short_abandoned:increase15m)"
    ),
}

_SHOWN: dict[Unit, str] = {
    Unit.RATIO: "{{ $value | humanizePercentage }}",
    Unit.SECONDS: "{{ $value | humanizeDuration }}",
    Unit.COUNT: '{{ $value | printf "%.0f" }}',
    Unit.MARK: '{{ $value | printf "%.1f" }}',
}


def question(alert: Definition, job: str) -> str:
    """Return the condition of an alert as PromQL."""
    return _QUESTIONS[alert.name].replace("JOB", job)


def alerting(job: str, runbooks: str) -> list[dict[str, Any]]:
    """Return all alerts as rules; `runbooks` is the address of the page about them."""
    return [_rule(alert, job, runbooks) for alert in DEFINITIONS]


def _rule(alert: Definition, job: str, runbooks: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.name, "expr": question(alert, job)}
    if alert.for_seconds:
        rule["for"] = f"{alert.for_seconds}s"
    if alert.keep_seconds:
        rule["keep_firing_for"] = f"{alert.keep_seconds}s"
    rule["labels"] = {"severity": alert.severity.value}
    rule["annotations"] = {
        "summary": _words(alert, alert.summary_en), "summary_zh": _words(alert, alert.summary_zh),
        "description": alert.meaning_en, "description_zh": alert.meaning_zh,
        "runbook_url": f"{runbooks}#{alert.name.lower()}",
    }  # fmt: skip
    return rule


def _words(alert: Definition, summary: str) -> str:
    """A summary with what Prometheus fills in."""
    return summary.format(queue="{{ $labels.queue }}", backend="{{ $labels.backend }}", value=_SHOWN[alert.unit])
