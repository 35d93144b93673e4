"""The IVR funnel: how far callers come in the flows, where they leave, what fails."""

from cti.monitoring.grafana.model import FLOW, Color, Dashboard, Kind, Panel, Row, Target, Text, Unit

_FLOW = 'flow=~"$flow"'
_BLUE = ((None, Color.BLUE),)
_BAD = ((None, Color.GREEN), (1, Color.RED))


def ivr() -> Dashboard:
    """Return the dashboard."""
    return Dashboard(
        "hotline-ivr", Text("Hotline: IVR funnel", "热线：语音流程漏斗"), Text("What callers do in the flows.", "来电者在语音流程中的行为。"),
        (FLOW,), (_served(), _funnel(), _troubles(), _others()), since="now-12h", refresh="30s",
    )  # fmt: skip


def _served() -> Row:
    return Row(
        Text("Served", "服务情况"),
        (
            Panel(Text("Calls in the range", "时段来电"), Kind.STAT, Unit.NUMBER, (Target("sum(increase(hotline_calls_total[$__range]))", "-", instant=True),), width=4, height=6, steps=_BLUE),
            Panel(Text("Asked for a person", "要求人工"), Kind.STAT, Unit.NUMBER, (Target("sum(increase(hotline_calls_asked_for_person_total[$__range]))", "-", instant=True),), width=4, height=6, steps=_BLUE),
            Panel(Text("In flows now", "自助中"), Kind.STAT, Unit.NUMBER, (Target("sum(hotline_ivr_active_calls)", "-"),), width=4, height=6, steps=_BLUE),
            Panel(
                Text("Containment, 1 hour", "自助完成率，1 小时"), Kind.STAT, Unit.RATIO, (Target("hotline:containment:ratio1h", "-"),), width=4, height=6, steps=_BLUE,
                about=Text("Calls that self service served to the end, of all calls that ended (docs/kpi.md).", "自助服务完成的来电占全部已结束来电（docs/kpi.md）。"),
            ),
            Panel(
                Text("Calls ended in the range, by outcome", "时段来电结果"), Kind.BARGAUGE, Unit.NUMBER,
                (Target("sort_desc(sum by (outcome) (increase(hotline_calls_by_outcome_total[$__range])))", "{{outcome}}", instant=True),), width=8, height=6, steps=_BLUE,
            ),
            Panel(Text("Containment over time", "自助完成率变化"), Kind.TIMESERIES, Unit.RATIO, (Target("hotline:containment:ratio1h", "1 h"), Target("hotline:containment:ratio15m", "15 min")), width=8),
            Panel(
                Text("Flow exits a minute by outcome", "每分钟流程出口"), Kind.TIMESERIES, Unit.A_MINUTE,
                (Target(f"60 * sum by (outcome) (rate(hotline_ivr_exits_total{{{_FLOW}}}[$__rate_interval]))", "{{outcome}}"),), width=8, stacked=True,
            ),
            Panel(
                Text("Time in flows: half and 95 % were shorter", "流程用时：50 % 与 95 % 分位"), Kind.TIMESERIES, Unit.SECONDS,
                tuple(Target(f"histogram_quantile({share}, sum by (le) (rate(hotline_ivr_seconds_bucket[1h])))", f"{share:.0%}") for share in (0.5, 0.95)), width=8,
            ),
        ),
    )  # fmt: skip


def _funnel() -> Row:
    done = f"sum by (flow, step) (increase(hotline_ivr_steps_total{{{_FLOW}}}[$__range]))"
    hung_up = f'sum by (flow, step) (increase(hotline_ivr_steps_total{{{_FLOW},result="hung_up"}}[$__range]))'
    return Row(
        Text("Funnel", "漏斗"),
        (
            Panel(Text("Steps by how often they were done", "各步骤次数"), Kind.BARGAUGE, Unit.NUMBER, (Target(f"topk(30, {done})", "{{flow}} / {{step}}", instant=True),), width=12, height=16, steps=_BLUE),
            Panel(Text("Where callers hung up", "挂机位置"), Kind.BARGAUGE, Unit.NUMBER, (Target(f"topk(15, {hung_up})", "{{flow}} / {{step}}", instant=True),), width=12, height=8, steps=_BLUE),
            Panel(
                Text("Share of callers who hung up in the step", "步骤内挂机比例"), Kind.BARGAUGE, Unit.RATIO, (Target(f"topk(15, {hung_up} / ({done} > 0))", "{{flow}} / {{step}}", instant=True),), width=12, height=8, steps=_BLUE,
            ),
            Panel(
                Text("Results of steps", "步骤结果"), Kind.TABLE, Unit.NUMBER, (Target(f"sort_desc(sum by (flow, step, result) (increase(hotline_ivr_steps_total{{{_FLOW}}}[$__range])) > 0)", instant=True),), width=12, height=10,
            ),
            Panel(
                Text("Mean time in a step", "步骤平均用时"), Kind.BARGAUGE, Unit.SECONDS,
                (Target(f"topk(20, sum by (flow, step) (increase(hotline_ivr_step_seconds_total{{{_FLOW}}}[$__range])) / ({done} > 0))", "{{flow}} / {{step}}", instant=True),), width=12, height=10, steps=_BLUE,
                about=Text("What the step waits for is included: a queue step holds wait and talk.", "含步骤等待的时间：排队步骤包括等候与通话。"),
            ),
        ),
    )  # fmt: skip


def _troubles() -> Row:
    return Row(
        Text("Troubles", "异常"),
        (
            Panel(Text("Loops", "循环"), Kind.STAT, Unit.NUMBER, (Target(f'sum(increase(hotline_ivr_steps_total{{{_FLOW},result="budget"}}[$__range]))', "-", instant=True),), width=4, steps=_BAD),
            Panel(Text("Calls that failed", "流程出错"), Kind.STAT, Unit.NUMBER, (Target(f'sum(increase(hotline_ivr_exits_total{{{_FLOW},outcome="failed"}}[$__range]))', "-", instant=True),), width=4, steps=_BAD),
            Panel(
                Text("No key or a wrong one, a minute", "每分钟无按键或错键"), Kind.TIMESERIES, Unit.A_MINUTE,
                (Target(f'60 * sum by (flow, result) (rate(hotline_ivr_steps_total{{{_FLOW},result=~"timeout|invalid"}}[$__rate_interval]))', "{{flow}} {{result}}"),), width=8,
            ),
            Panel(Text("Errors a minute by flow", "每分钟错误"), Kind.TIMESERIES, Unit.A_MINUTE, (Target(f'60 * sum by (flow) (rate(hotline_ivr_steps_total{{{_FLOW},result=~"error|failed|budget"}}[$__rate_interval]))', "{{flow}}"),), width=8),
        ),
    )  # fmt: skip


def _others() -> Row:
    return Row(
        Text("Put through and marks", "转外线与评分"),
        (
            Panel(Text("Put through to the outside, by rule and outcome", "转外线（按规则与结果）"), Kind.TIMESERIES, Unit.NUMBER, (Target("sum by (rule, outcome) (increase(hotline_dials_total[1h]))", "{{rule}} {{outcome}}"),), width=8, stacked=True),
            Panel(Text("Time talked with the outside, 1 hour", "1 小时外线通话时长"), Kind.TIMESERIES, Unit.SECONDS, (Target("sum by (rule) (increase(hotline_dial_talk_seconds_sum[1h]))", "{{rule}}"),), width=8, stacked=True),
            Panel(Text("Marks in the range", "时段评分"), Kind.BARGAUGE, Unit.NUMBER, (Target("sum by (score) (increase(hotline_survey_scores_total[$__range]))", "{{score}}", instant=True),), width=8, steps=_BLUE),
        ),
    )  # fmt: skip
