"""From facts to figures: listens to a run and tallies it by queue and tier, by interval, and agents' time."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acd.facts import (
    AgentChanged,
    CallAnswered,
    CallbackEnded,
    CallbackEntered,
    CallbackOutcome,
    CallbackReached,
    CallEnded,
    CallEntered,
    Outcome,
)
from acd.simulation.tally import CallbackTally, Tally, share
from acd.states import AgentState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acd.config import Policy
    from acd.facts import Fact

_BUSY = frozenset(
    {AgentState.TALKING, AgentState.WRAP_UP, AgentState.CONNECTING, AgentState.OFFERED, AgentState.CANCELLING}
)
_ON_DUTY = _BUSY | {AgentState.READY, AgentState.BACKOFF}


@dataclass(slots=True)
class _Waiting:
    order: int
    entered_at: float
    overtaken: bool = False


@dataclass(slots=True)
class AgentTime:
    """Agents' seconds: `busy` from the ring to the end of wrap-up, `on_duty` that and being ready; pauses are neither."""

    busy_seconds: float = 0.0
    on_duty_seconds: float = 0.0

    @property
    def occupancy(self) -> float:
        """Busy / on duty."""
        return share(self.busy_seconds, self.on_duty_seconds)


class Results:
    """Listens to a simulation; pass `told` as its `watch`.

    Args:
        policy: names the queues with the targets of their service levels.
        interval_seconds: length of the intervals of the day.
        measure_from: calls that entered earlier are not counted: they found the line still empty.
        measure_until: agents' time after that is not counted: nobody calls any more.

    Attributes:
        interval_seconds: as given.
        tallies: by (queue, tier).
        intervals: by number of the interval a call entered in, all queues and tiers.
        staff: by number of interval.
        callbacks: of all queues.
        overtakings: by (tier that went first, tier that was passed) within a queue: pairs of callers.

    """

    def __init__(
        self,
        policy: Policy,
        *,
        interval_seconds: float = 1800.0,
        measure_from: float = 0.0,
        measure_until: float = math.inf,
    ) -> None:
        self._late = {name: queue.service_level_seconds for name, queue in policy.queues.items()}
        self.interval_seconds = interval_seconds
        self._from = measure_from
        self._until = measure_until
        self.tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
        self.intervals: defaultdict[int, Tally] = defaultdict(Tally)
        self.staff: defaultdict[int, AgentTime] = defaultdict(AgentTime)
        self.overtakings: Counter[tuple[str, str]] = Counter()
        self.callbacks = CallbackTally()
        self._calls: dict[str, _Waiting] = {}
        self._lines: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_order: dict[int, _Waiting] = {}
        self._agents: dict[str, tuple[AgentState, float]] = {}
        self._entries = 0

    def told(self, facts: Iterable[Fact], now: float) -> None:
        """Take in what was established at time `now`."""
        for fact in facts:
            match fact:
                case AgentChanged():
                    self._agent_changed(fact, now)
                case CallEntered():
                    self._entered(fact, now)
                case CallAnswered():
                    self._answered(fact)
                case CallEnded() if fact.outcome is not Outcome.ANSWERED:
                    self._ended(fact)
                case CallbackEntered():
                    self.callbacks.promised += 1
                case CallbackReached():
                    self.callbacks.waits.append(fact.wait_seconds)
                case CallbackEnded():
                    self._called_back(fact)
                case _:
                    pass

    def finish(self, now: float) -> Results:
        """Count the agents' last states up to `now`; return itself."""
        for state, since in self._agents.values():
            self._spend(state, since, now)
        self._agents.clear()
        return self

    # ---- figures

    def by_tier(self) -> dict[str, Tally]:
        """Return one tally a tier, over all queues."""
        return self._gathered(1)

    def by_queue(self) -> dict[str, Tally]:
        """Return one tally a queue, over all tiers."""
        return self._gathered(0)

    def total(self) -> Tally:
        """Return one tally of all."""
        return _sum(self.tallies.values())

    @property
    def occupancy(self) -> float:
        """The share of their time on duty that agents were busy."""
        spent = list(self.staff.values())
        return share(math.fsum(time.busy_seconds for time in spent), math.fsum(time.on_duty_seconds for time in spent))

    def _gathered(self, part: int) -> dict[str, Tally]:
        names = dict.fromkeys(key[part] for key in self.tallies)
        return {name: _sum(tally for key, tally in self.tallies.items() if key[part] == name) for name in names}

    # ---- calls

    def _entered(self, fact: CallEntered, now: float) -> None:
        self._entries += 1
        waiting = self._calls[fact.call] = self._by_order[self._entries] = _Waiting(self._entries, now)
        insort(self._lines[fact.queue, fact.tier], self._entries)
        if now >= self._from:
            self.tallies[fact.queue, fact.tier].offered += 1
            self.intervals[self._interval(waiting)].offered += 1

    def _answered(self, fact: CallAnswered) -> None:
        waiting = self._leave(fact.call, fact.queue, fact.tier)
        if waiting is None:
            return
        self._overtake(fact, waiting)
        if waiting.entered_at < self._from:
            return
        wait = fact.wait_seconds  # his whole age, also where another queue overflowed into this one
        for tally in (self.tallies[fact.queue, fact.tier], self.intervals[self._interval(waiting)]):
            tally.answered += 1
            tally.waits.append(wait)
            tally.overtaken += waiting.overtaken
            tally.answered_in_time += wait <= self._late.get(fact.queue, math.inf)

    def _ended(self, fact: CallEnded) -> None:
        waiting = self._leave(fact.call, fact.queue, fact.tier)
        if waiting is None or waiting.entered_at < self._from:
            return
        wait = fact.wait_seconds
        for tally in (self.tallies[fact.queue, fact.tier], self.intervals[self._interval(waiting)]):
            if fact.outcome is Outcome.ABANDONED:
                tally.abandoned += 1
                tally.abandoned_seconds += wait
                tally.abandoned_in_time += wait <= self._late.get(fact.queue, math.inf)
            else:
                tally.otherwise += 1

    def _leave(self, call: str, queue: str, tier: str) -> _Waiting | None:
        waiting = self._calls.pop(call, None)
        if waiting is not None:
            line = self._lines[queue, tier]
            del line[bisect_left(line, waiting.order)]
            del self._by_order[waiting.order]
        return waiting

    def _overtake(self, fact: CallAnswered, first: _Waiting) -> None:
        """Count who entered this queue earlier and still waits."""
        for (queue, tier), line in self._lines.items():
            if queue != fact.queue or not line or line[0] > first.order:
                continue
            passed = line[: bisect_left(line, first.order)]
            self.overtakings[fact.tier, tier] += len(passed)
            for order in passed:
                self._by_order[order].overtaken = True

    def _interval(self, waiting: _Waiting) -> int:
        return int(waiting.entered_at // self.interval_seconds)

    def _called_back(self, fact: CallbackEnded) -> None:
        self.callbacks.attempts += fact.attempts
        self.callbacks.called_back += fact.outcome is CallbackOutcome.CALLED_BACK
        self.callbacks.failed += fact.outcome is CallbackOutcome.FAILED
        self.callbacks.expired += fact.outcome is CallbackOutcome.EXPIRED

    # ---- agents

    def _agent_changed(self, fact: AgentChanged, now: float) -> None:
        if fact.agent in self._agents:
            self._spend(*self._agents[fact.agent], now)
        self._agents[fact.agent] = (fact.new, now)

    def _spend(self, state: AgentState, since: float, now: float) -> None:
        """Spread a stay in a state over the intervals it touches."""
        since, now = max(since, self._from), min(now, self._until)
        if state not in _ON_DUTY:
            return
        while since < now:
            number = int(since // self.interval_seconds)
            until = min(now, (number + 1) * self.interval_seconds)
            time = self.staff[number]
            time.on_duty_seconds += until - since
            time.busy_seconds += (until - since) if state in _BUSY else 0.0
            since = until


def _sum(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole
