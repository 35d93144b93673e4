"""docs/alerts.md, made from the catalogue: `python -m cti.monitoring.page > docs/alerts.md`."""

from collections.abc import Iterator

from cti.monitoring.alert_rules import question
from cti.monitoring.catalogue import DEFINITIONS, Definition

_HEAD = """\
# Alerts

What alarms, why, and what to do. Prometheus raises these by the rules of `hotline rules export`; the server raises the same ones by itself,
under the same names, for the wallboard and the log (`alert_raised`, `alert_cleared`), except those that only somebody else can see.
An alert comes once its condition has held for the time given, and stands until the condition has been gone for the other.
Limits per queue are those of `config/queues.yaml` ([acd.md](acd.md#in-the-files)), key figures those of [kpi.md](kpi.md).
This page is made from `cti/monitoring/catalogue.py` by `python -m cti.monitoring.page > docs/alerts.md`.

告警说明：何时触发、为何、如何处置。Prometheus 按 `hotline rules export` 生成的规则告警；服务器自身也按同样条件判断，用于大屏与日志。

| alert | severity | after | stays | for each | by the server too |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    rows = "".join(
        f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {alert.for_seconds} s | {alert.keep_seconds} s | {alert.about or 'hotline'} | {'yes' if alert.in_server else 'no'} |\n"
        for alert in DEFINITIONS
    )
    return _HEAD + rows + "".join(line for alert in DEFINITIONS for line in _section(alert))


def _section(alert: Definition) -> Iterator[str]:
    yield f"\n## {alert.name}\n\n{alert.meaning_en}\n\n{alert.meaning_zh}\n\n"
    yield f"**What to do.** {alert.todo_en}\n\n**处置。** {alert.todo_zh}\n\n"
    yield f"```promql\n{question(alert, 'hotline')}\n```\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
