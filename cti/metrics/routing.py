"""Counts what the routing engine established."""

from prometheus_client import CollectorRegistry

from acd.commands import ReleaseReason
from acd.config import Policy
from acd.facts import (
    CallAnswered,
    CallbackAttempted,
    CallbackEnded,
    CallbackEntered,
    CallbackOutcome,
    CallEnded,
    CallEntered,
    EventIgnored,
    Fact,
    Ignored,
    OfferEnded,
    OfferResult,
    Outcome,
    TalkFinished,
    WrapUpFinished,
)
from cti.callbacks.attempts import REASONS
from cti.metrics import catalogue
from cti.metrics.labels import OTHER, Vocabulary
from cti.metrics.making import begin_at_zero, counter, histogram

_OVERFLOWS = (Outcome.OVERFLOWED, Outcome.REJECTED_FULL)
_OVERFLOW_REASONS = tuple(
    reason.value for reason in (ReleaseReason.MAX_WAIT, ReleaseReason.FULL, ReleaseReason.EMPTY, ReleaseReason.NO_QUEUE)
)
_WAITED_FOR = (Outcome.ANSWERED, Outcome.ABANDONED, Outcome.OVERFLOWED)


class RoutingMetrics:
    """A sink of facts.

    An answer that the agent took back at once is said again when the next agent answers; it is counted once, with the
    first wait. The set of calls this needs holds only calls that live.
    """

    def __init__(self, policy: Policy, registry: CollectorRegistry) -> None:
        self._queues = Vocabulary(policy.queues)
        self._tiers = Vocabulary(policy.tiers)
        self._reasons = Vocabulary(_OVERFLOW_REASONS)
        self._answered_calls: set[str] = set()
        levels = [bound for queue in policy.queues.values() for bound in (queue.service_level_seconds, queue.short_abandon_seconds)]
        self._entered = counter(catalogue.ENTERED, registry)
        self._resumed = counter(catalogue.RESUMED, registry)
        self._answered = counter(catalogue.ANSWERED, registry)
        self._abandoned = counter(catalogue.ABANDONED, registry)
        self._overflowed = counter(catalogue.OVERFLOWED, registry)
        self._ended = counter(catalogue.ENDED, registry)
        self._wait = histogram(catalogue.WAIT, registry, levels)
        self._talk = histogram(catalogue.TALK, registry)
        self._wrap_up = histogram(catalogue.WRAP_UP, registry)
        self._offers = counter(catalogue.OFFERS, registry)
        self._callbacks = counter(catalogue.CALLBACKS, registry)
        self._attempts = counter(catalogue.CALLBACK_ATTEMPTS, registry)
        self._callbacks_ended = counter(catalogue.CALLBACKS_ENDED, registry)
        self._whys = Vocabulary(REASONS)
        self._ignored = counter(catalogue.IGNORED, registry)
        self._begin()

    def policy_replaced(self, policy: Policy) -> None:
        """Count for the queues and tiers of this policy, too, from zero. Buckets stay those of the start."""
        self._queues.learn(policy.queues)
        self._tiers.learn(policy.tiers)
        self._begin()

    def _begin(self) -> None:
        queues, tiers = self._queues.known, self._tiers.known
        for metric in (self._entered, self._resumed, self._answered, self._abandoned, self._talk):
            begin_at_zero(metric, queues, tiers)
        begin_at_zero(self._overflowed, queues, tiers, _OVERFLOW_REASONS)
        begin_at_zero(self._ended, queues, tiers, [outcome.value for outcome in Outcome])
        begin_at_zero(self._wait, queues, tiers, [outcome.value for outcome in _WAITED_FOR])
        begin_at_zero(self._wrap_up, queues)
        begin_at_zero(self._callbacks, queues, tiers)
        begin_at_zero(self._callbacks_ended, queues, tiers, [outcome.value for outcome in CallbackOutcome])
        begin_at_zero(self._attempts, queues, REASONS)
        begin_at_zero(self._offers, queues, [result.value for result in OfferResult])
        begin_at_zero(self._ignored, [why.value for why in Ignored])

    def told(self, fact: Fact, now: float) -> None:
        """Count one fact; never waits, never fails."""
        del now
        match fact:
            case CallEntered():
                (self._resumed if fact.resumed else self._entered).labels(*self._line(fact)).inc()
            case CallAnswered():
                self._call_answered(fact)
            case CallEnded():
                self._call_ended(fact)
            case TalkFinished():
                self._talk.labels(*self._line(fact)).observe(fact.talk_seconds)
            case WrapUpFinished():
                self._wrap_up.labels(self._queues.fit(fact.queue)).observe(fact.seconds)
            case OfferEnded():
                self._offers.labels(self._queues.fit(fact.queue), fact.result.value).inc()
            case EventIgnored():
                self._ignored.labels(fact.why.value).inc()
            case CallbackEntered() | CallbackAttempted() | CallbackEnded():
                self._callback(fact)

    def _callback(self, fact: CallbackEntered | CallbackAttempted | CallbackEnded) -> None:
        match fact:
            case CallbackEntered(resumed=False):
                self._callbacks.labels(*self._line(fact)).inc()
            case CallbackAttempted():
                self._attempts.labels(self._queues.fit(fact.queue), self._whys.fit(fact.reason)).inc()
            case CallbackEnded():
                self._callbacks_ended.labels(*self._line(fact), fact.outcome.value).inc()

    def _call_answered(self, fact: CallAnswered) -> None:
        if fact.call in self._answered_calls:
            return
        self._answered_calls.add(fact.call)
        self._answered.labels(*self._line(fact)).inc()
        self._wait.labels(*self._line(fact), Outcome.ANSWERED.value).observe(fact.wait_seconds)

    def _call_ended(self, fact: CallEnded) -> None:
        line = self._line(fact)
        self._answered_calls.discard(fact.call)
        self._ended.labels(*line, fact.outcome.value).inc()
        if fact.outcome is not Outcome.ANSWERED:
            self._wait.labels(*line, fact.outcome.value).observe(fact.wait_seconds)
        if fact.outcome is Outcome.ABANDONED:
            self._abandoned.labels(*line).inc()
        elif fact.outcome in _OVERFLOWS:
            self._overflowed.labels(*line, self._reasons.fit(fact.reason)).inc()

    def _line(self, fact: CallEntered | CallAnswered | CallEnded | TalkFinished | CallbackEntered | CallbackEnded) -> tuple[str, str]:
        return self._queues.fit(fact.queue), self._tiers.fit(fact.tier) if fact.tier else OTHER
