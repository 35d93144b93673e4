"""The sums a report is made of: filled leg by leg and call by call, so that a quarter needs no more memory than a day."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from acd.config import Policy
from acd.facts import OfferResult
from acd.states import AgentState
from cti.kpi import CallTally, LegTally, Limits
from cti.kpi.inputs import ABANDONED, ANSWERED, SELF_SERVICE
from cti.records.calls import CallRecord
from cti.records.contacts import ContactLeg, LegKind
from cti.report.sums import (
    COMMON_SECONDS,
    WAIT_BOUNDS_SECONDS,
    CallRead,
    Card,
    LegRead,
    Line,
    Promises,
    StateTime,
    StepSums,
)

_MISSED = frozenset(each.value for each in (OfferResult.NO_ANSWER, OfferResult.REJECTED, OfferResult.UNREACHABLE, OfferResult.BUSY))
_QUARTER_HOUR_MS = 900_000
#: calls whose flow ended by itself, or after a talk
_NOT_HUNG_UP = frozenset({ANSWERED, "put_through", SELF_SERVICE, "failed"})


class Gathered:
    """All sums of one period.

    Args:
        policy: whose limits the queues are judged by: today's, for the records do not keep them.
        zone: days and hours are this zone's.
        queue: only its legs count, and the calls that waited there last; None for all.

    """

    def __init__(self, policy: Policy, zone: ZoneInfo, queue: str | None = None) -> None:
        self.policy = policy
        self.queue = queue
        self.lines: dict[tuple[str, str], Line] = {}
        self.hours: dict[tuple[date, int], LegTally] = {}
        self.cards: dict[str, Card] = {}
        self.promises: dict[str, Promises] = {}
        self.outside: Counter[str] = Counter()
        self.calls = CallTally()
        self.call_outcomes: Counter[str] = Counter()
        self.flows: Counter[str] = Counter()
        self.steps: dict[tuple[str, str], StepSums] = {}
        self._last_call_of: dict[str, int] = {}  # by flow
        self._hour_of = _hours(zone)
        self._limits = {
            name: Limits(queue.service_level_seconds, queue.short_abandon_seconds) for name, queue in policy.queues.items()
        }  # fmt: skip
        self._common = {name: Limits(COMMON_SECONDS, limits.short_abandon_seconds) for name, limits in self._limits.items()}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report of callers."""
        return not (self.lines or self.promises or self.calls.connected or self.calls.open)

    def total(self) -> Line:
        """Return the sum of all lines."""
        return merged(self.lines.values())

    def limits(self, queue: str) -> Limits:
        """Return what a queue is judged by; one that is not configured any more by what is usual."""
        return self._limits.get(queue) or Limits()

    # ---- legs

    def add_leg(self, leg: ContactLeg | LegRead) -> None:
        """Count a leg that began in the period."""
        if self.queue is not None and leg.queue != self.queue:
            return
        if leg.kind is LegKind.CALLBACK:
            self._promise(leg)
        elif leg.kind is LegKind.QUEUE:
            self._entry(leg)
        elif leg.outcome is not None:
            self.outside[f"{leg.kind.value} {leg.outcome}"] += 1
        if leg.survey_score is not None:
            self._mark(leg, leg.survey_score)
        self._card(leg)

    def _entry(self, leg: ContactLeg | LegRead) -> None:
        line = self._line_of(leg)
        limits = self.limits(leg.queue)
        line.own.add(leg, limits)
        line.common.add(leg, self._common.get(leg.queue) or Limits(COMMON_SECONDS))
        hour = self._hour_of(leg.entered_at_ms)
        slot = self.hours.get(hour)
        if slot is None:
            slot = self.hours[hour] = LegTally()
        slot.add(leg, limits)
        if leg.outcome == ANSWERED:
            line.answered_waits[_bar(leg.wait_ms or 0)] += 1
        elif leg.outcome == ABANDONED:
            line.abandoned_waits[_bar(leg.wait_ms or 0)] += 1

    def _line_of(self, leg: ContactLeg | LegRead) -> Line:
        line = self.lines.get((leg.queue, leg.tier))
        if line is None:
            line = self.lines[leg.queue, leg.tier] = Line()
        return line

    def _mark(self, leg: ContactLeg | LegRead, score: int) -> None:
        """Count a mark for the line the caller came from, whoever talked with him last: after a transfer, too."""
        line = self._line_of(leg)
        line.marks[score] += 1
        if leg.kind is not LegKind.QUEUE:  # an entry brings its own
            line.own.add(leg, self.limits(leg.queue))

    def _promise(self, leg: ContactLeg | LegRead) -> None:
        promises = self.promises.setdefault(leg.queue, Promises())
        if leg.outcome is None:
            promises.open += 1
            return
        promises.outcomes[leg.outcome] += 1
        if leg.answered_at_ms is not None:
            promises.waited_ms += leg.wait_ms or 0

    def _card(self, leg: ContactLeg | LegRead) -> None:
        for attempt in leg.attempts:
            card = self._card_of(attempt.agent)
            card.offers += 1
            card.misses += attempt.result in _MISSED
        if leg.agent is None or leg.answered_at_ms is None or leg.ended_at_ms is None:
            return
        card = self._card_of(leg.agent)
        card.talks += 1
        card.talk_ms += leg.talk_ms or 0
        card.wrapup_ms += leg.wrapup_ms or 0
        if leg.survey_score is not None:
            card.marks[leg.survey_score] += 1

    def _card_of(self, agent: str) -> Card:
        card = self.cards.get(agent)
        if card is None:
            card = self.cards[agent] = Card()
        return card

    # ---- agents' time

    def add_time(self, time: StateTime) -> None:
        """Count an agent's time; with a queue given only of those who serve it now."""
        if self.queue is not None and not self._serves(time.agent, self.queue):
            return
        card = self._card_of(time.agent)
        card.time.add_lasted(time.state, time.lasted_ms)
        if time.state is AgentState.PAUSED:
            card.pause_ms[time.reason] += time.lasted_ms

    def _serves(self, agent: str, queue: str) -> bool:
        known = self.policy.agents.get(agent)
        return known is not None and queue in known.queues

    # ---- calls

    def add_call(self, call: CallRecord | CallRead) -> None:
        """Count a call that began in the period."""
        if self.queue is not None and call.queue != self.queue:
            return
        self.calls.add(call)
        if call.ended_at_ms is None:
            return
        self.call_outcomes[call.outcome or ""] += 1
        self._trail(call)

    def _trail(self, call: CallRecord | CallRead) -> None:
        number = self.calls.connected  # tells the calls apart
        for place, told in enumerate(call.trail):
            where = (told.get("flow", ""), told.get("step", ""))
            sums = self.steps.get(where)
            if sums is None:
                sums = self.steps[where] = StepSums(told.get("type", ""))
            if told.get("result") != "ended":
                sums.visits += 1
            if sums.last_call != number:
                sums.last_call = number
                sums.calls += 1
                sums.place_sum += place
                if self._last_call_of.get(where[0]) != number:
                    self._last_call_of[where[0]] = number
                    self.flows[where[0]] += 1
            key = told.get("key")
            if key is not None:
                sums.keys[key] += 1
        if call.trail and _hung_up_in(call, call.trail[-1]):
            last = call.trail[-1]
            self.steps[last.get("flow", ""), last.get("step", "")].hung_up += 1


def merged(lines: Iterable[Line]) -> Line:
    """Return the sum of lines."""
    total = Line()
    for line in lines:
        total.merge(line)
    return total


def grouped(lines: Mapping[tuple[str, str], Line], part: int, known: Collection[str]) -> dict[str, Line]:
    """Return lines added up by queue (`part` 0) or tier (1): those configured in their order, then the others by name."""
    names = {key[part] for key in lines}
    order = [*(name for name in known if name in names), *sorted(names - set(known))]
    return {name: merged(line for key, line in lines.items() if key[part] == name) for name in order}


def _hung_up_in(call: CallRecord | CallRead, last: Mapping[str, Any]) -> bool:
    """Whether the caller left by hanging up in the last step of his trail. Whoever hangs up after his talk does not count."""
    return last.get("result") == "ended" and last.get("type") != "hangup" and call.outcome not in _NOT_HUNG_UP


def _bar(wait_ms: int) -> int:
    """Return the number of the bar a wait belongs to; bounds are inclusive."""
    for number, bound in enumerate(WAIT_BOUNDS_SECONDS):
        if wait_ms <= bound * 1000:
            return number
    return len(WAIT_BOUNDS_SECONDS)


def _hours(zone: ZoneInfo) -> Callable[[int], tuple[date, int]]:
    """Return a function from UTC milliseconds to day and hour of a zone; all zones differ by whole quarters of an hour."""
    known: dict[int, tuple[date, int]] = {}

    def hour_of(wall_ms: int) -> tuple[date, int]:
        quarter = wall_ms // _QUARTER_HOUR_MS
        found = known.get(quarter)
        if found is None:
            at = datetime.fromtimestamp(quarter * _QUARTER_HOUR_MS / 1000, UTC).astimezone(zone)
            found = known[quarter] = (at.date(), at.hour)
        return found

    return hour_of
