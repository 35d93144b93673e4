"""An empty database for a test, of each kind the hotline knows: SQLite in a file, and a real PostgreSQL."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.postgres_server import PostgresServer

SQLITE, POSTGRESQL = KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@contextlib.asynccontextmanager
async def in_postgres(server: PostgresServer) -> AsyncIterator[str]:
    """The address of a database without tables on this server; gone afterwards."""
    name = f"test{next(_numbers)}"
    await _tell(server, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield server.url(name)
    finally:
        await _tell(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _tell(server: PostgresServer, order: str) -> None:
    link = await asyncpg.connect(server.url().replace("+asyncpg", ""), timeout=10)
    try:
        await link.execute(order)
    finally:
        await link.close()
