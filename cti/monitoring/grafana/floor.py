"""The live floor: what waits, who is there, what alarms, now."""

from acd.config import Policy
from cti.monitoring.grafana.model import QUEUE, TIER, Color, Dashboard, Kind, Panel, Row, Steps, Target, Text, Unit
from cti.monitoring.limits import at_risk_level, longest_wait_limit

_LINE = '{queue=~"$queue",tier=~"$tier"}'
_QUEUE = '{queue=~"$queue"}'
_NONE: Steps = ((None, Color.RED), (1, Color.GREEN))
_NEUTRAL: Steps = ((None, Color.BLUE),)


def level_steps(policy: Policy) -> dict[str, Steps]:
    """Red below a queue's target, yellow where it is at risk, green above."""
    return {
        queue.name: ((None, Color.RED), (queue.service_level_target, Color.YELLOW), (at_risk_level(queue), Color.GREEN))
        for queue in policy.queues.values()
    }


def floor(policy: Policy) -> Dashboard:
    """Return the dashboard."""
    return Dashboard(
        "hotline-floor", Text("Hotline: live floor", "热线：现场"), Text("What callers and agents do now.", "来电与坐席的实时状况。"),
        (QUEUE, TIER), (_now(policy), _agents(), _lines(policy), _alerts()), refresh="5s",
    )  # fmt: skip


def _now(policy: Policy) -> Row:
    waits: dict[str, Steps] = {
        queue.name: ((None, Color.GREEN), (queue.service_level_seconds, Color.YELLOW), (longest_wait_limit(queue), Color.RED))
        for queue in policy.queues.values()
    }
    return Row(
        Text("Now", "当前"),
        (
            Panel(Text("Waiting", "等候人数"), Kind.STAT, Unit.NUMBER, (Target(f"sum by (queue) (hotline_queue_calls_waiting{_LINE})", "{{queue}}"),), steps=_NEUTRAL, height=6),
            Panel(
                Text("Longest wait", "最长等候"), Kind.STAT, Unit.SECONDS, (Target(f"max by (queue) (hotline_queue_longest_wait_seconds{_LINE})", "{{queue}}"),), height=6, steps_of=waits,
                about=Text("Yellow from the service level on, red from the limit of the alert HotlineLongestWait on.", "超过服务水平时限为黄，超过告警 HotlineLongestWait 的界限为红。"),
            ),
            Panel(
                Text("Service level, last 15 minutes", "近 15 分钟服务水平"), Kind.STAT, Unit.RATIO, (Target(f"hotline_queue:sl_offered:ratio15m{_QUEUE}", "{{queue}}"),), height=6, steps_of=level_steps(policy),
                about=Text("sl_offered of docs/kpi.md; red below the target of queues.yaml.", "docs/kpi.md 的 sl_offered；低于 queues.yaml 的目标为红。"),
            ),
            Panel(Text("Ready agents", "空闲坐席"), Kind.STAT, Unit.NUMBER, (Target('sum by (queue) (hotline_queue_agents{queue=~"$queue",state="ready"})', "{{queue}}"),), height=6, steps=_NONE),
        ),
    )  # fmt: skip


def _agents() -> Row:
    return Row(
        Text("Agents", "坐席"),
        (
            Panel(Text("Agents by state", "坐席状态"), Kind.BARGAUGE, Unit.NUMBER, (Target("sum by (state) (hotline_agents)", "{{state}}"),), steps=_NEUTRAL),
            Panel(Text("Paused by reason", "示忙原因"), Kind.BARGAUGE, Unit.NUMBER, (Target("sum by (reason) (hotline_agents_paused)", "{{reason}}"),), steps=_NEUTRAL),
            Panel(Text("Pauses over their limit", "超时示忙"), Kind.STAT, Unit.NUMBER, (Target("sum(hotline_agents_pause_over_limit)", "-"),), width=4, steps=((None, Color.GREEN), (1, Color.RED))),
            Panel(Text("Agents over time", "坐席状态变化"), Kind.TIMESERIES, Unit.NUMBER, (Target('sum by (state) (hotline_agents{state!="logged_out"})', "{{state}}"),), width=8, stacked=True),
        ),
    )  # fmt: skip


def _lines(policy: Policy) -> Row:
    return Row(
        Text("Lines", "队列"),
        (
            Panel(Text("Waiting by queue", "各队列等候人数"), Kind.TIMESERIES, Unit.NUMBER, (Target(f"sum by (queue) (hotline_queue_calls_waiting{_LINE})", "{{queue}}"),), width=8, stacked=True),
            Panel(Text("Waiting by tier", "各等级等候人数"), Kind.TIMESERIES, Unit.NUMBER, (Target(f"sum by (tier) (hotline_queue_calls_waiting{_LINE})", "{{tier}}"),), width=8, stacked=True),
            Panel(Text("Expected wait of a newcomer", "新来电预计等待"), Kind.STAT, Unit.SECONDS, (Target(f"max by (queue) (hotline_queue_estimated_wait_seconds{_QUEUE})", "{{queue}}"),), width=8, steps_of={queue.name: ((None, Color.GREEN), (queue.service_level_seconds, Color.YELLOW)) for queue in policy.queues.values()}),
            Panel(Text("Talking", "通话中"), Kind.TIMESERIES, Unit.NUMBER, (Target(f"sum by (queue) (hotline_queue_calls_talking{_QUEUE})", "{{queue}}"),), width=8, stacked=True),
            Panel(
                Text("Callers a minute", "每分钟来电"), Kind.TIMESERIES, Unit.A_MINUTE,
                (
                    Target(f"60 * sum(rate(hotline_queue_calls_entered_total{_LINE}[$__rate_interval]))", "entered 进入"),
                    Target(f"60 * sum(rate(hotline_queue_calls_answered_total{_LINE}[$__rate_interval]))", "answered 接通"),
                    Target(f"60 * sum(rate(hotline_queue_calls_abandoned_total{_LINE}[$__rate_interval]))", "abandoned 放弃"),
                ),
                width=8,
            ),
            Panel(Text("Callbacks open", "待回电"), Kind.TIMESERIES, Unit.NUMBER, (Target(f"sum by (queue) (hotline_callbacks_open{_QUEUE})", "{{queue}}"),), width=8),
            Panel(
                Text("Calls on the line", "在线来电"), Kind.TIMESERIES, Unit.NUMBER,
                (Target("sum(hotline_calls_active)", "all 全部"), Target("sum(hotline_ivr_active_calls)", "in flows 自助中")), width=12,
            ),
            Panel(Text("Service level over time", "服务水平变化"), Kind.TIMESERIES, Unit.RATIO, (Target(f"hotline_queue:sl_offered:ratio15m{_QUEUE}", "{{queue}}"),), width=12),
        ),
    )  # fmt: skip


def _alerts() -> Row:
    firing = 'ALERTS{alertname=~"Hotline.*",alertstate="firing"}'
    return Row(
        Text("Alerts", "告警"),
        (
            Panel(Text("Alerts that stand", "当前告警数"), Kind.STAT, Unit.NUMBER, (Target(f"count({firing}) or vector(0)", "-"),), width=4, height=6, steps=((None, Color.GREEN), (1, Color.RED))),
            Panel(
                Text("Which", "告警列表"), Kind.TABLE, Unit.NUMBER, (Target(f"count by (alertname, severity, queue, backend) ({firing}) or vector(0)", instant=True),), width=20, height=6,
                about=Text("What each means and what to do: docs/alerts.md. A row without a name: none.", "各告警含义与处置见 docs/alerts.md；无名称的一行表示没有告警。"),
            ),
        ),
    )  # fmt: skip
