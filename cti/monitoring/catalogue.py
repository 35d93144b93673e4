"""Every alert by name: how grave, how long it must hold, what it says, what to do. Rules, watch and docs/alerts.md come from here."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How grave an alert is."""

    WARNING = "warning"  #: look soon
    CRITICAL = "critical"  #: callers suffer now: look at once


class Unit(StrEnum):
    """What the figure of an alert is."""

    RATIO = "ratio"
    SECONDS = "seconds"
    COUNT = "count"
    MARK = "mark"


class About(StrEnum):
    """What has an alert of its own; the label's name in Prometheus."""

    HOTLINE = ""
    QUEUE = "queue"
    BACKEND = "backend"


@dataclass(frozen=True, slots=True)
class Definition:
    """One alert.

    Attributes:
        name: everywhere the same: Prometheus, the wallboard, the heading in docs/alerts.md.
        for_seconds: the condition must hold so long before the alert is raised.
        keep_seconds: the alert stands so long after the condition last held, so that it does not flicker.
        about: what has an alert of its own.
        unit: of the figure that stands for `{value}` in the summaries; `{queue}` and `{backend}` name what it is about.
        meaning_en, meaning_zh: when it is raised. todo_en, todo_zh: what to do.
        in_server: whether the server itself can tell; a server that is gone cannot.

    """

    name: str
    severity: Severity
    for_seconds: int
    keep_seconds: int
    about: About
    unit: Unit
    summary_en: str
    summary_zh: str
    meaning_en: str
    meaning_zh: str
    todo_en: str
    todo_zh: str
    in_server: bool = True


SERVICE_LEVEL_AT_RISK = Definition(
    "HotlineServiceLevelAtRisk", Severity.WARNING, 120, 120, About.QUEUE, Unit.RATIO,
    "The service level of {queue} is falling towards its target, or callers who enter now will be answered too late",
    "队列 {queue} 的服务水平正在向目标值下滑，或此刻进入的来电将无法按时接听",
    "The service level of the last 15 minutes (`sl_offered`) is above the target, but less than half of the way to 100 % above it and below that of the last hour; "
    "or the expected wait of a newcomer is longer than `service_level_seconds` while somebody waits.",
    "近 15 分钟的服务水平（`sl_offered`）虽高于目标，但余量不足目标到 100 % 的一半，且低于近一小时；或者有人排队，而新来电的预计等待超过 `service_level_seconds`。",
    "Call agents back from breaks and back office, log team leaders in, lend agents of quiet queues. `hotline acd staff` says how many are needed.",
    "召回小休和后台坐席，请班长签入，从空闲队列调人。`hotline acd staff` 可算出所需人数。",
)  # fmt: skip
SERVICE_LEVEL_BELOW = Definition(
    "HotlineServiceLevelBelowTarget", Severity.CRITICAL, 120, 300, About.QUEUE, Unit.RATIO,
    "The service level of {queue} is {value} in the last 15 minutes, below its target",
    "队列 {queue} 近 15 分钟服务水平为 {value}，低于目标",
    "`sl_offered` of the last 15 minutes, with at least 10 calls, is below `service_level_target` of the queue.",
    "近 15 分钟（至少 10 个来电）的 `sl_offered` 低于该队列的 `service_level_target`。",
    "As above, at once. Offer callbacks (`callback:` of the queue), widen the rings, let the queue overflow to another one; `hotline policy reload` brings it into force under live calls.",
    "立即采取上述措施；开启回电（队列的 `callback:`）、放宽技能圈、设置溢出到其他队列，用 `hotline policy reload` 在线生效。",
)  # fmt: skip
LONGEST_WAIT = Definition(
    "HotlineLongestWait", Severity.WARNING, 0, 30, About.QUEUE, Unit.SECONDS,
    "A caller of {queue} has been waiting for {value}", "队列 {queue} 有来电者已等候 {value}",
    "Somebody has waited for more than half of the queue's `max_wait_seconds` (without one: its `guarantee_seconds`, else ten times `service_level_seconds`).",
    "有来电者等候超过该队列 `max_wait_seconds` 的一半（未设置时取 `guarantee_seconds`，再无则取 `service_level_seconds` 的十倍）。",
    "`hotline acd explain <call>` tells why nobody is offered to him: a skill nobody at work has, or too few agents.",
    "用 `hotline acd explain <call>` 查看为何无人接听：在线坐席缺少所需技能，或人手不足。",
)  # fmt: skip
ALL_PAUSED = Definition(
    "HotlineAllAgentsPaused", Severity.CRITICAL, 60, 30, About.QUEUE, Unit.COUNT,
    "All {value} agents of {queue} who are logged in are paused", "队列 {queue} 已签入的 {value} 名坐席全部示忙",
    "Every agent of the queue who is logged in has been paused for a minute.", "该队列所有已签入坐席示忙满一分钟。",
    "Ask them back. Agents who missed calls are paused with the reason `missed_calls`: see whether their phones work.",
    "请坐席恢复。因漏接而示忙的（原因 `missed_calls`），请检查其话机。",
)  # fmt: skip
NOBODY_LOGGED_IN = Definition(
    "HotlineNobodyLoggedIn", Severity.CRITICAL, 60, 30, About.QUEUE, Unit.COUNT,
    "{value} callers wait in {queue} and no agent is logged in", "队列 {queue} 有 {value} 人等候，却无坐席签入",
    "Somebody has waited for a minute in a queue none of whose agents is logged in.", "队列有人等候满一分钟，而其坐席无一签入。",
    "Log agents in (`*45`, `hotline agent login`), or see that the opening hours in flows/hours.yaml are right.",
    "请坐席签入（`*45` 或 `hotline agent login`），或核对 flows/hours.yaml 的服务时间。",
)  # fmt: skip
ABANDONMENT = Definition(
    "HotlineAbandonmentAboveTarget", Severity.WARNING, 120, 300, About.QUEUE, Unit.RATIO,
    "{value} of the callers of {queue} hung up in the last 15 minutes, more than its target", "队列 {queue} 近 15 分钟放弃率为 {value}，高于目标",
    "`abandonment_offered` of the last 15 minutes (short abandons left out), with at least 10 calls, is above `abandonment_target` of the queue.",
    "近 15 分钟（至少 10 个来电，短时放弃不计）的 `abandonment_offered` 高于该队列的 `abandonment_target`。",
    "As for the service level. `abandon_time_average` tells how long callers are patient.", "处置同服务水平告警；`abandon_time_average` 可看来电者的耐心时长。",
)  # fmt: skip
FLOW_LOOP = Definition(
    "HotlineFlowLoop", Severity.WARNING, 0, 300, About.HOTLINE, Unit.COUNT,
    "{value} calls went round in a flow until their budget ended it", "{value} 个来电在语音流程中循环，直至超出上限",
    'In the last 15 minutes a call used up its budget of steps, time or silence (`result="budget"` in `hotline_ivr_steps_total`).',
    '近 15 分钟有来电用尽步数、时间或静默上限（`hotline_ivr_steps_total` 中 `result="budget"`）。',
    "The dashboard IVR funnel names flow and step. `hotline check` finds loops; `hotline flows rollback` takes the last version back.",
    "“语音流程漏斗”看板指出流程与步骤；`hotline check` 查找循环，`hotline flows rollback` 退回上一版本。",
)  # fmt: skip
FLOW_ERRORS = Definition(
    "HotlineFlowErrors", Severity.WARNING, 60, 300, About.HOTLINE, Unit.RATIO,
    "{value} of the calls left a flow by an error in the last 15 minutes", "近 15 分钟 {value} 的来电因流程出错而离开",
    "More than 5 % of the flow exits of the last 15 minutes, and at least 3, have the outcome `failed`.", "近 15 分钟流程出口中 `failed` 超过 5 % 且不少于 3 次。",
    "The log lines `call_failed` name call, flow and step; `hotline replay <call>` shows the way there.", "日志 `call_failed` 指明来电、流程与步骤；`hotline replay <call>` 重现经过。",
)  # fmt: skip
BACKEND_ERRORS = Definition(
    "HotlineBackendErrors", Severity.WARNING, 60, 120, About.BACKEND, Unit.RATIO,
    "{value} of the calls to the backend {backend} got no answer in the last 15 minutes", "近 15 分钟后台 {backend} 有 {value} 的请求无应答",
    "More than 20 % of the calls to a backend, and at least 3, timed out, were refused or broke the contract.", "某后台的请求超过 20 % 且不少于 3 次超时、被拒或应答不合约定。",
    "`hotline doctor` asks each backend for a sign of life. Callers go on by the way each step declares for errors.", "`hotline doctor` 逐一探测后台；流程按各步骤声明的出错去向继续。",
)  # fmt: skip
AMI_DOWN = Definition(
    "HotlineAmiDown", Severity.CRITICAL, 15, 0, About.HOTLINE, Unit.COUNT,
    "The link to Asterisk is down", "与 Asterisk 的连接中断",
    "One of the two AMI sessions has not been logged in for 15 s. Waiting callers hear music; after 75 s at most the dialplan's fallback serves them.",
    "两条 AMI 会话之一中断满 15 秒。等候者继续听音乐，至多 75 秒后由拨号方案的应急队列接管。",
    "Is Asterisk running, and its manager reachable? `hotline doctor` tells.", "检查 Asterisk 是否运行、管理接口是否可达：`hotline doctor`。",
)  # fmt: skip
FALLBACK_USED = Definition(
    "HotlineFallbackUsed", Severity.WARNING, 0, 300, About.HOTLINE, Unit.COUNT,
    "{value} callers were served by the dialplan's fallback", "{value} 个来电由拨号方案的应急队列服务",
    "In the last 15 minutes the server learnt of callers whom the fallback in the dialplan took while it was away.", "近 15 分钟，服务器获知其离线期间有来电被应急队列接管。",
    "The server was away or too slow: see its log before that, and how long `HotlineServerGone` or `HotlineAmiDown` stood.", "服务器曾离线或过慢：查看此前日志及 `HotlineServerGone`、`HotlineAmiDown` 的持续时间。",
)  # fmt: skip
DRIFT = Definition(
    "HotlineDrift", Severity.WARNING, 0, 300, About.HOTLINE, Unit.COUNT,
    "{value} differences between the server and Asterisk were repaired in 15 minutes", "15 分钟内修复了 {value} 处服务器与 Asterisk 的不一致",
    "The auditor repaired more than 5 differences in 15 minutes; a restart or a lost link makes a few.", "巡检 15 分钟内修复超过 5 处不一致；重启或断链会产生少量。",
    "The log lines `drift_repaired` name kind and call. Does something else change our channels (other AMI programs, the CLI)?", "日志 `drift_repaired` 指明种类与来电；是否有其他程序在操作这些通道？",
)  # fmt: skip
FORGED = Definition(
    "HotlineForgedEvents", Severity.WARNING, 0, 300, About.HOTLINE, Unit.COUNT,
    "{value} forged events were ignored in the last 15 minutes", "近 15 分钟忽略了 {value} 个伪造事件",
    "Somebody sends AMI events hidden in SIP headers. They are ignored.", "有人在 SIP 头中夹带 AMI 事件；均已忽略。",
    "The log lines `forged_event` name the channel; block the sender at the SIP trunk.", "日志 `forged_event` 指明通道；请在 SIP 中继处封禁来源。",
)  # fmt: skip
SATISFACTION = Definition(
    "HotlineSatisfactionFalling", Severity.WARNING, 300, 600, About.QUEUE, Unit.MARK,
    "Callers of {queue} give {value} on average in the last hour, clearly less than over the day", "队列 {queue} 近一小时平均评分 {value}，明显低于全天",
    "The average mark of the last hour, of at least 10, is lower than that of the last 24 hours by more than 0.5.", "近一小时（至少 10 个评分）的平均分比近 24 小时低 0.5 以上。",
    "See waits and transfers of that hour, and listen to what callers said: `hotline report day`.", "查看该时段的等待与转接情况：`hotline report day`。",
)  # fmt: skip
SERVER_GONE = Definition(
    "HotlineServerGone", Severity.CRITICAL, 30, 0, About.HOTLINE, Unit.COUNT,
    "The hotline's server does not answer", "热线服务器无应答",
    "Prometheus cannot scrape the server, or knows of none. Callers hear music, then the dialplan's fallback serves them.", "Prometheus 无法抓取服务器指标，或根本没有目标。来电者先听音乐，再由应急队列服务。",
    "`systemctl status hotline` (or the terminal of `hotline run`); its last log lines say why it ended.", "查看 `systemctl status hotline` 或 `hotline run` 的终端；最后几行日志说明原因。",
    in_server=False,
)  # fmt: skip
RECORDS_LOST = Definition(
    "HotlineRecordsLost", Severity.CRITICAL, 0, 900, About.HOTLINE, Unit.COUNT,
    "The records of {value} calls were lost", "{value} 个来电的记录丢失",
    "The database was away for so long that news of calls had to be dropped.", "数据库离线过久，来电记录被迫丢弃。",
    "Bring the database back. Calls go on; reports lack these calls, the log has their `call_ended` lines.", "尽快恢复数据库。来电不受影响，但报表缺少这些来电；日志 `call_ended` 仍有记载。",
)  # fmt: skip
RECORDS_NOT_WRITTEN = Definition(
    "HotlineRecordsNotWritten", Severity.WARNING, 60, 60, About.HOTLINE, Unit.COUNT,
    "Records of calls could not be written {value} times; they are kept and tried again", "来电记录写入失败 {value} 次，已保留并重试",
    "Writes of call records have failed in the last 5 minutes, for a minute.", "近 5 分钟来电记录写入持续失败满一分钟。",
    "Is the database up, its disk full? The newest 10,000 calls are kept until it is back.", "数据库是否在线、磁盘是否已满？恢复前保留最近一万个来电。",
)  # fmt: skip
STORE_FAILING = Definition(
    "HotlineStoreFailing", Severity.CRITICAL, 30, 60, About.HOTLINE, Unit.COUNT,
    "The store of live state did not take {value} writes", "实时状态存储有 {value} 次写入失败",
    "Writes to the store (SQLite or Redis) have failed in the last 5 minutes, for 30 s. Calls go on; after a kill flows would start again, and no callback is promised.",
    "近 5 分钟存储（SQLite 或 Redis）写入持续失败满 30 秒。来电继续；但若此时重启，流程会重新开始，且不再承诺回电。",
    "`hotline doctor` tells; see disk or Redis.", "用 `hotline doctor` 检查；查看磁盘或 Redis。",
)  # fmt: skip
LOOP_LAG = Definition(
    "HotlineEventLoopLag", Severity.WARNING, 120, 60, About.HOTLINE, Unit.SECONDS,
    "The server's event loop was late by {value}", "服务器事件循环延迟 {value}",
    "In each of the last two minutes the event loop was late by more than 0.25 s once or more: callers' keys and agents' answers are noticed late.", "近两分钟事件循环每分钟都有超过 0.25 秒的延迟：按键与应答处理变慢。",
    "Is the machine short of CPU, or swapping? docs/benchmarks.md tells how many calls a core carries.", "机器是否 CPU 不足或在换页？单核可承载的话务量见 docs/benchmarks.md。",
)  # fmt: skip
CONFIGURATION_REFUSED = Definition(
    "HotlineConfigurationRefused", Severity.WARNING, 0, 0, About.HOTLINE, Unit.COUNT,
    "The last change of flows or queues was refused; the version before is in force", "最近一次流程或队列变更被拒绝，仍在使用上一版本",
    "`hotline flows reload` or `hotline policy reload` found mistakes.", "`hotline flows reload` 或 `hotline policy reload` 发现错误。",
    "`hotline check` names each with file, line and cure.", "`hotline check` 逐一指出文件、行号与改法。",
)  # fmt: skip
NOT_MEASURED = Definition(
    "HotlineThresholdNotMeasured", Severity.WARNING, 300, 0, About.QUEUE, Unit.COUNT,
    "The service level of {queue} is not measured: its service_level_seconds is no bucket of the running server", "队列 {queue} 的服务水平无法统计：运行中的服务器没有其 service_level_seconds 的分桶",
    "`service_level_seconds` or `short_abandon_seconds` was changed since the server started (buckets stay those of the start), or rules were generated from another configuration.",
    "服务器启动后修改了 `service_level_seconds` 或 `short_abandon_seconds`（分桶在启动时确定），或规则由另一份配置生成。",
    "`hotline rules export` again, and start the server again; callers do not notice that.", "重新 `hotline rules export` 并重启服务器，来电者不会察觉。",
    in_server=False,
)  # fmt: skip

DEFINITIONS: tuple[Definition, ...] = (
    SERVICE_LEVEL_AT_RISK, SERVICE_LEVEL_BELOW, LONGEST_WAIT, ALL_PAUSED, NOBODY_LOGGED_IN, ABANDONMENT, SATISFACTION, FLOW_LOOP, FLOW_ERRORS,
    BACKEND_ERRORS, AMI_DOWN, FALLBACK_USED, DRIFT, FORGED, SERVER_GONE, RECORDS_LOST, RECORDS_NOT_WRITTEN, STORE_FAILING, LOOP_LAG,
    CONFIGURATION_REFUSED, NOT_MEASURED,
)  # fmt: skip
