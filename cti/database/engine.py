"""One database, opened by address: SQLite by default, PostgreSQL with the same code."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

BUSY_MILLISECONDS = 2000
POOL_SECONDS = 5.0
WIPE_SECONDS = 10.0
#: Any number that nobody else locks in the same database.
_TABLES_LOCK = 955_980_001
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_CURE = "write sqlite:///relative/file, sqlite:////absolute/file or postgresql://user:password@host/database"


class DatabaseAddressError(ValueError):
    """The database's address cannot be understood. The message tells the cure and shows no password."""


class Database:
    """Opens sessions. Connects at the first use, so a dead database hinders no start.

    Args:
        url: `sqlite:///file` or `postgresql://…`.

    Raises:
        DatabaseAddressError: the address is not understood.

    """

    def __init__(self, url: str) -> None:
        address = _address(url)
        self._file = address.database if address.get_backend_name() == "sqlite" else None
        self._engine = _engine(address)
        self._writer = self._engine.execution_options(hotline_writes=True)
        if self._file is not None:
            _teach_sqlite(self._engine)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Give a session in a transaction that only reads."""
        self._make_room()
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """Give a session in a transaction that may write: committed at the end, rolled back on an error.

        On SQLite it takes the write lock at once, so that nobody who has read is refused when he writes.
        """
        self._make_room()
        async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
            await session.connection()
            yield session

    @asynccontextmanager
    async def changing_tables(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a writing transaction, for migrations; whoever comes second waits for the first.

        SQLite lets only one write at all. On PostgreSQL two that make the same tables would wait for each other for ever.
        """
        self._make_room()
        async with self._writer.begin() as connection:
            if self._file is None:
                await connection.execute(select(func.pg_advisory_xact_lock(_TABLES_LOCK)))
            yield connection

    async def wipe(self, tables: Sequence[str]) -> None:
        """See that nothing of what was deleted from these tables is left in the database's files.

        SQLite: what others write meanwhile waits. PostgreSQL: its write-ahead log keeps it until it is recycled.
        Raises SQLAlchemyError, OSError.
        """
        options: dict[str, Any] = {"hotline_plain": True} if self._file is not None else {"isolation_level": "AUTOCOMMIT"}
        async with self._engine.execution_options(**options).connect() as plain:
            if self._file is None:
                for table in tables:
                    await plain.exec_driver_sql(f'VACUUM "{table}"')
                return
            await plain.exec_driver_sql("VACUUM")
            await self._empty_log(plain)

    @staticmethod
    async def _empty_log(connection: AsyncConnection) -> None:
        """Move the write-ahead log into the file and cut it off; whoever reads just now may hinder that for a moment."""
        deadline = time.monotonic() + WIPE_SECONDS
        while (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).scalar():
            if time.monotonic() > deadline:
                raise TimeoutError("somebody reads the database all the time, so its log could not be emptied: do it again later")
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()

    def _make_room(self) -> None:
        """Make the SQLite file when it is missing, readable by its owner alone: it holds customers and PIN hashes."""
        if self._file is not None and not os.path.lexists(self._file):
            Path(self._file).parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseAddressError(f"the database's address is not understood: {_CURE}") from None
    name = address.get_backend_name()
    if name not in _DRIVERS or not address.database or address.database == ":memory:":
        raise DatabaseAddressError(f"the database's address names no known kind or no database: {_CURE}")
    if name == "sqlite":
        address = address.set(database=str(Path(address.database).expanduser()))
    return address.set(drivername=_DRIVERS[name])


def _engine(address: URL) -> AsyncEngine:
    try:
        return create_async_engine(
            address,
            hide_parameters=True,  # or messages would show callers' numbers
            pool_timeout=POOL_SECONDS,
            pool_pre_ping=address.get_backend_name() != "sqlite",
        )
    except ModuleNotFoundError as error:
        raise DatabaseAddressError(
            f"this kind of database needs the package {error.name}: install it beside the hotline, or use SQLite"
        ) from None


def _teach_sqlite(engine: AsyncEngine) -> None:
    """Make SQLite durable, checked and patient, and let us say when a transaction begins."""

    @event.listens_for(engine.sync_engine, "connect")
    def connected(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")  # first: the others may have to wait, too
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("hotline_plain"):  # what may not stand in a transaction
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("hotline_writes") else "BEGIN")
