"""Reading the day back from a real database, also one that is away at first; and whether database and store answer."""

import asyncio

import pytest
import sqlalchemy

from acd.config import Policy, Queue
from cti.board import remembering
from cti.board.figures import DayFigures
from cti.board.links import LinkWatch
from cti.board.remembering import remembered
from cti.clock import Clock
from cti.database.engine import Database
from cti.database.migrate import migrate
from cti.records.contacts import LEGS
from cti.store.base import StoreDown
from cti.store.opening import open_store

pytestmark = pytest.mark.asyncio
POLICY = Policy(queues={"billing": Queue("billing")})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'hotline.db'}"


async def write(database, **columns):
    row = {
        "kind": "queue", "queue": "billing", "tier": "basic", "number": 1, "offers": 0, "misses": 0, "skills_asked": {}, "skills_given": {}, "attempts": [],
        **columns, "leg": f"{columns['call']}-1",
    }  # fmt: skip
    async with database.writing() as session:
        await session.execute(sqlalchemy.delete(LEGS).where(LEGS.c.call == columns["call"]))
        await session.execute(sqlalchemy.insert(LEGS).values(row))


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the figures tell nobody that they were read
            await asyncio.sleep(0.02)


def offered(figures):
    return sum(sums.offered for sums in figures.today().values())


async def test_the_day_is_read_back_once_the_database_is_there(url, monkeypatch):
    monkeypatch.setattr(remembering, "REST_SECONDS", 0.05)
    monkeypatch.setattr(remembering, "_LOOK_AGAIN_SECONDS", (0.05,) * 200)
    database, clock = Database(url), Clock()
    figures = DayFigures(clock, lambda: POLICY)
    entered_ms = figures.began_ms - 30_000
    try:
        async with remembered(figures, database, clock):
            await asyncio.sleep(0.2)  # there is no table yet
            assert offered(figures) == 0
            await migrate(url)
            await write(database, call="answered", entered_at_ms=entered_ms, answered_at_ms=entered_ms + 5000, wait_ms=5000)
            await write(database, call="waited", entered_at_ms=entered_ms)
            await until(lambda: figures.left_open == {"waited"})
            await write(database, call="waited", entered_at_ms=entered_ms, ended_at_ms=entered_ms + 20_000, wait_ms=20_000, outcome="abandoned", reason="unseen")
            await until(lambda: not figures.left_open)
            _, minutes = figures.trend()
            assert sum(minute.abandoned for minute in minutes) == 1
    finally:
        await database.close()


async def test_links_say_whether_database_and_store_answer(url):
    await migrate(url)
    database, store, ami = Database(url), open_store("memory:"), [True]
    watch = LinkWatch(database, store, lambda: ami[0])

    async def broken(*_arguments):
        raise StoreDown

    try:
        await watch.ask()
        assert watch.links().model_dump() == {"ami": True, "database": True, "store": True}
        ami[0], store.get = False, broken
        await watch.ask()
        assert watch.links().model_dump() == {"ami": False, "database": True, "store": False}
    finally:
        await database.close()
    away = LinkWatch(Database("sqlite:////proc/none/hotline.db"), open_store("memory:"), lambda: True)
    await away.ask()
    assert not away.links().database
