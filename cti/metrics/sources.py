"""What metrics are made for and read from: the names of the configuration, and what stands when Prometheus asks."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from acd.config import Policy
from acd.totals import Totals
from cti.metrics.axes import Names
from cti.metrics.step_results import Results


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What is read when Prometheus asks.

    Attributes:
        totals: the engine as it stands at a time, None while there is none.
        now: the engine's time in seconds.
        live_calls: how many calls are on the line.
        records: (calls lost, writes failed) of the record writer.

    """

    totals: Callable[[float], Totals | None]
    now: Callable[[], float]
    live_calls: Callable[[], int]
    records: Callable[[], tuple[int, int]] = lambda: (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What the configuration brings beside the policy.

    Attributes:
        flows: results by flow and step.
        marks: of surveys.
        operations: pairs of backend and operation.
        rules: names of the rules of what may be dialled.
        version, flow_version: of this program and of its flows.

    """

    flows: Results = field(default_factory=dict)
    marks: Collection[str] = ()
    operations: Iterable[tuple[str, str]] = ()
    rules: Collection[str] = ()
    version: str
    flow_version: str

    def names(self, policy: Policy) -> Names:
        """Every name labels may take."""
        thresholds = {bound for queue in policy.queues.values() for bound in (queue.service_level_seconds, queue.short_abandon_seconds)}
        return Names(
            queues=tuple(policy.queues), tiers=tuple(policy.tiers), pause_reasons=tuple(policy.pause_reasons), flows=tuple(self.flows),
            steps=[(flow, step) for flow, steps in self.flows.items() for step in steps],
            results=[(flow, step, result) for flow, steps in self.flows.items() for step, results in steps.items() for result in results],
            scores=tuple(self.marks), operations=tuple(self.operations), rules=tuple(self.rules), versions=((self.version, self.flow_version),),
            waits=sorted(thresholds),
        )  # fmt: skip
