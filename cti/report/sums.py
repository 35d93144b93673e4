"""What a report adds up, piece by piece: what is read of a leg and a call, and the sums they go into."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from acd.states import AgentState
from cti.kpi import AgentTally, LegTally
from cti.records.contacts import Attempt, LegKind

#: the service level that many contracts name: 90 % within 10 s
COMMON_SECONDS = 10.0
COMMON_TARGET = 0.9
#: upper bounds of the bars that show how long callers waited; the last bar has none
WAIT_BOUNDS_SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)
MARKS = (1, 2, 3, 4, 5)


@dataclass(slots=True)
class Line:
    """What happened in one queue to one tier.

    `own` goes by the queue's own limits, `common` by COMMON_SECONDS; `marks` counts survey scores by score, `waits` the
    waits of the answered and of the abandoned by the bar they belong to.
    """

    own: LegTally = field(default_factory=LegTally)
    common: LegTally = field(default_factory=LegTally)
    marks: Counter[int] = field(default_factory=Counter)
    answered_waits: Counter[int] = field(default_factory=Counter)
    abandoned_waits: Counter[int] = field(default_factory=Counter)

    def merge(self, other: "Line") -> "Line":
        """Add the other's sums to these, and return these."""
        self.own.merge(other.own)
        self.common.merge(other.common)
        self.marks.update(other.marks)
        self.answered_waits.update(other.answered_waits)
        self.abandoned_waits.update(other.abandoned_waits)
        return self


@dataclass(slots=True)
class Card:
    """What one agent did. `talks` are all kinds, callbacks and transfers to him included; times are milliseconds."""

    talks: int = 0
    talk_ms: int = 0
    wrapup_ms: int = 0
    offers: int = 0
    misses: int = 0
    marks: Counter[int] = field(default_factory=Counter)
    time: AgentTally = field(default_factory=AgentTally)
    pause_ms: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Promises:
    """Callbacks of one queue by outcome; `waited_ms` is that of those who were called back. `open` have no outcome yet."""

    outcomes: Counter[str] = field(default_factory=Counter)
    waited_ms: int = 0
    open: int = 0


@dataclass(slots=True)
class StepSums:
    """One step of a flow: how many calls came to it, how often, where in the call on average, and how many hung up in it.

    `last_call` is the last of them, so that a call is counted once.
    """

    kind: str = ""
    calls: int = 0
    visits: int = 0
    hung_up: int = 0
    place_sum: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    last_call: int = 0


class LegRead(NamedTuple):
    """A contact leg as far as a report reads it; see `cti.records.contacts.ContactLeg`, which will do as well."""

    kind: LegKind
    queue: str
    tier: str
    agent: str | None
    entered_at_ms: int
    answered_at_ms: int | None
    ended_at_ms: int | None
    outcome: str | None
    wait_ms: int | None
    talk_ms: int | None
    wrapup_ms: int | None
    survey_score: int | None
    attempts: Sequence[Attempt]


class CallRead(NamedTuple):
    """A call's record as far as a report reads it; see `cti.records.calls.CallRecord`, which will do as well."""

    ended_at_ms: int | None
    outcome: str | None
    queue: str | None
    tier: str | None
    trail: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class StateTime:
    """How long an agent was in a state for a reason, within the period, milliseconds."""

    agent: str
    state: AgentState
    reason: str
    lasted_ms: int
