"""For all unit tests: databases of both kinds. A test that asks for `empty_url` or `database_url` runs on each."""

from __future__ import annotations

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
    if request.param == SQLITE:
        yield f"sqlite:///{tmp_path / 'hotline.db'}"
        return
    async with in_postgres(request.getfixturevalue("postgres")) as url:
        yield url


@pytest_asyncio.fixture
async def database_url(empty_url: str) -> str:
    """The address of a database with all tables."""
    await migrate(empty_url)
    return empty_url
