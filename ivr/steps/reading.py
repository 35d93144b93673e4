"""How one step of a flow file is read: names, texts, ways on, values; every fault becomes a finding."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ivr.document import Finding, Node, Position, Scalar, Table, did_you_mean
from ivr.expressions import Expression, Scope, VariableType, paths
from ivr.filling import Filled
from ivr.fragments import Origin
from ivr.known import Known
from ivr.moves import RETURN, Way
from ivr.reader import Reader
from ivr.run import Run
from ivr.texts import PHRASE, Hole, Prompts, Text, read_text, split_holes
from ivr.variables import Variables

NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a step: its name (`next`, `choice 1`, `on_timeout`), the step it leads to, and where that is written.

    `inherited_error`: it is the way for errors, and the step has it from the flow's defaults.
    """

    name: str
    target: str
    place: Position
    inherited_error: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """A jump into another flow: which, at what place, with which of its variables set, and which of its variables are taken back.

    `values` are what is given, each with the place of the value; `back` names, for each own variable, the other flow's variable it takes.
    """

    flow: str
    place: Position
    given: Mapping[str, tuple[Position, VariableType]] = field(default_factory=dict)
    taken: Mapping[str, tuple[Position, VariableType]] = field(default_factory=dict)
    values: "Mapping[str, tuple[Argument, Position]]" = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Argument:
    """A value to be worked out at run time: an expression, a secure variable, or something fixed."""

    fixed: Any = None
    expression: Expression | None = None
    secret: str | None = None

    @property
    def type(self) -> VariableType:
        """What it will be."""
        if self.secret is not None:
            return VariableType.SECRET
        if self.expression is not None:
            return self.expression.type
        kinds = {str: VariableType.TEXT, bool: VariableType.FLAG, int: VariableType.NUMBER, float: VariableType.DECIMAL}
        return kinds.get(type(self.fixed), VariableType.DATA)

    def value(self, run: Run) -> Any:
        """Work it out: JSON-like, or a `Secret`. Raises ExpressionError or SecretLostError."""
        if self.secret is not None:
            return run.secret(self.secret)
        return run.evaluate(self.expression) if self.expression is not None else self.fixed


@dataclass(frozen=True, slots=True)
class Named:
    """A name worked out at run time: what it names, how, where, the names there are (None: not known here), and the skills agents have."""

    what: str
    argument: Argument
    place: Position
    known: frozenset[str] | None
    staffed: frozenset[str] | None = None


@dataclass(slots=True, kw_only=True)
class Defaults:
    """What `defaults:` of a flow sets for its steps."""

    retries: int = 2
    first_digit_seconds: float = 5.0
    inter_digit_seconds: float = 3.0
    timeout_seconds: float = 5.0
    on_timeout: Way | None = None
    on_invalid: Way | None = None
    on_error: Way | None = None


@dataclass(slots=True, kw_only=True)
class Context:
    """One flow while it is read: its name, variables and defaults, and what its steps add.

    `named` are names worked out at run time. `assigned` is everything that sets a variable: its name, what it gets (None: whatever
    comes from outside), and where.
    """

    flow: str
    scope: Scope
    known: Known
    findings: list[Finding]
    prompts: Prompts
    variables: Variables
    defaults: Defaults = field(default_factory=Defaults)
    hops: list[Hop] = field(default_factory=list)
    plans: list[tuple[str, Position]] = field(default_factory=list)
    replies: dict[str, list[frozenset[str] | None]] = field(default_factory=dict)
    paths: list[tuple[str, str, Position]] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    assigned: list[tuple[str, Argument | None, Position]] = field(default_factory=list)

    def compile(self, source: str, place: Position) -> Expression | None:
        """Return the compiled expression; faults become findings."""
        self.paths.extend((name, rest, place.after(source, f"{name}.{rest}")) for name, rest in paths(source))
        return self.scope.compile(source, place, self.findings)


class StepReader(Reader):
    """Reads one step. Every target read becomes an exit of the step.

    Args:
        node: what stands there.
        context: the flow.
        name: the step's name in the flow.
        place: where it is written.
        origin: where it comes from, when a fragment brings it.

    """

    def __init__(self, node: Node, context: Context, name: str, place: Position, origin: Origin | None = None) -> None:
        super().__init__(node, context.findings, f'step "{origin.step if origin else name}"')
        self._origin = origin
        self.context = context
        self.name = name
        self.place = place
        self.exits: list[Exit] = []
        self._ways: dict[str, Way | None] = {}

    def add_exit(self, name: str, target: Scalar | str, place: Position | None = None) -> str:
        """Note a way out and return its target. An empty name is a finding."""
        if isinstance(target, Scalar) and not target.text.strip():
            self.report(target, "missing-target", f"{self.what}: {name} leads nowhere", "name a step")
        text = self._full_name(target) if isinstance(target, Scalar) else target
        where = target if isinstance(target, Scalar) else place or self.place
        self.exits.append(Exit(name, text, where))
        return text

    def _full_name(self, target: Scalar) -> str:
        """Return the name in the flow of a step that is called by its name in a fragment; one nobody knows is a finding."""
        names = self._origin.names.get(target.path) if self._origin else None
        if names is None or target.text in ("", RETURN):
            return target.text
        if target.text not in names:
            cure = did_you_mean(target.text, [*names, RETURN])
            self.report(target, "unknown-step", f'no step "{target.text}" in this fragment', cure)
        return names.get(target.text, "")

    def target(self, key: str, *, required: bool = True) -> str:
        """Return the step the key names."""
        scalar = self.scalar(key, required=required)
        return self.add_exit(key, scalar) if scalar else ""

    def say(self, *, required: bool = True) -> Text | None:
        """Return the text under `say`."""
        node = self.node("say", required=required)
        return None if node is None else self.words(node, "")

    def words(self, node: Node, slot: str) -> Text:
        """Return a text of this step; `slot` tells its prompts from those of `say`."""
        context = self.context
        prefix = f"{self._owner(node)}{'-' + slot if slot else ''}"
        text = read_text(node, prefix, context.scope, context.prompts, context.findings)
        if isinstance(node, Table):
            self._note_paths(node)
            self._note_phrases(text, node)
        return text

    def _owner(self, node: Node) -> str:
        """Return the beginning of the prompt ids of a text: sentences a fragment brings are recorded once for all that include it."""
        origin = self._origin
        pieces = [node, *node.entries.values()] if isinstance(node, Table) else [node]
        if origin is None or any(piece.path != origin.path or isinstance(piece, Filled) for piece in pieces):
            return f"{self.context.flow}/{self.name}"
        return f"{origin.fragment}/{origin.step}"

    def way(self, key: str, default: Way | None = None, *, required: bool = True) -> Way | None:
        """Return the way on under `on_…`: a step name, or `{say:, next:}`. What is left out comes from the default."""
        if key not in self._ways:
            self._ways[key] = self._read_way(key, default, required=required)
        return self._ways[key]

    def choice_of(self, node: Node, key: Scalar, options: Sequence[str]) -> str:
        """Return the value of an entry, one of `options`."""
        if isinstance(node, Scalar) and node.text in options:
            return node.text
        shown = node.text if isinstance(node, Scalar) else "this"
        self.report(node, "bad-value", f'"{key.text}" cannot be "{shown}"', did_you_mean(shown, options))
        return options[0]

    def _read_way(self, key: str, default: Way | None, *, required: bool) -> Way | None:
        node = self.node(key)
        if node is None:
            return self._default_way(key, default, required=required)
        if isinstance(node, Scalar):
            return Way(self.add_exit(key, node), default.say if default else None)
        child = Reader(node, self.findings, f"{self.what}.{key}")
        target = child.scalar("next", required=default is None)
        words = child.node("say")
        child.finish()
        text = self.words(words, key.removeprefix("on_")) if words else default.say if default else None
        if target is not None:
            return Way(self.add_exit(key, target), text)
        return Way(self.add_exit(key, default.next if default else "", child.place), text) if default else None

    def _default_way(self, key: str, default: Way | None, *, required: bool) -> Way | None:
        if default is None and required:
            cure = f'add "{key}: <step>" here or under defaults:'
            self.report(self.place, "missing-way", f"{self.what} needs a way on for {key}", cure)
        if default is not None:
            self.exits.append(Exit(key, default.next, self.place, inherited_error=key == "on_error"))
        return default

    def argument(self, node: Node, name: str) -> Argument:
        """Return a value given as fixed text, as `${ CEL }`, or as `${secret}`."""
        if not isinstance(node, Scalar):
            self.report(node, "bad-value", f'"{name}" must be a single value', "write text or ${expression}")
            return Argument()
        pieces = list(split_holes(node.text))
        if not any(is_hole for _, is_hole in pieces):
            return Argument(fixed=node.value())
        if len(pieces) > 1:
            self.report(
                node, "bad-value", f'"{name}" mixes text and ${{…}}', "write one ${…}; join texts inside it by +"
            )
            return Argument()
        source = pieces[0][0].strip()
        if self.context.scope.variables.get(source) is VariableType.SECRET:
            return Argument(secret=source)
        expression = self.context.compile(source, node.inside(source))
        return Argument(expression=expression)

    def arguments(self, key: str) -> dict[str, Argument]:
        """Return the table of values under the key."""
        child = self.child(key)
        return {name.text: self.argument(node, name.text) for name, node in child.entries()} if child else {}

    def variable(self, key: str, *kinds: VariableType, required: bool = True) -> str:
        """Return the name of a declared variable of one of these types."""
        scalar = self.scalar(key, required=required)
        if scalar is None:
            return ""
        self.check_variable(scalar, kinds)
        self.context.assigned.append((scalar.text, None, scalar))
        return scalar.text

    def read_variable(self, key: str, *kinds: VariableType) -> str:
        """Return the name of a declared variable of one of these types whose value is only read; empty if there is none."""
        scalar = self.scalar(key)
        if scalar is None:
            return ""
        self.check_variable(scalar, kinds)
        return scalar.text

    def check_variable(self, scalar: Scalar, kinds: Sequence[VariableType]) -> VariableType | None:
        """Report a variable that is not declared or of another type; return its type."""
        declared = {
            name: kind for name, kind in self.context.scope.variables.items() if "." not in name and name != "today"
        }
        kind = declared.get(scalar.text)
        if kind is None:
            cure = did_you_mean(scalar.text, list(declared)) or "declare it under vars:"
            self.report(scalar, "unknown-variable", f'no variable "{scalar.text}"', cure)
        elif kind not in kinds:
            cure = f"use a variable of type {' or '.join(kinds)}"
            self.report(scalar, "bad-type", f'"{scalar.text}" is a {kind}', cure)
        return kind

    def name_in(self, key: str, what: str, known: frozenset[str] | None, *, required: bool = True) -> Argument:
        """Return a name that is fixed, and then must be known, or worked out at run time."""
        scalar = self.scalar(key, required=required)
        if scalar is None:
            return Argument(fixed="")
        argument = self.argument(scalar, key)
        if argument.expression is not None:
            self.context.named.append(Named(what, argument, scalar, known))
            return argument
        self.check_name(scalar, what, known)
        return Argument(fixed=scalar.text)

    def check_name(self, scalar: Scalar, what: str, known: frozenset[str] | None) -> None:
        """Report a name that is defined nowhere."""
        if known is not None and scalar.text not in known:
            self.report(
                scalar, f"unknown-{what}", f'no {what} "{scalar.text}"', did_you_mean(scalar.text, sorted(known))
            )

    def common(self) -> dict[str, Any]:
        """Return what every step has. To be called last: it reports the keys nobody asked for."""
        self._asked.add("type")
        on_error = self.way("on_error", self.context.defaults.on_error, required=False)
        self.finish()
        return {
            "flow": self.context.flow,
            "name": self.name,
            "place": self.place,
            "exits": tuple(self.exits),
            "on_error": on_error,
            "fragment": self._origin.fragment if self._origin else "",
        }

    def _note_phrases(self, text: Text, node: Table) -> None:
        """Note the phrases of a text whose names are worked out at run time."""
        for language, segments in text.segments.items():
            for hole in segments:
                if isinstance(hole, Hole) and hole.kind == PHRASE and hole.expression.names:
                    argument = Argument(expression=hole.expression)
                    self.context.named.append(Named(PHRASE, argument, node.entries.get(language, node), None))

    def _note_paths(self, node: Table) -> None:
        for scalar in node.entries.values():
            if isinstance(scalar, Scalar):
                holes = [piece for piece, is_hole in split_holes(scalar.text) if is_hole]
                self.context.paths.extend(
                    (name, rest, scalar.inside(name + "." + rest)) for hole in holes for name, rest in paths(hole)
                )


def condition(scalar: Scalar, context: Context) -> Expression | None:
    """Return the CEL expression of a scalar; it must give true or false."""
    expression = context.compile(scalar.text, scalar.inside(scalar.text))
    if expression is not None and expression.type not in (VariableType.FLAG, VariableType.DATA):
        cure = "compare it with something, e.g. == or >"
        context.findings.append(
            scalar.finding("bad-type", f"{scalar.text} is a {expression.type}, not true or false", cure)
        )
    return expression
