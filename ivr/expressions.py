"""Expressions in flows: CEL, checked at load, evaluated without loops, files or surprise. Nothing else knows the library.

The library returns evaluation errors as values; here they are raised as `ExpressionError`.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Any

from cel_expr_python import cel

from ivr.document import Finding, Position, did_you_mean

SHOWN_CHARACTERS = 80
_PROBLEM = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_PATH = re.compile(r"(?<![\w.\"'])([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)+)(?!\w|\s*\()")
_WORD = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_NOTHING = object()
_WIDEST = 1 << 63
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")


RESERVED = frozenset(
    (
        "call", "today",
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "dyn", "true", "false", "null", "in",
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return",
        "var", "void", "while",
    )
)  # fmt: skip
"""Names that mean something else in expressions: no variable can have them."""


class VariableType(StrEnum):
    """Types a flow can declare for its variables."""

    TEXT = "text"
    NUMBER = "number"
    DECIMAL = "decimal"
    FLAG = "flag"
    DATA = "data"
    SECRET = "secret"  # noqa: S105 - the name of a type


_CEL_TYPES: Mapping[VariableType, Any] = {
    VariableType.TEXT: cel.Type.STRING,
    VariableType.NUMBER: cel.Type.INT,
    VariableType.DECIMAL: cel.Type.DOUBLE,
    VariableType.FLAG: cel.Type.BOOL,
    VariableType.DATA: cel.Type.DYN,
}
_NAMES = {
    "STRING": VariableType.TEXT,
    "INT": VariableType.NUMBER,
    "DOUBLE": VariableType.DECIMAL,
    "BOOL": VariableType.FLAG,
}

EMPTY: Mapping[VariableType, Any] = {
    VariableType.TEXT: "",
    VariableType.NUMBER: 0,
    VariableType.DECIMAL: 0.0,
    VariableType.FLAG: False,
    VariableType.DATA: None,
}
"""What a variable holds before anybody sets it."""


class ExpressionError(ValueError):
    """An expression or value that does not work at run time; the text holds no values of variables."""


class Expression:
    """One compiled expression.

    Args:
        source: what is written.
        program: the same, compiled.
        variables: all names that may be used in it.

    Attributes:
        type: its result's type; DATA when only the run can tell.
        names: the variables it reads.

    """

    __slots__ = ("_path", "_program", "names", "source", "type")

    def __init__(self, source: str, program: Any, variables: Collection[str]) -> None:
        self.source = source
        self._program = program
        self.names = frozenset(_names_in(source, variables))
        self._path = _plain_path(source.strip(), variables)
        self.type = _NAMES.get(program.return_type().name(), VariableType.DATA)

    def narrow(self, checked: Any) -> None:
        """Take the type of the same expression compiled with more known, where this one's only the run can tell."""
        if self.type is VariableType.DATA:
            self.type = _NAMES.get(checked.return_type().name(), VariableType.DATA)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the value for these variables (those of `names` are enough), as JSON-like data.

        Raises:
            ExpressionError: it cannot be computed (missing field, wrong type at run time, division by zero).

        """
        if self._path is not None:
            found = _look_up(self._path, values)
            if found is not _NOTHING:
                return found
        result = self._program.eval(data={name: values[name] for name in self.names if name in values})
        if result.type() == cel.Type.ERROR:
            raise ExpressionError(f"{self.source}: {_public(str(result.value()))}")
        return _json_like(result.plain_value(), self.source)


class Scope:
    """The variables expressions of one flow may use.

    Args:
        variables: types by name; dotted names (`call.language`) are allowed. Secret ones cannot be used in expressions.
        fields: types of fields of data variables (`found.customer.tier`); expressions are checked against them.

    """

    def __init__(
        self, variables: Mapping[str, VariableType], fields: Mapping[str, VariableType] = MappingProxyType({})
    ) -> None:
        self.variables = dict(variables)
        open_ones = {name: _CEL_TYPES[kind] for name, kind in variables.items() if kind is not VariableType.SECRET}
        self._open = frozenset(open_ones)
        self._env = cel.NewEnv(variables=open_ones)
        typed = {name: _CEL_TYPES[kind] for name, kind in fields.items() if name.split(".")[0] in open_ones}
        # Only for checking: at run time a field is looked up in its variable, which may hold nothing yet.
        self._typed = cel.NewEnv(variables={**open_ones, **typed}) if typed else None

    def compile(self, source: str, place: Position, findings: list[Finding]) -> Expression | None:
        """Return the compiled expression, or None after adding findings that point at the place of the fault."""
        try:
            expression = Expression(source, self._env.compile(source), self._open)
            if self._typed is not None and "." in source:
                expression.narrow(self._typed.compile(source))
        except RuntimeError as error:
            findings.extend(self._problems(str(error), source, place))
            return None
        return expression

    def _problems(self, text: str, source: str, place: Position) -> list[Finding]:
        problems = _PROBLEM.findall(text) or [("1", "1", text)]
        return [self._problem(int(line), int(column), message, source, place) for line, column, message in problems]

    def _problem(self, line: int, column: int, message: str, source: str, place: Position) -> Finding:
        first = line == 1
        where = Position(
            path=place.path,
            line=place.line + line - 1,
            column=place.column + column - 1 if first else column,
        )
        message = message.replace(" (in container '')", "").replace("[INVALID_ARGUMENT]", "").strip()
        shown = source if len(source) <= SHOWN_CHARACTERS else source[:SHOWN_CHARACTERS] + "…"
        return where.finding("bad-expression", f"in `{shown}`: {message[:300]}", self._cure(message))

    def _cure(self, message: str) -> str:
        found = re.search(r"undeclared reference to '([^']*)'", message)
        if not found:
            return "this is CEL: and is &&, or is ||, not is !, equal is ==, texts stand in quotes"
        if self.variables.get(found[1]) is VariableType.SECRET:
            return "a secure value can only be handed to a backend, as ${" + found[1] + "} alone"
        near = [name for name in self.variables if self.variables[name] is not VariableType.SECRET]
        cure = did_you_mean(found[1], near)
        return cure if cure.startswith("did you mean") else "declare it under vars:"


def paths(source: str) -> list[tuple[str, str]]:
    """Return each `(variable, dotted rest)` that an expression reads, such as `("found", "customer.tier")`."""
    bare = _TEXT.sub(lambda text: " " * len(text[0]), source)
    return [(name, rest[1:]) for name, rest in _PATH.findall(bare)]


def _names_in(source: str, variables: Collection[str]) -> Iterator[str]:
    """Yield the variables an expression may read; names of several parts (`call.language`) are variables of their own."""
    for word in _WORD.findall(_TEXT.sub(" ", source)):
        parts = word.split(".")
        for length in range(1, len(parts) + 1):
            name = ".".join(parts[:length])
            if name in variables:
                yield name


def _plain_path(source: str, variables: Collection[str]) -> tuple[str, ...] | None:
    """Return variable and fields of an expression that is nothing but `a` or `a.b.c`; None for any other."""
    if not _WORD.fullmatch(source):
        return None
    parts = source.split(".")
    named = [length for length in range(1, len(parts) + 1) if ".".join(parts[:length]) in variables]
    return (".".join(parts[: named[-1]]), *parts[named[-1] :]) if named else None


def _look_up(path: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    """Return a simple value without the library, as it would; `_NOTHING` for whatever it has to judge."""
    value = values.get(path[0], _NOTHING)
    for part in path[1:]:
        if type(value) is not dict or part not in value:
            return _NOTHING
        value = value[part]
    kind = type(value)
    simple = kind is str or kind is bool or value is None or (kind is int and -_WIDEST <= value < _WIDEST)
    return value if simple or (kind is float and isfinite(value)) else _NOTHING


def fit(value: Any, kind: VariableType, name: str) -> Any:
    """Return the value as the type of the variable `name` wants it.

    Raises:
        ExpressionError: it is of another type.

    """
    if kind is VariableType.DATA:
        return value
    if kind is VariableType.DECIMAL and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted: Mapping[VariableType, type] = {
        VariableType.TEXT: str,
        VariableType.NUMBER: int,
        VariableType.DECIMAL: float,
        VariableType.FLAG: bool,
    }
    if (
        kind not in wanted
        or not isinstance(value, wanted[kind])
        or (kind is VariableType.NUMBER and isinstance(value, bool))
    ):
        raise ExpressionError(f"{name} is a {kind}, and a {type(value).__name__} came")
    return value


def _json_like(value: Any, source: str) -> Any:
    if isinstance(value, float) and not isfinite(value):
        raise ExpressionError(f"{source}: the number is not finite")
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {str(key): _json_like(item, source) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_like(item, source) for item in value]
    raise ExpressionError(f"{source}: gives a {type(value).__name__}, which a flow cannot keep")


def _public(message: str) -> str:
    """Cut a run-time error to what it says about names and types; values of variables never stand there."""
    return message.split("\n", 1)[0][:200]
