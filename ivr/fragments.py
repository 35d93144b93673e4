"""Fragments: steps in a file of their own (`fragment: name`), which flows include with parameters.

A fragment is filled in while the flows are loaded, so that nothing behind the loader knows of it. The step that includes it is the
first step of the fragment; the others follow it as `<step>__<name>`. What is wrong is told with the fragment's own file and line.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.document import Finding, Node, Position, Scalar, Severity, Table, did_you_mean
from ivr.fields import NAME, NAME_PATTERN, Field, Form, Shape, table
from ivr.filling import Filling, marks
from ivr.moves import RETURN
from ivr.reader import Reader

INCLUDE = "include"
"""The word after `type:` of a step that stands for a fragment."""
INSIDE = "__"
MOST_STEPS = 1000
FORMS = (
    Form(
        (
            Field("fragment", NAME, "the fragment whose steps stand here", required=True),
            Field("with", Shape("table of parameters", table({}, NAME_PATTERN)), "what its parameters are: steps, variables, texts, values"),
        )
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment as it is written.

    Attributes:
        name: its name, that of its file.
        path: its file.
        start: the step it begins with.
        parameters: what stands under each when an include does not give it; None: it must be given.
        variables: its own variables; each include has its own.
        steps: its steps.
        sound: nothing is wrong with its head and marks, so that filling it in can bring up nothing that only follows from that.

    """

    name: str
    path: str
    start: str
    parameters: Mapping[str, Node | None]
    variables: tuple[tuple[Scalar, Node], ...]
    steps: tuple[tuple[Scalar, Node], ...]
    sound: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an included step comes from: the fragment, its file, the step's name there, and for each file the full names of its steps."""

    fragment: str
    path: str
    step: str
    names: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A step that is to be read: its full name, where it is written, and where it comes from (None: from the flow itself)."""

    name: str
    key: Scalar
    node: Node
    origin: Origin | None = None


@dataclass(slots=True)
class Expansion:
    """The steps of a flow with all fragments filled in, and the variables these bring."""

    steps: list[Placed] = field(default_factory=list)
    variables: list[tuple[Scalar, Node]] = field(default_factory=list)


def is_fragment(node: Node) -> bool:
    """Return whether a document is a fragment."""
    return isinstance(node, Table) and "fragment" in node.entries


def read_fragment(name: str, node: Node, fits: Callable[[str], bool], findings: list[Finding]) -> Fragment:
    """Read a fragment's file; faults become findings.

    Args:
        name: the name of the file without .yaml.
        node: the document.
        fits: whether a text may name a fragment, step, variable or parameter.
        findings: gets what is wrong, marks of unknown and unused parameters included.

    """
    before = len(findings)
    reader = Reader(node, findings, f'fragment "{name}"')
    reader.integer("version", 1, 1, 1)
    written = reader.scalar("fragment", required=True)
    if written is not None and (written.text != name or not fits(name)):
        message = f'fragment "{written.text}" stands in {name}.yaml'
        reader.report(written, "bad-name", message, f"write fragment: {name} (a-z, 0-9, _)")
    reader.text("title")
    entries = {key: _entries(reader, key, fits) for key in ("parameters", "vars", "steps")}
    start = reader.scalar("start", required=True)
    reader.node("steps", required=True)
    reader.finish()
    steps = [key.text for key, _ in entries["steps"]]
    if start is not None and start.text not in steps:
        reader.report(start, "unknown-step", f'no step "{start.text}"', did_you_mean(start.text, steps))
    parameters = {key.text: None if _empty(value) else value for key, value in entries["parameters"]}
    _check_marks(entries, parameters, findings)
    return Fragment(
        name=name,
        path=reader.place.path,
        start=start.text if start else "",
        parameters=parameters,
        variables=tuple(entries["vars"]),
        steps=tuple(entries["steps"]),
        sound=not any(finding.severity is Severity.ERROR for finding in findings[before:]),
    )


def unused(fragments: Mapping[str, Fragment], used: set[str]) -> Iterator[Finding]:
    """Yield a warning for each fragment nobody includes: nothing in it is checked."""
    for name, fragment in fragments.items():
        if name not in used:
            message = f'no flow includes "{name}": its steps are not checked'
            yield Finding(fragment.path, 1, 1, "unused-fragment", message, "include it or remove it", Severity.WARNING)


class Including:
    """Fills fragments into flows.

    Args:
        fragments: all fragments by name.
        flows: names of the flows, to tell one from the other in messages.
        broken: names of files that cannot be read; what they would define is not missed.
        findings: gets what is wrong.

    Attributes:
        used: fragments that were filled in somewhere.
        failed: some include could not be filled in, so that nothing can be said of what is unused.

    """

    def __init__(
        self, fragments: Mapping[str, Fragment], flows: set[str], broken: set[str], findings: list[Finding]
    ) -> None:
        self.used: set[str] = set()
        self.failed = False
        self._fragments = fragments
        self._flows = flows
        self._broken = broken
        self._findings = findings

    def expand(self, entries: list[tuple[Scalar, Node]]) -> Expansion:
        """Return the steps of one flow with its fragments filled in."""
        expansion = Expansion()
        for key, node in entries:
            self._place(Placed(key.text, key, node), expansion, ())
        return expansion

    def _place(self, placed: Placed, expansion: Expansion, chain: tuple[str, ...]) -> None:
        if not _includes(placed.node):
            expansion.steps.append(placed)
        elif len(expansion.steps) < MOST_STEPS:
            self._include(placed, expansion, chain)
        else:
            message = f"more than {MOST_STEPS} steps in one flow"
            self._findings.append(placed.key.finding("include-size", message, "include less, or call a flow"))

    def _include(self, placed: Placed, expansion: Expansion, chain: tuple[str, ...]) -> None:
        reader = Reader(placed.node, self._findings, f'step "{placed.name}"')
        reader.text("type")
        named, given = reader.scalar("fragment", required=True), reader.child("with")
        reader.finish()
        fragment = self._find(named, chain) if named else None
        values = self._values(fragment, given, named) if named and fragment else None
        if fragment is None or values is None:
            self.failed = True
            return
        self.used.add(fragment.name)
        full = {key.text: _full(placed.name, key.text, fragment.start) for key, _ in fragment.steps}
        above = placed.origin.names if placed.origin else {}
        own = {key.text: f"{placed.name}{INSIDE}{key.text}" for key, _ in fragment.variables}
        filling = Filling(values, own, self._findings)
        for key, node in fragment.variables:
            expansion.variables.append((_renamed(key, own[key.text]), filling.fill(node)))
        for key, node in fragment.steps:
            origin = Origin(fragment.name, fragment.path, key.text, {**above, fragment.path: full})
            step = Placed(full[key.text], key, filling.fill(node), origin)
            self._place(step, expansion, (*chain, fragment.name))

    def _find(self, named: Scalar, chain: tuple[str, ...]) -> Fragment | None:
        name = named.text
        if name in chain:
            way = " → ".join((*chain[chain.index(name) :], name))
            self._findings.append(
                named.finding("include-cycle", f"fragments include each other: {way}", "break the circle")
            )
        elif name in self._fragments:
            return self._fragments[name]
        elif name in self._flows:
            message, cure = f'"{name}" is a flow', "use type: call; a fragment begins with fragment:"
            self._findings.append(named.finding("unknown-fragment", message, cure))
        elif name not in self._broken:
            cure = did_you_mean(name, list(self._fragments)) or f"write {name}.yaml with fragment: {name}"
            self._findings.append(named.finding("unknown-fragment", f'no fragment "{name}"', cure))
        return None

    def _values(self, fragment: Fragment, given: Reader | None, named: Scalar) -> dict[str, Node] | None:
        """Return what each parameter is, or None when the fragment cannot be filled in."""
        entries = given.entries() if given else []
        for key, _ in entries:
            if key.text not in fragment.parameters:
                cure = did_you_mean(key.text, list(fragment.parameters)) or "remove it"
                message = f'fragment "{fragment.name}" has no parameter "{key.text}"'
                self._findings.append(key.finding("unknown-parameter", message, cure))
        own = {key.text: node for key, node in entries if not _empty(node)}
        values = {name: own.get(name, default) for name, default in fragment.parameters.items()}
        for name, value in values.items():
            if value is None:
                message = f'fragment "{fragment.name}" needs "{name}"'
                self._findings.append(named.finding("missing-parameter", message, f"add {name}: under with:"))
        whole = {name: value for name, value in values.items() if value is not None}
        return whole if fragment.sound and len(whole) == len(values) else None


def _includes(node: Node) -> bool:
    kind = node.entries.get("type") if isinstance(node, Table) else None
    return isinstance(kind, Scalar) and kind.text == INCLUDE


def _full(include: str, step: str, start: str) -> str:
    return include if step == start else f"{include}{INSIDE}{step}"


def _renamed(key: Scalar, name: str) -> Scalar:
    return Scalar(path=key.path, line=key.line, column=key.column, text=name, plain=key.plain, source=key.source)


def _empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.empty


def _entries(reader: Reader, key: str, fits: Callable[[str], bool]) -> list[tuple[Scalar, Node]]:
    """Return the entries of a table of the fragment, without those whose name nobody can use."""
    child = reader.child(key)
    entries = child.entries() if child else []
    for name, _ in entries:
        if not fits(name.text) or name.text == RETURN:
            reader.report(name, "bad-name", f'"{name.text}" cannot be a name here', "use a-z, 0-9, _; not return")
    return [(name, node) for name, node in entries if fits(name.text) and name.text != RETURN]


def _check_marks(
    entries: Mapping[str, list[tuple[Scalar, Node]]], parameters: Mapping[str, Any], findings: list[Finding]
) -> None:
    """Report `$marks` nobody declared, parameters nobody uses, and a name that is both parameter and variable."""
    known = {*parameters, *(key.text for key, _ in entries["vars"])}
    used: dict[str, Position] = {}
    for _, node in (*entries["steps"], *entries["vars"]):
        for mark, place in marks(node):
            used.setdefault(mark, place)
    for mark, place in used.items():
        if mark not in known:
            cure = did_you_mean(mark, list(known)) or "declare it under parameters:, or write $$ for a dollar sign"
            findings.append(place.finding("unknown-parameter", f'no parameter "{mark}"', cure))
    for key, _ in entries["parameters"]:
        if key.text not in used:
            cure = f"write ${key.text} where it is wanted, or remove it"
            findings.append(
                key.finding("unused-parameter", f'nothing uses the parameter "{key.text}"', cure, Severity.WARNING)
            )
    for key, _ in entries["vars"]:
        if key.text in parameters:
            findings.append(key.finding("duplicate-key", f'"{key.text}" is a parameter, too', "give it another name"))
