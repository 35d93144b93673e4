"""The key figures on entries small enough to reckon by hand."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import pytest

from acd.facts import Outcome
from acd.states import AgentState
from cti.kpi import KPIS, LegTally, Limits, Unit, figures_of, kpi
from cti.kpi.inputs import ABANDONED, ANSWERED, FLOW_OUTS
from cti.kpi.table import markdown
from cti.records.agent_states import Span
from cti.records.calls import CallRecord

DOCS = Path(__file__).parents[3] / "docs"


class Kind(StrEnum):
    QUEUE = "queue"
    CALLBACK = "callback"


@dataclass(frozen=True)
class Leg:
    outcome: str | None
    wait_ms: int | None = 0
    talk_ms: int | None = None
    wrapup_ms: int | None = None
    survey_score: int | None = None
    kind: Kind = Kind.QUEUE


#: T 20 s, short 5 s: 3 answered (2 in time), 3 abandoned (2 in time, 1 of them short), 2 flowed out (1 in time), 1 lost late
DAY = [
    Leg("answered", 10_000, 60_000, 10_000, 5),
    Leg("answered", 20_000, 120_000, 20_000, 3),
    Leg("answered", 40_000, 90_000, None, None),
    Leg("abandoned", 5_000),
    Leg("abandoned", 15_000),
    Leg("abandoned", 60_000),
    Leg("overflowed", 100_000),
    Leg("voicemail", 12_000),
    Leg("lost", 30_000),
    Leg(None, None),
    Leg("called_back", 500_000, 60_000, 5_000, 4, Kind.CALLBACK),
]
LIMITS = Limits(20, 5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("offered", 9), ("answered", 3), ("abandoned", 3), ("short_abandoned", 1), ("flow_outs", 2),
        ("sl_answered", 2 / 3), ("sl_offered", 4 / 6), ("sl_strict", 2 / 8), ("sl_without_short", 2 / 7), ("sl_removed", 5 / 9), ("sl_accepted", 2 / 5),
        ("asa", 70 / 3), ("queue_time_average", 292 / 9), ("abandon_time_average", 80 / 3),
        ("abandonment_offered", 2 / 8), ("abandonment_all", 3 / 9), ("answered_rate", 3 / 9), ("aht", 100),
        ("satisfaction_average", 4), ("satisfaction_share", 2 / 3),
    ],
)  # fmt: skip
def test_a_day_reckoned_by_hand(name, expected):
    assert kpi(name).of(figures_of(DAY, limits=LIMITS)) == pytest.approx(expected)


def test_what_has_not_ended_is_told_apart():
    assert figures_of(DAY, limits=LIMITS).legs.open == 1


@pytest.mark.parametrize("limit", ["service_level_seconds", "short_abandon_seconds"])
def test_exactly_the_limit_is_within_it(limit):
    limits = replace(Limits(7, 7), **{limit: 7})
    tally = figures_of([Leg("abandoned", 7000), Leg("abandoned", 7001)], limits=limits).legs
    assert (tally.abandoned_in_time, tally.short_abandoned) == (1, 1)


def test_calls_that_asked_for_a_person_and_got_none_are_lost_once_each():
    ended = {"started_at_ms": 0, "ended_at_ms": 9}
    calls = [
        CallRecord(call="served", queue="q", outcome="answered", **ended),
        CallRecord(call="gave up", queue="q", outcome="abandoned", **ended),
        CallRecord(call="too long", queue="q", outcome="overflowed", **ended),
        CallRecord(call="full", queue="q", outcome="rejected_full", **ended),
        CallRecord(call="hung up in the menu", outcome="abandoned", **ended),
        CallRecord(call="menu", outcome="self_service", **ended),
        CallRecord(call="left word", queue="q", outcome="voicemail", **ended),
        CallRecord(call="goes on", started_at_ms=0, outcome=None),
    ]
    figures = figures_of(calls=calls)
    assert kpi("loss_rate_connected").of(figures) == pytest.approx(3 / 7)
    assert kpi("containment").of(figures) == pytest.approx(1 / 7)
    assert figures.calls.open == 1


def test_occupancy_in_its_three_meanings():
    lasted = {
        AgentState.READY: 30, AgentState.OFFERED: 4, AgentState.CONNECTING: 3, AgentState.CANCELLING: 2, AgentState.TALKING: 50,
        AgentState.WRAP_UP: 10, AgentState.PAUSED: 20, AgentState.BACKOFF: 1,
    }  # fmt: skip
    spans, at = [], 1000
    for state, seconds in lasted.items():
        spans.append(Span("a", state, "", at, at + seconds * 1000))
        at += seconds * 1000
    figures = figures_of(spans=spans, since_ms=0, until_ms=at)
    found = {name: kpi(f"occupancy_{name}").of(figures) for name in ("contact", "on_queue", "logged_in")}
    assert found == {"contact": pytest.approx(60 / 90), "on_queue": pytest.approx(60 / 100), "logged_in": pytest.approx(60 / 120)}


def test_agents_time_is_cut_at_the_ends_of_the_period():
    spans = [Span("a", AgentState.TALKING, "", 0, 150), Span("a", AgentState.READY, "", 150, None), Span("b", AgentState.PAUSED, "", 300, 400)]
    agents = figures_of(spans=spans, since_ms=100, until_ms=200).agents
    assert (agents.talking, agents.ready, agents.paused) == (50, 50, 0)


def test_nothing_to_divide_by_is_no_figure():
    empty = figures_of()
    assert {each.name for each in KPIS if each.of(empty) is not None} == {each.name for each in KPIS if each.unit is Unit.COUNT}


def test_sums_of_parts_are_the_sum_of_all():
    whole, parts = figures_of(DAY, limits=LIMITS).legs, LegTally()
    for leg in DAY:
        parts.merge(figures_of([leg], limits=LIMITS).legs)
    assert parts == whole


def test_every_way_to_leave_a_queue_is_counted_as_one_thing():
    assert {ANSWERED, ABANDONED, Outcome.LOST.value} | FLOW_OUTS == {each.value for each in Outcome}
    assert not {ANSWERED, ABANDONED, Outcome.LOST.value} & FLOW_OUTS


def test_names_are_given_once_and_both_languages_are_there():
    assert len({each.name for each in KPIS}) == len(KPIS)
    for each in KPIS:
        assert all((each.label_zh, each.label_en, each.words_zh, each.words_en, each.formula, each.source)), each.name


def test_the_page_in_the_manual_is_current():
    page = DOCS / "kpi.md"
    assert page.read_text(encoding="utf-8") == markdown(), "run: python -m cti.kpi.table > docs/kpi.md"
