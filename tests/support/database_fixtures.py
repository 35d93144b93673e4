"""Fixtures: databases of both kinds. A test that asks for `empty_url` or `database_url` runs on each.

For a conftest.py to import.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cti.database.migrate import migrate
from tests.support.databases import KINDS, SQLITE, in_postgres
from tests.support.postgres_server import PostgresServer, postgres_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The one PostgreSQL of a test run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with postgres_server(port) as server:
        yield server


@pytest_asyncio.fixture(params=KINDS)
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database without tables."""
    async with url_of_kind(request, tmp_path) as url:
        yield url


@contextlib.asynccontextmanager
async def url_of_kind(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[str]:
    """The address of an empty database of the kind that is the request's parameter."""
    if request.param == SQLITE:
        yield f"sqlite:///{folder / 'hotline.db'}"
        return
    async with in_postgres(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with all tables, to be copied: quicker than to make them each time."""
    file = tmp_path_factory.mktemp("migrated") / "hotline.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest_asyncio.fixture
async def database_url(empty_url: str, migrated: Path) -> str:
    """The address of a database with all tables."""
    if empty_url.startswith(SQLITE):
        shutil.copy(migrated, empty_url.partition("///")[2])
    else:
        await migrate(empty_url)
    return empty_url
