"""Filling `$name` marks of a fragment with what an include gives for them.

A value that is one mark alone becomes what was given, whatever that is (a step, a variable, a text in all languages), with the place
where it was given. Marks within a longer text, and in keys, are replaced by the text given. `$$` is a dollar sign.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.document import Finding, Items, Node, Position, Scalar, Table
from ivr.texts import split_holes

_MARK = re.compile(r"\$(\$|[a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled(Scalar):
    """A value with marks replaced outside of its holes: when it is spoken, it is no longer the fragment's own sentence."""


def marks(node: Node) -> Iterator[tuple[str, Position]]:
    """Yield the names of all marks in a node, each with its place."""
    if isinstance(node, Scalar):
        yield from ((found[1], node.inside(found[0])) for found in _MARK.finditer(node.text) if found[1] != "$")
    elif isinstance(node, Items):
        for item in node.items:
            yield from marks(item)
    else:
        for key, value in node.entries.items():
            yield from marks(node.keys[key])
            yield from marks(value)


class Filling:
    """Replaces marks.

    Args:
        values: what was given for each parameter.
        own: the full names of the fragment's own variables.
        findings: gets what cannot be filled in.

    """

    def __init__(self, values: Mapping[str, Node], own: Mapping[str, str], findings: list[Finding]) -> None:
        self._values = values
        self._own = own
        self._findings = findings

    def fill(self, node: Node) -> Node:
        """Return the node with all marks replaced; the very node when there are none. Marks nobody knows stay."""
        if isinstance(node, Scalar):
            return self._scalar(node)
        if isinstance(node, Items):
            items = tuple(self.fill(item) for item in node.items)
            if all(new is old for new, old in zip(items, node.items, strict=True)):
                return node
            return Items(path=node.path, line=node.line, column=node.column, items=items)
        return self._table(node)

    def _table(self, node: Table) -> Table:
        pairs = [(self._text(node.keys[key]), self.fill(value)) for key, value in node.entries.items()]
        if all(node.keys.get(key.text) is key and node.entries[key.text] is value for key, value in pairs):
            return node
        entries: dict[str, Node] = {}
        keys: dict[str, Scalar] = {}
        for key, value in pairs:
            if key.text in entries:
                message = f'"{key.text}" stands here twice once the parameters are filled in'
                self._findings.append(key.finding("duplicate-key", message, "give another value for the parameter"))
            entries[key.text], keys[key.text] = value, key
        return Table(path=node.path, line=node.line, column=node.column, entries=entries, keys=keys)

    def _scalar(self, scalar: Scalar) -> Node:
        whole = _MARK.fullmatch(scalar.text)
        if whole and whole[1] in self._values:
            return self._values[whole[1]]
        return self._text(scalar)

    def _text(self, scalar: Scalar) -> Scalar:
        if "$" not in scalar.text:
            return scalar
        text = _MARK.sub(lambda found: self._words(found, scalar), scalar.text)
        if text == scalar.text:
            return scalar
        spoken = any(_MARK.search(piece) for piece, is_hole in split_holes(scalar.text) if not is_hole)
        kind = Filled if spoken else Scalar
        return kind(
            path=scalar.path,
            line=scalar.line,
            column=scalar.column,
            text=text,
            plain=scalar.plain,
            source=scalar.source,
        )

    def _words(self, found: "re.Match[str]", scalar: Scalar) -> str:
        name = found[1]
        if name == "$":
            return "$"
        if name in self._own:
            return self._own[name]
        value = self._values.get(name)
        if value is not None and not isinstance(value, Scalar):
            place, cure = scalar.inside(found[0]), f"write ${name} alone, or give a single value"
            self._findings.append(place.finding("bad-parameter", f'"{name}" is no single value', cure))
        return value.text if isinstance(value, Scalar) else found[0]
