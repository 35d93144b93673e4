"""The parts of an HTTP request as a flow writes them: path, query, headers and body with values worked out at run time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ivr.document import Items, Node, Scalar, Table
from ivr.expressions import Expression, ExpressionError, VariableType
from ivr.run import Run
from ivr.steps.reading import Argument, StepReader
from ivr.texts import split_holes

OWN_HEADERS = frozenset(
    (
        "accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type", "cookie",
        "expect", "host", "idempotency-key", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    )
)  # fmt: skip
"""Headers the hotline writes itself, or that would carry a secret: those stand in the configuration."""
HEADER_PATTERN = "^[A-Za-z][A-Za-z0-9-]{0,63}$"
_HEADER_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
_PLAIN = "/-._~!$&'()*+,;=:@%"
_OPEN_TYPES = (VariableType.TEXT, VariableType.NUMBER, VariableType.DECIMAL, VariableType.FLAG, VariableType.DATA)

Template = Argument | Mapping[str, "Template"] | tuple["Template", ...]
"""What a body is made of."""


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path: fixed pieces, ready for the wire, and values that are percent-encoded."""

    pieces: tuple[str | Expression, ...]

    @property
    def shown(self) -> str:
        """The path with … for values."""
        return "".join(piece if isinstance(piece, str) else "…" for piece in self.pieces)

    def fill(self, run: Run) -> str:
        """Return the path; raises ExpressionError for a value that would lead somewhere else."""
        filled = "".join(piece if isinstance(piece, str) else _encoded(run, piece) for piece in self.pieces)
        if any(segment in (".", "..") for segment in filled.split("/")):
            raise ExpressionError("the path leads out of the service")
        return filled


def read_path(reader: StepReader) -> PathTemplate:
    """Read `path:`."""
    scalar = reader.scalar("path", required=True)
    if scalar is None:
        return PathTemplate(())
    if not scalar.text.startswith("/"):
        reader.report(
            scalar, "bad-value", f'"path" is "{scalar.text}"', "begin it with /; the host is in backends.yaml"
        )
    pieces = [
        _hole(reader, scalar, piece) if hole else quote(piece, safe=_PLAIN) for piece, hole in split_holes(scalar.text)
    ]
    fixed = "".join(piece if isinstance(piece, str) else "x" for piece in pieces)
    if any(mark in scalar.text.partition("${")[0] for mark in "?#"):
        reader.report(scalar, "bad-value", '"path" has a ? or #', "write what is asked for under query:")
    if any(segment in (".", "..") for segment in fixed.split("/")):
        reader.report(scalar, "bad-value", '"path" leads out of the service', "write it without . and ..")
    return PathTemplate(tuple(piece for piece in pieces if piece is not None))


def read_open_values(reader: StepReader, key: str) -> dict[str, Argument]:
    """Read a table of values that everybody may see: no secure one among them."""
    values = reader.arguments(key)
    child = reader.child(key)
    for name, argument in values.items():
        if argument.secret is not None and child is not None:
            cure = "hand it over under body:, where no log sees it"
            reader.report(child.at(name), "leaking-secret", f'"{name}" of {key} would show the secure value', cure)
    return values


def read_headers(reader: StepReader) -> dict[str, Argument]:
    """Read `headers:`."""
    headers = read_open_values(reader, "headers")
    child = reader.child("headers")
    for name in headers:
        place = child.at(name) if child else reader.place
        if set(name) - _HEADER_LETTERS or not name[:1].isalpha() or len(name) > 64:
            reader.report(place, "bad-name", f'"{name}" cannot name a header', "use letters, digits and -")
        elif name.lower() in OWN_HEADERS:
            cure = "leave it out; what logs in stands in backends.yaml"
            reader.report(place, "bad-value", f'the header "{name}" is not for flows to set', cure)
    return headers


def read_body(reader: StepReader) -> Template | None:
    """Read `body:`, a table of values, tables and lists."""
    node = reader.node("body")
    if node is not None and not isinstance(node, Table):
        reader.report(node, "not-a-table", "body must be a table of keys and values", 'write "key: value" lines')
        return None
    return None if node is None else _template(reader, node, "body")


def fill_body(template: Template, run: Run) -> Any:
    """Return the body now, JSON-like; secure values are still wrapped. Raises ExpressionError or SecretLostError."""
    if isinstance(template, Argument):
        return template.value(run)
    if isinstance(template, tuple):
        return [fill_body(item, run) for item in template]
    return {name: fill_body(item, run) for name, item in template.items()}


def fill_texts(values: Mapping[str, Argument], run: Run) -> dict[str, str]:
    """Return the values as texts, without those that are null. Raises ExpressionError."""
    filled = {name: argument.value(run) for name, argument in values.items()}
    return {name: as_text(value, name) for name, value in filled.items() if value is not None}


def as_text(value: Any, what: str) -> str:
    """Return a value as it is written into an address; raises ExpressionError for tables, lists and nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ExpressionError(f"{what} is a {type(value).__name__}, not a text or number")


def _template(reader: StepReader, node: Node, name: str) -> Template:
    if isinstance(node, Table):
        return {key: _template(reader, value, key) for key, value in node.entries.items()}
    if isinstance(node, Items):
        return tuple(_template(reader, item, name) for item in node.items)
    return reader.argument(node, name)


def _hole(reader: StepReader, scalar: Scalar, source: str) -> Expression | None:
    expression = reader.context.compile(source.strip(), scalar.inside(source.strip()))
    if expression is not None and expression.type not in _OPEN_TYPES:
        reader.report(scalar, "bad-type", f"{source} cannot stand in a path", "use a text or number")
    return expression


def _encoded(run: Run, expression: Expression) -> str:
    text = as_text(run.evaluate(expression), expression.source)
    if not text:
        raise ExpressionError(f"{expression.source} is empty, and the path needs it")
    return quote(text, safe="", errors="replace")
