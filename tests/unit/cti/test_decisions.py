"""Decisions: written a second later, read for a day, told in words in both languages; who overtook whom and why."""

import asyncio
import contextlib
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from acd.config import Agent, Policy, Queue, SkillNeed, Tier
from acd.engine import Engine
from acd.events import AgentLoggedIn, AgentPaused, CallQueued, TalkEnded, TalkStarted
from cti.clock import Clock
from cti.database import Database
from cti.reasons import LANGUAGES, overtakings, sentences
from cti.records.decisions import (
    KEPT_SECONDS,
    PENDING_LIMIT,
    DecisionWriter,
    decisions_between,
    decisions_of,
    record_of,
)

UTC = ZoneInfo("UTC")
QUIET = {"max_wait_seconds": 0, "announce_first_seconds": 0, "announce_frequency_seconds": 0, "wrapup_seconds": 0}
POLICY = Policy(
    queues={"line": Queue("line", **QUIET)},
    tiers={"basic": Tier("basic"), "diamond": Tier("diamond", 300.0)},
    agents={
        "anna": Agent("anna", queues=("line",), skills={"zh": 50}),
        "bert": Agent("bert", queues=("line",), skills={"en": 50}),
        "carl": Agent("carl", queues=("line",), skills={"zh": 50}),
        "dora": Agent("dora", queues=()),
    },
)


class Day:
    """An engine whose decisions are kept in memory as they would be written."""

    def __init__(self, writer=None):
        self.clock = Clock()
        self.start = self.clock.now()
        self.engine = Engine(POLICY, offer_prefix="o-")
        self.taken = []
        self.listener = (writer or DecisionWriter(None, self.clock)).listening(self.engine)
        if writer is None:
            self.listener._writer.take = self.taken.append

    def at(self, seconds, *events):
        for event in events:
            for fact in self.engine.handle(event, self.start + seconds).facts:
                self.listener.told(fact, self.start + seconds)

    @property
    def records(self):
        return [record_of(decision, self.clock) for decision in self.taken]

    def of(self, call):
        return [one for one in self.records if one.call == call]


def a_day(writer=None):
    """Anna serves x; basic and then diamond wait; anna takes diamond first; smith, who needs English, waits for bert."""
    day = Day(writer)
    zh, en = (SkillNeed("zh"),), (SkillNeed("en"),)
    day.at(
        0,
        AgentLoggedIn("anna"),
        AgentLoggedIn("carl"),
        AgentPaused("carl", "lunch"),
        CallQueued("x", "line", "basic", zh),
    )
    day.at(0, TalkStarted("o-00000001"))
    day.at(5, CallQueued("smith", "line", "diamond", en))
    day.at(10, CallQueued("basic", "line", "basic", zh))
    day.at(100, CallQueued("diamond", "line", "diamond", zh))
    day.at(120, TalkEnded("o-00000001", caller_remains=False))
    day.at(120, TalkStarted("o-00000002"))
    day.at(180, TalkEnded("o-00000002", caller_remains=False))
    day.at(200, AgentLoggedIn("bert"))
    return day


def test_each_offer_leaves_one_record_of_how_things_stood():
    day = a_day()
    assert [(one.call, one.agent) for one in day.records] == [
        ("x", "anna"),
        ("diamond", "anna"),
        ("basic", "anna"),
        ("smith", "bert"),
    ]
    record = day.of("diamond")[0]
    assert record.waited_seconds == 20
    assert record.score == 320
    assert record.at_ms - record.entered_ms == pytest.approx(20_000, abs=2)
    assert record.needs == {"zh": 1}
    assert record.ranked == ("anna",)
    assert record.ineligible == {"bert": "skill_missing: zh", "carl": "paused: lunch", "dora": "not_in_queue: line"}
    assert record.ineligible_counts == {"skill_missing": 1, "paused": 1, "not_in_queue": 1}


def test_who_overtook_whom_and_why():
    day = a_day()
    passed, passing = overtakings(day.of("diamond"), day.records)
    assert {one.passed.call: one.by_score for one in passed} == {"basic": True, "smith": False}
    assert not passing
    smith = next(one for one in passed if one.passed.call == "smith")
    assert smith.hindrance == "skill_missing: en"
    _, passing = overtakings(day.of("basic"), day.records)
    assert [(one.first.call, one.score_of_passed) for one in passing] == [("diamond", pytest.approx(110, abs=0.01))]
    assert overtakings([], day.records) == ([], [])


def test_it_is_told_in_both_languages():
    day = a_day()
    english = "\n".join(sentences(day.of("diamond"), day.records, "en", UTC))
    assert "was offered to anna: 20 s waited and 300 s ahead by rule make a score of 320" in english
    assert "Not eligible: bert (zh): they lack the skill." in english
    assert "Not eligible: carl (lunch): they are paused." in english
    assert "Overtook basic (basic, who had come 90 s earlier): the higher score goes first (320 > 110)." in english
    assert "Overtook smith (diamond, who had come 95 s earlier): anna could not take the other" in english
    chinese = "\n".join(sentences(day.of("basic"), day.records, "zh", UTC))
    assert "派给坐席 anna" in chinese
    assert "被超越： diamond（diamond，晚到 90 秒）：得分更高（320 > 110）。" in chinese
    together = [replace(day.of("x")[0], also_rung=("bert", "carl"))]
    assert "Rung together with anna: bert, carl; the first to answer gets the caller." in sentences(together, together, "en", UTC)
    assert "同时振铃：bert、carl；先接听者接通。" in sentences(together, together, "zh", UTC)
    for language in LANGUAGES:
        assert sentences(day.of("x"), day.of("x"), language, UTC)[-1] in {
            "没有超越他人，也未被超越。",
            "Nobody was overtaken, and nobody overtook.",
        }


@pytest.mark.asyncio
async def test_they_are_in_the_database_soon_and_for_a_day(database_url):
    database, clock = Database(database_url), Clock()
    writer = DecisionWriter(database, clock)
    work = asyncio.create_task(writer.run())
    try:
        day = a_day(writer)
        async with asyncio.timeout(20):
            while len(await decisions_between(database, 0, 2**53)) < 4:  # noqa: ASYNC110 - another task writes
                await asyncio.sleep(0.05)
        found = await decisions_of(database, "diamond")
        assert [(one.agent, one.needs, one.ineligible["carl"]) for one in found] == [
            ("anna", {"zh": 1}, "paused: lunch")
        ]
        day.clock.wall_ms = lambda: Clock().wall_ms() + 1000 * (KEPT_SECONDS + 300)
        later = DecisionWriter(database, day.clock)
        later.take(day.engine.decision("smith"))
        await later.write()
        assert [one.call for one in await decisions_between(database, 0, 2**53)] == ["smith"]
        day.clock.wall_ms = lambda: Clock().wall_ms() + 2000 * (KEPT_SECONDS + 300)
        await DecisionWriter(database, day.clock).write()  # nobody called
        assert await decisions_between(database, 0, 2**53) == []
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        await database.close()


@pytest.mark.asyncio
async def test_what_is_left_at_the_end_is_written(database_url):
    database = Database(database_url)
    writer = DecisionWriter(database, Clock())
    a_day(writer)
    await writer.close(10.0)
    assert len(await decisions_between(database, 0, 2**53)) == 4
    await database.close()


@pytest.mark.asyncio
async def test_a_database_that_is_away_costs_only_the_decisions(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/none/there.db")
    writer = DecisionWriter(database, Clock())
    a_day(writer)
    await writer.write()
    assert writer.lost == 4
    await database.close()


@pytest.mark.asyncio
async def test_a_server_that_leaves_writes_the_last_ones(database_url):
    database = Database(database_url)
    writer = DecisionWriter(database, Clock())
    a_day(writer)
    await writer.close(5.0)
    assert len(await decisions_between(database, 0, 2**53)) == 4
    await database.close()


def test_beyond_the_limit_the_oldest_are_dropped_and_counted():
    writer = DecisionWriter(None, Clock())
    decision = a_day().taken[0]
    for _ in range(PENDING_LIMIT + 3):
        writer.take(decision)
    assert writer.lost == 3


@pytest.mark.parametrize(
    ("changes", "english", "chinese"),
    [
        ({"returned": True}, "the agent's leg had died, so the call came back first", "回到队首"),
        ({"past_guarantee": True}, "the guaranteed longest wait was over", "等候已超过保证时长"),
        ({"score": 0.0}, "or has a seat kept first for other tiers", "专席优先服务其他等级"),
    ],
)
def test_what_goes_before_the_score_is_told(changes, english, chinese):
    day = a_day()
    records = [replace(one, **changes) if one.call == "diamond" else one for one in day.records]
    own = [one for one in records if one.call == "basic"]
    assert english in sentences(own, records, "en", UTC)[-1]
    assert chinese in sentences(own, records, "zh", UTC)[-1]
