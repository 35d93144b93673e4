"""The page docs/kpi.md. `python -m cti.kpi.table > docs/kpi.md` writes it anew."""

import sys

from cti.kpi.catalogue import KPIS, Group, Kpi, Unit
from cti.monitoring.promql import FORMULAS, record

GROUPS = {
    Group.COUNTS: ("计数", "Counts"),
    Group.SERVICE_LEVEL: ("服务水平", "Service level"),
    Group.WAITING: ("等待", "Waiting"),
    Group.LEAVING: ("放弃与损失", "Abandonment and loss"),
    Group.WORK: ("坐席", "Agents' work"),
    Group.CALLERS: ("来电者", "Callers"),
}
UNITS = {
    Unit.RATIO: ("比例，报表中以百分数显示", "ratio, shown as per cent"),
    Unit.SECONDS: ("秒", "seconds"),
    Unit.COUNT: ("个", "count"),
    Unit.MARK: ("1 至 5 分", "mark, 1 to 5"),
}
_HEAD = """# Key figures · 指标口径

Five vendors mean five things by "service level". Here each meaning has a name of its own, and wherever a name stands (rules, dashboards,
wallboard, reports) it means what this page says. This page is made from `cti/kpi/catalogue.py` by `python -m cti.kpi.table > docs/kpi.md`.

| letter | of queue entries that have ended, callbacks and calls outside not counted |
|---|---|
| O | offered: all of them |
| A, A_T | ended in a talk with an agent; those of them that waited at most T |
| B, B_T, b | the caller hung up while he waited; those within T; those within short_abandon_seconds |
| F | flow-outs: left in another way (max wait, full, left by a key, voicemail, callback asked, closed) |
| R_T | left within T, in whatever way |

T is the queue's `service_level_seconds`; over several queues each entry is judged by its own queue's T. A wait of exactly T is in time. The
report gives each variant for T = 10 s as well (the 90/10 rule). O = A + B + F + entries that a crash of Asterisk cut off (`lost`).

- An entry belongs to the day, hour and period in which it began, also when it ends after midnight; days are those of the hotline's time zone.
- What has not ended counts nowhere; reports say how many.
- Nothing to divide by (no calls) gives no figure, not zero.
- Agents' time is cut at the ends of the period.
- Prometheus counts by the instant of the event and forgets at a restart what was not scraped: its rules tell trends and raise alarms, the
  report is exact. Which rule gives which figure: [monitoring.md](monitoring.md#rules).

"""


def markdown() -> str:
    """Return the whole page."""
    return _HEAD + "\n".join(_group(group) for group in Group)


def _group(group: Group) -> str:
    zh, en = GROUPS[group]
    return f"## {en} · {zh}\n\n" + "\n".join(_section(each) for each in KPIS if each.group is group)


def _section(kpi: Kpi) -> str:
    unit_zh, unit_en = UNITS[kpi.unit]
    return (
        f'<a id="{kpi.name}"></a>\n\n### `{kpi.name}` · {kpi.label_en} · {kpi.label_zh}\n\n'
        f"`{kpi.formula}` ({unit_en} · {unit_zh})\n\n{kpi.words_en}\n\n{kpi.words_zh}\n\nThe same elsewhere: {kpi.source}.\n\n{_rules(kpi)}"
    )


def _rules(kpi: Kpi) -> str:
    """Say under which names Prometheus records the figure, and where it cannot."""
    formula = FORMULAS[kpi.name]
    names = ", ".join(f"`{record(kpi.name, level, '15m')}`" for level in formula.levels)
    return f"Recorded as {names}{f' ({formula.why})' if formula.why else ''}.\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
