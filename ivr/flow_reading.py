"""Reading one flow file: its head, variables, defaults and steps, with the fragments it includes filled in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ivr.checks import check_graph, check_targets
from ivr.document import Finding, Node, Scalar, Severity, Table, did_you_mean
from ivr.expressions import RESERVED, Scope, VariableType
from ivr.flowset import Flow
from ivr.fragments import INCLUDE, Expansion, Including, Placed
from ivr.known import Known
from ivr.moves import RETURN
from ivr.reader import Reader
from ivr.reply_types import reply_types
from ivr.steps import READERS
from ivr.steps.base import StepType
from ivr.steps.reading import NAME, Context, Defaults, StepReader
from ivr.texts import Prompts
from ivr.variables import Variables

CALL_VARIABLES: Mapping[str, VariableType] = {
    "call.id": VariableType.TEXT,
    "call.caller_number": VariableType.TEXT,
    "call.called_number": VariableType.TEXT,
    "call.language": VariableType.TEXT,
    "call.language_chosen": VariableType.FLAG,
    "today": VariableType.TEXT,
}


def fits(text: str) -> bool:
    """Return whether a text may name a flow, step, variable or fragment."""
    return NAME.match(text) is not None


class FlowReader:
    """Reads flows; what is wrong becomes findings.

    Args:
        known: names defined elsewhere.
        including: fills in fragments.
        prompts: collects the prompts the flows bring.
        findings: gets what is wrong.

    """

    def __init__(self, known: Known, including: Including, prompts: Prompts, findings: list[Finding]) -> None:
        self._known = known
        self._including = including
        self._prompts = prompts
        self._findings = findings
        self._told: set[tuple[str, int, int, str]] = set()

    def read(self, name: str, node: Node) -> tuple[Flow, Context]:
        """Return the flow of the file `name`, and what its steps brought up for checks across flows."""
        faults = self._errors()
        reader = Reader(node, self._findings, f'flow "{name}"')
        self._read_head(reader, name)
        child = reader.child("steps", required=True)
        expansion = self._including.expand(child.entries() if child else [])
        variables = self._read_variables(reader, expansion)
        context = Context(
            flow=name,
            scope=Scope(
                {**variables.types, **CALL_VARIABLES}, reply_types([step.node for step in expansion.steps], self._known)
            ),
            known=self._known,
            findings=self._findings,
            prompts=self._prompts,
            variables=variables,
        )
        _read_defaults(reader, context)
        start, safe_exit = reader.scalar("start", required=True), reader.scalar("safe_exit", required=True)
        steps = self._read_steps(reader, context, expansion)
        reader.finish()
        roots = [scalar for scalar in (start, safe_exit) if scalar is not None]
        self._check(reader, steps, roots, faults, [placed.name for placed in expansion.steps])
        flow = Flow(
            name=name,
            path=reader.place.path,
            start=start.text if start else "",
            safe_exit=safe_exit.text if safe_exit else "",
            variables=variables.types,
            initial=variables.initial,
            steps=steps,
            options=variables.options,
        )
        return flow, context

    def _read_head(self, reader: Reader, name: str) -> None:
        reader.integer("version", 1, 1, 1)
        written = reader.scalar("flow", required=True)
        if written is not None and (written.text != name or not fits(name)):
            reader.report(
                written, "bad-name", f'flow "{written.text}" stands in {name}.yaml', f"write flow: {name} (a-z, 0-9, _)"
            )
        reader.text("title")

    def _errors(self) -> int:
        return sum(finding.severity is Severity.ERROR for finding in self._findings)

    def _check(
        self, reader: Reader, steps: Mapping[str, StepType], roots: Sequence[Scalar], faults: int, placed: list[str]
    ) -> None:
        """Check the ways of a flow; its shape only when nothing else is wrong with it (`faults`: errors before it) and every step is there."""
        written = reader.node("steps")
        names = {**dict.fromkeys(written.entries if isinstance(written, Table) else ()), **dict.fromkeys(placed)}
        if names:
            check_targets(steps, roots, names, self._findings)
        if self._errors() == faults and names.keys() == steps.keys():
            check_graph(steps, roots, self._findings)

    def _read_variables(self, reader: Reader, expansion: Expansion) -> Variables:
        variables = Variables(self._findings)
        child = reader.child("vars")
        for name, node in child.entries() if child else ():
            if fits(name.text) and name.text not in RESERVED:
                variables.read(name, node)
            else:
                cure = "it means something else in expressions" if name.text in RESERVED else "use a-z, 0-9, _"
                reader.report(name, "bad-name", f'"{name.text}" cannot name a variable', f"{cure}; choose another name")
        for name, node in expansion.variables:
            with self._telling_once():
                variables.read(name, node)
        return variables

    def _read_steps(self, reader: Reader, context: Context, expansion: Expansion) -> dict[str, StepType]:
        steps: dict[str, StepType] = {}
        for placed in expansion.steps:
            if not fits(placed.name) or placed.name == RETURN:
                cure = "use a-z, 0-9, _; begin with a letter; not return"
                reader.report(placed.key, "bad-name", f'"{placed.name}" cannot name a step', cure)
            elif placed.name in steps:
                message = f'an included step is called "{placed.name}", too'
                reader.report(placed.key, "duplicate-key", message, "give the step another name")
            else:
                with self._telling_once():
                    step = _read_step(placed, context)
                if step is not None:
                    steps[placed.name] = step
        return steps

    @contextmanager
    def _telling_once(self) -> Iterator[None]:
        """Tell what is wrong with one place only once, however often its fragment is included."""
        before = len(self._findings)
        yield
        found = self._findings[before:]
        self._findings[before:] = [finding for finding in found if _spot(finding) not in self._told]
        self._told.update(map(_spot, found))


def _spot(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.code


def _read_step(placed: Placed, context: Context) -> StepType | None:
    reader = StepReader(placed.node, context, placed.name, placed.key, placed.origin)
    kind = reader.scalar("type", required=True) if isinstance(placed.node, Table) else None
    if kind is None:
        return None
    if kind.text not in READERS:
        known = [*READERS, INCLUDE]
        cure = did_you_mean(kind.text, known) or f"known: {', '.join(known)}"
        reader.report(kind, "unknown-type", f'no step type "{kind.text}"', cure)
        return None
    return READERS[kind.text](reader)


def _read_defaults(reader: Reader, context: Context) -> None:
    node = reader.node("defaults")
    if node is None:
        return
    child = StepReader(node, context, "_defaults", node)
    child.what = "defaults"
    context.defaults = Defaults(
        retries=child.integer("retries", 2, 0, 9),
        first_digit_seconds=child.seconds("first_digit_seconds", 5, 1, 60),
        inter_digit_seconds=child.seconds("inter_digit_seconds", 3, 0.5, 30),
        timeout_seconds=child.seconds("timeout_seconds", 5, 0.5, 30),
        on_timeout=child.way("on_timeout", required=False),
        on_invalid=child.way("on_invalid", required=False),
        on_error=child.way("on_error", required=False),
    )
    child.finish()
