"""Typed reading of a table of a document: wrong types and unknown keys become findings, and a usable value comes back."""

from collections.abc import Sequence

from ivr.document import Finding, Items, Node, Position, Scalar, Table, did_you_mean


class Reader:
    """Reads one table. Every key asked for counts as known; `finish` reports the others.

    Args:
        node: what stands there (something else than a table is a finding and reads as an empty table).
        findings: the list that findings are added to.
        what: how messages call this table.

    """

    def __init__(self, node: Node, findings: list[Finding], what: str) -> None:
        self.findings = findings
        self.what = what
        self.place: Position = node
        self._asked: set[str] = set()
        if isinstance(node, Table):
            self.table = node
        else:
            self.report(node, "not-a-table", f"{what} must be a table of keys and values", 'write "key: value" lines')
            self.table = Table(path=node.path, line=node.line, column=node.column, entries={}, keys={})

    def report(self, place: Position, code: str, message: str, cure: str = "") -> None:
        """Add a finding."""
        self.findings.append(place.finding(code, message, cure))

    def has(self, key: str) -> bool:
        """Return whether the key is there with a value."""
        return self.node(key) is not None

    def at(self, key: str) -> Position:
        """Return the place of the key, or of the table."""
        return self.table.at(key) if key in self.table.entries else self.place

    def node(self, key: str, *, required: bool = False) -> Node | None:
        """Return what stands under the key; None when it is missing or empty (a finding when required)."""
        self._asked.add(key)
        node = self.table.entries.get(key)
        if node is None or (isinstance(node, Scalar) and node.empty):
            if required:
                self.report(self.at(key), "missing-key", f'{self.what} needs "{key}"', f'add "{key}:"')
            return None
        return node

    def scalar(self, key: str, *, required: bool = False) -> Scalar | None:
        """Return the single value under the key."""
        node = self.node(key, required=required)
        if node is None or isinstance(node, Scalar):
            return node
        self.report(node, "bad-value", f'"{key}" must be a single value', "write it on the same line")
        return None

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """Return the text under the key."""
        scalar = self.scalar(key, required=required)
        return scalar.text if scalar else default

    def choice(self, key: str, options: Sequence[str], default: str) -> str:
        """Return the text under the key, one of `options`."""
        scalar = self.scalar(key)
        if scalar is None:
            return default
        if scalar.text not in options:
            self.report(scalar, "bad-value", f'"{key}" cannot be "{scalar.text}"', did_you_mean(scalar.text, options))
            return default
        return scalar.text

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Return the whole number under the key, within `low` to `high`."""
        return int(self._number(key, default, low, high, whole=True))

    def seconds(self, key: str, default: float, low: float, high: float) -> float:
        """Return the number of seconds under the key, within `low` to `high`."""
        return float(self._number(key, default, low, high, whole=False))

    def flag(self, key: str, *, default: bool) -> bool:
        """Return the yes or no under the key: `true` or `false`."""
        scalar = self.scalar(key)
        if scalar is None:
            return default
        value = scalar.value()
        if isinstance(value, bool):
            return value
        self.report(scalar, "bad-value", f'"{key}" must be true or false, not "{scalar.text}"', "write true or false")
        return default

    def child(self, key: str, *, required: bool = False) -> "Reader | None":
        """Return a reader of the table under the key."""
        node = self.node(key, required=required)
        return None if node is None else Reader(node, self.findings, f"{self.what}.{key}")

    def items(self, key: str, *, required: bool = False) -> tuple[Node, ...]:
        """Return the list under the key; a single value counts as a list of one."""
        node = self.node(key, required=required)
        if node is None:
            return ()
        return node.items if isinstance(node, Items) else (node,)

    def texts(self, key: str) -> tuple[Scalar, ...]:
        """Return the single values of the list under the key."""
        nodes = self.items(key)
        for node in nodes:
            if not isinstance(node, Scalar):
                self.report(node, "bad-value", f'"{key}" must be a list of single values', "write - value lines")
        return tuple(node for node in nodes if isinstance(node, Scalar))

    def entries(self) -> list[tuple[Scalar, Node]]:
        """Return all entries with their keys; all count as asked for."""
        self._asked.update(self.table.entries)
        return [(self.table.keys[key], node) for key, node in self.table.entries.items()]

    def finish(self) -> None:
        """Report every key nobody asked for."""
        for key, scalar in self.table.keys.items():
            if key not in self._asked:
                cure = did_you_mean(key, sorted(self._asked)) or "remove it"
                self.report(scalar, "unknown-key", f'{self.what} has no key "{key}"', cure)

    def _number(self, key: str, default: float, low: float, high: float, *, whole: bool) -> float:
        scalar = self.scalar(key)
        if scalar is None:
            return default
        value = scalar.value()
        kind = "whole number" if whole else "number"
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            self.report(
                scalar, "bad-value", f'"{key}" must be a {kind}, not "{scalar.text}"', f"write {default:g}, say"
            )
            return default
        if not low <= value <= high:
            self.report(scalar, "bad-value", f'"{key}" is {value}', f"write a {kind} from {low:g} to {high:g}")
            return default
        return value
