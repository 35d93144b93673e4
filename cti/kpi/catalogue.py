"""Every key figure: name, labels, unit, formula, what counts, who means the same by it. docs/kpi.md is made from this."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cti.kpi.tally import Figures


class Unit(StrEnum):
    """In what a figure is given."""

    RATIO = "ratio"  #: of 1; shown as per cent
    SECONDS = "seconds"
    COUNT = "count"
    MARK = "mark"  #: of the survey, 1 to 5


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Group(StrEnum):
    """What a figure is about; the order is that of docs and reports."""

    COUNTS = "counts"
    SERVICE_LEVEL = "service_level"
    WAITING = "waiting"
    LEAVING = "leaving"
    WORK = "work"
    CALLERS = "callers"


@dataclass(frozen=True, slots=True)
class Kpi:
    """One key figure.

    Attributes:
        name: everywhere the same: rules, wallboard, reports, the anchor in docs/kpi.md.
        label_zh, label_en: for people.
        unit, group, better: see there.
        formula: in the letters of docs/kpi.md.
        words_zh, words_en: the same in words, with what counts and what does not.
        source: who means just this, or the nearest to it, by which name.
        of: the figure; None where there is nothing to divide by (no calls).

    """

    name: str
    label_zh: str
    label_en: str
    unit: Unit
    group: Group
    better: Better
    formula: str
    words_zh: str
    words_en: str
    source: str
    of: Callable[[Figures], float | None]

    def label(self, language: str) -> str:
        """Return the label in Chinese (`zh`) or English."""
        return self.label_zh if language == "zh" else self.label_en


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0 else None


def _mean_seconds(sum_ms: int, number: int) -> float | None:
    return sum_ms / number / 1000 if number > 0 else None


def _kpi(
    name: str, labels: tuple[str, str], unit: Unit, group: Group, better: Better, formula: str, words: tuple[str, str], source: str,
    of: Callable[[Figures], float | None],
) -> Kpi:  # fmt: skip
    return Kpi(name, *labels, unit, group, better, formula, *words, source, of)


_COUNTS = (
    _kpi(
        "offered", ("进入排队", "Offered"), Unit.COUNT, Group.COUNTS, Better.NEITHER, "O",
        (
            "已结束的排队记录数；回电、外呼和转接不计。来电溢出到另一队列时，两个队列各计一次。",
            "Queue entries that have ended. Callbacks, calls outside and transfers to a colleague are not counted. A caller who overflows into another queue counts once in each.",
        ),
        "Genesys: Offered; Amazon Connect: Contacts queued", lambda f: f.legs.offered,
    ),
    _kpi(
        "answered", ("人工接听", "Answered"), Unit.COUNT, Group.COUNTS, Better.NEITHER, "A",
        ("与坐席通话后结束的排队记录数。", "Entries that ended in a talk with an agent."),
        "Genesys: Answered; Amazon Connect: Contacts handled", lambda f: f.legs.answered,
    ),
    _kpi(
        "abandoned", ("放弃", "Abandoned"), Unit.COUNT, Group.COUNTS, Better.LOWER, "B",
        ("等待中由来电者挂断的排队记录数（含振铃时）。", "Entries whose caller hung up while he waited, ringing included."),
        "Asterisk, Genesys, Amazon Connect: Abandoned", lambda f: f.legs.abandoned,
    ),
    _kpi(
        "short_abandoned", ("短放弃", "Short abandons"), Unit.COUNT, Group.COUNTS, Better.NEITHER, "b",
        (
            "在 short_abandon_seconds（队列设置，默认 5 秒）之内挂断的放弃；多为拨错。",
            "Abandons within short_abandon_seconds of the queue (5 s unless set): mostly wrong numbers.",
        ),
        "8x8: 5 s, fixed; Mitel: 6 s unless set; Cisco calls them short calls", lambda f: f.legs.short_abandoned,
    ),
    _kpi(
        "flow_outs", ("转出", "Flow-outs"), Unit.COUNT, Group.COUNTS, Better.LOWER, "F",
        (
            "未接听、也未挂断而离开队列的记录数：超时溢出、队列已满、按键离开、留言、登记回电、已下班。",
            "Entries that left unanswered without hanging up: max wait, queue full or empty, left by a key, voicemail, callback asked, closed.",
        ),
        "Genesys: Flow-outs", lambda f: f.legs.flow_outs,
    ),
)

_T_ZH = "T 为队列的 service_level_seconds。"
_T_EN = "T is the queue's service_level_seconds. "
_SERVICE_LEVELS = (
    _kpi(
        "sl_offered", ("服务水平（接听与放弃）", "Service level of answered and abandoned"), Unit.RATIO, Group.SERVICE_LEVEL, Better.HIGHER, "(A_T + B_T) / (A + B)",
        (_T_ZH + "时限内接听或放弃的，占接听与放弃之和；很快放弃视为达标；转出不计。", _T_EN + "Answered or abandoned in time, of all that were answered or abandoned. A quick hang-up counts as met; flow-outs do not count at all."),
        "Asterisk's second service level (ServicelevelPerf2)", lambda f: _ratio(f.legs.answered_in_time + f.legs.abandoned_in_time, f.legs.answered + f.legs.abandoned),
    ),
    _kpi(
        "sl_answered", ("服务水平（仅接听）", "Service level of the answered"), Unit.RATIO, Group.SERVICE_LEVEL, Better.HIGHER, "A_T / A",
        (_T_ZH + "时限内接听的，占已接听的；放弃的人再多也不影响它。", _T_EN + "Answered in time, of the answered. Callers who gave up do not show in it, however many."),
        "Asterisk's first service level (ServicelevelPerf); Wazo: quality of service; Cisco with abandons ignored", lambda f: _ratio(f.legs.answered_in_time, f.legs.answered),
    ),
    _kpi(
        "sl_strict", ("服务水平（严格）", "Service level, strict"), Unit.RATIO, Group.SERVICE_LEVEL, Better.HIGHER, "A_T / (A + B + F)",
        (_T_ZH + "时限内接听的，占全部接听、放弃与转出；未接听一律不达标。", _T_EN + "Answered in time, of all answered, abandoned and flowed out. Whoever was not answered counts as missed."),
        "Genesys with all three switches on; Cisco with abandons counted against", lambda f: _ratio(f.legs.answered_in_time, f.legs.answered + f.legs.abandoned + f.legs.flow_outs),
    ),
    _kpi(
        "sl_without_short", ("服务水平（剔除短放弃）", "Service level without short abandons"), Unit.RATIO, Group.SERVICE_LEVEL, Better.HIGHER, "A_T / (A + B + F − b)",
        (_T_ZH + "同“严格”，但短放弃不计入分母。", _T_EN + "As the strict one, but short abandons are left out."),
        "Genesys without short abandons", lambda f: _ratio(f.legs.answered_in_time, f.legs.answered + f.legs.abandoned + f.legs.flow_outs - f.legs.short_abandoned),
    ),
    _kpi(
        "sl_removed", ("服务水平（时限内离队）", "Service level of all that left"), Unit.RATIO, Group.SERVICE_LEVEL, Better.HIGHER, "R_T / O",
        (_T_ZH + "时限内以任何方式离开队列的（接听、放弃、转出），占全部进入排队的。", _T_EN + "Entries that left within T in whatever way, of all offered: a quick abandon and a quick overflow count as met."),
        "Amazon Connect (guide of 2021)", lambda f: _ratio(f.legs.left_in_time, f.legs.offered),
    ),
    _kpi(
        "sl_accepted", ("服务水平（受理）", "Service level of accepted calls"), Unit.RATIO, Group.SERVICE_LEVEL, Better.HIGHER, "A_T / (A + B − b)",
        (_T_ZH + "时限内接听的，占接听与放弃之和，短放弃与转出不计。", _T_EN + "Answered in time, of the answered and abandoned; neither short abandons nor flow-outs count."),
        "8x8: accepted in SLA", lambda f: _ratio(f.legs.answered_in_time, f.legs.answered + f.legs.abandoned - f.legs.short_abandoned),
    ),
)  # fmt: skip

_WAITING = (
    _kpi(
        "asa", ("平均应答速度", "Average speed of answer"), Unit.SECONDS, Group.WAITING, Better.LOWER, "Σ wait(A) / A",
        ("已接听者从进入排队到接通的平均时间，含振铃。", "Mean wait of the answered from entry to talk, ringing included."),
        "Cisco: ASA; Amazon Connect: average queue answer time", lambda f: _mean_seconds(f.legs.answered_wait_ms, f.legs.answered),
    ),
    _kpi(
        "queue_time_average", ("平均排队时间", "Average queue time"), Unit.SECONDS, Group.WAITING, Better.LOWER, "Σ wait(O) / O",
        ("所有进入排队者到接听、放弃或转出为止的平均时间；不是平均应答速度。", "Mean wait of all entries to whatever ended it. Mixes outcomes, so it is no speed of answer."),
        "Wazo: average waiting time", lambda f: _mean_seconds(f.legs.wait_ms, f.legs.offered),
    ),
    _kpi(
        "abandon_time_average", ("平均放弃时间", "Average time to abandon"), Unit.SECONDS, Group.WAITING, Better.NEITHER, "Σ wait(B) / B",
        ("放弃者挂断前的平均等待时间。", "Mean wait of those who hung up."),
        "Amazon Connect: average queue abandon time", lambda f: _mean_seconds(f.legs.abandoned_wait_ms, f.legs.abandoned),
    ),
)

_LEAVING = (
    _kpi(
        "abandonment_offered", ("放弃率（剔除短放弃）", "Abandonment without short abandons"), Unit.RATIO, Group.LEAVING, Better.LOWER, "(B − b) / (O − b)",
        ("放弃的占进入排队的，短放弃两边都不计。与 abandonment_target 比较的就是它。", "Abandoned of the offered, short abandons in neither. This is what abandonment_target is held against."),
        "Cisco, which calls short calls neither offered nor abandoned", lambda f: _ratio(f.legs.abandoned - f.legs.short_abandoned, f.legs.offered - f.legs.short_abandoned),
    ),
    _kpi(
        "abandonment_all", ("放弃率（全部）", "Abandonment of all"), Unit.RATIO, Group.LEAVING, Better.LOWER, "B / O",
        ("所有放弃的占进入排队的；登记回电不算放弃。", "Abandoned of the offered. A callback asked for is no abandon."),
        "Genesys: Abandon %; Amazon Connect: Abandonment rate", lambda f: _ratio(f.legs.abandoned, f.legs.offered),
    ),
    _kpi(
        "loss_rate_connected", ("来电损失率", "Loss rate of calls"), Unit.RATIO, Group.LEAVING, Better.LOWER, "L / C",
        (
            "C 为接入热线且已结束的全部来电（含自助）；L 为其中要求人工而无人接听的：最后一次排队以放弃、超时溢出或队列已满告终。每个来电只计一次。",
            "C is all calls to the hotline that have ended, self service included; L those of them that asked for a person and got none: their last queue entry was abandoned, overflowed or refused by a full queue. Each call counts once.",
        ),
        "来电损失率 of Chinese utility hotlines: lost calls / connected calls", lambda f: _ratio(f.calls.unserved, f.calls.connected),
    ),
    _kpi(
        "answered_rate", ("人工接通率", "Answered rate"), Unit.RATIO, Group.LEAVING, Better.HIGHER, "A / O",
        ("接听的占进入排队的。", "Answered of the offered."),
        "Wazo: answered rate (its calls outside opening hours do not count)", lambda f: _ratio(f.legs.answered, f.legs.offered),
    ),
)

_WORK = (
    _kpi(
        "aht", ("平均处理时长", "Average handle time"), Unit.SECONDS, Group.WORK, Better.NEITHER, "(Σ talk + Σ wrap-up) / A",
        ("已接听者的平均通话加话后处理时间；计入来电进入排队的时段。", "Mean of talk and wrap-up of the answered. Counts where the caller entered, however late his talk ended."),
        "Genesys and Amazon Connect, which count where the wrap-up ended", lambda f: _mean_seconds(f.legs.talk_ms + f.legs.wrapup_ms, f.legs.answered),
    ),
    _kpi(
        "occupancy_contact", ("占用率（接触）", "Occupancy on contacts"), Unit.RATIO, Group.WORK, Better.NEITHER, "(talk + wrap-up) / (talk + wrap-up + ready)",
        ("通话与话后占通话、话后与空闲之和；振铃、示忙、退避都不计。", "Talk and wrap-up, of these and being ready. Ringing, pauses and back-offs are in neither."),
        "Amazon Connect: Occupancy", lambda f: _ratio(f.agents.handling_ms, f.agents.handling_ms + f.agents.ready),
    ),
    _kpi(
        "occupancy_on_queue", ("占用率（在线）", "Occupancy on the queue"), Unit.RATIO, Group.WORK, Better.NEITHER, "(talk + wrap-up) / (logged in − paused)",
        ("通话与话后占除示忙外的全部签入时间：空闲、振铃、接通中、通话、话后、退避。", "Talk and wrap-up, of all time logged in but pauses: ready, ringing, connecting, talk, wrap-up, back-off."),
        "Genesys: Occupancy (of time on queue)", lambda f: _ratio(f.agents.handling_ms, f.agents.on_queue_ms),
    ),
    _kpi(
        "occupancy_logged_in", ("占用率（签入）", "Occupancy of time logged in"), Unit.RATIO, Group.WORK, Better.NEITHER, "(talk + wrap-up) / logged in",
        ("通话与话后占全部签入时间，示忙也在分母里。", "Talk and wrap-up, of all time logged in, pauses included."),
        "Call Centre Helper's definition; often called utilisation", lambda f: _ratio(f.agents.handling_ms, f.agents.logged_in_ms),
    ),
)  # fmt: skip

_CALLERS = (
    _kpi(
        "containment", ("自助完成率", "Containment"), Unit.RATIO, Group.CALLERS, Better.HIGHER, "S / C",
        ("C 为接入热线且已结束的全部来电；S 为其中走完语音自助、未进入排队的。", "C is all calls to the hotline that have ended; S those of them that the menus served to the end, without a queue."),
        "IVR containment, as commonly used", lambda f: _ratio(f.calls.self_service, f.calls.connected),
    ),
    _kpi(
        "satisfaction_average", ("平均满意度", "Average satisfaction"), Unit.MARK, Group.CALLERS, Better.HIGHER, "Σ mark / marks",
        ("通话后评分（1 至 5）的平均值；未评分者不计。", "Mean mark (1 to 5) given after talks. Who gave none does not count."),
        "CSAT, average", lambda f: _ratio(f.legs.score_sum, f.legs.scores),
    ),
    _kpi(
        "satisfaction_share", ("满意率", "Share of the satisfied"), Unit.RATIO, Group.CALLERS, Better.HIGHER, "marks of 4 or 5 / marks",
        ("评分为 4 或 5 的占全部评分。", "Marks of 4 or 5, of all marks."),
        "CSAT, share of the upper two (top-2-box)", lambda f: _ratio(f.legs.good_scores, f.legs.scores),
    ),
)

KPIS: tuple[Kpi, ...] = (*_COUNTS, *_SERVICE_LEVELS, *_WAITING, *_LEAVING, *_WORK, *_CALLERS)
_BY_NAME = {each.name: each for each in KPIS}


def kpi(name: str) -> Kpi:
    """Return a key figure. Raises KeyError for a name there is not."""
    return _BY_NAME[name]
