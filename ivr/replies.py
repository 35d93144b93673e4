"""What a service must answer: fields by dotted path, each with a type. Whatever else comes is dropped, whatever differs is refused."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import isfinite
from typing import Any

from ivr.document import Finding, Node, Scalar, Table, did_you_mean
from ivr.expressions import VariableType

MOST_CHARACTERS = 500
"""Of one text."""
MOST_ITEMS = 100
"""Of one list."""
MOST_VALUES = 1000
"""In one list, with everything inside its items."""
GREATEST_NUMBER = 10**15
PATH_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,5}$"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_CURES = {"integer": "number", "int": "number", "boolean": "flag", "bool": "flag", "string": "text", "float": "decimal"}


class ReplyType(StrEnum):
    """What a field of a reply may hold."""

    TEXT = "text"
    NUMBER = "number"
    DECIMAL = "decimal"
    FLAG = "flag"
    DATE = "date"
    INSTANT = "instant"
    LIST = "list"


OPTIONAL = "optional "
TYPE_PATTERN = f"^({OPTIONAL})?({'|'.join(ReplyType)})$"
_VARIABLES: Mapping[ReplyType, VariableType] = {
    ReplyType.TEXT: VariableType.TEXT,
    ReplyType.NUMBER: VariableType.NUMBER,
    ReplyType.DECIMAL: VariableType.DECIMAL,
    ReplyType.FLAG: VariableType.FLAG,
    ReplyType.DATE: VariableType.TEXT,
    ReplyType.INSTANT: VariableType.TEXT,
    ReplyType.LIST: VariableType.DATA,
}


class ReplyError(ValueError):
    """An answer that is not as declared; the text names the field, never its value."""


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """The fields of a reply: type and whether it may be missing, by dotted path."""

    fields: Mapping[str, tuple[ReplyType, bool]]

    @property
    def names(self) -> frozenset[str]:
        """All dotted names an expression may read: the fields, and the tables they lie in."""
        return frozenset(name for path in self.fields for name in _with_parents(path))

    @property
    def types(self) -> dict[str, VariableType]:
        """The types of the fields that are always there."""
        return {path: _VARIABLES[kind] for path, (kind, optional) in self.fields.items() if not optional}

    def fit(self, raw: object) -> dict[str, Any]:
        """Return what is declared of an answer, as nested tables; a field that may be missing is null then.

        Raises:
            ReplyError: a field is missing or of another type.

        """
        if not isinstance(raw, Mapping):
            raise ReplyError("the answer is no JSON object")
        reply: dict[str, Any] = {}
        for path, (kind, optional) in self.fields.items():
            value = _at(raw, path.split("."))
            if value is None and not optional:
                raise ReplyError(f"{path} is missing")
            *tables, name = path.split(".")
            place = reply
            for table in tables:
                place = place.setdefault(table, {})
            place[name] = None if value is None else _fitted(value, kind, path)
        return reply


def read_reply(node: Node, findings: list[Finding]) -> ReplyForm:
    """Read the table under `reply:`: dotted paths with types, `optional` before the type of what may be missing."""
    fields: dict[str, tuple[ReplyType, bool]] = {}
    if not isinstance(node, Table):
        findings.append(node.finding("not-a-table", "reply must be a table of fields with types", "write name: text"))
        return ReplyForm(fields)
    for path, value in node.entries.items():
        place = node.keys[path]
        if not re.fullmatch(PATH_PATTERN, path):
            findings.append(place.finding("bad-name", f'"{path}" cannot name a field', "write name, or table.name"))
            continue
        if any(path.startswith(f"{other}.") or other.startswith(f"{path}.") for other in fields):
            findings.append(place.finding("bad-value", f'"{path}" is a table and a value at once', "keep one of them"))
            continue
        fields[path] = _read_type(value, findings)
    return ReplyForm(fields)


def without_control_characters(text: str) -> str:
    """Return the text without what could break a log line, a message or a terminal (Unicode class C)."""
    return "".join(letter for letter in text if not unicodedata.category(letter).startswith("C"))


def _read_type(node: Node, findings: list[Finding]) -> tuple[ReplyType, bool]:
    """Return a type and whether the field may be missing; one that cannot be read claims nothing, so that it is told once."""
    text = node.text if isinstance(node, Scalar) else ""
    word = text.removeprefix(OPTIONAL)
    if word in [kind.value for kind in ReplyType]:
        return ReplyType(word), text.startswith(OPTIONAL)
    cure = f"write {_CURES[word]}" if word in _CURES else did_you_mean(word, [kind.value for kind in ReplyType])
    findings.append(node.finding("unknown-type", f'no type "{text}"', cure))
    return ReplyType.LIST, True


def _with_parents(path: str) -> Iterator[str]:
    parts = path.split(".")
    for count in range(len(parts)):
        yield ".".join(parts[: count + 1])


def _at(raw: object, path: list[str]) -> object:
    for name in path:
        if not isinstance(raw, Mapping):
            return None
        raw = raw.get(name)
    return raw


def _fitted(value: object, kind: ReplyType, path: str) -> Any:
    fits = {
        ReplyType.TEXT: _text,
        ReplyType.NUMBER: _number,
        ReplyType.DECIMAL: _decimal,
        ReplyType.FLAG: lambda value: value if isinstance(value, bool) else None,
        ReplyType.DATE: _date,
        ReplyType.INSTANT: _instant,
        ReplyType.LIST: _list,
    }[kind](value)
    if fits is None:
        raise ReplyError(f"{path} is no {kind}")
    return fits


def _text(value: object) -> str | None:
    return without_control_characters(value) if isinstance(value, str) and len(value) <= MOST_CHARACTERS else None


def _number(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= GREATEST_NUMBER
    return value if whole and isinstance(value, int) else None


def _decimal(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= GREATEST_NUMBER:
        return None
    return float(value)


def _date(value: object) -> str | None:
    try:
        return value if isinstance(value, str) and _DAY.match(value) and date.fromisoformat(value) else None
    except ValueError:
        return None


def _instant(value: object) -> str | None:
    try:
        return value if isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None else None
    except ValueError:
        return None


def _list(value: object) -> list[Any] | None:
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        return None
    left = [MOST_VALUES]
    try:
        return [_clean(item, left, 5) for item in value]
    except ReplyError:
        return None


def _clean(value: object, left: list[int], depth: int) -> Any:
    """Return JSON-like data with clean texts; `left` counts the values that may still come."""
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise ReplyError("too much")
    if isinstance(value, Mapping):
        return {without_control_characters(str(key))[:64]: _clean(item, left, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, left, depth - 1) for item in value]
    if isinstance(value, str):
        if len(value) > MOST_CHARACTERS:
            raise ReplyError("too long")
        return without_control_characters(value)
    if isinstance(value, int | float) and not (isfinite(value) and abs(value) <= GREATEST_NUMBER):
        raise ReplyError("too great")
    return value
