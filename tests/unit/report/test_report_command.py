"""`hotline report …` as it is typed: a played month becomes table, page and JSON; what cannot be is told with a cure."""

import asyncio
import itertools
import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from cti.cli.main import build_app
from cti.cli.try_replies import replies_from_file
from cti.database import Database, migrate
from cti.report.demo import play, write_month
from cti.report.demo_walks import Walks
from cti.report.desk import ReportDesk, ReportsDown, Wish
from cti.report.periods import PeriodKind, period_of
from cti.simulation.scenario import read_scenario
from ivr.flows import load_flows

ROOT = Path(__file__).parents[3]
ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 10, 14)
APP = build_app()


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


def hotline(*arguments):
    return CliRunner().invoke(APP, ["report", *arguments])


def walks():
    return Walks(load_flows(ROOT / "flows", entry="main"), replies_from_file(ROOT / "flows/try/backend.yaml"), datetime(2026, 10, 14, 10, tzinfo=ZONE))


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(ROOT / "config/examples/power/scenario.yaml")


@pytest.fixture(scope="module")
def database(tmp_path_factory, scenario):
    """One played day in a database of its own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('played')}/played.db"

    async def filled():
        await migrate(url)
        database = Database(url)
        await write_month(database, scenario, walks(), period_of(PeriodKind.DAY, DAY), ZONE, 1, lambda _: None)
        await database.close()

    asyncio.run(filled())
    return url


def given(database):
    return ("--database", database, "--config", "config", "--zone", "Asia/Shanghai")


def test_a_played_day_is_told_as_table_page_and_document(database, scenario, tmp_path):
    played = play(scenario, walks(), DAY, ZONE, 1)
    answered = sum(leg.kind.value == "queue" and leg.outcome == "answered" for leg in played.legs)
    done = hotline("day", "--date", "2026-10-14", "--language", "en", "-o", str(tmp_path / "new/day.html"), "--json", *given(database))
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["figures"]["answered"] == {"now": answered, "before": 0, "target": None}
    assert told["figures"]["loss_rate_connected"]["now"] > 0
    assert f"{answered:,}" in (tmp_path / "new/day.html").read_text(encoding="utf-8")
    table = hotline("day", "--date", "2026-10-14", "--language", "en", *given(database))
    assert f"{answered:,}" in table.stdout
    assert "Abandonment" in table.stdout


def test_the_same_seed_plays_the_same_day(scenario):
    first, second = (play(scenario, walks(), date(2026, 10, 18), ZONE, 3) for _ in range(2))
    assert first == second
    assert play(scenario, walks(), date(2026, 10, 18), ZONE, 4).legs != first.legs


def test_played_records_hang_together(scenario):
    played = play(scenario, walks(), DAY, ZONE, 1)
    calls = {call.call: call for call in played.calls}
    for leg in played.legs:
        if leg.kind.value == "queue":
            call = calls[leg.call]
            assert call.started_at_ms < leg.entered_at_ms <= leg.ended_at_ms <= call.ended_at_ms
            assert call.outcome == leg.outcome or leg.reason == "max_wait"
            assert leg.offers == len(leg.attempts)
    spans = sorted(played.spans, key=lambda span: (span.agent, span.from_ms))
    for one, other in itertools.pairwise(spans):
        assert one.agent != other.agent or one.until_ms <= other.from_ms


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (("day", "--date", "yesterday"), "like 2026-11-21"), (("day", "--date", "1999-01-01"), "2000-01-01"), (("week", "--queue", "nobody"), "Name one of billing"),
        (("month", "--zone", "Mars/Olympus"), "like Asia/Shanghai"), (("month", "--config", "flows"), "queues.yaml"), (("day", "--database", "sqlite:///nowhere.db"), "--database"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_two_and_a_cure(database, arguments, cure):
    done = hotline(arguments[0], *given(database), *arguments[1:])
    assert done.exit_code == 2, done.stdout + done.stderr
    assert cure in done.stderr
    assert "Traceback" not in done.stderr


def test_a_month_is_not_played_twice_into_one_database(database):
    done = hotline("demo", "--database", database, "--date", "2026-11-02")
    assert done.exit_code == 2
    assert "has calls of these months already" in done.stderr


def test_the_server_has_it_made_in_a_process_of_its_own_and_keeps_it(database):
    now = [0.0]

    async def asked():
        desk = ReportDesk(database, ROOT / "config", "Asia/Shanghai", lambda: now[0])
        first = await desk.report(Wish(PeriodKind.DAY, DAY, "en"))
        again = await desk.report(Wish(PeriodKind.DAY, DAY, "en"))
        now[0] += 1_000
        later = await desk.report(Wish(PeriodKind.DAY, DAY, "en"))
        return first, again, later

    first, again, later = asyncio.run(asked())
    assert again is first
    assert later is not first
    assert later["figures"] == first["figures"]
    assert first["figures"]["offered"]["now"] > 0


def test_what_cannot_be_made_is_told_and_nothing_is_left_running(database, tmp_path):
    async def asked(desk):
        with pytest.raises(ReportsDown) as told:
            await desk.report(Wish(PeriodKind.DAY, DAY, "en"))
        return str(told.value)

    assert "not done within 0.01 s" in asyncio.run(asked(ReportDesk(database, ROOT / "config", "Asia/Shanghai", lambda: 0.0, make_seconds=0.01)))
    assert "agents.yaml:1:1: unreadable" in asyncio.run(asked(ReportDesk(database, tmp_path, "Asia/Shanghai", lambda: 0.0)))
    assert "Error" in asyncio.run(asked(ReportDesk(f"sqlite:///{tmp_path}/new.db", ROOT / "config", "Asia/Shanghai", lambda: 0.0)))
