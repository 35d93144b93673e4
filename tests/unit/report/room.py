"""A small policy and legs for it, for tests of what a report says."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.config import Agent, PauseReason, Policy, Queue, Team, Tier
from acd.states import AgentState
from cti.records.calls import CallRecord
from cti.records.contacts import Attempt, ContactLeg, LegKind
from cti.report.document import Asked, document
from cti.report.gathered import Gathered
from cti.report.periods import PeriodKind, period_of
from cti.report.sums import StateTime

ZONE = ZoneInfo("Asia/Shanghai")
POLICY = Policy(
    queues={
        "billing": Queue("billing", label_zh="账单", label_en="Billing & <b>bills</b>", service_level_seconds=20, service_level_target=0.9, abandonment_target=0.05),
        "repair": Queue("repair", label_zh="报修", label_en="Repair", service_level_seconds=30, service_level_target=0.8, abandonment_target=0.05),
    },
    tiers={"gold": Tier("gold", label_zh="金卡", label_en="Gold"), "basic": Tier("basic", label_zh="普通", label_en="Basic")},
    agents={"anna": Agent("anna", label="Anna <script>alert(1)</script>", queues=("billing",), team="red"), "bert": Agent("bert", queues=("repair",))},
    pause_reasons={"lunch": PauseReason("lunch", "午餐", "Lunch")},
    teams={"red": Team("red", "红班", "Red team")},
)  # fmt: skip
DAY_MS = int(datetime(2026, 11, 20, 16, tzinfo=UTC).timestamp() * 1000)  # midnight of November 21 in Shanghai


def leg(n, outcome, wait_ms=5_000, *, queue="billing", tier="gold", hour=9, kind=LegKind.QUEUE, **known):
    at = DAY_MS + hour * 3_600_000 + n
    ended = None if outcome is None else at + wait_ms
    talked = {"agent": "anna", "answered_at_ms": ended, "talk_ms": 60_000, "wrapup_ms": 10_000} if outcome == "answered" else {}
    values = {"leg": f"c{n}-1", "call": f"c{n}", "number": 1, "kind": kind, "queue": queue, "tier": tier, "entered_at_ms": at, "ended_at_ms": ended, "wait_ms": wait_ms, "outcome": outcome}
    return ContactLeg(**{**values, **talked, **known})


def gathered(legs=(), calls=(), times=(), queue=None):
    found = Gathered(POLICY, ZONE, queue)
    for each in legs:
        found.add_leg(each)
    for each in calls:
        found.add_call(each)
    for each in times:
        found.add_time(each)
    return found


def told(now, before=None, *, kind=PeriodKind.DAY, language="en", made_at=datetime(2026, 11, 22, 4, tzinfo=UTC), queue=""):
    return document(Asked(period_of(kind, datetime(2026, 11, 21, tzinfo=UTC).date()), ZONE, language, made_at, queue), now, before or gathered())


def call(n, outcome, trail=(), **known):
    return CallRecord(call=f"c{n}", started_at_ms=DAY_MS + n, ended_at_ms=None if outcome is None else DAY_MS + n + 1000, outcome=outcome, trail=tuple(trail), **known)


def full_day():
    """A day with something of everything."""
    attempt = Attempt("o1", "anna", DAY_MS, 4_000, "no_answer")
    legs = [
        leg(1, "answered", 5_000, survey_score=5, attempts=(attempt, Attempt("o2", "anna", DAY_MS, 900, "talked"))),
        leg(2, "answered", 25_000, survey_score=2),
        leg(3, "abandoned", 40_000), leg(4, "abandoned", 3_000), leg(5, "overflowed", 90_000, queue="repair", tier="basic"), leg(6, None),
        leg(7, "called_back", 600_000, kind=LegKind.CALLBACK, answered_at_ms=DAY_MS), leg(8, "callback_expired", 9_000, kind=LegKind.CALLBACK), leg(9, None, kind=LegKind.CALLBACK),
    ]  # fmt: skip
    menu = {"at_ms": 1, "flow": "main", "step": "menu", "type": "menu", "result": "choice", "key": "1"}
    calls = [
        call(1, "answered", [menu], queue="billing"), call(2, "self_service", [menu, {**menu, "key": "2"}]), call(3, "abandoned", [menu, {"at_ms": 2, "flow": "main", "step": "menu", "type": "menu", "result": "ended"}]),
        call(4, None),
    ]  # fmt: skip
    times = [StateTime("anna", AgentState.TALKING, "", 3_600_000), StateTime("anna", AgentState.PAUSED, "lunch", 1_800_000), StateTime("anna", AgentState.READY, "", 3_600_000)]
    return gathered(legs, calls, times)
