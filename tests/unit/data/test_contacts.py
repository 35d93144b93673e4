"""Reading contact legs."""

from dataclasses import asdict, replace

import pytest
import pytest_asyncio
from sqlalchemy import insert

import cti.records.contacts
from cti.database import Database
from cti.records.contacts import LEGS, Attempt, ContactLeg, LegKind, legs_between, legs_of

pytestmark = pytest.mark.asyncio

WHOLE = ContactLeg(
    leg="c1-1", call="c1", number=1, kind=LegKind.QUEUE, queue="repair", tier="gold", entered_at_ms=1000, language="zh", agent="anna", target=None,
    skills_asked={"repair": 2}, skills_given={"repair": 5}, rang_at_ms=3000, answered_at_ms=5000, talk_ended_at_ms=65_000, wrapup_ended_at_ms=80_000,
    ended_at_ms=65_000, wait_ms=4000, ring_ms=2000, talk_ms=60_000, wrapup_ms=15_000, forecast_ms=9000, offers=2, misses=1,
    attempts=(Attempt("o1", "bert", 1500, 1000, "no_answer"), Attempt("o2", "anna", 3000, 2000, "talked")), position=1, position_at_end=1,
    outcome="answered", reason="talk_ended", survey_score=5,
)  # fmt: skip


@pytest_asyncio.fixture
async def database(database_url):
    opened = Database(database_url)
    yield opened
    await opened.close()


async def keep(database, *legs):
    async with database.writing() as session:
        rows = [{**asdict(leg), "kind": leg.kind.value, "attempts": [asdict(one) for one in leg.attempts]} for leg in legs]
        await session.execute(insert(LEGS), rows)


async def test_a_leg_comes_back_as_it_was_written(database):
    bare = ContactLeg(leg="c2-1", call="c2", number=1, kind=LegKind.CALLBACK, queue="line", tier="", entered_at_ms=1001)
    await keep(database, WHOLE, bare)
    assert await legs_between(database, 1000, 1002) == [WHOLE, bare]
    assert await legs_of(database, "c1") == [WHOLE]


async def test_a_span_begins_with_its_begin_and_ends_before_its_end(database):
    await keep(database, *(replace(WHOLE, leg=f"c{ms}-1", call=f"c{ms}", entered_at_ms=ms) for ms in (9, 10, 19, 20)))
    assert [leg.entered_at_ms for leg in await legs_between(database, 10, 20)] == [10, 19]


async def test_long_spans_are_read_in_pages_without_a_gap_or_a_doubling(database, monkeypatch):
    monkeypatch.setattr(cti.records.contacts, "PAGE", 3)
    legs = [replace(WHOLE, leg=f"c{n:02}-1", call=f"c{n:02}", entered_at_ms=n // 4) for n in range(20)]
    await keep(database, *legs)
    assert await legs_between(database, 0, 10) == legs
