"""The store in one SQLite file (WAL), worked on by one thread of its own, so that a slow disk blocks nobody's loop."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from cti.store.codec import whole_number

T = TypeVar("T")

BUSY_MILLISECONDS = 300
SWEEP_SECONDS = 60.0
_SCHEMA = """CREATE TABLE IF NOT EXISTS store (
    namespace TEXT NOT NULL, key TEXT NOT NULL, generation INTEGER NOT NULL, value TEXT NOT NULL,
    expires_at REAL, PRIMARY KEY (namespace, key)) WITHOUT ROWID"""
_WRITE = """INSERT INTO store VALUES (:namespace, :key, :generation, :value, :expires_at)
    ON CONFLICT DO UPDATE SET generation = :generation, value = :value, expires_at = :expires_at"""
_WRITE_GENERATION = _WRITE + " WHERE store.generation <= :generation OR store.expires_at <= :now"
_COUNT = "UPDATE store SET generation = 0, value = :value WHERE namespace = :namespace AND key = :key"
_REMOVE = "DELETE FROM store WHERE namespace = :namespace AND key = :key"
_FIND = """SELECT generation, value FROM store WHERE namespace = :namespace AND key = :key
    AND (expires_at IS NULL OR expires_at > :now)"""
_SCAN = """SELECT key, value FROM store WHERE namespace = :namespace
    AND (expires_at IS NULL OR expires_at > :now)"""


class SqliteDriver:
    """Keeps cells in the table `store` of the file at `path` (made when missing, readable by its owner alone).

    The file is opened at the first call and again after a failure. Writes survive a kill of the process
    (synchronous=NORMAL: a power cut may lose the last ones, never damage the file).
    """

    name = "SQLite"
    errors: tuple[type[BaseException], ...] = (sqlite3.Error, OSError)

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._swept_at = 0.0

    async def read(self, namespace: str, key: str) -> tuple[int, str] | None:
        """See `Driver.read`."""
        return await self._do(lambda db: self._find(db, namespace, key))

    async def write(self, namespace: str, key: str, text: str, lifetime: float | None) -> None:
        """See `Driver.write`."""
        await self._do(lambda db: db.execute(_WRITE, self._row(namespace, key, text, lifetime)).rowcount)

    async def write_generation(
        self, namespace: str, key: str, generation: int, text: str, lifetime: float | None
    ) -> bool:
        """See `Driver.write_generation`."""
        row = self._row(namespace, key, text, lifetime, generation)
        return await self._do(lambda db: db.execute(_WRITE_GENERATION, row).rowcount == 1)

    async def remove(self, namespace: str, key: str) -> None:
        """See `Driver.remove`."""
        await self._do(lambda db: db.execute(_REMOVE, {"namespace": namespace, "key": key}).rowcount)

    async def scan(self, namespace: str) -> dict[str, str]:
        """See `Driver.scan`."""
        row = {"namespace": namespace, "now": self._clock()}
        return await self._do(lambda db: dict(db.execute(_SCAN, row).fetchall()))

    async def add(self, namespace: str, key: str, amount: int, lifetime: float) -> int:
        """See `Driver.add`."""

        def work(db: sqlite3.Connection) -> int:
            found = self._find(db, namespace, key)
            count = whole_number(found[1] if found else None) + amount
            row = self._row(namespace, key, str(count), lifetime)
            db.execute(_WRITE if found is None else _COUNT, row)
            return count

        return await self._do(work)

    async def swap(self, namespace: str, key: str, expected: str, new: str, lifetime: float | None) -> bool:
        """See `Driver.swap`."""

        def work(db: sqlite3.Connection) -> bool:
            found = self._find(db, namespace, key)
            if (found[1] if found else "null") != expected:
                return False
            row = self._row(namespace, key, new, lifetime)
            db.execute(_REMOVE if new == "null" else _WRITE, row)
            return True

        return await self._do(work)

    async def ping(self) -> None:
        """See `Driver.ping`."""
        await self._do(lambda db: db.execute("SELECT 1 FROM store LIMIT 1").fetchone())

    def drop(self) -> None:
        """See `Driver.drop`: the connection is opened anew by the next call, after the call that hangs in the thread."""
        with suppress(RuntimeError):  # the thread has gone: the store was closed while this call was under way
            self._thread.submit(self._disconnect)

    async def shut(self) -> None:
        """See `Driver.shut`."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        finally:
            self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, work)

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is not None and self._identity() != self._opened:
            self._disconnect()  # the file was removed or replaced: writes to the old one would vanish unseen
        db = self._connection or self._connect()
        db.execute("BEGIN IMMEDIATE")
        try:
            self._sweep(db)
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise
        return result

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(_SCHEMA)
        except BaseException:
            db.close()
            raise
        self._connection, self._opened = db, self._identity()
        return db

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _sweep(self, db: sqlite3.Connection) -> None:
        """Throw expired cells away now and then, so that the file does not grow for ever."""
        now = self._clock()
        if abs(now - self._swept_at) >= SWEEP_SECONDS:
            db.execute("DELETE FROM store WHERE expires_at <= ?", (now,))
            self._swept_at = now

    def _find(self, db: sqlite3.Connection, namespace: str, key: str) -> tuple[int, str] | None:
        row = db.execute(_FIND, {"namespace": namespace, "key": key, "now": self._clock()}).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def _row(
        self, namespace: str, key: str, text: str, lifetime: float | None, generation: int = 0
    ) -> dict[str, str | int | float | None]:
        now = self._clock()
        expires_at = None if lifetime is None else now + lifetime
        row: dict[str, str | int | float | None] = {"namespace": namespace, "key": key, "value": text}
        return row | {"generation": generation, "expires_at": expires_at, "now": now}
