"""Sums over legs, calls and agents' time. They can be added up, so a month of records is read once and kept nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Self

from acd.states import AgentState
from cti.kpi.inputs import ABANDONED, ANSWERED, FLOW_OUTS, QUEUE_LEG, SELF_SERVICE, UNSERVED, AgentTime, Call, Leg

GOOD_MARK = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as in time, as short, as good. A wait of exactly the limit is in time, as in a histogram's bucket.

    Attributes:
        service_level_seconds: T.
        short_abandon_seconds: who hangs up within this is a short abandon; 0: nobody is.
        good_mark: the least survey score that counts as satisfied (marks go from 1 to 5).

    """

    service_level_seconds: float = 20.0
    short_abandon_seconds: float = 5.0
    good_mark: int = GOOD_MARK


@dataclass(slots=True)
class _Sums:
    """Numbers that are added field by field."""

    def merge(self, other: Self) -> Self:
        """Add the other's sums to these, and return these."""
        for name in _names(type(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


def _names(kind: type[_Sums]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


@dataclass(slots=True)
class LegTally(_Sums):
    """Sums over queue entries that have ended; `scores` and below also over talks of other kinds of legs.

    Letters as in docs/kpi.md: offered O, answered A, answered_in_time A_T, abandoned B, abandoned_in_time B_T,
    short_abandoned b, flow_outs F; left_in_time is all that left within T. `open` counts entries without an end, which
    are in no other sum. Times are milliseconds.
    """

    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    short_abandoned: int = 0
    flow_outs: int = 0
    left_in_time: int = 0
    open: int = 0
    wait_ms: int = 0
    answered_wait_ms: int = 0
    abandoned_wait_ms: int = 0
    talk_ms: int = 0
    wrapup_ms: int = 0
    scores: int = 0
    score_sum: int = 0
    good_scores: int = 0

    def add(self, leg: Leg, limits: Limits) -> None:
        """Add a leg; one that is no queue entry adds its survey score alone."""
        if leg.kind.value == QUEUE_LEG:
            if leg.outcome is None:
                self.open += 1
            else:
                self._entry(leg, leg.outcome, limits)
        if leg.survey_score is not None:
            self.scores += 1
            self.score_sum += leg.survey_score
            self.good_scores += leg.survey_score >= limits.good_mark

    def _entry(self, leg: Leg, outcome: str, limits: Limits) -> None:
        wait_ms = leg.wait_ms or 0
        in_time = wait_ms <= limits.service_level_seconds * 1000
        self.offered += 1
        self.wait_ms += wait_ms
        self.left_in_time += in_time
        if outcome == ANSWERED:
            self.answered += 1
            self.answered_in_time += in_time
            self.answered_wait_ms += wait_ms
            self.talk_ms += leg.talk_ms or 0
            self.wrapup_ms += leg.wrapup_ms or 0
        elif outcome == ABANDONED:
            self.abandoned += 1
            self.abandoned_in_time += in_time
            self.abandoned_wait_ms += wait_ms
            self.short_abandoned += limits.short_abandon_seconds > 0 and wait_ms <= limits.short_abandon_seconds * 1000
        else:
            self.flow_outs += outcome in FLOW_OUTS


@dataclass(slots=True)
class CallTally(_Sums):
    """Sums over calls to the hotline that have ended; `open` counts the others, which are in no other sum.

    connected: all that came in. self_service: served by the menu to the end. unserved: asked for a person and got none.
    """

    connected: int = 0
    self_service: int = 0
    unserved: int = 0
    open: int = 0

    def add(self, call: Call) -> None:
        """Add a call."""
        if call.ended_at_ms is None:
            self.open += 1
            return
        self.connected += 1
        self.self_service += call.outcome == SELF_SERVICE
        self.unserved += call.queue is not None and call.outcome in UNSERVED


@dataclass(slots=True)
class AgentTally(_Sums):
    """Agents' time by state, milliseconds."""

    ready: int = 0
    offered: int = 0
    connecting: int = 0
    cancelling: int = 0
    talking: int = 0
    wrap_up: int = 0
    paused: int = 0
    backoff: int = 0

    def add(self, span: AgentTime, since_ms: int, until_ms: int) -> None:
        """Add what of an agent's span lies between two instants, UTC milliseconds; one that goes on lasts to the second."""
        lasted_ms = min(until_ms, until_ms if span.until_ms is None else span.until_ms) - max(since_ms, span.from_ms)
        if lasted_ms > 0:
            self.add_lasted(span.state, lasted_ms)

    def add_lasted(self, state: AgentState, lasted_ms: int) -> None:
        """Add so much time in a state; being logged out is no time."""
        if state is not AgentState.LOGGED_OUT:
            setattr(self, state.value, getattr(self, state.value) + lasted_ms)

    @property
    def handling_ms(self) -> int:
        """Talks and wrap-ups."""
        return self.talking + self.wrap_up

    @property
    def on_queue_ms(self) -> int:
        """All but pauses."""
        return self.logged_in_ms - self.paused

    @property
    def logged_in_ms(self) -> int:
        """All of it."""
        return sum(getattr(self, name) for name in _names(AgentTally))


@dataclass(slots=True)
class Figures:
    """What every key figure is reckoned from."""

    legs: LegTally = field(default_factory=LegTally)
    calls: CallTally = field(default_factory=CallTally)
    agents: AgentTally = field(default_factory=AgentTally)


def figures_of(
    legs: Iterable[Leg] = (), calls: Iterable[Call] = (), spans: Iterable[AgentTime] = (), *,
    limits: Limits | None = None, since_ms: int = 0, until_ms: int = 0,
) -> Figures:  # fmt: skip
    """Return the sums over all of these; agents' time is cut to `since_ms`..`until_ms`, UTC milliseconds."""
    found = Figures()
    for leg in legs:
        found.legs.add(leg, limits or Limits())
    for call in calls:
        found.calls.add(call)
    for span in spans:
        found.agents.add(span, since_ms, until_ms)
    return found
