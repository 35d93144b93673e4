import asyncio
import datetime as dt
import re
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import cti.database
from cti.database import Database, DatabaseAddressError, migrate
from cti.database.demo import AREAS, demo_customers, seed_demo
from cti.database.migrate import HEAD, UnknownRevisionError
from cti.database.models import Base
from cti.database.pins import PinChecker, hash_pin

pytestmark = pytest.mark.asyncio
ROOT = Path(__file__).parents[3]


async def test_migrations_make_exactly_the_models_tables(empty_url):
    assert await migrate(empty_url) is True
    database = Database(empty_url)
    async with database.reading() as session:
        connection = await session.connection()
        differences = await connection.run_sync(
            lambda c: compare_metadata(MigrationContext.configure(c), Base.metadata)
        )
    await database.close()
    assert differences == []


async def test_each_migration_can_be_taken_back_and_made_again(database_url):
    script = Config()
    script.set_main_option("script_location", str(Path(cti.database.__file__).parent / "migrations"))

    def down_and_up(connection):
        script.attributes["connection"] = connection
        for revision in ("0004", "0003", "0002", "0001", "base"):
            command.downgrade(script, revision)
        left = set(inspect(connection).get_table_names()) - {"alembic_version"}
        command.upgrade(script, HEAD)
        return left, compare_metadata(MigrationContext.configure(connection), Base.metadata)

    database = Database(database_url)
    async with database.changing_tables() as connection:
        assert await connection.run_sync(down_and_up) == (set(), [])
    await database.close()


async def test_the_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(cti.database.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_migrating_again_is_quick_and_does_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/hotline.db"
    await migrate(url)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assert await migrate(url) is False
        times.append(time.perf_counter() - started)
    assert min(times) < 0.05


async def test_many_at_once_migrate_once(empty_url):
    assert sorted(await asyncio.gather(*(migrate(empty_url) for _ in range(4)))) == [False, False, False, True]


async def test_a_newer_database_is_refused_with_the_cure(database_url):
    database = Database(database_url)
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(UnknownRevisionError, match="start the version"):
        await migrate(database_url)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://u:secret55@h/d", "sqlite://", "sqlite:///:memory:"])
async def test_a_bad_address_is_told_with_its_cure_and_without_its_password(url):
    with pytest.raises(DatabaseAddressError, match="write sqlite:///") as caught:
        Database(url)
    assert "secret55" not in str(caught.value)


async def test_a_missing_driver_is_told_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(DatabaseAddressError, match="package asyncpg"):
        Database("postgresql://u:secret55@h/d")


async def test_the_file_is_readable_by_its_owner_alone(tmp_path):
    await migrate(f"sqlite:///{tmp_path}/deep/hotline.db")
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "deep").iterdir()} == {0}


async def test_readers_are_not_stopped_by_a_writer(database_url):
    database = Database(database_url)
    async with database.writing(), asyncio.timeout(1), database.reading() as session:
        await session.connection()
    await database.close()


async def test_seeding_is_quick_and_covers_tiers_languages_and_areas(database_url):
    database = Database(database_url)
    started = time.perf_counter()
    added = await seed_demo(database, today=dt.date(2026, 3, 31), now_ms=1_700_000_000_000)
    assert time.perf_counter() - started < 2
    await database.close()
    customers = demo_customers()
    assert added == len(customers) >= 30
    assert {c.tier for c in customers} == {"diamond", "gold", "silver", "basic"}
    assert {c.star_level for c in customers} == set(range(1, 7))
    assert {c.language for c in customers} == {"zh", "en"}
    assert {c.area for c in customers} == set(AREAS)
    assert len({c.number for c in customers}) == len({c.account for c in customers}) == added
    assert all(re.fullmatch(r"\d{4}", c.pin) and re.fullmatch(r"\d{11}", c.number) for c in customers)


async def test_the_document_shows_the_demo_customers_as_they_are():
    document = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in document.splitlines()
        if line.startswith("| 1")
    ]
    expected = [
        [
            c.number,
            c.account,
            c.pin,
            c.name,
            c.tier,
            str(c.star_level),
            c.language,
            c.area,
            f"{c.balance_cents / 100:.2f}",
        ]
        for c in demo_customers()
    ]
    assert rows == expected


async def test_pins_are_hashed_and_checked():
    checker = PinChecker()
    pin_hash = hash_pin("1234")
    assert pin_hash.startswith("$argon2id$")
    assert pin_hash != hash_pin("1234")
    answers = [
        await checker.fits(pin, stored)
        for pin, stored in [("1234", pin_hash), ("1235", pin_hash), ("1234", None), ("1", "rubbish")]
    ]
    checker.close()
    assert answers == [True, False, False, False]
