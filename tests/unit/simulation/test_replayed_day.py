"""A recorded day played again: what is known stays, what is drawn is said, and a better policy shows."""

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.simulation.draws import Draws
from cti.cli.main import build_app
from cti.config import load_policy
from cti.database import Database
from cti.database.migrate import migrate
from cti.records.calls import CallRecord, RecordWriter
from cti.simulation.recorded import play_again, rebuild

CONFIG = Path(__file__).parents[3] / "config"
NINE = int(datetime(2026, 11, 20, 9, tzinfo=UTC).timestamp() * 1000)


def recorded(call, at, wait, talk=None, agent=None, tier="basic", **more):
    """A call that entered `general` at second `at` after nine, an IVR of 20 s before it."""
    entered = NINE + int(1000 * at)
    done = entered + int(1000 * wait)
    answered = (
        {"answered_at_ms": done, "talk_ms": int(1000 * talk), "agent": agent, "outcome": "answered"} if agent else {}
    )
    plain = {
        "started_at_ms": entered - 20_000, "ended_at_ms": done + int(1000 * (talk or 0)), "tier": tier, "queue": "general",
        "language": "zh", "wait_ms": int(1000 * wait), "outcome": "abandoned", **answered, **more,
    }  # fmt: skip
    return CallRecord(call=call, **plain)


def busy_day():
    """Two agents, 400 calls, one in eight by a diamond customer, served in plain order of entry."""
    draws = Draws(1, "a day")
    free = {"agent01": 0.0, "agent09": 0.0}
    at, records = 0.0, []
    for number in range(400):
        at += draws.exponential(60.0)
        tier, talk, patience = (
            "diamond" if number % 8 == 0 else "basic",
            draws.exponential(110.0),
            draws.exponential(600.0),
        )
        agent = min(free, key=free.get)
        wait = max(0.0, free[agent] - at)
        if wait > patience:
            records.append(recorded(f"c{number}", at, patience, tier=tier))
        else:
            records.append(recorded(f"c{number}", at, wait, talk, agent, tier=tier))
            free[agent] = at + wait + talk + 10.0
    return records


def test_what_is_known_stays_and_what_is_not_is_drawn():
    policy = load_policy(CONFIG)
    records = [
        recorded("a", 0, 5, 60, "agent01"),
        recorded("b", 10, 30),
        recorded("v", 20, 30, outcome="voicemail"),
        recorded("x", 30, 1, queue="gone"),
        CallRecord(call="ivr", started_at_ms=NINE),
    ]
    day = rebuild(records, policy, seed=1)
    a, b = day.callers
    assert (a.at, a.talk_seconds, a.needs[0].skill) == (0.0, 60.0, "lang_zh")
    assert a.patience_seconds > 5
    assert (b.at, b.patience_seconds, b.talk_seconds) == (10.0, 30.0, 60.0)
    assert (day.answered, day.abandoned, day.skipped) == (1, 1, 2)
    assert day.patience_seconds == 35
    assert [(shift.agent, shift.start, shift.end) for shift in day.shifts] == [("agent01", 5.0, 65.0)]
    assert day.seen.sl_offered == pytest.approx(0.5)


def test_the_same_seed_replays_exactly():
    policy = load_policy(CONFIG)
    one, again = (play_again(rebuild(busy_day(), policy, 1), policy, 1).tallies for _ in range(2))
    assert one == again


def test_a_day_without_queues_is_refused():
    with pytest.raises(ValueError, match="no call of this day waited in a queue"):
        rebuild([CallRecord(call="ivr", started_at_ms=NINE)], load_policy(CONFIG), 1)


def test_before_and_after_side_by_side(tmp_path):
    url = f"sqlite:///{tmp_path}/hotline.db"
    asyncio.run(store(url, busy_day()))
    flat = tmp_path / "flat"
    shutil.copytree(CONFIG, flat)
    tiers = (flat / "tiers.yaml").read_text(encoding="utf-8")
    assert "head_start_seconds: 300" in tiers
    (flat / "tiers.yaml").write_text(
        tiers.replace("head_start_seconds: 300", "head_start_seconds: 0"), encoding="utf-8"
    )
    command = [
        "acd",
        "replay",
        "2026-11-20",
        "--config",
        str(flat),
        "--base",
        str(CONFIG),
        "--database",
        url,
        "--zone",
        "UTC",
    ]
    result = CliRunner().invoke(build_app(), [*command, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (
        told["was"]["all"]["offered"]["mean"]
        == told["base"]["all"]["offered"]["mean"]
        == told["rebuilt"]["calls"]
        == 400
    )
    wait = {name: told[name]["diamond"]["asa_seconds"]["mean"] for name in ("was", "base", "new")}
    assert wait["base"] < wait["new"], "a head start helps diamond callers"
    assert wait["base"] < wait["was"]
    said = CliRunner().invoke(build_app(), command)
    assert "diamond base" in said.output
    assert "Drawn: " in said.output


SCENARIO = """version: 1
label: {zh: 一天, en: A day}
config: CONFIG
hours: {from: "08:30", to: "16:00"}
callers: {nobody: {queue: general, calls_per_hour: 0, tiers: {basic: 1}, talk: {fixed: 1}}}
staff: [{agents: [agent01, agent09, agent10]}]
"""


def test_a_scenario_is_played_with_the_callers_of_a_recorded_day(tmp_path):
    """They come at their own time of the day, before the agents whom the scenario names."""
    url = f"sqlite:///{tmp_path}/hotline.db"
    asyncio.run(store(url, busy_day()))
    scenario = tmp_path / "day.yaml"
    scenario.write_text(SCENARIO.replace("CONFIG", str(CONFIG)), encoding="utf-8")
    command = ["acd", "simulate", str(scenario), "--recorded", "2026-11-20", "--database", url, "--zone", "UTC", "--seeds", "1-2"]
    result = CliRunner().invoke(build_app(), [*command, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    at = [NINE + 1000 * second for second in entries(busy_day())]
    assert told["total"]["offered"]["mean"] == sum(entered < NINE + 7 * 3_600_000 for entered in at)
    assert told["intervals"][0]["offered"]["mean"] == 0, "they came after nine"
    assert told["intervals"][1]["offered"]["mean"] == sum(entered < NINE + 1_800_000 for entered in at)
    assert "Traceback" not in CliRunner().invoke(build_app(), command).output


def entries(records):
    return [(record.answered_at_ms or record.ended_at_ms) / 1000 - record.wait_ms / 1000 - NINE / 1000 for record in records]


@pytest.mark.parametrize(("day", "status"), [("yesterday", 2), ("2020-01-01", 1)])
def test_a_day_without_callers_is_no_scenario(tmp_path, day, status):
    url = f"sqlite:///{tmp_path}/hotline.db"
    asyncio.run(migrate(url))
    scenario = tmp_path / "day.yaml"
    scenario.write_text(SCENARIO.replace("CONFIG", str(CONFIG)), encoding="utf-8")
    result = CliRunner().invoke(build_app(), ["acd", "simulate", str(scenario), "--recorded", day, "--database", url])
    assert result.exit_code == status
    assert "Traceback" not in result.output
    assert day in result.output


@pytest.mark.parametrize(
    ("arguments", "status"), [(["yesterday"], 2), (["2026-11-20", "--zone", "Mars/Base"], 2), (["2020-01-01"], 1)]
)
def test_days_that_cannot_be_replayed_end_with_a_cure(tmp_path, arguments, status):
    url = f"sqlite:///{tmp_path}/hotline.db"
    asyncio.run(migrate(url))
    command = [
        "acd",
        "replay",
        *arguments,
        "--config",
        str(CONFIG),
        "--base",
        str(CONFIG),
        "--database",
        url,
    ]
    result = CliRunner().invoke(build_app(), command)
    assert result.exit_code == status
    assert "Traceback" not in result.output


async def store(url, records):
    await migrate(url)
    database = Database(url)
    writer = RecordWriter(database)
    names = ("started_at_ms", "answered_at_ms", "tier", "queue", "agent", "wait_ms", "talk_ms", "language")
    for record in records:
        writer.finish(
            record.call,
            ended_at_ms=record.ended_at_ms,
            outcome=record.outcome,
            **{name: getattr(record, name) for name in names},
        )
    assert await writer.flush(20.0)
    await database.close()
