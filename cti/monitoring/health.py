"""How the server itself is, in plain numbers: what the watch reads beside the engine's totals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(slots=True)
class Health:
    """Counts since the process began, and what holds now. Written where the metrics are counted, read by the watch.

    Attributes:
        ami_up: both AMI sessions are logged in.
        fallbacks, drifts, forged, store_failures, records_lost, record_failures: how often, as in the metrics of these names.
        flow_exits, flow_failures: calls that left a flow for good, and those of them that failed.
        flow_loops: calls whose budget of steps, time or silence was used up.
        backends: by backend, how often it was asked and how often it gave no answer.
        marks: by queue, how many marks callers gave, and their sum.
        loop_lag_seconds: how late the event loop was lately, at worst.
        flows_refused, policy_refused: the last change of flows, of queues, tiers and agents was refused.

    """

    ami_up: bool = False
    fallbacks: int = 0
    drifts: int = 0
    forged: int = 0
    store_failures: int = 0
    records_lost: int = 0
    record_failures: int = 0
    flow_exits: int = 0
    flow_failures: int = 0
    flow_loops: int = 0
    backends: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    marks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    loop_lag_seconds: float = 0.0
    flows_refused: bool = False
    policy_refused: bool = False

    def asked(self, backend: str, *, answered: bool) -> None:
        """Count a call to a backend."""
        calls, failures = self.backends.get(backend, (0, 0))
        self.backends = {**self.backends, backend: (calls + 1, failures + (not answered))}

    def marked(self, queue: str, mark: int) -> None:
        """Count a caller's mark."""
        marks, total = self.marks.get(queue, (0, 0))
        self.marks = {**self.marks, queue: (marks + 1, total + mark)}

    def copy(self) -> "Health":
        """Return it as it is now."""
        return replace(self)
