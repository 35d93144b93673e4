"""Which steps and ways out of them the scripted calls have taken."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ivr.document import Position
from ivr.flowset import Flow, FlowSet
from ivr.moves import Enter, Fail, Go, Move
from ivr.run import Run
from ivr.session import Interpreter
from ivr.steps.base import StepType
from ivr.steps.menu import Confirm

FAILING = ("callback", "dial", "http", "lookup", "report", "record", "queue", "sms")
"""Kinds whose `on_error` from the flow's defaults can be taken in earnest; in other steps it only stands by."""


Spot = tuple[str, int, int]
Taken = Counter[tuple[Spot, str]]
"""How often each step (by its place) and way out of it was taken."""


@dataclass(frozen=True, slots=True)
class Way:
    """One thing to be covered: a step (`exit` empty), or a way out of it, where that is written, and where the step is."""

    flow: str
    step: str
    exit: str
    place: Position
    written: Position

    def __str__(self) -> str:
        name = f"{self.flow}/{self.step}"
        return f"{name}: {self.exit}" if self.exit else name


class Coverage:
    """Counts what calls take. Hand it to `run_script`.

    Args:
        flows: the flows that are called.

    """

    def __init__(self, flows: FlowSet) -> None:
        self._flows = flows
        self._taken: Taken = Counter()
        self._named: dict[tuple[Spot, str, str], tuple[str, ...]] = {}

    @property
    def taken(self) -> Taken:
        """What was counted so far, to be added to another coverage of the same flows."""
        return self._taken

    def add(self, taken: Taken) -> None:
        """Count what calls took in another process."""
        self._taken.update(taken)

    def entered(self, flow: str, step: str) -> None:
        """Count a step."""
        found = self._flows.flows[flow].steps.get(step)
        if found is not None:
            self._taken[_spot(found.place), ""] += 1

    def left(self, flow: str, step: str, way: Go) -> None:
        """Count a way out of a step."""
        found = self._flows.flows[flow].steps.get(step)
        if found is None:
            return
        spot = _spot(found.place)
        taken = (spot, way.result, str(way.values.get("key", "")))
        names = self._named.get(taken)
        if names is None:
            names = self._named[taken] = _names(found, way)
        for name in names:
            self._taken[spot, name] += 1

    def ways(self, flow: Flow) -> tuple[Way, ...]:
        """Return everything of a flow that is to be covered; a fragment's own ways are covered by any that includes it."""
        return tuple(way for step in flow.steps.values() for way in _ways(step))

    def missing(self, flow: Flow) -> tuple[Way, ...]:
        """Return what of a flow no call has taken, in the order of the file."""
        return tuple(way for way in self.ways(flow) if not self._taken[_spot(way.written), way.exit])


class WatchedInterpreter(Interpreter):
    """An interpreter that tells a coverage what is taken."""

    def __init__(self, flows: FlowSet, entry: str, coverage: Coverage) -> None:
        super().__init__(flows, entry)
        self._coverage = coverage

    def _make(self, run: Run, move: Go | Enter | Fail, made: int) -> Move:
        frame = run.session.frames[-1] if run.session.frames else None
        if frame is not None and isinstance(move, Go):
            self._coverage.left(frame.flow, frame.step, move)
        return super()._make(run, move, made)

    def _enter_step(self, run: Run, name: str) -> Move:
        self._coverage.entered(run.session.frame.flow, name)
        return super()._enter_step(run, name)


def _ways(step: StepType) -> Iterable[Way]:
    yield Way(step.flow, step.name, "", step.place, step.place)
    names = dict.fromkeys(
        way.name for way in step.exits if way.name != "on_error" or not way.inherited_error or step.kind in FAILING
    )
    for name in names:
        place = next(way.place for way in step.exits if way.name == name)
        yield Way(step.flow, step.name, name, place, step.place)


def _spot(place: Position) -> Spot:
    return place.path, place.line, place.column


def _names(step: StepType, way: Go) -> tuple[str, ...]:
    """Return the names of the ways a move takes; a survey without a mark takes two of them."""
    exits = {exit_.name: exit_.target for exit_ in step.exits}
    key = str(way.values.get("key", ""))
    if isinstance(step, Confirm) and way.result == "choice":
        return ("yes",) if key == next(iter(step.choices)) else ("no",)
    told = {
        "choice": f"choice {key}",
        "key": f"key {key}",
        "timeout": "on_timeout",
        "nothing said": "on_timeout",
        "invalid": "on_invalid",
    }.get(way.result, way.result)
    if told == "on_timeout" and "on_timeout" not in exits:
        told = "on_error"
    names: list[str] = (
        [told] if told in exits else [name for name in ("next", "step") if way.result in _GOOD and name in exits]
    )
    if step.kind == "survey" and told in ("on_timeout", "on_invalid"):
        names.append("skipped")
    return tuple(names) or (("on_error",) if "on_error" in exits and way.result not in _GOOD else ())


_GOOD = frozenset(
    ("said", "skipped", "set", "collected", "replied", "recorded", "scored", "language", "returned", "went", "sent")
)
