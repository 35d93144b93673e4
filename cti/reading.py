"""Reading call records for the API: every read has a deadline, and a database that is down is said so."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from cti.database.engine import Database
from cti.http.deps import RecordsDown
from cti.records import CallRecord, one_call, recent_calls

READ_SECONDS = 3.0
Answer = TypeVar("Answer")


class DatabaseRecords:
    """The API's RecordReader over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recent(self, limit: int, before_ms: int | None) -> Sequence[CallRecord]:
        """The latest records, newest first."""
        return await self._read(recent_calls(self._database, limit=limit, before_ms=before_ms))

    async def one(self, call: str) -> CallRecord | None:
        """One call's record."""
        return await self._read(one_call(self._database, call))

    async def _read(self, work: Awaitable[Answer]) -> Answer:
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await work
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise RecordsDown(f"the database does not answer ({type(error).__name__}); calls go on, records follow later") from error
