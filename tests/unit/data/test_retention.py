"""Old records go, and nothing else; in databases of both kinds."""

import os

import pytest
import pytest_asyncio
from sqlalchemy import select

import cti.records.retention
from cti.database import Database
from cti.database.models import CallRecordRow, ContactLegRow, EffectRow, MessageRow, SurveyRow, TicketRow
from cti.records.retention import Sweeper

pytestmark = pytest.mark.asyncio

DAY = 86_400_000
NOW = 1000 * DAY


class FakeClock:
    def wall_ms(self):
        return NOW


def rows(days, number):
    at_ms = NOW - days * DAY
    ended = at_ms + 1000
    return [
        CallRecordRow(call=f"c{number}", started_at_ms=at_ms, ended_at_ms=ended, tickets=[], trail=[]),
        ContactLegRow(
            leg=f"c{number}-1", call=f"c{number}", number=1, kind="queue", queue="line", tier="", entered_at_ms=at_ms, ended_at_ms=ended,
            skills_asked={}, skills_given={}, offers=0, misses=0, attempts=[],
        ),
        SurveyRow(call=f"c{number}", score=5, created_at_ms=at_ms),
        EffectRow(key=f"c{number}.pay.1", operation="create_ticket", reply={}, created_at_ms=at_ms),
    ]  # fmt: skip


@pytest_asyncio.fixture
async def database(database_url):
    opened = Database(database_url)
    yield opened
    await opened.close()


async def keep(database, *added):
    async with database.writing() as session:
        session.add_all(added)


async def left(database):
    async with database.reading() as session:
        keys = (CallRecordRow.call, ContactLegRow.call, SurveyRow.call, EffectRow.key)
        return [sorted((await session.execute(select(key))).scalars()) for key in keys]


def sweeper(database, tmp_path, **days):
    return Sweeper(database, FakeClock(), tmp_path, **{"records_kept_days": 100, "effects_kept_days": 10, **days})


async def test_what_is_too_old_goes_in_small_batches(database, tmp_path, monkeypatch):
    monkeypatch.setattr(cti.records.retention, "BATCH", 3)
    monkeypatch.setattr(cti.records.retention, "REST_SECONDS", 0.0)
    for number in range(10):
        await keep(database, *rows(101, number))
    await keep(database, *rows(99, 10), *rows(9, 11))
    await keep(database, CallRecordRow(call="up", started_at_ms=NOW - 200 * DAY, tickets=[], trail=[]))
    swept = await sweeper(database, tmp_path).sweep()
    assert swept == {"calls": 10, "legs": 10, "scores": 10, "effects": 11, "recordings": 0}
    assert await left(database) == [["c10", "c11", "up"], ["c10", "c11"], ["c10", "c11"], ["c11.pay.1"]]
    assert set((await sweeper(database, tmp_path).sweep()).values()) == {0}


async def test_zero_keeps_for_ever(database, tmp_path):
    await keep(database, *rows(999, 1))
    assert await sweeper(database, tmp_path, records_kept_days=0, effects_kept_days=0).sweep() == {}
    assert (await left(database))[0] == ["c1"]


async def test_recordings_go_when_they_are_old_and_nobodys(database, tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name, days in (("silent", 11), ("fresh", 9), ("message", 11), ("fault", 11)):
        (folder / f"{name}.wav").write_bytes(b"RIFF")
        os.utime(folder / f"{name}.wav", (0, (NOW - days * DAY) / 1000))
    await keep(
        database, MessageRow(caller="1", recording="message", seconds=3.0, created_at_ms=NOW),
        TicketRow(ticket="1", caller="1", tier="basic", area="", kind="outage", recording="fault.wav", created_at_ms=NOW, deadline_at_ms=NOW),
    )  # fmt: skip
    assert (await sweeper(database, tmp_path).sweep())["recordings"] == 1
    assert sorted(path.stem for path in folder.iterdir()) == ["fault", "fresh", "message"]
