"""Counts what the routing engine established."""

from acd.config import Policy
from acd.facts import (
    AgentChanged,
    CallAnswered,
    CallbackAttempted,
    CallbackEnded,
    CallbackEntered,
    CallEnded,
    CallEntered,
    EventIgnored,
    Fact,
    OfferEnded,
    Outcome,
    TalkFinished,
    WrapUpFinished,
)
from cti.callbacks.attempts import REASONS
from cti.metrics import catalogue
from cti.metrics.agent_time import AgentTime
from cti.metrics.axes import OVERFLOW_REASONS, WAITED_FOR
from cti.metrics.labels import fit
from cti.metrics.registry import Registry

_OVERFLOWS = (Outcome.OVERFLOWED, Outcome.REJECTED_FULL)


class RoutingMetrics:
    """A sink of facts.

    An answer that the agent took back at once is said again when the next agent answers; it is counted once, with the
    first wait. The set of calls this needs holds only calls that live; of agents the tier of their last talk is kept.
    """

    def __init__(self, policy: Policy, registry: Registry, time: AgentTime) -> None:
        self._labels = registry.labels
        self._time = time
        self._policy = policy
        self._answered_calls: set[str] = set()
        self._last_tiers: dict[str, str] = {}
        self._entered, self._resumed = registry.number(catalogue.ENTERED), registry.number(catalogue.RESUMED)
        self._answered, self._abandoned = registry.number(catalogue.ANSWERED), registry.number(catalogue.ABANDONED)
        self._overflowed, self._ended = registry.number(catalogue.OVERFLOWED), registry.number(catalogue.ENDED)
        self._wait, self._talk = registry.distribution(catalogue.WAIT), registry.distribution(catalogue.TALK)
        self._wrap_up = registry.distribution(catalogue.WRAP_UP)
        self._offers = registry.number(catalogue.OFFERS)
        self._callbacks, self._callbacks_ended = registry.number(catalogue.CALLBACKS), registry.number(catalogue.CALLBACKS_ENDED)
        self._attempts = registry.number(catalogue.CALLBACK_ATTEMPTS)
        self._ignored = registry.number(catalogue.IGNORED)

    def policy_replaced(self, policy: Policy) -> None:
        """Forget agents who are gone."""
        self._policy = policy
        self._last_tiers = {agent: tier for agent, tier in self._last_tiers.items() if agent in policy.agents}

    def told(self, fact: Fact, now: float) -> None:
        """Count one fact; never waits, never fails."""
        match fact:
            case CallEntered():
                (self._resumed if fact.resumed else self._entered).labels(*self._line(fact)).inc()
            case CallAnswered():
                self._call_answered(fact)
            case CallEnded():
                self._call_ended(fact)
            case TalkFinished():
                self._talk.labels(*self._line(fact)).observe(_as_recorded(fact.talk_seconds), fact.call)
                if fact.agent in self._policy.agents:
                    self._last_tiers[fact.agent] = fact.tier
            case WrapUpFinished():
                tier = self._last_tiers.get(fact.agent, "")
                self._wrap_up.labels(*self._labels.line(fact.queue, tier)).observe(_as_recorded(fact.seconds))
            case OfferEnded():
                self._offers.labels(self._labels.queue(fact.queue), fact.result.value).inc()
            case AgentChanged():
                self._time.told(fact, now)
            case _:
                self._seldom(fact)

    def _seldom(self, fact: Fact) -> None:
        match fact:
            case EventIgnored():
                self._ignored.labels(fact.why.value).inc()
            case CallbackEntered(resumed=False):
                self._callbacks.labels(*self._line(fact)).inc()
            case CallbackAttempted():
                self._attempts.labels(self._labels.queue(fact.queue), fit(fact.reason, REASONS)).inc()
            case CallbackEnded():
                self._callbacks_ended.labels(*self._line(fact), fact.outcome.value).inc()

    def _call_answered(self, fact: CallAnswered) -> None:
        if fact.call in self._answered_calls:
            return
        self._answered_calls.add(fact.call)
        self._answered.labels(*self._line(fact)).inc()
        self._wait.labels(*self._line(fact), Outcome.ANSWERED.value).observe(_as_recorded(fact.wait_seconds), fact.call)

    def _call_ended(self, fact: CallEnded) -> None:
        line = self._line(fact)
        self._answered_calls.discard(fact.call)
        self._ended.labels(*line, fact.outcome.value).inc()
        if fact.outcome is not Outcome.ANSWERED:
            self._wait.labels(*line, fit(fact.outcome.value, WAITED_FOR)).observe(_as_recorded(fact.wait_seconds), fact.call)
        if fact.outcome is Outcome.ABANDONED:
            self._abandoned.labels(*line).inc()
        elif fact.outcome in _OVERFLOWS:
            self._overflowed.labels(*line, fit(fact.reason, OVERFLOW_REASONS)).inc()

    def _line(self, fact: CallEntered | CallAnswered | CallEnded | TalkFinished | CallbackEntered | CallbackEnded) -> tuple[str, str]:
        return self._labels.line(fact.queue, fact.tier)


def _as_recorded(seconds: float) -> float:
    """Whole milliseconds, cut off: so records have it, and who waited 20.0004 s is within 20 s there as here."""
    return int(seconds * 1000) / 1000
