"""The health of the server: links, loop, backends, store, records, and what should be zero."""

from cti.monitoring.grafana.model import BACKEND, Color, Dashboard, Kind, Panel, Row, Steps, Target, Text, Unit
from cti.monitoring.limits import LOOP_LAG_SECONDS

_UP: Steps = ((None, Color.RED), (1, Color.GREEN))
_ZERO: Steps = ((None, Color.GREEN), (1, Color.RED))
_BACKEND = 'backend=~"$backend"'


def health() -> Dashboard:
    """Return the dashboard."""
    return Dashboard(
        "hotline-health", Text("Hotline: health", "热线：健康"), Text("How the server and what it needs are.", "服务器及其依赖的状况。"),
        (BACKEND,), (_now(), _zero(), _asterisk(), _loop(), _backends(), _storage()), refresh="10s",
    )  # fmt: skip


def _stat(title: Text, expression: str, steps: Steps, unit: Unit = Unit.NUMBER, legend: str = "-", width: int = 4) -> Panel:
    return Panel(title, Kind.STAT, unit, (Target(expression, legend),), width=width, height=5, steps=steps)


def _now() -> Row:
    return Row(
        Text("Now", "当前"),
        (
            _stat(Text("Server scraped", "服务器在线"), 'max(up{job="hotline"})', _UP),
            _stat(Text("AMI sessions", "AMI 会话"), "min by (link) (hotline_ami_link_up)", _UP, legend="{{link}}"),
            _stat(Text("Store", "存储"), "min(hotline_store_up)", _UP),
            _stat(Text("Running since", "启动时间"), "1000 * max(hotline_start_time_seconds)", ((None, Color.BLUE),), Unit.TIME),
            _stat(Text("Version", "版本"), "max by (version, flow_version) (hotline_build_info)", ((None, Color.BLUE),), legend="{{version}} / {{flow_version}}"),
            _stat(Text("Refused changes", "被拒变更"), "max(hotline_flows_broken) + max(hotline_policy_broken)", _ZERO),
        ),
    )  # fmt: skip


def _zero() -> Row:
    counted = {
        "fallback 应急": "hotline_fallback_total", "drift 不一致": "hotline_drift_repaired_total", "forged 伪造": "hotline_forged_events_total",
        "store 存储失败": "hotline_store_write_failures_total", "records lost 记录丢失": "hotline_records_lost_total", "record writes 记录写入失败": "hotline_record_write_failures_total",
        "reconnects 重连": "hotline_ami_reconnects_total",
    }  # fmt: skip
    return Row(
        Text("What should be zero", "应为零"),
        (
            Panel(Text("In 15 minutes", "15 分钟内"), Kind.BARGAUGE, Unit.NUMBER, tuple(Target(f"sum(increase({metric}[15m]))", name, instant=True) for name, metric in counted.items()), width=12, steps=_ZERO),
            Panel(Text("Over time", "变化"), Kind.TIMESERIES, Unit.NUMBER, tuple(Target(f"sum(increase({metric}[5m]))", name) for name, metric in counted.items()), width=12),
        ),
    )  # fmt: skip


def _asterisk() -> Row:
    return Row(
        Text("Asterisk", "Asterisk"),
        (
            Panel(Text("Channels in Asterisk", "Asterisk 通道"), Kind.TIMESERIES, Unit.NUMBER, (Target("sum by (kind) (hotline_asterisk_channels)", "{{kind}}"),), width=8, stacked=True),
            Panel(
                Text("AMI actions: 99 % were faster", "AMI 动作 99 % 分位"), Kind.TIMESERIES, Unit.SECONDS,
                (Target("histogram_quantile(0.99, sum by (le, action) (rate(hotline_ami_action_seconds_bucket[5m])))", "{{action}}"),), width=8,
            ),
            Panel(Text("Events ignored a minute", "每分钟忽略事件"), Kind.TIMESERIES, Unit.A_MINUTE, (Target("60 * sum by (why) (rate(hotline_events_ignored_total[5m]))", "{{why}}"),), width=8),
            Panel(Text("Drift repaired, by kind, 1 hour", "1 小时修复的不一致"), Kind.TIMESERIES, Unit.NUMBER, (Target("sum by (kind) (increase(hotline_drift_repaired_total[1h]))", "{{kind}}"),), width=12),
            Panel(Text("Calls that came in and were taken over", "来电与接管"), Kind.TIMESERIES, Unit.A_MINUTE, (Target("60 * sum(rate(hotline_calls_total[5m]))", "new 新来电"), Target("60 * sum(rate(hotline_calls_adopted_total[5m]))", "taken over 接管"), Target("60 * sum(rate(hotline_queue_calls_resumed_total[5m]))", "waiting again 重新等候")), width=12),
        ),
    )  # fmt: skip


def _loop() -> Row:
    lag = "rate(hotline_event_loop_lag_seconds_bucket[1m])"
    return Row(
        Text("Process", "进程"),
        (
            Panel(
                Text("Event loop late by", "事件循环延迟"), Kind.TIMESERIES, Unit.SECONDS, tuple(Target(f"histogram_quantile({share}, sum by (le) ({lag}))", f"{share:.1%}") for share in (0.5, 0.99, 0.999)), width=8,
                steps=((None, Color.GREEN), (LOOP_LAG_SECONDS, Color.RED)), about=Text("How late timers ran, looked at ten times a second.", "定时器的延迟，每秒观测十次。"),
            ),
            Panel(Text("CPU", "CPU"), Kind.TIMESERIES, Unit.RATIO, (Target('sum(rate(process_cpu_seconds_total{job="hotline"}[1m]))', "cores 核"),), width=8),
            Panel(Text("Memory", "内存"), Kind.TIMESERIES, Unit.BYTES, (Target('sum(process_resident_memory_bytes{job="hotline"})', "resident"),), width=8),
            Panel(Text("Scrape took", "抓取用时"), Kind.TIMESERIES, Unit.SECONDS, (Target('max(scrape_duration_seconds{job="hotline"})', "seconds"),), width=12),
            Panel(Text("Series", "时间序列数"), Kind.TIMESERIES, Unit.NUMBER, (Target('max(scrape_samples_scraped{job="hotline"})', "series"),), width=12),
        ),
    )  # fmt: skip


def _backends() -> Row:
    calls = f"hotline_backend_calls_total{{{_BACKEND}"
    return Row(
        Text("Backends and services", "后台与服务"),
        (
            Panel(Text("Calls a minute by result", "每分钟请求（按结果）"), Kind.TIMESERIES, Unit.A_MINUTE, (Target(f"60 * sum by (backend, result) (rate({calls}}}[5m]))", "{{backend}} {{result}}"),), width=8, stacked=True),
            Panel(Text("No answer, share of 15 minutes", "15 分钟无应答比例"), Kind.TIMESERIES, Unit.RATIO, (Target(f'sum by (backend) (increase({calls},result!="ok"}}[15m])) / (sum by (backend) (increase({calls}}}[15m])) > 0)', "{{backend}}"),), width=8),
            Panel(Text("95 % were faster", "95 % 分位"), Kind.TIMESERIES, Unit.SECONDS, (Target(f"histogram_quantile(0.95, sum by (le, backend) (rate(hotline_backend_seconds_bucket{{{_BACKEND}}}[5m])))", "{{backend}}"),), width=8),
        ),
    )  # fmt: skip


def _storage() -> Row:
    return Row(
        Text("Store and records", "存储与记录"),
        (
            Panel(Text("Store operations a second", "每秒存储操作"), Kind.TIMESERIES, Unit.NUMBER, (Target("sum by (operation, result) (rate(hotline_store_operations_total[5m]))", "{{operation}} {{result}}"),), width=8),
            Panel(Text("Store: 99 % were faster", "存储 99 % 分位"), Kind.TIMESERIES, Unit.SECONDS, (Target("histogram_quantile(0.99, sum by (le) (rate(hotline_store_seconds_bucket[5m])))", "99 %"),), width=8),
            Panel(Text("Record writes that failed, 1 hour", "1 小时记录写入失败"), Kind.TIMESERIES, Unit.NUMBER, (Target("sum(increase(hotline_record_write_failures_total[1h]))", "failed 失败"), Target("sum(increase(hotline_records_lost_total[1h]))", "lost 丢失")), width=8),
        ),
    )  # fmt: skip
