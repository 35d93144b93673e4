"""What is read page by page from SQLite and PostgreSQL is what was written, whatever the pages are cut at."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cti.cli.try_replies import replies_from_file
from cti.database import Database
from cti.report.demo import play, write_month
from cti.report.demo_walks import Walks
from cti.report.document import Asked, document
from cti.report.gathered import Gathered
from cti.report.making import make
from cti.report.periods import PeriodKind, period_of
from cti.report.sums import StateTime
from cti.simulation.scenario import read_scenario
from ivr.flows import load_flows

pytestmark = pytest.mark.asyncio

ROOT = Path(__file__).parents[3]
ZONE = ZoneInfo("Asia/Shanghai")
DAY = period_of(PeriodKind.DAY, date(2026, 10, 18))
MADE_AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("page", [7, 100_000])
async def test_a_report_from_a_database_is_that_of_its_records(database_url, monkeypatch, page):
    monkeypatch.setattr("cti.report.reading._PAGE", page)
    scenario = read_scenario(ROOT / "config/examples/power/scenario.yaml")
    walks = Walks(load_flows(ROOT / "flows", entry="main"), replies_from_file(ROOT / "flows/try/backend.yaml"), datetime(2026, 10, 14, 10, tzinfo=ZONE))
    database = Database(database_url)
    progress: list[float] = []
    try:
        await write_month(database, scenario, walks, DAY, ZONE, 1, lambda _: None)
        told = await make(database, scenario.policy, DAY, ZONE, language="zh", made_at=MADE_AT, progress=progress.append)
    finally:
        await database.close()

    played, direct = play(scenario, walks, DAY.first, ZONE, 1), Gathered(scenario.policy, ZONE)
    for leg in played.legs:
        direct.add_leg(leg)
    for call in sorted(played.calls, key=lambda call: (call.started_at_ms, call.call)):
        direct.add_call(call)
    for span in played.spans:
        direct.add_time(StateTime(span.agent, span.state, span.reason, span.until_ms - span.from_ms))
    assert direct.calls.connected > 500
    assert told == document(Asked(DAY, ZONE, "zh", MADE_AT), direct, Gathered(scenario.policy, ZONE))
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert timedelta(milliseconds=DAY.window(ZONE)[1] - DAY.window(ZONE)[0]) == timedelta(days=1)
