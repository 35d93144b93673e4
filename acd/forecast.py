"""What the engine has learnt of the past: handling times, arrivals, impatience, and how true its own forecasts were.

It learns from established facts alone. Windows are bounded, so that a changed day is followed soon.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from acd.facts import CallAnswered, CallEnded, CallEntered, Outcome, TalkFinished, WrapUpFinished
from acd.values import value

if TYPE_CHECKING:
    from collections.abc import Callable

    from acd.config import ForecastRules
    from acd.facts import Fact

_TALKS = 50
_ENDS = 200
_ARRIVALS = 50
_ARRIVAL_SECONDS = 900.0
#: A wait that was forecast to the second may differ by this much through ringing alone; shorter ones are measured against it.
_LEAST_WAIT_SECONDS = 10.0
_Name = TypeVar("_Name")
_Seen = TypeVar("_Seen")


@value(frozen=True, slots=True)
class Expected:
    """How much longer a caller waits: `likely_seconds` as often more as less, `longest_seconds` exceeded by one in ten."""

    likely_seconds: float
    longest_seconds: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How true the forecasts of a queue were: median of |forecast - wait| / wait over its last `calls` answered calls."""

    calls: int
    median_error: float


@dataclass(slots=True)
class Outlook:
    """What was foreseen at one moment: by call, and for a newcomer by queue; `last` is the place of the last one played.

    The longer it took to play, the longer it is used (`fresh_seconds`), so that looking ahead takes little of all time.
    """

    at: float = float("-inf")
    fresh_seconds: float = 5.0
    calls: dict[str, Expected] = field(default_factory=dict)
    newcomers: dict[str, Expected] = field(default_factory=dict)
    last: dict[str, tuple[int, Expected]] = field(default_factory=dict)


class Forecast:
    """See the module."""

    def __init__(self, remembered: int = _ENDS) -> None:
        self._talks: dict[str, deque[float]] = {}
        self._wrapups: dict[str, deque[float]] = {}
        self._arrivals: dict[tuple[str, str], deque[float]] = {}
        self._ends: dict[str, deque[tuple[float, bool]]] = {}
        self._errors: dict[str, deque[float]] = {}
        self._promises: dict[str, tuple[float, float]] = {}
        self._remembered = remembered
        self._lessons: dict[type, Callable[[Any, float], None]] = {
            TalkFinished: self._talked,
            WrapUpFinished: self._wrapped_up,
            CallEntered: self._came,
            CallAnswered: self._answered,
            CallEnded: self._over,
        }

    # ---- learning

    def told(self, fact: Fact, now: float) -> None:
        """Learn from a fact that was established now; most teach nothing."""
        lesson = self._lessons.get(type(fact))
        if lesson is not None:
            lesson(fact, now)

    def _talked(self, fact: TalkFinished, _now: float) -> None:
        _window(self._talks, fact.queue, _TALKS).append(fact.talk_seconds)

    def _wrapped_up(self, fact: WrapUpFinished, _now: float) -> None:
        _window(self._wrapups, fact.queue, _TALKS).append(fact.seconds)

    def _came(self, fact: CallEntered, now: float) -> None:
        if not fact.resumed:
            _window(self._arrivals, (fact.queue, fact.tier), _ARRIVALS).append(now)

    def _answered(self, fact: CallAnswered, now: float) -> None:
        _window(self._ends, fact.queue, _ENDS).append((fact.wait_seconds, False))
        self._kept(fact.call, fact.queue, now)

    def _over(self, fact: CallEnded, _now: float) -> None:
        self._promises.pop(fact.call, None)
        if fact.outcome is Outcome.ABANDONED:
            _window(self._ends, fact.queue, _ENDS).append((fact.wait_seconds, True))

    def remember(self, calls: int) -> None:
        """Judge forecasts by the last so many from now on."""
        if calls != self._remembered:
            self._remembered = calls
            self._errors = {queue: deque(errors, maxlen=calls) for queue, errors in self._errors.items()}

    def promise(self, call: str, likely_seconds: float, now: float) -> None:
        """Remember what was forecast for a call, spoken or not, to be held against its wait; only the first time counts."""
        self._promises.setdefault(call, (now, likely_seconds))

    def _kept(self, call: str, queue: str, now: float) -> None:
        promised = self._promises.pop(call, None)
        if promised is not None:
            at, likely_seconds = promised
            waited = now - at
            error = abs(likely_seconds - waited) / max(waited, _LEAST_WAIT_SECONDS)
            _window(self._errors, queue, self._remembered).append(error)

    # ---- what was learnt

    def accuracy(self, queue: str) -> Accuracy | None:
        """How true the forecasts of this queue were; None before the first one could be held against a wait."""
        errors = self._errors.get(queue)
        return Accuracy(len(errors), median(errors)) if errors else None

    def trusted(self, queue: str, rules: ForecastRules) -> bool:
        """Whether callers of this queue may be told: enough forecasts were made, and half of them were true enough."""
        accuracy = self.accuracy(queue)
        if accuracy is None:
            return rules.least_calls == 0
        return accuracy.calls >= rules.least_calls and accuracy.median_error <= rules.median_error

    def talk_seconds(self, queue: str) -> tuple[float, ...]:
        """The last talks of the queue; of all queues, if it had none yet."""
        talks = self._talks.get(queue)
        return tuple(talks) if talks else tuple(seconds for each in self._talks.values() for seconds in each)

    def wrapup_seconds(self, queue: str, configured: float) -> float:
        """Mean of the queue's last wrap-ups; the configured time, if it had none yet."""
        wrapups = self._wrapups.get(queue)
        return sum(wrapups) / len(wrapups) if wrapups else configured

    def arrivals_per_second(self, queue: str, tier: str, now: float) -> float:
        """The present rate of callers of this tier; 0 if there were fewer than two in the last quarter of an hour."""
        times = self._arrivals.get((queue, tier))
        while times and times[0] < now - _ARRIVAL_SECONDS:
            times.popleft()
        return (len(times) - 1) / (now - times[0]) if times and now > times[0] else 0.0

    def impatience_per_second(self, queue: str) -> float:
        """Abandoned calls by second waited: the rate of exponential patience that explains the last ends best."""
        ends = self._ends.get(queue, ())
        waited = sum(seconds for seconds, _ in ends)
        return sum(abandoned for _, abandoned in ends) / waited if waited > 0 else 0.0


def _window(windows: dict[_Name, deque[_Seen]], name: _Name, most: int) -> deque[_Seen]:
    """Return what was seen under this name, the last so many; an empty window if nothing was."""
    window = windows.get(name)
    if window is None:
        window = windows[name] = deque(maxlen=most)
    return window

