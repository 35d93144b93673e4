"""Records out of the database, within a deadline and with one kind of failure."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from cti.database.engine import Database
from cti.http.deps import RecordsDown
from cti.records.agent_states import Span, spans_between
from cti.records.calls import CallRecord, one_call, recent_calls
from cti.records.decisions import DecisionRecord, decisions_between, decisions_of

READ_SECONDS = 3.0
T = TypeVar("T")


class DatabaseRecords:
    """A RecordReader over the server's own database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recent(self, limit: int, before_ms: int | None) -> Sequence[CallRecord]:
        """Return the latest records, newest first. Raises RecordsDown."""
        return await _bounded(recent_calls(self._database, limit=limit, before_ms=before_ms))

    async def one(self, call: str) -> CallRecord | None:
        """Return one call's record. Raises RecordsDown."""
        return await _bounded(one_call(self._database, call))


class DatabaseDecisions:
    """A DecisionReader over the server's own database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, call: str) -> Sequence[DecisionRecord]:
        """Return a call's decisions, oldest first. Raises RecordsDown."""
        return await _bounded(decisions_of(self._database, call))

    async def between(self, since_ms: int, until_ms: int) -> Sequence[DecisionRecord]:
        """Return all decisions of a span, oldest first. Raises RecordsDown."""
        return await _bounded(decisions_between(self._database, since_ms, until_ms))


class DatabaseAgentStates:
    """An AgentStateReader over the server's own database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, since_ms: int, until_ms: int, agent: str | None) -> Sequence[Span]:
        """Return what agents (or one) did in a span. Raises RecordsDown."""
        return await _bounded(spans_between(self._database, since_ms, until_ms, agent))


async def _bounded(work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await work
    except TimeoutError as error:
        raise RecordsDown(f"the database gave no answer within {READ_SECONDS:g} s") from error
    except (SQLAlchemyError, OSError) as error:
        raise RecordsDown(f"the database cannot be read ({type(error).__name__})") from error
