"""The Prometheus rules of a configuration: what queues promise, every key figure over three windows, and the alerts."""

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from acd.config import Policy, Queue
from cti.kpi import KPIS
from cti.monitoring.alert_rules import alerting
from cti.monitoring.limits import at_risk_level, longest_wait_limit
from cti.monitoring.promql import FORMULAS, WINDOWS, Window, counts, expression, record

Rule = dict[str, Any]

PROMISES: dict[str, Callable[[Queue], float]] = {
    "service_level_seconds": lambda queue: queue.service_level_seconds,
    "service_level_target": lambda queue: queue.service_level_target,
    "service_level_at_risk": at_risk_level,
    "abandonment_target": lambda queue: queue.abandonment_target,
    "longest_wait_limit_seconds": longest_wait_limit,
}
"""What is recorded of each queue's configuration, so that alerts and dashboards hold figures against it."""

_HEAD = """\
# Made by `hotline rules export` from queues.yaml, tiers.yaml and agents.yaml: change these, then make this anew.
# Needs Prometheus 2.42 or newer. What each figure means: docs/kpi.md; what to do about each alert: docs/alerts.md.
"""


def rule_file(policy: Policy, *, job: str = "hotline", runbooks: str = "docs/alerts.md") -> str:
    """Return the rule file as YAML.

    Args:
        policy: queues and their promises.
        job: the name of the scrape job.
        runbooks: address of the page about the alerts, to which each alert links.

    """
    return _HEAD + yaml.safe_dump({"groups": groups(policy, job=job, runbooks=runbooks)}, allow_unicode=True, sort_keys=False, width=200)


def groups(policy: Policy, *, job: str = "hotline", runbooks: str = "docs/alerts.md") -> list[dict[str, Any]]:
    """Return the groups of the rule file; see `rule_file`."""
    return [
        {"name": "hotline-promises", "interval": "15s", "rules": list(_promises(policy))},
        *({"name": f"hotline-{window.name}", "interval": window.every, "rules": list(_figures(policy, window))} for window in WINDOWS),
        {"name": "hotline-alerts", "interval": "15s", "rules": alerting(job, runbooks)},
    ]


def _promises(policy: Policy) -> Iterator[Rule]:
    for name, promise in PROMISES.items():
        for queue in policy.queues.values():
            yield {"record": f"hotline_queue:{name}:config", "expr": f"vector({promise(queue):g})", "labels": {"queue": queue.name}}


def _figures(policy: Policy, window: Window) -> Iterator[Rule]:
    for count in counts(policy):
        yield {"record": count.record(window.name), "expr": count.question(window.name)}
    for kpi in KPIS:
        for level in FORMULAS[kpi.name].levels if kpi.name in FORMULAS else ():
            yield {"record": record(kpi.name, level, window.name), "expr": expression(kpi.name, level, window.name, policy)}
