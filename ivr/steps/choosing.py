"""Steps that decide and never wait: `branch`, `set`, `goto`, `hours`; and `call`, which walks another flow and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ivr.document import Position
from ivr.expressions import Expression, ExpressionError, VariableType
from ivr.fields import FLOW, NEXT, STEP, TEXT, VALUES, Field, Form, Shape, record, table
from ivr.moves import Enter, Go, Move
from ivr.reader import Reader
from ivr.run import Run
from ivr.steps.base import StepType
from ivr.steps.menu import read_values
from ivr.steps.reading import Argument, Hop, StepReader, condition

_CASE = record(
    (
        Field("when", Shape("expression", {"type": ["string", "boolean"]}), "true or false", required=True),
        Field("next", STEP, "where to go when it is true", required=True),
    )
)
_CASES = Shape("list of `{when: expression, next: step}`", {"anyOf": [_CASE, {"type": "array", "items": _CASE}]})
_WITH = Field("with", VALUES, "values for variables of the other flow")
_TAKE = Shape("table of own variables to variables of the other flow", table(TEXT.schema))


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a branch."""

    when: Expression | None
    next: str


@dataclass(frozen=True, kw_only=True)
class Branch(StepType):
    """Goes to the first case whose `when:` is true, else to `otherwise:`."""

    kind = "branch"
    forms = (
        Form(
            (
                Field("cases", _CASES, "the first that is true decides", required=True),
                Field("otherwise", STEP, "where to go when none is", required=True),
            )
        ),
    )
    waits = False
    cases: tuple[Case, ...]
    otherwise: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `cases:` and `otherwise:`."""
        cases = []
        for number, node in enumerate(reader.items("cases", required=True), 1):
            child = Reader(node, reader.findings, f"{reader.what}.cases")
            when, target = child.scalar("when", required=True), child.scalar("next", required=True)
            child.finish()
            expression = condition(when, reader.context) if when else None
            cases.append(Case(expression, reader.add_exit(f"case {number}", target) if target else ""))
        return cls(cases=tuple(cases), otherwise=reader.target("otherwise"), **reader.common())

    def enter(self, run: Run) -> Move:
        """Decide."""
        for number, case in enumerate(self.cases, 1):
            value = run.evaluate(case.when) if case.when else False
            if not isinstance(value, bool):
                raise ExpressionError(f"case {number} gives neither true nor false")
            if value:
                return Go(case.next, f"case {number}")
        return Go(self.otherwise, "otherwise")


@dataclass(frozen=True, kw_only=True)
class Set(StepType):
    """Sets variables, in order."""

    kind = "set"
    forms = (Form((Field("set", VALUES, "the variables, set in order", required=True), NEXT)),)
    waits = False
    values: Mapping[str, Argument]
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `set:` and `next:`."""
        child = reader.child("set", required=True)
        return cls(values=read_values(reader, child) if child else {}, next=reader.target("next"), **reader.common())

    def enter(self, run: Run) -> Move:
        """Set them and go on."""
        for name, argument in self.values.items():
            run.assign(name, argument.value(run))
        return Go(self.next, "set")


@dataclass(frozen=True, kw_only=True)
class Hours(StepType):
    """Looks whether a plan of the hours file is open now."""

    kind = "hours"
    forms = (
        Form(
            (
                Field("plan", TEXT, "a plan of hours.yaml", required=True),
                Field("open", STEP, "where to go when it is open", required=True),
                Field("closed", STEP, "where to go when it is not", required=True),
            )
        ),
    )
    waits = False
    plan: str
    open: str
    closed: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the plan's name and the two ways on."""
        plan = reader.scalar("plan", required=True)
        if plan is not None:
            reader.context.plans.append((plan.text, plan))
        name = plan.text if plan else ""
        return cls(plan=name, open=reader.target("open"), closed=reader.target("closed"), **reader.common())

    def enter(self, run: Run) -> Move:
        """Decide by the wall clock."""
        is_open = run.flows.plans[self.plan].is_open(run.civil)
        return Go(self.open, "open") if is_open else Go(self.closed, "closed")


@dataclass(frozen=True, kw_only=True)
class GoTo(StepType):
    """Goes to another flow for good (`flow:`, with values for its variables), or to a step of this one (`step:`)."""

    kind = "goto"
    forms = (
        Form((Field("flow", FLOW, "another flow, for good", required=True), _WITH), chosen_by="flow"),
        Form((Field("step", STEP, "a step of this flow", required=True),)),
    )
    waits = False
    to_flow: str
    step: str
    given: Mapping[str, Argument]

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `step:` or `flow:` and `with:`."""
        if reader.has("flow"):
            flow, given, _ = read_hop(reader)
            return cls(to_flow=flow, step="", given=given, **reader.common())
        return cls(to_flow="", step=reader.target("step"), given={}, **reader.common())

    def enter(self, run: Run) -> Move:
        """Go there."""
        if self.step:
            return Go(self.step, "went")
        return Enter(
            self.to_flow, {name: argument.value(run) for name, argument in self.given.items()}, returning=False
        )


@dataclass(frozen=True, kw_only=True)
class Call(StepType):
    """Walks another flow with values `with:` for its variables, comes back, and takes values of its variables: `take: {mine: its}`."""

    kind = "call"
    forms = (
        Form(
            (
                Field("flow", FLOW, "the flow to walk and come back from", required=True),
                _WITH,
                Field("take", _TAKE, "values of its variables that are wanted afterwards"),
                NEXT,
            )
        ),
    )
    to_flow: str
    given: Mapping[str, Argument]
    take: Mapping[str, str]
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `flow:`, `with:`, `take:` and `next:`."""
        flow, given, take = read_hop(reader, may_take=True)
        return cls(to_flow=flow, given=given, take=take, next=reader.target("next"), **reader.common())

    def enter(self, run: Run) -> Move:
        """Go there, to come back."""
        return Enter(self.to_flow, {name: argument.value(run) for name, argument in self.given.items()}, returning=True)

    def on_return(self, run: Run, variables: Mapping[str, Any]) -> Move:
        """Take what is wanted and go on."""
        for mine, its in self.take.items():
            run.assign(mine, variables[its])
        return Go(self.next, "returned")


def read_hop(reader: StepReader, *, may_take: bool = False) -> tuple[str, dict[str, Argument], dict[str, str]]:
    """Read `flow:`, `with:` and `take:`, and note them for the check against that flow.

    Returns:
        the flow's name, the values given, and for each own variable the other flow's variable it takes.

    """
    flow = reader.scalar("flow", required=True)
    given = reader.arguments("with")
    places = reader.child("with")
    taken = _read_take(reader) if may_take else {}
    if flow is not None:
        hop = Hop(
            flow.text,
            flow,
            {name: (places.at(name) if places else reader.place, argument.type) for name, argument in given.items()},
            {its: (place, kind) for its, place, kind in taken.values()},
            {name: (argument, places.table.entries[name]) for name, argument in given.items()} if places else {},
            {mine: its for mine, (its, _, _) in taken.items()},
        )
        reader.context.hops.append(hop)
    return flow.text if flow else "", given, {mine: its for mine, (its, _, _) in taken.items()}


def _read_take(reader: StepReader) -> dict[str, tuple[str, Position, VariableType]]:
    """Read `take:`: for each own variable the other flow's variable, where that is written, and the own one's type."""
    taken: dict[str, tuple[str, Position, VariableType]] = {}
    child = reader.child("take")
    for mine, _ in child.entries() if child else ():
        its = child.scalar(mine.text, required=True) if child else None
        kind = reader.check_variable(mine, [kind for kind in VariableType if kind is not VariableType.SECRET])
        if its is not None and kind is not None:
            taken[mine.text] = (its.text, its, kind)
    return taken
