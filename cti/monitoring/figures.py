"""The figures of the last 15 minutes, the last hour and the last day that the watch judges, gathered as facts happen."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from acd.config import Policy
from acd.facts import CallAnswered, CallEnded, Fact, Outcome
from cti.monitoring.health import Health

SLOT_SECONDS = 60.0
SLOTS = 60
QUARTER_SLOTS = 15
HEALTH_SLOTS = 24 * 60


@dataclass(slots=True)
class Counts:
    """Entries of one queue that were answered or ended, by what counts for ratios; see docs/kpi.md for the letters."""

    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    short: int = 0
    others: int = 0

    @property
    def offered(self) -> int:
        """All of them (O)."""
        return self.answered + self.abandoned + self.others

    @property
    def service_level(self) -> float | None:
        """sl_offered: (A_T + B_T) / (A + B)."""
        calls = self.answered + self.abandoned
        return (self.answered_in_time + self.abandoned_in_time) / calls if calls else None

    @property
    def abandonment(self) -> float | None:
        """abandonment_offered: (B - b) / (O - b)."""
        calls = self.offered - self.short
        return (self.abandoned - self.short) / calls if calls else None

    def add(self, other: "Counts") -> None:
        """Count the other ones, too."""
        self.answered += other.answered
        self.answered_in_time += other.answered_in_time
        self.abandoned += other.abandoned
        self.abandoned_in_time += other.abandoned_in_time
        self.short += other.short
        self.others += other.others


@dataclass(frozen=True, slots=True)
class Figures:
    """What the watch judges beside the engine's totals. A queue without calls may be missing.

    `quarter` and `hour` are the counts of the last 15 and 60 minutes by queue; `health` is as of now, the others as of
    5 and 15 minutes, an hour and a day ago (of the start, if that is later).
    """

    quarter: Mapping[str, Counts] = field(default_factory=dict)
    hour: Mapping[str, Counts] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    health_5m: Health = field(default_factory=Health)
    health_15m: Health = field(default_factory=Health)
    health_1h: Health = field(default_factory=Health)
    health_1d: Health = field(default_factory=Health)


class Gathering:
    """A FactSink that keeps the counts of the last hour by queue and minute, and the server's health by the minute.

    An answer that is said again (the agent took it back at once) is counted once, as in the metrics.
    """

    def __init__(self, policy: Callable[[], Policy], health: Callable[[], Health]) -> None:
        self._policy = policy
        self._health = health
        self._slots: deque[tuple[int, dict[str, Counts]]] = deque(maxlen=SLOTS + 1)
        self._past: deque[tuple[int, Health]] = deque(maxlen=HEALTH_SLOTS + 1)
        self._answered: set[str] = set()

    def told(self, fact: Fact, now: float) -> None:
        """Count an answer or an end; never waits, never fails."""
        if isinstance(fact, CallAnswered) and fact.call not in self._answered:
            self._answered.add(fact.call)
            self._count(fact.queue, Outcome.ANSWERED, fact.wait_seconds, now)
        elif isinstance(fact, CallEnded):
            self._answered.discard(fact.call)
            if fact.outcome is not Outcome.ANSWERED:
                self._count(fact.queue, fact.outcome, fact.wait_seconds, now)

    def _count(self, name: str, outcome: Outcome, wait_seconds: float, now: float) -> None:
        queue = self._policy().queues.get(name)
        if queue is None:
            return
        counts = self._slot(now).setdefault(name, Counts())
        wait_seconds = int(wait_seconds * 1000) / 1000  # as the records keep it, so that all agree who was in time
        in_time = wait_seconds <= queue.service_level_seconds
        if outcome is Outcome.ANSWERED:
            counts.answered += 1
            counts.answered_in_time += in_time
        elif outcome is Outcome.ABANDONED:
            counts.abandoned += 1
            counts.abandoned_in_time += in_time
            counts.short += queue.short_abandon_seconds > 0 and wait_seconds <= queue.short_abandon_seconds
        else:
            counts.others += 1

    def _slot(self, now: float) -> dict[str, Counts]:
        number = int(now // SLOT_SECONDS)
        if not self._slots or self._slots[-1][0] < number:
            self._slots.append((number, {}))
        return self._slots[-1][1]

    def figures(self, now: float) -> Figures:
        """Return everything as of now; to be called at least once a minute."""
        number, health = int(now // SLOT_SECONDS), self._health()
        if not self._past or self._past[-1][0] < number:
            self._past.append((number, health.copy()))
        before = self._before
        return Figures(
            self._sum(number - QUARTER_SLOTS), self._sum(number - SLOTS), health.copy(),
            before(number - 5), before(number - 15), before(number - 60), before(number - HEALTH_SLOTS),
        )  # fmt: skip

    def _sum(self, after: int) -> dict[str, Counts]:
        found: dict[str, Counts] = {}
        for number, queues in reversed(self._slots):
            if number <= after:
                break
            for name, counts in queues.items():
                found.setdefault(name, Counts()).add(counts)
        return found

    def _before(self, slot: int) -> Health:
        """The health at the beginning of a minute; that of the start for one before it."""
        if not self._past or self._past[0][0] > slot:
            return Health()
        return next(health for number, health in self._past if number >= slot)
