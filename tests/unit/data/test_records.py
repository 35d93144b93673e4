import asyncio
import time
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio
from sqlalchemy import text

from cti.database import Database, migrate
from cti.records.calls import CallRecord, RecordWriter, one_call, recent_calls, unfinished_calls


def step(n: int) -> dict:
    return {"flow": "main", "step": f"s{n}", "at_ms": 1000 + n}


def record(**known) -> CallRecord:
    return CallRecord(call="c1", **known)


def test_news_replace_until_the_call_has_ended():
    told = record(queue="power", wait_ms=10).merged(record(queue="water", wait_ms=None, agent="a1"))
    assert (told.queue, told.wait_ms, told.agent) == ("water", 10, "a1")


def test_the_first_end_stands_and_later_news_fill_blanks_only():
    ended = record(started_at_ms=1, ended_at_ms=9, outcome="answered", hangup_cause="16")
    told = ended.merged(record(ended_at_ms=12, outcome="lost", hangup_cause="0", survey_score=5))
    assert (told.ended_at_ms, told.outcome, told.hangup_cause, told.survey_score) == (9, "answered", "16", 5)


def test_the_first_start_stands():
    told = record(started_at_ms=100, caller_number="138").merged(record(started_at_ms=500, caller_number="0"))
    assert (told.started_at_ms, told.caller_number) == (100, "138")


def test_lists_are_united_in_order_and_merging_again_changes_nothing():
    old = record(trail=(step(1), step(2)), tickets=("1",))
    news = record(trail=(step(2), step(3)), tickets=("1", "2"), queue="q")
    told = old.merged(news)
    assert told.trail == (step(1), step(2), step(3))
    assert told.tickets == ("1", "2")
    assert told.merged(news) == told


def test_a_trail_is_bounded():
    told = record().merged(record(trail=tuple(step(n) for n in range(2000))))
    assert len(told.trail) == 500


@pytest_asyncio.fixture
async def database(database_url):
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def writer(database):
    made = RecordWriter(database, gather_seconds=0.01)
    running = asyncio.ensure_future(made.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await made.close(2)


@asynccontextmanager
async def locked(database):
    """Nobody else may write meanwhile."""
    async with database.writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            await session.execute(text("LOCK TABLE call_records"))
        yield


async def eventually(check: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_whole_call_becomes_one_record(writer, database):
    writer.begin("c1", started_at_ms=1000, caller_number="138", flow_version="v1")
    writer.update("c1", account="10000001", tier="gold", language="zh", trail=[step(1)])
    await eventually(lambda: writer.pending == 0)
    assert await writer.flush(5)
    assert (await one_call(database, "c1")).account == "10000001"
    writer.update("c1", queue="power", wait_ms=2500, agent="agent1", answered_at_ms=4000, trail=[step(2)])
    writer.update("c1", tickets=["2611210001"], talk_ms=60_000)
    writer.finish("c1", ended_at_ms=70_000, outcome="answered", hangup_cause="16", survey_score=5)
    assert await writer.flush(5)
    assert await one_call(database, "c1") == CallRecord(
        call="c1", started_at_ms=1000, answered_at_ms=4000, ended_at_ms=70_000, caller_number="138",
        account="10000001", tier="gold", language="zh", flow_version="v1", queue="power", agent="agent1",
        wait_ms=2500, talk_ms=60_000, outcome="answered", hangup_cause="16", survey_score=5,
        tickets=("2611210001",), trail=(step(1), step(2)),
    )  # fmt: skip
    assert await one_call(database, "c2") is None


@pytest.mark.asyncio
async def test_a_restart_goes_on_with_the_same_record(database):
    before = RecordWriter(database)
    before.begin("c1", started_at_ms=1000, caller_number="138")
    before.update("c1", trail=[step(1)], tickets=["1"])
    assert await before.flush(5)
    after = RecordWriter(database)  # the other one was killed: never closed
    after.begin("c1", started_at_ms=9999)
    after.update("c1", trail=[step(2)], tickets=["2"])
    after.finish("c1", ended_at_ms=5000, outcome="abandoned")
    assert await after.flush(5)
    late = RecordWriter(database)
    late.finish("c1", ended_at_ms=8000, outcome="lost")
    assert await late.flush(5)
    found = await one_call(database, "c1")
    assert (found.started_at_ms, found.ended_at_ms, found.outcome) == (1000, 5000, "abandoned")
    assert (found.trail, found.tickets) == ((step(1), step(2)), ("1", "2"))
    assert len(await recent_calls(database)) == 1


@pytest.mark.asyncio
async def test_an_end_without_a_beginning_makes_a_record(writer, database):
    writer.finish("c9", ended_at_ms=5000, outcome="lost", started_at_ms=10)
    assert await writer.flush(5)
    assert (await one_call(database, "c9")).outcome == "lost"


@pytest.mark.asyncio
async def test_a_locked_database_delays_writes_and_stops_nobody(writer, database):
    async with locked(database):
        started = time.monotonic()
        for n in range(300):
            writer.begin(f"c{n}", started_at_ms=n)
            writer.finish(f"c{n}", ended_at_ms=n + 1, outcome="x")
        assert time.monotonic() - started < 1
        assert not await writer.flush(0.1)
    await eventually(lambda: writer.pending == 0)
    assert await writer.flush(5)
    assert len(await recent_calls(database, limit=1000)) == 300
    assert writer.lost == 0


@pytest.mark.asyncio
async def test_a_dead_database_keeps_news_until_it_is_back(tmp_path):
    file = tmp_path / "hotline.db"
    file.write_bytes(b"no database " * 1000)
    database = Database(f"sqlite:///{file}")
    writer = RecordWriter(database, gather_seconds=0.01)
    writer.begin("c1", started_at_ms=1)
    assert not await writer.flush(2)
    writer.finish("c1", ended_at_ms=2, outcome="answered")
    assert (writer.pending, writer.lost) == (1, 0)
    assert writer.failures == 1
    assert await writer.close(1) == 1
    file.unlink()
    await migrate(f"sqlite:///{file}")
    assert await writer.flush(5)
    assert (await one_call(database, "c1")).outcome == "answered"
    await database.close()


@pytest.mark.asyncio
async def test_news_told_while_a_write_fails_win_over_the_older_ones(database):
    writer = RecordWriter(database)
    writer.update("c1", queue="old", agent="a1")
    async with locked(database):
        failing = asyncio.ensure_future(writer.flush(0.1))
        await eventually(lambda: writer.pending == 0)
        writer.update("c1", queue="new")
        assert not await failing
    assert await writer.flush(5)
    found = await one_call(database, "c1")
    assert (found.queue, found.agent) == ("new", "a1")


@pytest.mark.asyncio
async def test_beyond_the_limit_the_oldest_is_dropped_and_counted(database):
    writer = RecordWriter(database, limit=3)
    for n in range(5):
        writer.begin(f"c{n}", started_at_ms=n)
    assert (writer.pending, writer.lost) == (3, 2)
    assert await writer.flush(5)
    assert [found.call for found in await recent_calls(database)] == ["c4", "c3", "c2"]


@pytest.mark.asyncio
async def test_one_record_that_cannot_be_written_takes_no_other_along(database):
    writer = RecordWriter(database)
    writer.begin("good1", started_at_ms=1)
    writer.begin("bad", started_at_ms=2, trail=[{"step": object()}])
    writer.begin("good2", started_at_ms=3)
    assert await writer.flush(5)
    assert {found.call for found in await recent_calls(database)} == {"good1", "good2"}
    assert writer.lost == 1


@pytest.mark.asyncio
async def test_closing_writes_what_is_left(database):
    writer = RecordWriter(database)
    for n in range(450):
        writer.finish(f"c{n}", ended_at_ms=n, outcome="x", started_at_ms=n)
    assert await writer.close(10) == 0
    assert len(await recent_calls(database, limit=1000)) == 450


@pytest.mark.asyncio
async def test_lists_of_calls_are_paged_and_the_unfinished_are_found(database):
    writer = RecordWriter(database)
    for n in range(10):
        writer.begin(f"c{n}", started_at_ms=n)
    writer.finish("c3", ended_at_ms=50, outcome="x")
    assert await writer.flush(5)
    assert [found.call for found in await recent_calls(database, limit=2)] == ["c9", "c8"]
    assert [found.call for found in await recent_calls(database, limit=2, before_ms=8)] == ["c7", "c6"]
    assert len(await unfinished_calls(database)) == 9


@pytest.mark.asyncio
async def test_texts_are_cleaned_and_cut_to_their_columns(database):
    writer = RecordWriter(database)
    writer.begin("c1", caller_number="1\r\n2\x00" + "3" * 99, hangup_cause="x" * 200)
    assert await writer.flush(5)
    found = await one_call(database, "c1")
    assert found.caller_number == "12" + "3" * 30
    assert found.hangup_cause == "x" * 64


@pytest.mark.asyncio
async def test_a_database_without_tables_is_waited_for(empty_url):
    database = Database(empty_url)
    writer = RecordWriter(database)
    writer.begin("c1", started_at_ms=1)
    assert not await writer.flush(5)
    await migrate(empty_url)
    assert await writer.flush(5)
    async with database.reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM call_records"))).scalar() == 1
    await database.close()
