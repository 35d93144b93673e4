"""What the key figures are reckoned from, as far as they need it: a contact leg, a call's record, an agent's span."""

from enum import Enum
from typing import Protocol

from acd.facts import Outcome
from acd.states import AgentState

#: the kind of leg that is an entry into a queue; callbacks and calls outside are told apart by theirs
QUEUE_LEG = "queue"

#: F: entries that went elsewhere than to an agent, without the caller hanging up
FLOW_OUTS = frozenset(
    outcome.value
    for outcome in (Outcome.OVERFLOWED, Outcome.REJECTED_FULL, Outcome.LEFT_QUEUE, Outcome.VOICEMAIL, Outcome.CLOSED, Outcome.CALLBACK)
)
ANSWERED = Outcome.ANSWERED.value
ABANDONED = Outcome.ABANDONED.value
#: how calls end that asked for a person and got none, by their last queue entry
UNSERVED = frozenset({ABANDONED, Outcome.OVERFLOWED.value, Outcome.REJECTED_FULL.value})
SELF_SERVICE = "self_service"


class Leg(Protocol):
    """A contact leg; `cti.records.contacts.ContactLeg` is one. Times are milliseconds, None: not (yet) known."""

    @property
    def kind(self) -> Enum:
        """What it is: its value is `queue` for a queue entry."""

    @property
    def outcome(self) -> str | None:
        """How it ended."""

    @property
    def wait_ms(self) -> int | None:
        """From entry to answer, ringing included, or to the outcome."""

    @property
    def talk_ms(self) -> int | None:
        """Length of the talk."""

    @property
    def wrapup_ms(self) -> int | None:
        """Length of the wrap-up after it."""

    @property
    def survey_score(self) -> int | None:
        """The caller's mark."""


class Call(Protocol):
    """A call's record; `cti.records.calls.CallRecord` is one."""

    @property
    def ended_at_ms(self) -> int | None:
        """When it ended."""

    @property
    def outcome(self) -> str | None:
        """How it ended."""

    @property
    def queue(self) -> str | None:
        """The last queue it waited in."""


class AgentTime(Protocol):
    """An agent was in a state for a while; `cti.records.agent_states.Span` is one."""

    @property
    def state(self) -> AgentState:
        """What he did."""

    @property
    def from_ms(self) -> int:
        """Since when."""

    @property
    def until_ms(self) -> int | None:
        """Until when, None while he still does."""
