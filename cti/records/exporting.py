"""Records as CSV or Parquet, a page in memory at a time.

CSV is RFC 4180 with a header. A text that a spreadsheet would take for a formula gets an apostrophe before it. Instants are
there twice: UTC milliseconds, and for people ISO 8601 in UTC.
"""

import csv
import importlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, TextIO, cast

from sqlalchemy import JSON, Float, Integer, Table, and_, or_, select

from cti.database.engine import Database
from cti.database.models import AgentStateRow, CallRecordRow, DecisionRow
from cti.records.contacts import LEGS
from cti.records.decisions import DecisionRecord

PAGE = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
CURE = "Parquet needs the package pyarrow: pip install 'hotline-acd[parquet]'; or choose --format csv."


class ExportError(Exception):
    """It cannot be exported; the message tells the cure."""


class ColumnType(Enum):
    """What a column holds; INSTANT is the ISO 8601 form of the milliseconds before it."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TRUTH = "truth"
    JSON = "json"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export; `source` is the column or the document's entry it comes from."""

    name: str
    type: ColumnType
    source: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What can be exported: rows of `table` whose `time` (UTC milliseconds) lies in a span, in order of it and of `key`."""

    table: Table
    time: str
    key: str
    columns: tuple[Column, ...]
    document: str = ""  #: the column of JSON whose entries are columns, too


def _of_table(table: Table) -> tuple[Column, ...]:
    columns: list[Column] = []
    for column in table.columns:
        kind = ColumnType.TEXT
        for python_type, meant in ((JSON, ColumnType.JSON), (Integer, ColumnType.INTEGER), (Float, ColumnType.NUMBER)):
            if isinstance(column.type, python_type):
                kind = meant
        columns += _with_instant(Column(column.name, kind, column.name))
    return tuple(columns)


def _with_instant(column: Column) -> list[Column]:
    """Beside what is an instant stands its readable form."""
    stem = next((column.name.removesuffix(ending) for ending in ("_at_ms", "_ms") if column.name.endswith(ending)), "")
    if column.name.endswith("_at_ms") or column.name in {"at_ms", "from_ms", "until_ms", "entered_ms"}:
        return [column, Column(f"{stem}_at" if stem not in ("", "at") else "at", ColumnType.INSTANT, column.source)]
    return [column]


_DOCUMENT_TYPES = {"int": ColumnType.INTEGER, "float": ColumnType.NUMBER, "bool": ColumnType.TRUTH, "str": ColumnType.TEXT}


def _of_decisions() -> tuple[Column, ...]:
    columns: list[Column] = []
    for one in fields(DecisionRecord):
        kind = _DOCUMENT_TYPES.get(getattr(one.type, "__name__", str(one.type)), ColumnType.JSON)
        columns += _with_instant(Column(one.name, kind, one.name))
    return tuple(columns)


_CALLS, _STATES, _DECISIONS = (cast("Table", row.__table__) for row in (CallRecordRow, AgentStateRow, DecisionRow))
KINDS: Mapping[str, Exported] = {
    "calls": Exported(_CALLS, "started_at_ms", "call", _of_table(_CALLS)),
    "legs": Exported(LEGS, "entered_at_ms", "leg", _of_table(LEGS)),
    "agent-states": Exported(_STATES, "from_ms", "agent", _of_table(_STATES)),
    "decisions": Exported(_DECISIONS, "at_ms", "offer", _of_decisions(), document="document"),
}


class Sink(Protocol):
    """Where rows go."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some rows: values by column name."""

    def close(self) -> None:
        """Write the end."""


async def export(
    database: Database, what: Exported, since_ms: int, until_ms: int, sink: Sink, progress: Callable[[int], None] = lambda _rows: None
) -> int:
    """Write the rows of a span (UTC milliseconds, the end not included); return how many.

    `progress` is told the number of rows so far after each page. Raises SQLAlchemyError, OSError.
    """
    count = 0
    async for page in _pages(database, what, since_ms, until_ms):
        sink.write([_values(what, row) for row in page])
        count += len(page)
        progress(count)
    sink.close()
    return count


async def _pages(database: Database, what: Exported, since_ms: int, until_ms: int) -> AsyncIterator[list[Mapping[str, Any]]]:
    time, key = what.table.c[what.time], what.table.c[what.key]
    follows = time >= since_ms
    while True:
        query = select(what.table).where(follows, time < until_ms).order_by(time, key).limit(PAGE)
        async with database.reading() as session:  # a transaction a page: a long export holds nothing up
            page: list[Mapping[str, Any]] = [dict(row) for row in (await session.execute(query)).mappings()]
        if page:
            yield page
        if len(page) < PAGE:
            return
        follows = or_(time > page[-1][what.time], and_(time == page[-1][what.time], key > page[-1][what.key]))


def _values(what: Exported, row: Mapping[str, Any]) -> dict[str, Any]:
    known = {**row, **row[what.document]} if what.document else row
    return {column.name: _value(column, known.get(column.source)) for column in what.columns}


def _value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.type is ColumnType.JSON:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return datetime.fromtimestamp(value / 1000, UTC) if column.type is ColumnType.INSTANT else value


class CsvSink:
    """Writes CSV: RFC 4180, UTF-8, lines end with CR LF."""

    def __init__(self, file: TextIO, columns: Sequence[Column]) -> None:
        self._writer = csv.writer(file, lineterminator="\r\n")
        self._writer.writerow([column.name for column in columns])
        self._file = file

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some rows."""
        self._writer.writerows([_cell(value) for value in row.values()] for row in rows)

    def close(self) -> None:
        """Write the end."""
        self._file.flush()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


class ParquetSink:
    """Writes Parquet with a type for each column; raises ExportError where pyarrow is not installed."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        try:
            pa: Any = importlib.import_module("pyarrow")  # an optional extra
            pq: Any = importlib.import_module("pyarrow.parquet")
        except ImportError:
            raise ExportError(CURE) from None
        types = {
            ColumnType.TEXT: pa.string(), ColumnType.JSON: pa.string(), ColumnType.INTEGER: pa.int64(), ColumnType.NUMBER: pa.float64(),
            ColumnType.TRUTH: pa.bool_(), ColumnType.INSTANT: pa.timestamp("ms", tz="UTC"),
        }  # fmt: skip
        self._schema = pa.schema([(column.name, types[column.type]) for column in columns])
        self._table = pa.Table
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some rows."""
        self._writer.write_table(self._table.from_pylist(list(rows), schema=self._schema))

    def close(self) -> None:
        """Write the end."""
        self._writer.close()
