"""YAML as telephone people mean it, with a position on every node.

Plain YAML reads telephone data wrongly (`12:30` as 750, `010` as 8, `+86…` as a number, `yes` as true) and accepts duplicate keys.
Here every scalar is a text until somebody asks for another type, and what cannot be meant is refused with the cure:
duplicate keys, tags, anchors and aliases, tabs, and the key `#` or `*` without quotes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ivr.findings import BadDocument, Finding, Position, Severity, did_you_mean
from ivr.yaml_traps import loud_trap, silent_traps

__all__ = [
    "BadDocument",
    "Finding",
    "Items",
    "Node",
    "Position",
    "Scalar",
    "Severity",
    "Table",
    "did_you_mean",
    "findings_of",
    "locate",
    "parse",
    "plain",
]

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 24
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar(Position):
    """One value. `text` is what was written; `plain` says that it had no quotes; `source` is its piece of the file."""

    text: str
    plain: bool
    source: str

    @property
    def empty(self) -> bool:
        """Whether this is YAML's null: nothing, `~` or `null` without quotes."""
        return self.plain and self.text in ("", "~", "null")

    def value(self) -> str | int | float | bool | None:
        """Return what YAML 1.2 means by it, without octal, base-60 and `yes`: those stay texts."""
        if not self.plain:
            return self.text
        if self.empty:
            return None
        if self.text in ("true", "false"):
            return self.text == "true"
        if _INTEGER.match(self.text):
            return int(self.text)
        return float(self.text) if _DECIMAL.match(self.text) else self.text

    def inside(self, piece: str) -> Position:
        """Return the place of `piece` within this scalar, or the scalar's own place when it is not written so."""
        return self.after(self.source, piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Position):
    """A list."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Position):
    """A mapping with text keys, in the order of the file. `keys` holds the position of each key."""

    entries: "Mapping[str, Node]"
    keys: Mapping[str, Scalar]

    def at(self, key: str) -> Position:
        """Return the place of this key, or of the table when it has no such key."""
        return self.keys.get(key, self)


Node = Scalar | Items | Table


def parse(text: str, path: str) -> Node:
    """Read one YAML document.

    Args:
        text: the content of the file.
        path: the name of the file, as messages are to show it.

    Returns:
        The tree of nodes, each with its position.

    Raises:
        BadDocument: with everything found that cannot be accepted.

    """
    if len(text) > MAX_CHARACTERS:
        raise BadDocument(
            [
                Finding(
                    path, 1, 1, "yaml-size", f"the file has {len(text)} characters", f"keep it under {MAX_CHARACTERS}"
                )
            ]
        )
    builder = _Builder(text, path)
    try:
        root = builder.build()
    except yaml.MarkedYAMLError as error:
        raise BadDocument([*builder.findings, _syntax_finding(error, text, path)]) from None
    except yaml.reader.ReaderError as error:
        raise BadDocument([_character_finding(error, text, path)]) from None
    findings = [*builder.findings, *silent_traps(text, path, builder.text_lines)]
    if findings or root is None:
        raise BadDocument(findings or [Finding(path, 1, 1, "yaml-empty", "the file is empty", "fill it or remove it")])
    return root


def plain(node: Node) -> Any:
    """Return the node as dicts, lists and values (see `Scalar.value`), for a validator such as pydantic."""
    if isinstance(node, Scalar):
        return node.value()
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def locate(node: Node, loc: Sequence[str | int]) -> Position:
    """Return the place a validator's location (such as pydantic's `loc`) points at, as deep as it exists.

    For a key that is there its key position is returned, so that a message about it points at its name. Parts of the location that
    name no key or index (tags of unions) are passed over.
    """
    place: Position = node
    for part in loc:
        if isinstance(node, Table) and str(part) in node.entries:
            place, node = node.keys[str(part)], node.entries[str(part)]
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            place = node = node.items[part]
    return place


def findings_of(node: Node, errors: Sequence[Mapping[str, Any]], known_keys: Sequence[str] = ()) -> list[Finding]:
    """Turn pydantic's `ValidationError.errors()` into findings with positions.

    Args:
        node: the document that was validated (by way of `plain`).
        errors: the list of errors, each with `loc`, `type` and `msg`.
        known_keys: names to choose from for "did you mean", when a key is unknown.

    """
    return [_validator_finding(node, error, known_keys) for error in errors]


def _validator_finding(node: Node, error: Mapping[str, Any], known_keys: Sequence[str]) -> Finding:
    loc = tuple(error["loc"])
    where = locate(node, loc)
    name = ".".join(str(part) for part in loc)
    if error["type"] == "extra_forbidden":
        return where.finding(
            "unknown-key", f'unknown key "{loc[-1]}"', did_you_mean(str(loc[-1]), known_keys) or "remove it"
        )
    if error["type"] == "missing":
        return where.finding("missing-key", f'"{name}" is missing', f'add "{loc[-1]}:"')
    if error["type"] == "union_tag_invalid":  # one of several forms, told apart by one key
        context = error["ctx"]
        key = context["discriminator"].strip("'")
        cure = f"write one of {context['expected_tags']}"
        return locate(node, (*loc, key)).finding("bad-value", f"{name}.{key}: no such {key} {context['tag']!r}", cure)
    return where.finding("bad-value", f"{name}: {error['msg']}", "see the documentation of this key")


class _Builder:
    """Build the tree from the parser's events, without recursion, so that no depth of nesting can overflow the stack."""

    def __init__(self, text: str, path: str) -> None:
        self.findings: list[Finding] = []
        self.text_lines: set[int] = set()
        self._text = text
        self._path = path
        self._stack: list[tuple[yaml.Event, list[Node]]] = []
        self._root: Node | None = None
        self._documents = 0

    def build(self) -> Node | None:
        for event in yaml.parse(self._text, Loader=yaml.SafeLoader):
            self._take(event)
            if any(finding.code in ("yaml-depth", "yaml-documents") for finding in self.findings):
                break
        return self._root

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(
                    event,
                    "yaml-documents",
                    "a second document begins here",
                    "one file holds one document: remove the ---",
                )
        elif isinstance(event, yaml.AliasEvent):
            self._refuse(
                event,
                "yaml-alias",
                f"alias *{event.anchor}",
                'write the value out; a star key or value needs quotes: "*"',
            )
            self._put(self._scalar(event, "", plain=True))
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_decoration(event)
            self._node(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            start, children = self._stack.pop()
            self._put(
                self._table(start, children)
                if isinstance(start, yaml.MappingStartEvent)
                else self._items(start, children)
            )

    def _node(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self.text_lines.update(range(_mark(event.start_mark)[0] + 1, _mark(event.end_mark)[0] + 1))
            self._refuse_characters(event)
            self._put(self._scalar(event, event.value, plain=event.style is None))
        elif len(self._stack) >= MAX_DEPTH:
            self._refuse(event, "yaml-depth", "nested too deeply", f"keep it within {MAX_DEPTH} levels")
        else:
            self._stack.append((event, []))

    def _refuse_decoration(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            self._refuse(
                event,
                "yaml-anchor",
                f"anchor &{event.anchor}",
                "anchors are not used here: write the value out, or quote it",
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._refuse(event, "yaml-tag", f"tag {tag}", "tags are not used here: remove it, or quote the value")

    def _refuse_characters(self, event: yaml.ScalarEvent) -> None:
        """Refuse control characters and half code points, which escapes can bring into a quoted text."""
        found = _CONTROL.search(event.value)
        if found:
            self._refuse(event, "yaml-character", f"character U+{ord(found[0]):04X} in a text", "remove it")

    def _put(self, node: Node) -> None:
        if self._stack:
            self._stack[-1][1].append(node)
        else:
            self._root = node

    def _place(self, event: yaml.Event) -> dict[str, Any]:
        line, column, _ = _mark(event.start_mark)
        return {"path": self._path, "line": line + 1, "column": column + 1}

    def _refuse(self, event: yaml.Event, code: str, message: str, cure: str) -> None:
        self.findings.append(Position(**self._place(event)).finding(code, message, cure))

    def _scalar(self, event: yaml.Event, text: str, *, plain: bool) -> Scalar:
        source = self._text[_mark(event.start_mark)[2] : _mark(event.end_mark)[2]]
        return Scalar(**self._place(event), text=text, plain=plain, source=source)

    def _items(self, start: yaml.Event, children: list[Node]) -> Items:
        return Items(**self._place(start), items=tuple(children))

    def _table(self, start: yaml.Event, children: list[Node]) -> Table:
        entries: dict[str, Node] = {}
        keys: dict[str, Scalar] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.findings.append(key.finding("yaml-key", "a list or table as a key", "use a text as the key"))
            elif key.plain and key.text == "<<":
                self.findings.append(key.finding("yaml-merge", "merge key <<", "write the keys out"))
            elif key.text in entries:
                first = keys[key.text].line
                self.findings.append(
                    key.finding("duplicate-key", f'"{key.text}" stands here again, first in line {first}', "keep one")
                )
            else:
                entries[key.text], keys[key.text] = value, key
        return Table(**self._place(start), entries=entries, keys=keys)


def _mark(mark: Any) -> tuple[int, int, int]:
    """Return line, column (both from 0) and index of a mark of the parser; the start of the file for no mark."""
    return (mark.line, mark.column, mark.index) if mark else (0, 0, 0)


def _syntax_finding(error: yaml.MarkedYAMLError, text: str, path: str) -> Finding:
    line, column, index = _mark(error.problem_mark or error.context_mark)
    if "alias" in (error.context or "") or (index and text[index - 1] == "*"):
        return Finding(path, line + 1, max(1, column), "yaml-star", "a star without quotes", 'quote it: "*"')
    if text[index : index + 1] == "\t":
        return Finding(
            path, line + 1, column + 1, "yaml-tab", "a tab where YAML wants spaces", "replace the tab by spaces"
        )
    trap = loud_trap(text, path, line)
    if trap is not None:
        return trap
    detail = "; ".join(part for part in (error.context, error.problem) if part)
    cure = "check indentation, quotes, colons and brackets near here"
    return Finding(path, line + 1, column + 1, "yaml-syntax", detail or "not YAML", cure)


def _character_finding(error: yaml.reader.ReaderError, text: str, path: str) -> Finding:
    before = text[: error.position]
    column = len(before) - before.rfind("\n")
    shown = f"character U+{ord(text[error.position]):04X}" if error.position < len(text) else "a character"
    return Finding(
        path, before.count("\n") + 1, column, "yaml-character", f"{shown} is not allowed in YAML", "remove it"
    )
