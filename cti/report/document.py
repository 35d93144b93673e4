"""The report as one document of plain values, in the caller's language; JSON, table and page all show just this.

Every figure is `{"now": …, "before": …, "target": …}` under the name it has in docs/kpi.md; None where there is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from acd.config import Queue
from acd.facts import CallbackOutcome
from cti.kpi import KPIS, AgentTally, CallTally, Figures, LegTally, kpi
from cti.kpi.catalogue import Group
from cti.kpi.tally import GOOD_MARK
from cti.report.gathered import Gathered, grouped
from cti.report.periods import Period, PeriodKind
from cti.report.sums import COMMON_SECONDS, COMMON_TARGET, MARKS, WAIT_BOUNDS_SECONDS, Card, Line, Promises

Document = dict[str, Any]
_NOT_OF_LEGS = frozenset({"loss_rate_connected", "containment", "occupancy_contact", "occupancy_on_queue", "occupancy_logged_in"})
#: the figures that a queue and a tier have of their own
OF_LEGS = tuple(each.name for each in KPIS if each.name not in _NOT_OF_LEGS)
OF_TIME = ("occupancy_contact", "occupancy_on_queue", "occupancy_logged_in")
SERVICE_LEVELS = tuple(each.name for each in KPIS if each.group is Group.SERVICE_LEVEL)
#: a flow's funnel names so many steps; further ones are the rarest
_STEPS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is of: the period, whose zone, in which language, when it was made, one queue or all ("")."""

    period: Period
    zone: ZoneInfo
    language: str
    made_at: datetime
    queue: str = ""


def document(asked: Asked, now: Gathered, before: Gathered) -> Document:
    """Return the report of a period held against the one before."""
    return {
        "report": _about(asked, now),
        "figures": _all_figures(now, before),
        "common": _common(now.total(), before.total()),
        "queues": _lines(asked, now, before, 0),
        "tiers": _lines(asked, now, before, 1),
        "trend": _trend(asked, now),
        "hours": _hours(now),
        "waits": _waits(now.total()),
        "agents": _agents(asked, now, before),
        "callbacks": _callbacks(asked, now),
        "flows": _flows(now),
        "call_outcomes": dict(now.call_outcomes.most_common()),
        "outside": dict(sorted(now.outside.items())),
    }


def _about(asked: Asked, now: Gathered) -> Document:
    since_ms, until_ms = asked.period.window(asked.zone)
    made_ms = asked.made_at.timestamp() * 1000
    return {
        "period": asked.period.kind.value, "name": asked.period.name, "before": asked.period.before().name,
        "first_day": asked.period.first.isoformat(), "last_day": asked.period.last.isoformat(), "time_zone": asked.zone.key,
        "since": _instant(since_ms, asked.zone), "until": _instant(until_ms, asked.zone), "made_at": asked.made_at.astimezone(asked.zone).isoformat(timespec="seconds"),
        "over": made_ms >= until_ms, "begun": made_ms >= since_ms, "empty": now.is_empty, "language": asked.language, "queue": asked.queue or None,
        "queue_label": _queue_label(now, asked.queue, asked.language) if asked.queue else None,
        "open_calls": now.calls.open, "open_entries": now.total().own.open, "open_callbacks": sum(each.open for each in now.promises.values()),
    }  # fmt: skip


def _instant(wall_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(zone).isoformat(timespec="seconds")


# ---- figures


def _pair(name: str, now: Figures, before: Figures, target: float | None = None) -> Document:
    of = kpi(name).of
    return {"now": of(now), "before": of(before), "target": target}


def _all_figures(now: Gathered, before: Gathered) -> Document:
    figures = [Figures(each.total().own, each.calls, _time(each)) for each in (now, before)]
    targets = _targets(list(now.policy.queues.values()) if now.queue is None else [now.policy.queues[now.queue]] if now.queue in now.policy.queues else [])
    return {each.name: _pair(each.name, figures[0], figures[1], targets.get(each.name)) for each in KPIS}


def _targets(queues: list[Queue]) -> Mapping[str, float]:
    """Return the targets of queues if all have the same."""
    levels = {queue.service_level_target for queue in queues}
    abandonments = {queue.abandonment_target for queue in queues}
    found = {name: levels.copy().pop() for name in SERVICE_LEVELS} if len(levels) == 1 else {}
    return found | ({"abandonment_offered": abandonments.pop()} if len(abandonments) == 1 else {})


def _time(gathered: Gathered) -> AgentTally:
    total = AgentTally()
    for card in gathered.cards.values():
        total.merge(card.time)
    return total


def _common(now: Line, before: Line) -> Document:
    pairs = {name: _pair(name, Figures(now.common), Figures(before.common), COMMON_TARGET) for name in SERVICE_LEVELS}
    return {"seconds": COMMON_SECONDS, "figures": pairs}


def _lines(asked: Asked, now: Gathered, before: Gathered, part: int) -> list[Document]:
    known = (now.policy.queues, now.policy.tiers)[part]
    today = grouped(now.lines, part, known)
    former = grouped(before.lines, part, known)
    label: Callable[[Gathered, str, str], str] = (_queue_label, _tier_label)[part]
    return [
        {"name": name, "label": label(now, name, asked.language), **_line(now, name if part == 0 else "", line, former.get(name) or Line())}
        for name, line in today.items()
    ]


def _line(gathered: Gathered, queue: str, now: Line, before: Line) -> Document:
    known = gathered.policy.queues.get(queue)
    targets = _targets([known] if known else [])
    pair = Figures(now.own), Figures(before.own)
    return {
        "service_level_seconds": gathered.limits(queue).service_level_seconds if queue else None,
        "figures": {name: _pair(name, *pair, targets.get(name)) for name in OF_LEGS},
        "common": {name: _pair(name, Figures(now.common), Figures(before.common), COMMON_TARGET) for name in SERVICE_LEVELS},
        "marks": _marks(now.marks),
    }


def _marks(marks: Mapping[int, int]) -> list[int]:
    return [marks.get(mark, 0) for mark in MARKS]


def _queue_label(gathered: Gathered, name: str, language: str) -> str:
    queue = gathered.policy.queues.get(name)
    return (queue and (queue.label_zh if language == "zh" else queue.label_en)) or name


def _tier_label(gathered: Gathered, name: str, language: str) -> str:
    tier = gathered.policy.tiers.get(name)
    return (tier and (tier.label_zh if language == "zh" else tier.label_en)) or name or "–"


# ---- over time


def _trend(asked: Asked, gathered: Gathered) -> list[Document]:
    """Return the day by hours, the week and month by days, the quarter by weeks."""
    slots: dict[str, tuple[str, LegTally]] = {name: (label, LegTally()) for name, label in _slots(asked.period)}
    for (day, hour), tally in gathered.hours.items():
        match asked.period.kind:
            case PeriodKind.DAY:
                name = f"{hour:02}"
            case PeriodKind.QUARTER:
                name = (day - timedelta(days=day.weekday())).isoformat()
            case _:
                name = day.isoformat()
        slots[name][1].merge(tally)
    return [{"from": name, "label": label, **_slot(tally)} for name, (label, tally) in slots.items()]


def _slots(period: Period) -> list[tuple[str, str]]:
    if period.kind is PeriodKind.DAY:
        return [(f"{hour:02}", f"{hour:02}") for hour in range(24)]
    if period.kind is PeriodKind.QUARTER:
        mondays = dict.fromkeys(day - timedelta(days=day.weekday()) for day in period.days)
        return [(monday.isoformat(), f"{monday.month}/{monday.day}") for monday in mondays]
    return [(day.isoformat(), str(day.day) if period.kind is PeriodKind.MONTH else f"{day.month}/{day.day}") for day in period.days]


def _slot(tally: LegTally) -> Document:
    figures = Figures(tally)
    names = ("offered", "answered", "abandoned", "flow_outs", "sl_offered", "abandonment_offered", "asa")
    return {name: kpi(name).of(figures) for name in names}


def _hours(gathered: Gathered) -> list[list[Document]]:
    """Return seven days from Monday of 24 hours each: what was offered in that hour of the week, and how it went."""
    week = [[LegTally() for _ in range(24)] for _ in range(7)]
    for (day, hour), tally in gathered.hours.items():
        week[day.weekday()][hour].merge(tally)
    return [[_slot(tally) for tally in day] for day in week]


def _waits(total: Line) -> list[Document]:
    bounds = [*WAIT_BOUNDS_SECONDS, None]
    return [
        {"up_to_seconds": bound, "answered": total.answered_waits.get(number, 0), "abandoned": total.abandoned_waits.get(number, 0)}
        for number, bound in enumerate(bounds)
    ]


# ---- agents


def _agents(asked: Asked, now: Gathered, before: Gathered) -> list[Document]:
    order = [*(name for name in now.policy.agents if name in now.cards), *sorted(now.cards.keys() - now.policy.agents.keys())]
    return [_agent(asked, now, name, now.cards[name], before.cards.get(name) or Card()) for name in order]


def _agent(asked: Asked, gathered: Gathered, name: str, card: Card, former: Card) -> Document:
    known = gathered.policy.agents.get(name)
    team = gathered.policy.teams.get(known.team) if known else None
    reasons = gathered.policy.pause_reasons
    zh = asked.language == "zh"
    pair = [Figures(_as_legs(each), CallTally(), each.time) for each in (card, former)]
    return {
        "name": name, "label": (known.label if known else "") or name, "team": team.name if team else "",
        "team_label": (team.label_zh if zh else team.label_en) if team else "",
        "talks": {"now": card.talks, "before": former.talks}, "offers": card.offers, "misses": card.misses,
        "figures": {each: _pair(each, pair[0], pair[1]) for each in ("aht", *OF_TIME, "satisfaction_average", "satisfaction_share")},
        "marks": _marks(card.marks),
        "logged_in_seconds": card.time.logged_in_ms / 1000,
        "seconds": {each.name: getattr(card.time, each.name) / 1000 for each in fields(AgentTally)},
        "pauses": [
            {"reason": reason, "label": (reasons[reason].label_zh if zh else reasons[reason].label_en) if reason in reasons else reason, "seconds": lasted / 1000}
            for reason, lasted in card.pause_ms.most_common()
        ],
    }  # fmt: skip


def _as_legs(card: Card) -> LegTally:
    """Return an agent's talks of all kinds as if they were entries, for handle time and satisfaction."""
    scores = sum(card.marks.values())
    good = sum(number for mark, number in card.marks.items() if mark >= GOOD_MARK)
    return LegTally(
        answered=card.talks, talk_ms=card.talk_ms, wrapup_ms=card.wrapup_ms, scores=scores,
        score_sum=sum(mark * number for mark, number in card.marks.items()), good_scores=good,
    )  # fmt: skip


# ---- callbacks and flows


def _callbacks(asked: Asked, gathered: Gathered) -> list[Document]:
    order = [*(name for name in gathered.policy.queues if name in gathered.promises), *sorted(gathered.promises.keys() - gathered.policy.queues.keys())]
    return [
        {"name": name, "label": _queue_label(gathered, name, asked.language), **_promises(gathered.promises[name])}
        for name in order
    ]  # fmt: skip


def _promises(promises: Promises) -> Document:
    talked = promises.outcomes[CallbackOutcome.CALLED_BACK.value]
    return {
        "outcomes": {each.value: promises.outcomes[each.value] for each in CallbackOutcome},
        "open": promises.open,
        "wait_average_seconds": promises.waited_ms / talked / 1000 if talked else None,
    }


def _flows(gathered: Gathered) -> list[Document]:
    return [{"name": flow, "calls": calls, **_funnel(gathered, flow)} for flow, calls in gathered.flows.most_common()]


def _funnel(gathered: Gathered, flow: str) -> Document:
    """Return a flow's steps in the order in which callers come to them."""
    steps = [(name, sums) for (of, name), sums in gathered.steps.items() if of == flow]
    kept = sorted(steps, key=lambda step: -step[1].calls)[:_STEPS_SHOWN]
    kept.sort(key=lambda step: (step[1].place_sum / max(1, step[1].calls), step[0]))
    return {
        "hung_up": sum(sums.hung_up for _, sums in steps),
        "steps_left_out": len(steps) - len(kept),
        "steps": [
            {"name": name, "kind": sums.kind, "calls": sums.calls, "visits": sums.visits, "hung_up": sums.hung_up, "keys": dict(sorted(sums.keys.items()))}
            for name, sums in kept
        ],
    }
