"""Today's figures: counted from facts, read back from legs, and the same as the report's key figures of the same legs."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from acd.config import Policy, Queue
from acd.facts import AgentChanged, CallAnswered, CallEnded, Outcome
from acd.states import AgentState
from cti.board.figures import RECENT_MINUTES, TREND_MINUTES, DayFigures, ratio
from cti.kpi import Limits, figures_of, kpi
from cti.records.contacts import ContactLeg, LegKind

POLICY = Policy(queues={"billing": Queue("billing", service_level_seconds=20, short_abandon_seconds=5), "repair": Queue("repair", service_level_seconds=60)})
NOON_MS = int(datetime(2026, 11, 20, 4, 0, tzinfo=UTC).timestamp() * 1000)  # 12:00 in Shanghai


class HandClock:
    """A clock that is set by hand; engine time is the wall's in seconds."""

    zone = ZoneInfo("Asia/Shanghai")

    def __init__(self, ms=NOON_MS):
        self.ms = ms

    def wall_ms(self):
        return self.ms

    def now(self):
        return self.ms / 1000

    def civil(self):
        return datetime.fromtimestamp(self.ms / 1000, self.zone)

    def to_wall_ms(self, monotonic):
        return round(monotonic * 1000)

    def later(self, seconds):
        self.ms += round(seconds * 1000)


class Day:
    def __init__(self, ms=NOON_MS):
        self.clock = HandClock(ms)
        self.figures = DayFigures(self.clock, lambda: POLICY)

    def answered(self, call, wait_seconds, queue="billing"):
        self.figures.told(CallAnswered(call, queue, "basic", "anna", "o-" + call, wait_seconds), self.clock.now())

    def ended(self, call, outcome, wait_seconds=0.0, queue="billing"):
        self.figures.told(CallEnded(call, queue, "basic", outcome, "", wait_seconds), self.clock.now())


@pytest.fixture
def day():
    return Day()


def leg(call, entered_ms, *, wait_ms, outcome=None, answered=False, ended_ms=None, kind=LegKind.QUEUE, queue="billing"):
    return ContactLeg(
        leg=f"{call}-1", call=call, number=1, kind=kind, queue=queue, tier="basic", entered_at_ms=entered_ms, wait_ms=wait_ms, outcome=outcome,
        answered_at_ms=entered_ms + wait_ms if answered else None, ended_at_ms=ended_ms,
    )  # fmt: skip


def test_answers_count_when_the_talk_begins_and_once(day):
    day.answered("a", 10)
    assert day.figures.today()["billing"].answered == 1
    day.answered("a", 12)  # the agent hung up at once, the caller kept his place
    day.ended("a", Outcome.ANSWERED, 10)
    assert day.figures.today()["billing"].answered == 1
    day.answered("a", 30)  # he waits again later: another entry
    assert day.figures.today()["billing"].answered == 2


def test_ratios_are_those_of_the_key_figures(day):
    day.answered("in time", 20)
    day.answered("late", 20.001)
    day.ended("mistake", Outcome.ABANDONED, 5)
    day.ended("soon", Outcome.ABANDONED, 15)
    day.ended("patient", Outcome.ABANDONED, 50)
    day.ended("full", Outcome.REJECTED_FULL)
    sums = day.figures.today()["billing"]
    assert (sums.offered, sums.answered, sums.abandoned, sums.flow_outs) == (6, 2, 3, 1)
    assert ratio("sl_offered", sums) == pytest.approx(3 / 5)
    assert ratio("abandonment_offered", sums) == pytest.approx(2 / 5)
    assert ratio("asa", sums) == pytest.approx(20, abs=0.001)
    assert "repair" not in day.figures.today()


def test_each_queue_has_its_own_service_level(day):
    day.answered("a", 50, "billing")
    day.answered("b", 50, "repair")
    assert {queue: ratio("sl_offered", sums) for queue, sums in day.figures.today().items()} == {"billing": 0, "repair": 1}


def test_recent_forgets_after_a_quarter_of_an_hour_and_the_day_at_midnight(day):
    day.answered("a", 10)
    day.clock.later(RECENT_MINUTES * 60 - 1)
    assert day.figures.recent()["billing"].answered == 1
    day.clock.later(61)
    assert day.figures.recent() == {}
    assert day.figures.today()["billing"].answered == 1
    day.clock.later(12 * 3600)
    assert day.figures.today() == {}
    day.answered("b", 10)
    assert day.figures.today()["billing"].answered == 1


def test_the_day_begins_at_midnight_of_the_hotlines_zone():
    day = Day(int(datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC).timestamp() * 1000))
    day.answered("a", 1)
    day.clock.later(2)
    assert day.figures.today() == {}
    assert day.figures.recent()["billing"].answered == 1  # the last quarter of an hour knows no midnight


def test_the_trend_has_a_number_a_minute_and_the_running_one_last(day):
    day.figures.waiting(4)
    day.answered("a", 10)
    day.clock.later(60)
    day.ended("b", Outcome.ABANDONED, 90)
    day.figures.waiting(2)
    begins, minutes = day.figures.trend()
    assert len(minutes) == TREND_MINUTES
    assert begins == datetime(2026, 11, 20, 9, 2, tzinfo=day.clock.zone)
    before, last = minutes[-2:]
    assert (before.offered, before.answered, before.abandoned, before.waiting, before.service_level) == (1, 1, 0, 4, 1.0)
    assert (last.offered, last.answered, last.abandoned, last.waiting, last.service_level) == (1, 0, 1, 2, 0.5)
    assert minutes[-3].service_level is None


def test_a_restart_goes_on_with_what_the_legs_tell():
    """The same day counted live, and by a process that begins in its middle."""
    began = NOON_MS
    legs = [
        leg("answered", began - 600_000, wait_ms=10_000, outcome="answered", answered=True, ended_ms=began - 300_000),
        leg("left", began - 500_000, wait_ms=40_000, outcome="abandoned", ended_ms=began - 460_000),
        leg("talks", began - 400_000, wait_ms=30_000, answered=True),
        leg("waits", began - 100_000, wait_ms=None),
        leg("yesterday", began - 86_400_000, wait_ms=1000, outcome="answered", answered=True, ended_ms=began - 86_300_000),
        leg("callback", began - 500_000, wait_ms=1000, outcome="called_back", answered=True, ended_ms=began - 400_000, kind=LegKind.CALLBACK),
    ]
    day = Day()
    day.figures.remember(legs[:2])
    day.figures.remember(legs[2:])
    day.figures.all_remembered()
    sums = day.figures.today()["billing"]
    assert (sums.offered, sums.answered, sums.abandoned) == (3, 2, 1)
    day.ended("talks", Outcome.ANSWERED, 30)
    day.answered("waits", 101)
    assert (sums.offered, sums.answered, sums.answered_in_time) == (4, 3, 1)
    _, minutes = day.figures.trend()
    assert sum(minute.offered for minute in minutes) == 4


def test_what_was_seen_live_is_not_counted_again_when_the_database_comes_late(day):
    day.clock.later(60)
    day.ended("adopted talk", Outcome.ANSWERED, 10)
    day.answered("new", 5)
    day.ended("gone", Outcome.ABANDONED, 9)
    day.figures.remember(
        [
            leg("adopted talk", NOON_MS - 100_000, wait_ms=10_000, outcome="answered", answered=True, ended_ms=NOON_MS + 60_000),
            leg("gone", NOON_MS - 10_000, wait_ms=9000, outcome="abandoned", ended_ms=NOON_MS + 60_000),
            leg("new", NOON_MS - 1000, wait_ms=5000, answered=True),
        ]
    )
    sums = day.figures.today()["billing"]
    assert (sums.offered, sums.answered, sums.abandoned) == (3, 2, 1)


def test_who_gave_up_while_no_server_ran_is_counted_when_asterisk_tells_of_it(day):
    waits = [leg(call, NOON_MS - 60_000, wait_ms=None) for call in ("gave up", "waits on", "answered live", "still there")]
    day.figures.remember(waits)
    day.figures.all_remembered()
    assert day.figures.left_open == {"gave up", "waits on", "answered live", "still there"}
    day.clock.later(5)
    day.answered("answered live", 65)
    told = [
        replace(waits[0], outcome="abandoned", reason="unseen", ended_at_ms=NOON_MS - 2000, wait_ms=58_000),
        replace(waits[1], outcome="abandoned", reason="hung_up", ended_at_ms=NOON_MS + 4000, wait_ms=64_000),
        replace(waits[2], answered_at_ms=NOON_MS + 5000, outcome="answered", reason="", ended_at_ms=NOON_MS + 6000, wait_ms=65_000),
        waits[3],
    ]
    day.ended("waits on", Outcome.ABANDONED, 64)
    for _ in range(2):
        day.figures.close_unseen(told)
    sums = day.figures.today()["billing"]
    assert (sums.offered, sums.answered, sums.abandoned) == (3, 1, 2)
    assert day.figures.left_open == {"still there"}


def test_waiting_in_the_trend_is_read_back_too(day):
    day.figures.remember([leg("a", NOON_MS - 150_000, wait_ms=90_000, outcome="abandoned", ended_ms=NOON_MS - 60_000)])
    _, minutes = day.figures.trend()
    assert [minute.waiting for minute in minutes[-4:]] == [1, 1, 0, 0]


def test_a_whole_day_of_legs_gives_the_reports_figures():
    day = Day()
    outcomes = ["answered", "abandoned", "overflowed", "answered", "voicemail", "answered"]
    legs = [
        leg(f"c{n}", NOON_MS - 3_600_000 + n * 10_000, wait_ms=n * 700, outcome=outcomes[n % 6], answered=outcomes[n % 6] == "answered",
            ended_ms=NOON_MS - 3_600_000 + n * 10_000 + n * 700 + 1)
        for n in range(120)
    ]  # fmt: skip
    day.figures.remember(legs)
    report = figures_of(legs, limits=Limits(20, 5))
    for name in ("sl_offered", "abandonment_offered", "asa", "offered", "answered", "abandoned"):
        assert ratio(name, day.figures.today()["billing"]) == kpi(name).of(report)


def test_whoever_listens_hears_of_every_fact(day):
    heard = []
    day.figures.when_changed(lambda: heard.append(1))
    day.figures.told(AgentChanged("anna", AgentState.READY, AgentState.PAUSED, "lunch", 3.0), day.clock.now())
    assert heard == [1]
