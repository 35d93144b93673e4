"""Records as CSV and Parquet, from databases of both kinds, and the command."""

import csv
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio
import yaml

import cti.records.exporting
from cti.database import Database
from cti.database.models import AgentStateRow, CallRecordRow, ContactLegRow, DecisionRow
from cti.records.agent_states import AgentState
from cti.records.exporting import KINDS, CsvSink, ExportError, ParquetSink, export

PROJECT = Path(__file__).parents[3]
NIGHT = 1_795_200_000_000  # UTC milliseconds


def a_call(number, **known):
    return CallRecordRow(call=f"c{number:03}", started_at_ms=NIGHT + number // 3, caller_number="13800138000", tickets=[], trail=[], **known)


def a_leg():
    return ContactLegRow(
        leg="c000-1", call="c000", number=1, kind="queue", queue="line", tier="gold", skills_asked={"zh": 1}, skills_given={}, entered_at_ms=NIGHT,
        answered_at_ms=NIGHT + 61_001, offers=0, misses=0, attempts=[],
    )  # fmt: skip


def a_decision():
    document = {
        "offer": "o1", "call": "c000", "at_ms": NIGHT, "entered_ms": NIGHT - 1000, "queue": "line", "tier": "", "agent": "anna", "waited_seconds": 1.0,
        "score": 61.5, "ring": 0, "strategy": "longest_idle", "ranked": ["anna"], "needs": {"zh": 1}, "ineligible": {}, "ineligible_counts": {},
        "past_guarantee": False, "returned": True, "also_rung": [],
    }  # fmt: skip
    return DecisionRow(offer="o1", call="c000", at_ms=NIGHT, document=document)


@pytest_asyncio.fixture
async def database(database_url):
    opened = Database(database_url)
    evil = {"hangup_cause": '=HYPERLINK("http://x")', "account": "-1+2", "outcome": 'say "hi",\nthen'}
    async with opened.writing() as session:
        session.add_all([a_call(number) for number in range(10)])
        session.add_all([a_call(10, **evil), a_leg(), a_decision()])
        session.add(AgentStateRow(agent="anna", from_ms=NIGHT, until_ms=None, state=AgentState.PAUSED.value, reason="lunch"))
    yield opened
    await opened.close()


async def as_csv(database, kind, path, since=NIGHT, until=NIGHT + 1000, progress=lambda _rows: None):
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = await export(database, KINDS[kind], since, until, CsvSink(file, KINDS[kind].columns), progress)
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == rows
    return read


@pytest.mark.asyncio
@pytest.mark.parametrize("page", [3, 1000])
async def test_each_row_once_and_in_order_whatever_the_page(database, tmp_path, monkeypatch, page):
    monkeypatch.setattr(cti.records.exporting, "PAGE", page)
    told = []
    rows = await as_csv(database, "calls", tmp_path / "calls.csv", progress=told.append)
    assert [row["call"] for row in rows] == [f"c{number:03}" for number in range(11)]
    assert told[-1] == 11
    assert [row["call"] for row in await as_csv(database, "calls", tmp_path / "some.csv", NIGHT + 1, NIGHT + 2)] == ["c003", "c004", "c005"]


@pytest.mark.asyncio
async def test_csv_is_what_rfc_4180_says_and_starts_no_formula(database, tmp_path):
    rows = await as_csv(database, "calls", tmp_path / "calls.csv")
    evil = rows[-1]
    assert (evil["hangup_cause"], evil["account"], evil["outcome"]) == ("'=HYPERLINK(\"http://x\")", "'-1+2", 'say "hi",\nthen')
    assert (rows[0]["started_at_ms"], rows[0]["started_at"]) == (str(NIGHT), "2026-11-20T18:40:00.000+00:00")
    assert (rows[0]["ended_at_ms"], rows[0]["ended_at"], rows[0]["trail"]) == ("", "", "[]")
    raw = (tmp_path / "calls.csv").read_bytes()
    assert raw.startswith(b"call,started_at_ms,started_at,")
    assert raw.count(b"\r\n") == 12
    assert b'"say ""hi"",\nthen"' in raw


@pytest.mark.asyncio
async def test_legs_states_and_decisions_have_their_columns(database, tmp_path):
    (leg,) = await as_csv(database, "legs", tmp_path / "legs.csv")
    assert (leg["leg"], leg["answered_at"], json.loads(leg["skills_asked"])) == ("c000-1", "2026-11-20T18:41:01.001+00:00", {"zh": 1})
    (state,) = await as_csv(database, "agent-states", tmp_path / "states.csv")
    assert (state["agent"], state["from_at"], state["until_ms"], state["reason"]) == ("anna", "2026-11-20T18:40:00.000+00:00", "", "lunch")
    (decision,) = await as_csv(database, "decisions", tmp_path / "decisions.csv")
    assert (decision["agent"], decision["score"], decision["returned"], decision["ranked"]) == ("anna", "61.5", "true", '["anna"]')


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_parquet_holds_the_same_typed(database, tmp_path, kind):
    path = tmp_path / "out.parquet"
    what = KINDS[kind]
    count = await export(database, what, NIGHT, NIGHT + 1000, ParquetSink(path, what.columns))
    table = pq.read_table(path)
    assert table.num_rows == count
    assert table.schema.names == [column.name for column in what.columns]
    if kind == "legs":
        (row,) = table.to_pylist()
        assert row["answered_at"] == dt.datetime(2026, 11, 20, 18, 41, 1, 1000, tzinfo=dt.UTC)
        assert (row["answered_at_ms"], row["offers"], row["agent"]) == (NIGHT + 61_001, 0, None)
        assert table.schema.field("answered_at").type == pa.timestamp("ms", tz="UTC")
        assert table.schema.field("wait_ms").type == pa.int64()


def test_without_pyarrow_the_cure_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r"hotline-acd\[parquet\]"):
        ParquetSink(tmp_path / "x", KINDS["legs"].columns)


@pytest.fixture
def run(database, database_url, tmp_path):
    content = {"ami": {"events_secret": "x", "actions_secret": "x"}, "http": {"token": "x"}, "database_url": database_url}
    (tmp_path / "hotline.yaml").write_text(yaml.safe_dump(content))

    def command(*arguments):
        start = [sys.executable, "-m", "cti.cli.main", "export", "--settings", str(tmp_path / "hotline.yaml"), *arguments]
        return subprocess.run(start, capture_output=True, text=True, timeout=60, check=False, env=os.environ)

    return command


def test_the_command_writes_a_whole_file_or_none(run, tmp_path):
    whole = run("calls", "--since", "2026-11-20", "--until", "2026-11-22", "-o", str(tmp_path / "calls.csv"))
    assert (whole.returncode, whole.stdout, whole.stderr) == (0, "", f"11 rows of calls written to {tmp_path}/calls.csv.\n")
    assert len((tmp_path / "calls.csv").read_text().splitlines()) == 13  # one text has two lines
    shown = run("legs", "--since", "2026-11-20", "-o", "-")
    assert shown.stdout.startswith("leg,call,")
    parquet = run("legs", "--since", "2026-11-20", "-o", str(tmp_path / "legs.parquet"), "--format", "parquet")
    assert parquet.returncode == 0
    assert pq.read_table(tmp_path / "legs.parquet").num_rows == 1
    for wrong, cure in ((("legs", "-o", "/nowhere/x"), "folder"), (("legs", "-o", "-", "--format", "parquet"), "-o"), (("legs", "-o", "x", "--since", "?"), "2026-11-22")):
        done = run(*wrong)
        assert (done.returncode, cure in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert sorted(path.name for path in tmp_path.iterdir() if "csv" in path.name or "parquet" in path.name) == ["calls.csv", "legs.parquet"]
