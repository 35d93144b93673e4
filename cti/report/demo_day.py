"""What the engine establishes on a played day, as contact legs and agents' spans."""

from dataclasses import dataclass, field, replace
from typing import Any

from acd.config import Policy
from acd.facts import (
    AgentChanged,
    CallAnswered,
    CallEnded,
    CallEntered,
    Fact,
    OfferEnded,
    OfferMade,
    OfferResult,
    TalkFinished,
    WrapUpFinished,
)
from acd.states import AgentState
from cti.records.agent_states import Span
from cti.records.contacts import Attempt, ContactLeg, LegKind

_NOT_MISSED = frozenset({OfferResult.TALKED, OfferResult.CALLER_GONE, OfferResult.CANCELLED, OfferResult.COLLEAGUE})


@dataclass(slots=True)
class _Entry:
    """A leg that is being gathered: what was known at its begin, what came later, its offers by id."""

    begun: ContactLeg
    known: dict[str, Any] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)

    def leg(self) -> ContactLeg:
        results = [attempt.result for attempt in self.attempts.values()]
        missed = sum(result is not None and OfferResult(result) not in _NOT_MISSED for result in results)
        return replace(self.begun, **self.known, attempts=tuple(self.attempts.values()), offers=len(results), misses=missed)


class Recorder:
    """A watcher of a simulation.

    Args:
        policy: for skills.
        opens_ms: second 0 of the simulation, UTC milliseconds.
        prefix: makes call ids of several days differ.

    """

    def __init__(self, policy: Policy, opens_ms: int, prefix: str) -> None:
        self._policy = policy
        self._opens_ms = opens_ms
        self._prefix = prefix
        self._entries: list[_Entry] = []
        self._of_call: dict[str, _Entry] = {}
        self._of_offer: dict[str, _Entry] = {}
        self._numbers: dict[str, int] = {}
        self._last_talk: dict[str, _Entry] = {}
        self._since: dict[str, tuple[AgentState, str, int]] = {}
        self._spans: list[Span] = []

    def legs(self) -> list[ContactLeg]:
        """Return the legs of all entries that have ended, by begin."""
        return sorted((entry.leg() for entry in self._entries), key=lambda leg: (leg.entered_at_ms, leg.leg))

    def spans(self) -> list[Span]:
        """Return what agents did until they logged out."""
        return self._spans

    def told(self, facts: tuple[Fact, ...], now: float) -> None:
        """Take facts of one instant."""
        at_ms = self._opens_ms + round(now * 1000)
        for fact in facts:
            match fact:
                case CallEntered():
                    self._entered(fact, at_ms)
                case OfferMade() | OfferEnded():
                    self._offer(fact, at_ms)
                case CallAnswered():
                    self._answered(fact, at_ms)
                case TalkFinished() | WrapUpFinished():
                    self._worked(fact, at_ms)
                case CallEnded():
                    self._ended(fact, at_ms)
                case AgentChanged():
                    self._changed(fact, at_ms)

    def _entered(self, fact: CallEntered, at_ms: int) -> None:
        number = self._numbers[fact.call] = self._numbers.get(fact.call, 0) + 1
        call = self._prefix + fact.call
        asked = {need.skill: need.level for need in self._policy.queues[fact.queue].needs}
        leg = ContactLeg(
            leg=f"{call}-{number}", call=call, number=number, kind=LegKind.QUEUE, queue=fact.queue, tier=fact.tier, entered_at_ms=at_ms, skills_asked=asked,
        )  # fmt: skip
        self._of_call[fact.call] = _Entry(leg)

    def _offer(self, fact: OfferMade | OfferEnded, at_ms: int) -> None:
        if isinstance(fact, OfferMade):
            self._of_offer[fact.offer] = self._of_call[fact.call]
            self._of_offer[fact.offer].attempts[fact.offer] = Attempt(fact.offer, fact.agent, at_ms)
        else:
            attempts = self._of_offer.pop(fact.offer).attempts
            attempts[fact.offer] = replace(attempts[fact.offer], ring_ms=round(fact.seconds * 1000), result=fact.result.value)

    def _answered(self, fact: CallAnswered, at_ms: int) -> None:
        entry = self._of_call[fact.call]
        rang_at_ms = entry.attempts[fact.offer].at_ms
        known = self._policy.agents[fact.agent].skills
        entry.known |= {
            "agent": fact.agent, "rang_at_ms": rang_at_ms, "ring_ms": at_ms - rang_at_ms, "answered_at_ms": at_ms,
            "wait_ms": round(fact.wait_seconds * 1000), "skills_given": {skill: known.get(skill, 0) for skill in entry.begun.skills_asked},
        }  # fmt: skip

    def _worked(self, fact: TalkFinished | WrapUpFinished, at_ms: int) -> None:
        if isinstance(fact, TalkFinished):
            entry = self._last_talk[fact.agent] = self._of_call[fact.call]
            entry.known |= {"talk_ms": round(fact.talk_seconds * 1000), "talk_ended_at_ms": at_ms}
        elif fact.agent in self._last_talk:
            self._last_talk.pop(fact.agent).known |= {"wrapup_ms": round(fact.seconds * 1000), "wrapup_ended_at_ms": at_ms}

    def _ended(self, fact: CallEnded, at_ms: int) -> None:
        entry = self._of_call[fact.call]
        entry.known.setdefault("wait_ms", round(fact.wait_seconds * 1000))
        entry.known |= {"ended_at_ms": at_ms, "outcome": fact.outcome.value, "reason": fact.reason}
        self._entries.append(entry)

    def _changed(self, fact: AgentChanged, at_ms: int) -> None:
        state, reason, since_ms = self._since.get(fact.agent, (AgentState.LOGGED_OUT, "", at_ms))
        if state is not AgentState.LOGGED_OUT and at_ms > since_ms:
            self._spans.append(Span(fact.agent, state, reason, since_ms, at_ms))
        self._since[fact.agent] = (fact.new, fact.reason, at_ms)
