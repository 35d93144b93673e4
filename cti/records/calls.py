"""One record a call: what became of every caller, written behind the calls so that no database can stop one.

Writing is merging: a `CallRecord` with None for "not known" is laid over what is there. Until a call has ended newer
knowledge replaces older; after that only blanks are filled, so the first end stands, whoever reports the next one.
Lists are united. Merging twice changes nothing, so a write of unknown fate is simply done again, also by the next
process after a kill.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any, TypedDict, Unpack, cast

from sqlalchemy import Insert, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from cti.backends.replies import without_control_characters
from cti.database.engine import Database
from cti.database.models import CallRecordRow
from cti.store.bounded import Bounded

PENDING_LIMIT = 10_000
BATCH = 200
GATHER_SECONDS = 1.0
WRITE_SECONDS = 5.0
LONGEST_REST_SECONDS = 5.0
MAX_TRAIL = 500
_TABLE = cast("Table", CallRecordRow.__table__)
_FIRST_WINS = frozenset({"started_at_ms", "caller_number"})
_LISTS = frozenset({"tickets", "trail"})
_NOT_TO_BE_HAD = (SQLAlchemyError, OSError, TimeoutError)
_RECORDS_OWN_FAULT = (DataError, IntegrityError, TypeError, ValueError)


class RecordFields(TypedDict, total=False):
    """What may be told of a call; meanings at `CallRecord`."""

    started_at_ms: int | None
    answered_at_ms: int | None
    caller_number: str | None
    account: str | None
    tier: str | None
    language: str | None
    flow_version: str | None
    queue: str | None
    agent: str | None
    wait_ms: int | None
    talk_ms: int | None
    hangup_cause: str | None
    survey_score: int | None
    tickets: Sequence[str]
    trail: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """What is known of a call; None: not known (yet).

    Attributes:
        call: the call id; one record each.
        started_at_ms: first ring, UTC milliseconds; the first report wins. So with `caller_number`.
        answered_at_ms: an agent and the caller talked first, UTC milliseconds.
        ended_at_ms: the caller's channel ended, UTC milliseconds; a record that has it is finished.
        account: the customer, if he was found. tier: his class.
        queue: the last queue he waited in. agent: the last who talked with him.
        wait_ms: all waiting in queues. talk_ms: all talking with agents.
        outcome: how the call ended. hangup_cause: in Asterisk's words.
        tickets: numbers of tickets made in this call. trail: flow steps with their times, values masked.

    """

    call: str
    started_at_ms: int | None = None
    answered_at_ms: int | None = None
    ended_at_ms: int | None = None
    caller_number: str | None = None
    account: str | None = None
    tier: str | None = None
    language: str | None = None
    flow_version: str | None = None
    queue: str | None = None
    agent: str | None = None
    wait_ms: int | None = None
    talk_ms: int | None = None
    outcome: str | None = None
    hangup_cause: str | None = None
    survey_score: int | None = None
    tickets: tuple[str, ...] = ()
    trail: tuple[Mapping[str, Any], ...] = ()

    @property
    def finished(self) -> bool:
        """Whether the call's end is known."""
        return self.ended_at_ms is not None

    def merged(self, news: "CallRecord") -> "CallRecord":
        """Return this record with the news laid over it, as the module's first lines say."""
        changes: dict[str, Any] = {}
        for name in _SCALARS:
            old, new = getattr(self, name), getattr(news, name)
            keeps = self.finished or name in _FIRST_WINS
            if new is not None and (old is None or not keeps):
                changes[name] = new
        return replace(
            self,
            **changes,
            tickets=_united(self.tickets, news.tickets),
            trail=_united(self.trail, news.trail)[:MAX_TRAIL],
        )


_SCALARS = tuple(f.name for f in fields(CallRecord) if f.name not in _LISTS and f.name != "call")
_WIDTHS = {
    column.name: column.type.length
    for column in _TABLE.columns
    if isinstance(column.type, String) and column.type.length
}


class RecordWriter:
    """Takes news of calls at once and writes them soon; a slow or dead database costs the callers nothing.

    Args:
        database: migrated; stays the caller's to close, after `close`.
        limit: calls with unwritten news that are kept; beyond that the oldest one's are dropped and counted.
        gather_seconds: how long news are gathered before a write: also what a kill may lose.

    """

    def __init__(
        self, database: Database, *, limit: int = PENDING_LIMIT, gather_seconds: float = GATHER_SECONDS
    ) -> None:
        self._database = database
        self._limit = limit
        self._gather_seconds = gather_seconds
        self._pending: dict[str, CallRecord] = {}
        self._bounded = Bounded()
        self._news = asyncio.Event()
        self._one_write_at_a_time = asyncio.Lock()
        self.lost = 0  #: calls whose news were dropped, for the metrics
        self.failures = 0  #: writes that failed, for the metrics

    @property
    def pending(self) -> int:
        """Calls with unwritten news."""
        return len(self._pending)

    def begin(self, call: str, **known: Unpack[RecordFields]) -> None:
        """Open a call's record. Beginning it again, after a restart, changes nothing of its start."""
        self._tell(call, known)

    def update(self, call: str, **news: Unpack[RecordFields]) -> None:
        """Tell news of a call; None tells nothing. Never waits, never raises for what the database does."""
        self._tell(call, news)

    def finish(self, call: str, *, ended_at_ms: int, outcome: str, **news: Unpack[RecordFields]) -> None:
        """Tell a call's end. Only the first end counts."""
        self._tell(call, {**news, "ended_at_ms": ended_at_ms, "outcome": outcome})

    def _tell(self, call: str, news: Mapping[str, Any]) -> None:
        record = CallRecord(call=call, **{name: _fitting(name, value) for name, value in news.items()})
        self._pending[call] = self._pending[call].merged(record) if call in self._pending else record
        if len(self._pending) > self._limit:
            del self._pending[next(iter(self._pending))]
            self.lost += 1
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled; then what is left is `close`'s to write."""
        rest_seconds = 0.0
        while True:
            await self._news.wait()
            await asyncio.sleep(self._gather_seconds + rest_seconds)
            written = await self._write_batch()
            rest_seconds = 0.0 if written else min(LONGEST_REST_SECONDS, max(0.5, rest_seconds * 2))

    async def flush(self, timeout_seconds: float) -> bool:
        """Write all news told so far; tell whether they are in the database (then their sources may be deleted)."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while await self._write_batch():
                    if not self._pending:
                        return True
        except TimeoutError:
            pass
        return False

    async def close(self, timeout_seconds: float) -> int:
        """Write what is left; return how many calls' news could not be written in time."""
        await self.flush(timeout_seconds)
        await self._bounded.drain(0.1)
        return self.pending

    async def _write_batch(self) -> bool:
        """Write the oldest news; on failure put them back under what came meanwhile."""
        async with self._one_write_at_a_time:
            if not await self._bounded.drain(WRITE_SECONDS):  # a write of unknown fate goes on: it must not come after this one
                return False
            batch = dict(islice(self._pending.items(), BATCH))
            for call in batch:
                del self._pending[call]
            try:
                await self._bounded.run(self._store(tuple(batch.values())), WRITE_SECONDS)
            except _NOT_TO_BE_HAD:
                self.failures += 1
                self._put_back(batch)
                return False
            except asyncio.CancelledError:
                self._put_back(batch)
                raise
            if not self._pending:
                self._news.clear()
            return True

    def _put_back(self, batch: dict[str, CallRecord]) -> None:
        newer = self._pending
        self._pending = {call: old.merged(newer[call]) if call in newer else old for call, old in batch.items()}
        self._pending |= {call: record for call, record in newer.items() if call not in batch}
        self._news.set()

    async def _store(self, records: tuple[CallRecord, ...]) -> None:
        """Write all of them; if the database refuses one, write them singly, so that it takes no other along."""
        try:
            await self._merge_into_database(records)
        except (*_RECORDS_OWN_FAULT, StatementError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, _RECORDS_OWN_FAULT):
                raise  # the database's fault: all of them wait for better times
            if len(records) <= 1:
                self.lost += len(records)
                return
            for record in records:
                await self._store((record,))

    async def _merge_into_database(self, records: tuple[CallRecord, ...]) -> None:
        if not records:
            return
        async with self._database.writing() as session:
            calls = [record.call for record in records]
            found = await session.execute(select(_TABLE).where(_TABLE.c.call.in_(calls)).with_for_update())
            known = {row.call: _record(row._mapping) for row in found}  # noqa: SLF001 - the library's public name
            whole = (known[r.call].merged(r) if r.call in known else r for r in records)
            await session.execute(_upsert(session), [_columns(record) for record in whole])


async def recent_calls(database: Database, *, limit: int = 100, before_ms: int | None = None) -> list[CallRecord]:
    """Return the latest calls, newest first; `before_ms` (UTC) pages backwards. Raises SQLAlchemyError, OSError."""
    query = select(_TABLE).order_by(_TABLE.c.started_at_ms.desc(), _TABLE.c.call).limit(limit)
    return await _read(database, query if before_ms is None else query.where(_TABLE.c.started_at_ms < before_ms))


async def one_call(database: Database, call: str) -> CallRecord | None:
    """Return one call's record, or None. Raises SQLAlchemyError, OSError."""
    found = await _read(database, select(_TABLE).where(_TABLE.c.call == call))
    return found[0] if found else None


async def calls_between(database: Database, since_ms: int, until_ms: int) -> list[CallRecord]:
    """Return the calls that began in a span (UTC milliseconds, the end not included). Raises SQLAlchemyError, OSError."""
    began = _TABLE.c.started_at_ms
    return await _read(database, select(_TABLE).where(began >= since_ms, began < until_ms).order_by(began, _TABLE.c.call))


async def callers_of(database: Database, calls: Collection[str]) -> dict[str, str]:
    """Return the numbers of those of the calls whose caller is known. Raises SQLAlchemyError, OSError."""
    known = _TABLE.c.caller_number.is_not(None)
    async with database.reading() as session:
        rows = await session.execute(select(_TABLE.c.call, _TABLE.c.caller_number).where(_TABLE.c.call.in_(calls), known))
        return {row.call: row.caller_number for row in rows}


async def unfinished_calls(database: Database) -> list[CallRecord]:
    """Return the records without an end: at start, those of them that are in no channel have ended unseen."""
    return await _read(database, select(_TABLE).where(_TABLE.c.ended_at_ms.is_(None)))


async def _read(database: Database, query: Any) -> list[CallRecord]:
    async with database.reading() as session:
        return [_record(row) for row in (await session.execute(query)).mappings()]


def _record(row: Mapping[Any, Any]) -> CallRecord:
    lists = {name: tuple(row[name] or ()) for name in _LISTS}
    return CallRecord(**{**row, **lists})


def _upsert(session: AsyncSession) -> Insert:
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert(_TABLE) if dialect == "postgresql" else sqlite.insert(_TABLE)
    changed = {name: insert.excluded[name] for name in (*_SCALARS, *_LISTS)}
    return insert.on_conflict_do_update(index_elements=["call"], set_=changed)


def _columns(record: CallRecord) -> dict[str, Any]:
    """Return the record as a row; lists are shared, not copied as `asdict` would."""
    return {name: getattr(record, name) for name in ("call", *_SCALARS, *_LISTS)}


def _united(old: tuple[Any, ...], new: Iterable[Any]) -> tuple[Any, ...]:
    """Return both, in order, each entry once."""
    entries = list(old)
    for entry in new:
        if entry not in entries:
            entries.append(entry)
    return tuple(entries)


def _fitting(name: str, value: Any) -> Any:
    """Return a text cleaned and cut to its column, a list as tuple, anything else as it is."""
    if isinstance(value, str):
        return str(without_control_characters(value))[: _WIDTHS.get(name, 64)]
    return tuple(value) if name in _LISTS else value
