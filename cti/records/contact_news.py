"""What is learnt of a contact leg, laid over what is known of it. Pure.

Laying the same news over a leg again changes nothing, so a write of unknown fate is simply done again; and the news of a
restarted server complete what the one before it had written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acd.facts import OfferResult, Outcome
from cti.records.contacts import Attempt, ContactLeg, LegKind

MISSED = frozenset(result.value for result in (OfferResult.NO_ANSWER, OfferResult.BUSY, OfferResult.REJECTED, OfferResult.UNREACHABLE))
#: what the first who told it knew best
_FIRST_WINS = frozenset({"position", "forecast_ms", "language"})


@dataclass(slots=True)
class LegNews:
    """What this process knows of a leg.

    Attributes:
        call: whose; `kind`, `queue`, `tier` as in ContactLeg.
        entered_at_ms: when it began, as far as this process knows, UTC milliseconds.
        continues: it may go on with a leg that an earlier process, or an earlier attachment to Asterisk, began.
        known: the columns that are known.
        attempts: offers by id.
        talking_by_ms: he was found talking then; when the talk began an earlier process may have written.
        went_on: the flow went on with him after the talk.
        number: its number among the call's legs, once the database has told.
        revision: grows with each touch.

    """

    call: str
    kind: LegKind
    queue: str
    tier: str
    entered_at_ms: int
    continues: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    talking_by_ms: int | None = None
    went_on: bool = False
    number: int | None = None
    revision: int = 0

    @property
    def ended(self) -> bool:
        """Whether its end was told."""
        return "ended_at_ms" in self.known

    def learn(self, **news: Any) -> None:
        """Take news; None tells nothing."""
        self.known |= {name: value for name, value in news.items() if value is not None}
        self.revision += 1

    def offered(self, attempt: Attempt) -> None:
        """Take news of one offer."""
        known = self.attempts.get(attempt.offer)
        self.attempts[attempt.offer] = attempt if known is None else merged(known, attempt)
        self.revision += 1

    def row_among(self, rows: Iterable[ContactLeg]) -> ContactLeg | None:
        """Which of the call's legs in the database this one is; None: a new one."""
        alike = [row for row in rows if row.kind is self.kind and row.queue == self.queue]
        if self.number is not None:
            return next((row for row in alike if row.number == self.number), None)
        same = [row for row in alike if row.entered_at_ms == self.entered_at_ms]
        going_on = [row for row in alike if row.ended_at_ms is None] if self.continues else []
        return next(iter([*same, *reversed(going_on)]), None)

    def as_leg(self, number: int) -> ContactLeg:
        """Return a new leg of that number."""
        bare = ContactLeg(
            leg=f"{self.call}-{number}", call=self.call, number=number, kind=self.kind, queue=self.queue, tier=self.tier,
            entered_at_ms=self.entered_at_ms,
        )  # fmt: skip
        return self.laid_over(bare)

    def laid_over(self, leg: ContactLeg) -> ContactLeg:
        """Return the leg with these news."""
        kept = {name for name in _FIRST_WINS if getattr(leg, name) is not None} | ({"skills_asked"} if leg.skills_asked else set())
        changes = {name: value for name, value in self.known.items() if name not in kept}
        if "talk_ended_at_ms" in changes:
            changes.setdefault("talk_ms", None)  # not measured here: reckoned from its begin, which the row has
        attempts = {attempt.offer: attempt for attempt in leg.attempts}
        for offer, attempt in self.attempts.items():
            attempts[offer] = merged(attempts[offer], attempt) if offer in attempts else attempt
        laid = replace(leg, **changes, tier=self.tier or leg.tier, attempts=tuple(attempts.values()))
        if laid.answered_at_ms is None and self.talking_by_ms is not None:  # nobody wrote when: not before the agent was rung
            rung = [one.at_ms for one in laid.attempts if one.result == OfferResult.TALKED.value]
            laid = replace(laid, answered_at_ms=min([*rung[-1:], self.talking_by_ms]))
        return reckoned(laid)


def merged(known: Attempt, news: Attempt) -> Attempt:
    """Return one offer as two have seen it: it began when the first saw it, and ended as the second says."""
    if news.result is None:
        return replace(known, at_ms=min(known.at_ms, news.at_ms))
    if known.result == news.result:  # an adopted talk's ringing ends again
        return known
    at_ms, over_ms = min(known.at_ms, news.at_ms), news.at_ms + (news.ring_ms or 0)
    return replace(news, at_ms=at_ms, ring_ms=max(0, over_ms - at_ms))


def reckoned(leg: ContactLeg) -> ContactLeg:
    """Return the leg with what follows from the rest: counts, the offer that won, a talk whose length nobody measured."""
    won = next((one for one in reversed(leg.attempts) if one.result == OfferResult.TALKED.value), None)
    changes: dict[str, Any] = {"offers": len(leg.attempts), "misses": sum(one.result in MISSED for one in leg.attempts)}
    if won is not None:
        changes |= {"rang_at_ms": won.at_ms, "agent": leg.agent or won.agent}
        if leg.answered_at_ms is not None:
            changes["ring_ms"] = max(0, leg.answered_at_ms - won.at_ms)
    if leg.talk_ms is None and leg.answered_at_ms is not None and leg.talk_ended_at_ms is not None:
        changes["talk_ms"] = max(0, leg.talk_ended_at_ms - leg.answered_at_ms)
    if leg.wait_ms is None and leg.ended_at_ms is not None:
        changes["wait_ms"] = max(0, (leg.answered_at_ms or leg.ended_at_ms) - leg.entered_at_ms)
    return in_order(replace(leg, **changes))


def in_order(leg: ContactLeg) -> ContactLeg:
    """Return the leg with times that do not go back: two readings of the clocks may differ by a millisecond."""
    changes: dict[str, int] = {}
    latest_ms = leg.entered_at_ms
    for name in ("rang_at_ms", "answered_at_ms", "talk_ended_at_ms", "wrapup_ended_at_ms"):
        at_ms = getattr(leg, name)
        if at_ms is not None:
            latest_ms = max(latest_ms, at_ms)
            changes[name] = latest_ms
    if leg.ended_at_ms is not None:
        changes["ended_at_ms"] = max(leg.ended_at_ms, changes.get("talk_ended_at_ms", leg.entered_at_ms))
    return replace(leg, **changes)  # type: ignore[arg-type]  # the names are those of instants


def closed(leg: ContactLeg, ended_at_ms: int, outcome: Outcome, reason: str, talk: "Mapping[str, str] | None" = None) -> ContactLeg:
    """Return a leg of whose end no more is known than this; one that is over already stays as it is.

    Args:
        leg: the leg.
        ended_at_ms: when it ended at the latest, UTC milliseconds.
        outcome: how, if there was no talk.
        reason: more about it.
        talk: "offer" and "agent" of a talk that Asterisk has noted.

    """
    if leg.ended_at_ms is not None:
        return leg
    ended_at_ms = max(ended_at_ms, leg.answered_at_ms or leg.entered_at_ms)
    if talk and leg.answered_at_ms is None:
        leg = _talked(leg, talk["offer"], talk["agent"], ended_at_ms)
    if leg.answered_at_ms is None:
        return reckoned(replace(leg, ended_at_ms=ended_at_ms, outcome=outcome.value, reason=reason))
    talk_ended_at_ms = leg.talk_ended_at_ms or ended_at_ms
    return reckoned(replace(leg, ended_at_ms=talk_ended_at_ms, talk_ended_at_ms=talk_ended_at_ms, outcome=Outcome.ANSWERED.value, reason=reason))


def _talked(leg: ContactLeg, offer: str, agent: str, ended_at_ms: int) -> ContactLeg:
    """A talk of which nobody saw the begin: it began when the agent was rung, at the earliest."""
    rung = next((one for one in leg.attempts if one.offer == offer), None)
    began_at_ms = rung.at_ms if rung is not None else ended_at_ms
    attempt = Attempt(offer, agent, began_at_ms, 0, OfferResult.TALKED.value)
    others = tuple(one for one in leg.attempts if one.offer != offer)
    return replace(leg, agent=agent, answered_at_ms=began_at_ms, attempts=(*others, attempt))


def wrapped_up(leg: ContactLeg, seconds: float, now_ms: int) -> ContactLeg:
    """Return a leg whose wrap-up nobody saw end: it lasted as long as it was to, and is over by now."""
    if leg.talk_ended_at_ms is None or leg.wrapup_ended_at_ms is not None:
        return leg
    wrapup_ms = max(0, min(int(seconds * 1000), now_ms - leg.talk_ended_at_ms))
    return replace(leg, wrapup_ended_at_ms=leg.talk_ended_at_ms + wrapup_ms, wrapup_ms=wrapup_ms)
