"""The server's own watch: the alerts of the Prometheus rules, raised and cleared in the same way, for the wallboard and the log."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import structlog

from acd.config import Policy
from acd.facts import Fact
from acd.totals import Totals
from cti.clock import Clock
from cti.monitoring.catalogue import Definition, Severity, Unit
from cti.monitoring.conditions import Condition, conditions
from cti.monitoring.figures import Gathering
from cti.monitoring.health import Health

LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that stands.

    Attributes:
        name: as in Prometheus and docs/alerts.md.
        severity: how grave it is.
        queue: the queue it is about, None if it is about none.
        summary_zh, summary_en: a sentence for people.
        since_ms: since when its condition holds, UTC milliseconds.

    """

    name: str
    severity: Severity
    queue: str | None
    summary_zh: str
    summary_en: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """A condition over time: held since and last at these moments; `raised` once it held for its time."""

    condition: Condition
    since: float
    last: float
    raised: bool = False


Standing = Mapping[tuple[str, str], Held]
NOTHING: Standing = MappingProxyType({})


def judged(before: Standing, now_held: Sequence[Condition], now: float) -> Standing:
    """Return what stands after a look, given what stood before.

    A condition that has held for its alert's `for_seconds` raises the alert, which stands until the condition has been
    gone for `keep_seconds`, as Prometheus has it (`for`, `keep_firing_for`).
    """
    after: dict[tuple[str, str], Held] = {}
    for condition in now_held:
        key = (condition.alert.name, condition.subject)
        held = replace(before[key], condition=condition, last=now) if key in before else Held(condition, now, now)
        after[key] = replace(held, raised=held.raised or now - held.since >= condition.alert.for_seconds)
    for key, held in before.items():
        if key not in after and held.raised and now - held.last < held.condition.alert.keep_seconds:
            after[key] = held
    return after


class AlertWatch:
    """Looks at the engine and the server's health every few seconds; a FactSink for the counts it needs.

    Args:
        clock: time.
        policy: what is promised now.
        totals: the engine as it stands at a time, None without one.
        health: how the server is.

    """

    def __init__(
        self, clock: Clock, policy: Callable[[], Policy], totals: Callable[[float], Totals | None], health: Callable[[], Health]
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._totals = totals
        self._gathering = Gathering(policy, health)
        self._standing: Standing = NOTHING
        self.log = structlog.get_logger("alerts")

    def told(self, fact: Fact, now: float) -> None:
        """Count what happened to callers."""
        self._gathering.told(fact, now)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Judge once; what was raised or cleared is logged."""
        now, before = self._clock.now(), self._standing
        held = conditions(self._totals(now), self._policy(), self._gathering.figures(now))
        self._standing = judged(before, held, now)
        for key in sorted(before.keys() | self._standing.keys()):
            was, is_ = (one.get(key) is not None and one[key].raised for one in (before, self._standing))
            if was != is_:
                self.log.warning("alert_raised" if is_ else "alert_cleared", alert=key[0], subject=key[1])

    def alerts(self) -> list[Alert]:
        """Return what stands now, the graver first, then the older."""
        found = [self._alert(held) for held in self._standing.values() if held.raised]
        return sorted(found, key=lambda alert: (alert.severity is not Severity.CRITICAL, alert.since_ms))

    def _alert(self, held: Held) -> Alert:
        condition, policy = held.condition, self._policy()
        alert, queue = condition.alert, policy.queues.get(condition.subject)
        labels = (queue.label_zh, queue.label_en) if queue is not None else ("", "")
        zh, en = (
            text.format(queue=label or condition.subject, backend=condition.subject, value=shown(alert, condition.value, language))
            for text, label, language in ((alert.summary_zh, labels[0], "zh"), (alert.summary_en, labels[1], "en"))
        )
        return Alert(
            alert.name, alert.severity, None if queue is None else queue.name, zh, en, self._clock.to_wall_ms(held.since)
        )


def shown(alert: Definition, value: float, language: str) -> str:
    """Return an alert's figure for people."""
    match alert.unit:
        case Unit.RATIO:
            return f"{value:.1%}"
        case Unit.SECONDS if value < 10:
            return f"{value:.2f} 秒" if language == "zh" else f"{value:.2f} s"
        case Unit.SECONDS:
            minutes, seconds = divmod(round(value), 60)
            return f"{minutes} 分 {seconds} 秒" if language == "zh" else f"{minutes} min {seconds} s"
        case Unit.COUNT:
            return f"{value:.0f}"
        case Unit.MARK:
            return f"{value:.1f}"
