"""Label values that stay few, whatever happens: what the configuration does not have is counted as `other`."""

from collections.abc import Collection, Iterable
from typing import TypeVar

from cti.metrics.axes import Names
from cti.metrics.words import OTHER

Value = TypeVar("Value")


class Labels:
    """Fits what is told to the names of the configuration in force and of the one before it: its calls live on for a while."""

    def __init__(self, names: Names) -> None:
        self._present = names
        self._all = names
        self._index()

    @property
    def names(self) -> Names:
        """Every name in use."""
        return self._all

    @property
    def present(self) -> Names:
        """The names of the configuration in force."""
        return self._present

    def replace(self, names: Names) -> None:
        """Take another configuration's names; those of the one before last are strangers from now on."""
        self._all = _merged(names, self._present)
        self._present = names
        self._index()

    def _index(self) -> None:
        names = self._all
        self._queues, self._tiers, self._flows = set(names.queues), set(names.tiers), set(names.flows)
        self._steps, self._results = set(names.steps), set(names.results)
        self._words = {result for _, _, result in names.results}
        self._operations, self._scores = set(names.operations), set(names.scores)
        self._rules, self._reasons = set(names.rules), set(names.pause_reasons)

    def queue(self, value: str) -> str:
        """A queue's name."""
        return value if value in self._queues else OTHER

    def tier(self, value: str) -> str:
        """A tier's name."""
        return value if value in self._tiers else OTHER

    def line(self, queue: str, tier: str) -> tuple[str, str]:
        """Queue and tier."""
        return self.queue(queue), self.tier(tier)

    def flow(self, value: str) -> str:
        """A flow's name."""
        return value if value in self._flows else OTHER

    def step(self, flow: str, step: str) -> tuple[str, str]:
        """A flow and a step of it."""
        return (flow, step) if (flow, step) in self._steps else (self.flow(flow), OTHER)

    def result(self, flow: str, step: str, result: str) -> tuple[str, str, str]:
        """A flow, a step of it and a result it can have."""
        if (flow, step, result) in self._results:
            return flow, step, result
        if (flow, step) in self._steps:
            return flow, step, OTHER
        return self.flow(flow), OTHER, fit(result, self._words)

    def operation(self, backend: str, operation: str) -> tuple[str, str]:
        """A backend and what is asked of it."""
        if (backend, operation) in self._operations:
            return backend, operation
        return (backend if any(backend == known for known, _ in self._operations) else OTHER), OTHER

    def score(self, value: str) -> str:
        """A mark of a survey."""
        return fit(value, self._scores)

    def rule(self, value: str) -> str:
        """A rule of dialing.yaml; none has no name."""
        return fit(value, self._rules) if value else ""

    def reason(self, value: str) -> str:
        """A reason to pause."""
        return fit(value, self._reasons)


def fit(value: str, known: Collection[str]) -> str:
    """The value if it is known, else `other`."""
    return value if value in known else OTHER


def _merged(new: Names, old: Names) -> Names:
    return Names(
        queues=_both(new.queues, old.queues), tiers=_both(new.tiers, old.tiers), pause_reasons=_both(new.pause_reasons, old.pause_reasons),
        flows=_both(new.flows, old.flows), steps=_both(new.steps, old.steps), results=_both(new.results, old.results), scores=_both(new.scores, old.scores),
        operations=_both(new.operations, old.operations), rules=_both(new.rules, old.rules), versions=new.versions, waits=new.waits,
    )  # fmt: skip


def _both(first: Iterable[Value], second: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys((*first, *second)))
