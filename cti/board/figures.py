"""Today's figures of each line and those of the last minutes, counted as things happen, and read back after a restart.

An answer counts when the talk begins, everything else when the entry ends; so the board is ahead of the reports by the talks that
are going on. A day begins at midnight of the hotline's time zone. Ratios are those of `cti.kpi`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from acd.config import Policy, Queue
from acd.facts import CallAnswered, CallEnded, Fact, Outcome
from cti.clock import Clock
from cti.kpi.catalogue import kpi
from cti.kpi.tally import Figures, LegTally, Limits
from cti.records.agent_days import day_window
from cti.records.contact_writer import UNSEEN
from cti.records.contacts import ContactLeg, LegKind

MINUTE_MS = 60_000
TREND_MINUTES = 180
RECENT_MINUTES = 15
KEPT_MINUTES = TREND_MINUTES + RECENT_MINUTES
_UNKNOWN = Queue("")
#: reasons of legs whose end no server saw
_UNSEEN = frozenset({UNSEEN, Outcome.LOST.value})


@dataclass(frozen=True, slots=True)
class Entry:
    """A queue entry that was answered or has ended, as far as it is counted here: a `cti.kpi.inputs.Leg`."""

    outcome: str
    wait_ms: int
    kind: LegKind = LegKind.QUEUE
    talk_ms: int | None = None
    wrapup_ms: int | None = None
    survey_score: int | None = None


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of all lines. `waiting` at its end; `service_level` of the RECENT_MINUTES up to its end."""

    offered: int
    answered: int
    abandoned: int
    waiting: int
    service_level: float | None


def ratio(name: str, tally: LegTally) -> float | None:
    """Return a key figure of these sums by its name in docs/kpi.md; None where there is nothing to divide by."""
    return kpi(name).of(Figures(legs=tally))


class DayFigures:
    """A FactSink that counts for the board. Never waits, never fails.

    Args:
        clock: for civil times and the time zone.
        policy: the queues in force, for their service levels.

    """

    def __init__(self, clock: Clock, policy: Callable[[], Policy]) -> None:
        self._clock = clock
        self._policy = policy
        self._began_ms = clock.wall_ms()
        self._date: date = clock.civil().date()
        self._window = day_window(self._date, clock.zone)
        self._today: dict[str, LegTally] = {}
        self._minutes: dict[int, dict[str, LegTally]] = {}
        self._all: dict[int, LegTally] = {}  # the same of all lines together, for the trend
        self._waiting: dict[int, int] = {}
        self._past: dict[int, Minute] = {}  # finished minutes of the trend, made once
        self._talking: set[str] = set()  # their answers are counted
        self._unseen: set[str] = set()  # counted at their end: nobody had told of the answer
        self._left_open: dict[str, str] = {}  # legs that waited when this process began, with their calls
        self._listeners: list[Callable[[], None]] = []

    @property
    def began_ms(self) -> int:
        """Since when facts are counted, UTC milliseconds; what was before has to be read."""
        return self._began_ms

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every fact from now on; it must not wait."""
        self._listeners.append(listener)

    # ---- counting

    def told(self, fact: Fact, now: float) -> None:
        """Take one fact."""
        if isinstance(fact, CallAnswered):
            self._answered(fact, self._clock.to_wall_ms(now))
        elif isinstance(fact, CallEnded):
            self._ended(fact, self._clock.to_wall_ms(now))
        for listener in self._listeners:
            listener()

    def _answered(self, fact: CallAnswered, at_ms: int) -> None:
        if fact.call not in self._talking:
            self._talking.add(fact.call)
            self._count(fact.queue, at_ms, Entry(Outcome.ANSWERED.value, int(fact.wait_seconds * 1000)))

    def _ended(self, fact: CallEnded, at_ms: int) -> None:
        told = fact.call in self._talking
        self._talking.discard(fact.call)
        if fact.outcome is Outcome.ANSWERED and told:
            return
        if fact.outcome is Outcome.ANSWERED:
            self._unseen.add(fact.call)
        self._count(fact.queue, at_ms, Entry(fact.outcome.value, int(fact.wait_seconds * 1000)))

    def _count(self, queue: str, at_ms: int, entry: Entry) -> None:
        self._turn_over()
        config = self._policy().queues.get(queue, _UNKNOWN)
        limits = Limits(config.service_level_seconds, config.short_abandon_seconds)
        if self._window[0] <= at_ms < self._window[1]:
            self._today.setdefault(queue, LegTally()).add(entry, limits)
        minute = at_ms // MINUTE_MS
        if minute > self._minute() - KEPT_MINUTES:
            self._minutes.setdefault(minute, {}).setdefault(queue, LegTally()).add(entry, limits)
            self._all.setdefault(minute, LegTally()).add(entry, limits)

    def waiting(self, callers: int) -> None:
        """Take how many wait now; the last word of a minute stands for it."""
        self._waiting[self._minute()] = callers

    # ---- what was before this process

    def remember(self, legs: Iterable[ContactLeg]) -> None:
        """Count legs that began before this process did; each once, in as many portions as it takes."""
        for leg in legs:
            if leg.kind is LegKind.QUEUE:
                self._remember(leg)
                self._remember_waiting(leg.entered_at_ms, leg.answered_at_ms or leg.ended_at_ms or leg.entered_at_ms)
        self._past.clear()

    def all_remembered(self) -> None:
        """There are no more of them."""
        self._unseen.clear()

    @property
    def left_open(self) -> frozenset[str]:
        """Calls whose legs waited when this process began and are not known to have ended."""
        return frozenset(self._left_open.values())

    def close_unseen(self, legs: Iterable[ContactLeg]) -> None:
        """Count those of the legs left open that turned out to have ended while no server ran; of the others facts tell."""
        for leg in legs:
            if leg.outcome is not None and self._left_open.pop(leg.leg, None) is not None and leg.reason in _UNSEEN:
                at_ms = leg.answered_at_ms or leg.ended_at_ms or self._began_ms
                self._count(leg.queue, at_ms, Entry(leg.outcome, leg.wait_ms or 0))
        self._past.clear()

    def _remember(self, leg: ContactLeg) -> None:
        """Count it unless this process saw what it would count."""
        if leg.answered_at_ms is not None:
            if leg.answered_at_ms >= self._began_ms or leg.call in self._unseen:
                return
            if leg.ended_at_ms is None:
                self._talking.add(leg.call)
            self._count(leg.queue, leg.answered_at_ms, Entry(Outcome.ANSWERED.value, leg.wait_ms or 0))
        elif leg.outcome is None:
            self._left_open[leg.leg] = leg.call
        elif leg.ended_at_ms is not None and leg.ended_at_ms < self._began_ms:
            self._count(leg.queue, leg.ended_at_ms, Entry(leg.outcome, leg.wait_ms or 0))

    def _remember_waiting(self, entered_ms: int, left_ms: int) -> None:
        last = min(left_ms, self._began_ms) // MINUTE_MS
        for minute in range(max(entered_ms // MINUTE_MS, self._minute() - TREND_MINUTES), last):
            self._waiting[minute] = self._waiting.get(minute, 0) + 1

    # ---- time

    def _minute(self) -> int:
        return self._clock.wall_ms() // MINUTE_MS

    def _turn_over(self) -> None:
        """Begin a new day at midnight, and drop the minutes that nobody asks for any more."""
        today = self._clock.civil().date()
        if today != self._date:
            self._date, self._today = today, {}
            self._window = day_window(today, self._clock.zone)
        oldest = self._minute() - KEPT_MINUTES
        for known in (self._minutes, self._all, self._waiting, self._past):
            while known and (first := min(known)) <= oldest:
                del known[first]

    # ---- reading

    def today(self) -> Mapping[str, LegTally]:
        """Return the day's sums by queue."""
        self._turn_over()
        return self._today

    def recent(self) -> Mapping[str, LegTally]:
        """Return those of the last RECENT_MINUTES, the running one included, by queue."""
        found: dict[str, LegTally] = {}
        for minute in self._window_of(self._minute()):
            for queue, tally in self._minutes.get(minute, {}).items():
                found.setdefault(queue, LegTally()).merge(tally)
        return found

    def trend(self) -> tuple[datetime, list[Minute]]:
        """Return when the trend begins, and its TREND_MINUTES minutes; the running one is the last."""
        last = self._minute()
        first = last - TREND_MINUTES + 1
        minutes = [self._past.get(minute) or self._finished(minute) for minute in range(first, last)]
        return datetime.fromtimestamp(first * 60, self._clock.zone), [*minutes, self._one(last)]

    def _finished(self, minute: int) -> Minute:
        self._past[minute] = made = self._one(minute)
        return made

    def _one(self, minute: int) -> Minute:
        own, window = self._all.get(minute, LegTally()), LegTally()
        for each in self._window_of(minute):
            if each in self._all:
                window.merge(self._all[each])
        return Minute(own.offered, own.answered, own.abandoned, self._waiting.get(minute, 0), ratio("sl_offered", window))

    @staticmethod
    def _window_of(minute: int) -> range:
        return range(minute - RECENT_MINUTES + 1, minute + 1)
