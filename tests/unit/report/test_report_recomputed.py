"""The report's figures against a second reckoning, written another way: SQL and plain loops over the rows of a generated month."""

import asyncio
import json
import random
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from cti.config import read_policy
from cti.database import Database, migrate
from cti.database.models import AgentStateRow, CallRecordRow, ContactLegRow
from cti.report.making import make
from cti.report.periods import PeriodKind, period_of

ROOT = Path(__file__).parents[3]
ZONE = ZoneInfo("Europe/Berlin")  # clocks go back on October 25: the month has an hour more
MONTH = period_of(PeriodKind.MONTH, date(2026, 10, 1))
SINCE = int(datetime(2026, 9, 30, 22, tzinfo=UTC).timestamp() * 1000)
UNTIL = int(datetime(2026, 10, 31, 23, tzinfo=UTC).timestamp() * 1000)
MADE_AT = datetime(2026, 12, 1, tzinfo=UTC)
OUTCOMES = ["answered"] * 12 + ["abandoned"] * 4 + ["overflowed", "left_queue", "voicemail", "closed", "rejected_full", "lost", "callback", None]
STATES = ["ready", "offered", "connecting", "cancelling", "talking", "wrap_up", "paused", "backoff"]


def leg_row(draw, n):
    kind = draw.choice(["queue"] * 9 + ["callback", "transfer"])
    outcome = {"queue": draw.choice(OUTCOMES), "callback": draw.choice(["called_back", "callback_failed", None]), "transfer": draw.choice(["answered", "busy"])}[kind]
    talked = outcome in {"answered", "called_back"}
    at = draw.randrange(SINCE - 5 * 86_400_000, UNTIL + 5 * 86_400_000)
    wait = draw.choice([0, 5000, 5001, 10_000, 10_001, 20_000, 20_001, draw.randrange(900_000)])
    agent = f"agent{draw.randrange(1, 11):02}"
    attempts = [{"offer": f"o{n}-{k}", "agent": agent, "at_ms": at, "ring_ms": 100, "result": draw.choice(["talked", "no_answer", "rejected", "busy", "unreachable", "caller_gone"])} for k in range(draw.randrange(3))]
    return {
        "leg": f"c{n}-1", "call": f"c{n}", "number": 1, "kind": kind, "queue": draw.choice(["billing", "faults", "general"]), "tier": draw.choice(["gold", "basic", "silver"]),
        "skills_asked": {}, "skills_given": {}, "attempts": attempts, "offers": len(attempts), "misses": 0, "agent": agent if talked else None, "entered_at_ms": at,
        "answered_at_ms": at + wait if talked else None, "ended_at_ms": None if outcome is None else at + wait + 1000, "wait_ms": wait if outcome else None,
        "talk_ms": draw.randrange(600_000) if talked else None, "wrapup_ms": draw.choice([None, 10_000]) if talked else None, "outcome": outcome,
        "survey_score": draw.choice([None, 1, 2, 3, 4, 5]) if talked else None,
    }  # fmt: skip


def call_row(draw, n):
    outcome = draw.choice(["answered", "abandoned", "overflowed", "rejected_full", "self_service", "self_service", "put_through", None])
    at = draw.randrange(SINCE - 5 * 86_400_000, UNTIL + 5 * 86_400_000)
    trail = [{"at_ms": at, "flow": "main", "step": step, "type": "menu", "result": "choice"} for step in ("welcome", "menu", "menu")[: draw.randrange(4)]]
    if outcome == "abandoned" and trail:
        trail.append({**trail[-1], "result": "ended"})
    return {
        "call": f"c{n}", "started_at_ms": at, "ended_at_ms": None if outcome is None else at + 60_000, "queue": draw.choice([None, "billing", "faults"]), "outcome": outcome,
        "tickets": [], "trail": trail,
    }  # fmt: skip


def state_rows(draw):
    for agent in (f"agent{n:02}" for n in range(1, 6)):
        at = SINCE - 3 * 86_400_000
        while at < UNTIL + 3 * 86_400_000:
            lasted = draw.randrange(1, 20_000_000)
            state = draw.choice(STATES)
            yield {"agent": agent, "from_ms": at, "until_ms": at + lasted, "state": state, "reason": "lunch" if state == "paused" else ""}
            at += lasted + draw.choice([0, 0, 40_000_000])
        yield {"agent": agent, "from_ms": at, "until_ms": None, "state": "ready", "reason": ""}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A month of 5,000 legs as a report, and a plain connection to the same rows."""
    file = tmp_path_factory.mktemp("month") / "month.db"
    document = asyncio.run(reported(f"sqlite:///{file}"))
    rows = sqlite3.connect(file)
    yield document, rows
    rows.close()


async def reported(url):
    await migrate(url)
    database = Database(url)
    draw = random.Random(20_261_122)
    async with database.writing() as session:
        for kind, rows in (
            (ContactLegRow, [leg_row(draw, n) for n in range(6_500)]), (CallRecordRow, [call_row(draw, n) for n in range(3_000)]), (AgentStateRow, list(state_rows(draw))),
        ):  # fmt: skip
            for begin in range(0, len(rows), 500):
                await session.execute(insert(kind), rows[begin : begin + 500])
    document = await make(database, read_policy(ROOT / "config").policy, MONTH, ZONE, language="en", made_at=MADE_AT)
    await database.close()
    return document


def one(rows, query, **values):
    return rows.execute(query, {"since": SINCE, "until": UNTIL, **values}).fetchone()[0]


def entries(rows, condition="1", **values):
    """How many ended queue entries of the month there are with a condition; SQL knows nothing of tallies."""
    query = f"select count(*) from contact_legs where kind = 'queue' and outcome is not null and entered_at_ms >= :since and entered_at_ms < :until and ({condition})"
    return one(rows, query, **values)


def mean(rows, what, condition):
    query = f"select sum({what}) / 1000.0 / count(*) from contact_legs where kind = 'queue' and entered_at_ms >= :since and entered_at_ms < :until and ({condition})"
    return one(rows, query)


FLOWED = "outcome in ('overflowed', 'left_queue', 'voicemail', 'closed', 'rejected_full', 'callback')"


def test_counts_and_times_are_those_of_the_rows(told):
    document, rows = told
    figures = {name: pair["now"] for name, pair in document["figures"].items()}
    assert figures["offered"] == entries(rows) > 3_000
    assert figures["answered"] == entries(rows, "outcome = 'answered'")
    assert figures["abandoned"] == entries(rows, "outcome = 'abandoned'")
    assert figures["short_abandoned"] == entries(rows, "outcome = 'abandoned' and wait_ms <= 5000")
    assert figures["flow_outs"] == entries(rows, FLOWED)
    assert figures["asa"] == pytest.approx(mean(rows, "wait_ms", "outcome = 'answered'"))
    assert figures["queue_time_average"] == pytest.approx(mean(rows, "wait_ms", "outcome is not null"))
    assert figures["abandon_time_average"] == pytest.approx(mean(rows, "wait_ms", "outcome = 'abandoned'"))
    assert figures["aht"] == pytest.approx(mean(rows, "talk_ms + coalesce(wrapup_ms, 0)", "outcome = 'answered'"))
    open_entries = one(rows, "select count(*) from contact_legs where kind = 'queue' and outcome is null and entered_at_ms >= :since and entered_at_ms < :until")
    assert document["report"]["open_entries"] == open_entries > 0


@pytest.mark.parametrize("limit", [10, 20])
def test_each_service_level_is_that_of_the_rows(told, limit):
    document, rows = told
    figures = (document["common"]["figures"] if limit == 10 else document["figures"])
    a, b, f = (entries(rows, which) for which in ("outcome = 'answered'", "outcome = 'abandoned'", FLOWED))
    a_t, b_t, left = (entries(rows, f"{which} and wait_ms <= {limit} * 1000") for which in ("outcome = 'answered'", "outcome = 'abandoned'", "1"))
    short = entries(rows, "outcome = 'abandoned' and wait_ms <= 5000")
    expected = {
        "sl_offered": (a_t + b_t) / (a + b), "sl_answered": a_t / a, "sl_strict": a_t / (a + b + f), "sl_without_short": a_t / (a + b + f - short),
        "sl_removed": left / entries(rows), "sl_accepted": a_t / (a + b - short),
    }  # fmt: skip
    assert {name: figures[name]["now"] for name in expected} == {name: pytest.approx(value) for name, value in expected.items()}


def test_rates_of_leaving_and_losing_are_those_of_the_rows(told):
    document, rows = told
    offered, abandoned = entries(rows), entries(rows, "outcome = 'abandoned'")
    short = entries(rows, "outcome = 'abandoned' and wait_ms <= 5000")
    calls = "from call_records where started_at_ms >= :since and started_at_ms < :until and ended_at_ms is not null"
    connected = one(rows, f"select count(*) {calls}")
    lost = one(rows, f"select count(*) {calls} and queue is not null and outcome in ('abandoned', 'overflowed', 'rejected_full')")
    alone = one(rows, f"select count(*) {calls} and outcome = 'self_service'")
    figures = {name: pair["now"] for name, pair in document["figures"].items()}
    assert figures["abandonment_offered"] == pytest.approx((abandoned - short) / (offered - short))
    assert figures["abandonment_all"] == pytest.approx(abandoned / offered)
    assert figures["loss_rate_connected"] == pytest.approx(lost / connected)
    assert figures["containment"] == pytest.approx(alone / connected)


def test_queues_and_tiers_are_those_of_the_rows(told):
    document, rows = told
    for part, column in (("queues", "queue"), ("tiers", "tier")):
        for line in document[part]:
            assert line["figures"]["offered"]["now"] == entries(rows, f"{column} = :name", name=line["name"])
            scores = [score for (score,) in rows.execute(
                f"select survey_score from contact_legs where survey_score is not null and {column} = ? and entered_at_ms >= ? and entered_at_ms < ?", (line["name"], SINCE, UNTIL)
            )]  # fmt: skip
            assert line["marks"] == [scores.count(mark) for mark in (1, 2, 3, 4, 5)]
            assert line["figures"]["satisfaction_average"]["now"] == pytest.approx(sum(scores) / len(scores))
    scores = [score for (score,) in rows.execute("select survey_score from contact_legs where survey_score is not null and entered_at_ms >= ? and entered_at_ms < ?", (SINCE, UNTIL))]
    assert document["figures"]["satisfaction_average"]["now"] == pytest.approx(sum(scores) / len(scores))
    assert document["figures"]["satisfaction_share"]["now"] == pytest.approx(sum(score >= 4 for score in scores) / len(scores))
    assert sum(line["figures"]["offered"]["now"] for line in document["queues"]) == document["figures"]["offered"]["now"]


def test_days_and_hours_are_those_of_the_zone(told):
    document, rows = told
    instants = [at for (at,) in rows.execute("select entered_at_ms from contact_legs where kind = 'queue' and outcome is not null")]
    civil = [datetime.fromtimestamp(at / 1000, UTC).astimezone(ZONE) for at in instants]
    for slot in document["trend"]:
        assert slot["offered"] == sum(at.date().isoformat() == slot["from"] for at in civil)
    assert len(document["trend"]) == 31
    october = [at for at in civil if at.month == 10]
    for day in range(7):
        for hour in range(24):
            assert document["hours"][day][hour]["offered"] == sum(at.weekday() == day and at.hour == hour for at in october)


def test_agents_cards_are_those_of_the_rows(told):
    document, rows = told
    spent = {}
    for agent, begin, end, state in rows.execute("select agent, from_ms, until_ms, state from agent_states"):
        within = max(0, min(UNTIL, end or UNTIL) - max(SINCE, begin))
        spent[agent, state] = spent.get((agent, state), 0) + within / 1000
    legs = [dict(zip(("agent", "kind", "outcome", "talk", "work", "answered", "attempts"), row, strict=True)) for row in rows.execute(
        "select agent, kind, outcome, talk_ms, coalesce(wrapup_ms, 0), answered_at_ms, attempts from contact_legs where entered_at_ms >= ? and entered_at_ms < ?", (SINCE, UNTIL)
    )]  # fmt: skip
    attempts = [attempt for leg in legs for attempt in json.loads(leg["attempts"])]
    for card in document["agents"]:
        name = card["name"]
        assert {state: pytest.approx(spent.get((name, state), 0)) for state in STATES} == card["seconds"]
        talks = [leg for leg in legs if leg["agent"] == name and leg["answered"] is not None]
        assert card["talks"]["now"] == len(talks)
        assert card["figures"]["aht"]["now"] == pytest.approx(sum(leg["talk"] + leg["work"] for leg in talks) / len(talks) / 1000)
        his = [attempt for attempt in attempts if attempt["agent"] == name]
        missed = [attempt for attempt in his if attempt["result"] in {"no_answer", "rejected", "busy", "unreachable"}]
        assert (card["offers"], card["misses"]) == (len(his), len(missed))
        ready, busy = spent.get((name, "ready"), 0), spent.get((name, "talking"), 0) + spent.get((name, "wrap_up"), 0)
        if busy:
            assert card["figures"]["occupancy_contact"]["now"] == pytest.approx(busy / (busy + ready))


def test_paths_and_callbacks_are_those_of_the_rows(told):
    document, rows = told
    calls = [json.loads(trail) for (trail,) in rows.execute("select trail from call_records where started_at_ms >= ? and started_at_ms < ? and ended_at_ms is not null", (SINCE, UNTIL))]
    (flow,) = document["flows"]
    assert flow["calls"] == sum(bool(trail) for trail in calls)
    steps = {step["name"]: step for step in flow["steps"]}
    for name in ("welcome", "menu"):
        assert steps[name]["calls"] == sum(any(step["step"] == name for step in trail) for trail in calls)
        assert steps[name]["hung_up"] == sum(bool(trail) and trail[-1]["result"] == "ended" and trail[-1]["step"] == name for trail in calls)
    for queue in document["callbacks"]:
        for outcome, number in queue["outcomes"].items():
            expected = one(rows, "select count(*) from contact_legs where kind = 'callback' and queue = :queue and outcome = :outcome and entered_at_ms >= :since and entered_at_ms < :until", queue=queue["name"], outcome=outcome)
            assert number == expected


def test_the_month_has_the_hour_that_the_clocks_give():
    assert MONTH.window(ZONE) == (SINCE, UNTIL)
    assert timedelta(days=31, hours=1) // timedelta(milliseconds=1) == UNTIL - SINCE
