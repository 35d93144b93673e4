"""Queues and tiers: every key figure of docs/kpi.md against its target, and how callers and offers ended."""

from acd.config import Policy
from cti.kpi import Unit as KpiUnit
from cti.kpi import kpi
from cti.monitoring.grafana.floor import level_steps
from cti.monitoring.grafana.model import QUEUE, TIER, Color, Dashboard, Kind, Panel, Row, Steps, Target, Text, Unit
from cti.monitoring.promql import Level, record

_LINE = '{queue=~"$queue",tier=~"$tier"}'
_QUEUE = '{queue=~"$queue"}'
_UNITS = {KpiUnit.RATIO: Unit.RATIO, KpiUnit.SECONDS: Unit.SECONDS, KpiUnit.COUNT: Unit.NUMBER, KpiUnit.MARK: Unit.NUMBER}


def queues(policy: Policy) -> Dashboard:
    """Return the dashboard."""
    return Dashboard(
        "hotline-queues", Text("Hotline: queues and tiers", "热线：队列与等级"), Text("Key figures as docs/kpi.md defines them.", "按 docs/kpi.md 定义的指标。"),
        (QUEUE, TIER), (_range(), _levels(policy), _waiting(), _leaving(policy), _work(), _offers()), since="now-12h", refresh="30s",
    )  # fmt: skip


def _kpi(name: str, level: Level, window: str = "1h", *, kind: Kind = Kind.TIMESERIES, width: int = 8, extra: tuple[Target, ...] = (), steps_of: dict[str, Steps] | None = None) -> Panel:
    """A key figure over time, by its rule."""
    found, chosen = kpi(name), {Level.ALL: "", Level.QUEUE: _QUEUE, Level.QUEUE_TIER: _LINE}[level]
    by = {Level.ALL: ("", ""), Level.QUEUE: (" by queue", "（按队列）"), Level.QUEUE_TIER: (" by queue and tier", "（按队列与等级）")}[level]
    legend = {Level.ALL: name, Level.QUEUE: "{{queue}}", Level.QUEUE_TIER: "{{queue}} {{tier}}"}[level]
    over = Text({"15m": "15 minutes", "1h": "1 hour", "1d": "24 hours"}[window], {"15m": "15 分钟", "1h": "1 小时", "1d": "24 小时"}[window])
    return Panel(
        Text(f"{found.label_en}{by[0]}, {over.en}", f"{found.label_zh}{by[1]}，{over.zh}"), kind, _UNITS[found.unit],
        (Target(f"{record(name, level, window)}{chosen}", legend), *extra), width=width,
        about=Text(f"{name} = {found.formula}. {found.words_en}", f"{name} = {found.formula}。{found.words_zh}"), steps_of=steps_of or {},
    )  # fmt: skip


def _total(title: Text, selector: str, unit: Unit = Unit.NUMBER, width: int = 4) -> Panel:
    return Panel(title, Kind.STAT, unit, (Target(f"sum(increase({selector}[$__range]))", "-", instant=True),), width=width, height=5, steps=((None, Color.BLUE),))


def _range() -> Row:
    ended = 'hotline_queue_wait_seconds_count{queue=~"$queue",tier=~"$tier"'
    return Row(
        Text("In the range chosen above", "所选时段合计"),
        (
            _total(Text("Offered", "进入排队"), f"{ended}}}"),
            _total(Text("Answered", "接通"), f'{ended},outcome="answered"}}'),
            _total(Text("Abandoned", "放弃"), f'{ended},outcome="abandoned"}}'),
            _total(Text("Flowed out", "转出"), f"hotline_queue_calls_overflowed_total{_LINE}"),
            _total(Text("Talks", "通话数"), f"hotline_talk_seconds_count{_LINE}"),
            _total(Text("Time talked", "通话总时长"), f"hotline_talk_seconds_sum{_LINE}", Unit.SECONDS),
        ),
    )  # fmt: skip


def _levels(policy: Policy) -> Row:
    target = Target(f"max by (queue) (hotline_queue:service_level_target:config{_QUEUE})", "target {{queue}}")
    return Row(
        Text("Service level", "服务水平"),
        (
            _kpi("sl_offered", Level.QUEUE, "15m", kind=Kind.STAT, steps_of=level_steps(policy)),
            _kpi("sl_offered", Level.QUEUE, "1h", extra=(target,)),
            _kpi("sl_offered", Level.QUEUE_TIER),
            *(_kpi(name, Level.QUEUE) for name in ("sl_answered", "sl_strict", "sl_without_short", "sl_removed", "sl_accepted")),
            _kpi("sl_offered", Level.QUEUE, "1d"),
        ),
    )


def _waiting() -> Row:
    answered = 'hotline_queue_wait_seconds_bucket{queue=~"$queue",tier=~"$tier",outcome="answered"}'
    return Row(
        Text("Waiting", "等候"),
        (
            _kpi("asa", Level.QUEUE), _kpi("queue_time_average", Level.QUEUE), _kpi("abandon_time_average", Level.QUEUE),
            _kpi("asa", Level.QUEUE_TIER, width=12),
            Panel(
                Text("Wait of the answered: half and 95 % waited less", "接通者等候：50 % 与 95 % 分位"), Kind.TIMESERIES, Unit.SECONDS,
                tuple(Target(f"histogram_quantile({share}, sum by (le) (rate({answered}[1h])))", f"{share:.0%}") for share in (0.5, 0.95)), width=12,
            ),
            Panel(Text("Waits of the answered", "接通者等候分布"), Kind.HEATMAP, Unit.SECONDS, (Target(f"sum by (le) (increase({answered}[$__rate_interval]))", "{{le}}"),), width=24),
        ),
    )  # fmt: skip


def _leaving(policy: Policy) -> Row:
    limits: dict[str, Steps] = {queue.name: ((None, Color.GREEN), (queue.abandonment_target, Color.RED)) for queue in policy.queues.values()}
    target = Target(f"max by (queue) (hotline_queue:abandonment_target:config{_QUEUE})", "target {{queue}}")
    return Row(
        Text("Leaving without an agent", "未接通离开"),
        (
            _kpi("abandonment_offered", Level.QUEUE, "15m", kind=Kind.STAT, steps_of=limits),
            _kpi("abandonment_offered", Level.QUEUE, "1h", extra=(target,)),
            _kpi("abandonment_offered", Level.QUEUE_TIER),
            _kpi("abandonment_all", Level.QUEUE), _kpi("answered_rate", Level.QUEUE), _kpi("loss_rate_connected", Level.ALL),
            Panel(
                Text("Endings a minute by outcome", "每分钟结束（按结果）"), Kind.TIMESERIES, Unit.A_MINUTE,
                (Target(f"60 * sum by (outcome) (rate(hotline_queue_calls_ended_total{_LINE}[$__rate_interval]))", "{{outcome}}"),), width=12, stacked=True,
            ),
            Panel(
                Text("Let go by the queue, by reason", "队列放出（按原因）"), Kind.TIMESERIES, Unit.NUMBER,
                (Target(f"sum by (reason) (increase(hotline_queue_calls_overflowed_total{_LINE}[1h]))", "{{reason}}"),), width=12, stacked=True,
            ),
        ),
    )  # fmt: skip


def _work() -> Row:
    return Row(
        Text("Work", "工作量"),
        (
            _kpi("aht", Level.QUEUE), _kpi("aht", Level.QUEUE_TIER), _kpi("occupancy_contact", Level.QUEUE),
            _kpi("occupancy_on_queue", Level.QUEUE), _kpi("occupancy_logged_in", Level.QUEUE), _kpi("occupancy_contact", Level.ALL),
            _kpi("satisfaction_average", Level.QUEUE, "1d"), _kpi("satisfaction_share", Level.QUEUE, "1d"), _kpi("satisfaction_average", Level.ALL, "1d"),
        ),
    )  # fmt: skip


def _offers() -> Row:
    return Row(
        Text("Offers, callbacks and transfers", "派单、回电与转接"),
        (
            Panel(
                Text("Offers a minute by result", "每分钟派单（按结果）"), Kind.TIMESERIES, Unit.A_MINUTE,
                (Target(f"60 * sum by (result) (rate(hotline_offers_total{_QUEUE}[$__rate_interval]))", "{{result}}"),), width=8, stacked=True,
            ),
            Panel(
                Text("Callbacks ended in the range, by outcome", "时段内回电结果"), Kind.BARGAUGE, Unit.NUMBER,
                (Target(f"sum by (outcome) (increase(hotline_callbacks_ended_total{_LINE}[$__range]))", "{{outcome}}", instant=True),), steps=((None, Color.BLUE),), width=8,
            ),
            Panel(
                Text("Callbacks promised, and attempts in vain by reason, 1 hour", "1 小时登记回电与未成功拨打（按原因）"), Kind.TIMESERIES, Unit.NUMBER,
                (
                    Target(f"sum(increase(hotline_callbacks_promised_total{_LINE}[1h]))", "promised 登记"),
                    Target(f"sum by (reason) (increase(hotline_callback_attempts_failed_total{_QUEUE}[1h]))", "{{reason}}"),
                ),
                width=8,
            ),
            Panel(
                Text("Transfers by kind and outcome, 1 hour", "1 小时转接（按方式与结果）"), Kind.TIMESERIES, Unit.NUMBER,
                (Target(f"sum by (kind, outcome) (increase(hotline_transfers_total{_QUEUE}[1h]))", "{{kind}} {{outcome}}"),), width=12, stacked=True,
            ),
            Panel(
                Text("Error of the wait forecast", "等待预测误差"), Kind.TIMESERIES, Unit.RATIO, (Target(f"max by (queue) (hotline_queue_forecast_error_ratio{_QUEUE})", "{{queue}}"),), width=12,
                about=Text("Median of |forecast - wait| / wait; callers are told only while it is small.", "|预测 − 实际| / 实际 的中位数；仅在较小时播报。"),
            ),
        ),
    )  # fmt: skip
