"""From facts to news of contact legs: which leg a fact is about, and what it tells of it."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from acd.config import Policy
from acd.engine import Engine
from acd.facts import (
    CallAnswered,
    CallbackEnded,
    CallbackEntered,
    CallbackReached,
    CallEnded,
    CallEntered,
    Fact,
    OfferEnded,
    OfferMade,
    TalkFinished,
    WrapUpFinished,
)
from acd.states import CallState
from cti.clock import Clock
from cti.records.contact_news import LegNews, reckoned
from cti.records.contact_store import Late
from cti.records.contacts import LEGS, Attempt, ContactLeg, LegKind
from ivr.events import DialOutcome

_LINES = frozenset({LegKind.QUEUE, LegKind.CALLBACK})
_ASIDE = frozenset({LegKind.OUTSIDE, LegKind.TRANSFER})
_AGENT_FIRST, _CALLER_FIRST = "caller_remains", "caller_hung_up"  # the engine's words
#: so many calls that are over are kept until the engine tells how they ended
MOST_UNTOLD = 1000


class Hearing:
    """Keeps the legs of the calls that are up.

    Args:
        clock: for civil times.
        policy: the policy in force, for the agents' skills.
        touched: told of a leg with news.
        later: told of news for legs that this process did not begin.

    """

    def __init__(self, clock: Clock, policy: Callable[[], Policy], touched: Callable[[LegNews], None], later: Callable[[Late], None]) -> None:
        self._clock = clock
        self._policy = policy
        self._touched = touched
        self._later = later
        self._legs: dict[str, list[LegNews]] = {}
        self._wrapping: dict[str, LegNews] = {}
        self._offers: dict[str, LegNews] = {}
        self._found: set[str] = set()
        self._over: dict[str, None] = {}  # calls that are over and whose end in the line is not told yet
        self._engine: Engine | None = None
        self._language_of: Callable[[str], str] = lambda _call: ""

    def go_by(self, engine: Engine, language_of: Callable[[str], str]) -> None:
        """Ask this engine for what facts do not tell."""
        self._engine, self._language_of = engine, language_of
        self._offers.clear()

    def told(self, fact: Fact, now: float) -> None:
        """Take one fact."""
        at_ms = self._clock.to_wall_ms(now)
        match fact:
            case CallEntered():
                self._entered(fact, LegKind.QUEUE, at_ms)
            case CallbackEntered():
                self._entered(fact, LegKind.CALLBACK, at_ms)
            case OfferMade():
                self._offered(fact.call, Attempt(fact.offer, fact.agent, at_ms))
            case OfferEnded():
                ring_ms = int(fact.seconds * 1000)
                self._offered(fact.call, Attempt(fact.offer, fact.agent, at_ms - ring_ms, ring_ms, fact.result.value))
            case CallAnswered() | CallbackReached():
                self._answered(fact, at_ms)
            case TalkFinished():
                self._talked(fact, at_ms)
            case WrapUpFinished():
                self._wrapped_up(fact, at_ms)
            case CallEnded() | CallbackEnded():
                self._ended(fact, at_ms)

    # ---- the line

    def _entered(self, fact: CallEntered | CallbackEntered, kind: LegKind, at_ms: int) -> None:
        entry = self._engine.entry(fact.call) if self._engine is not None else None
        leg = self._going_on(fact.call, kind) if fact.resumed else None
        if leg is not None and leg.queue == fact.queue:
            return
        if leg is not None:  # found again in another line: his own is gone
            self._learn(leg, ended_at_ms=at_ms, outcome="left_queue", reason="moved")
        joined_ms = at_ms if entry is None or not fact.resumed else min(at_ms, self._clock.to_wall_ms(entry.joined_at))
        continues = fact.resumed and fact.call not in self._legs
        leg = self._begin(LegNews(fact.call, kind, fact.queue, fact.tier, joined_ms, continues))
        if fact.resumed and self._engine is not None and self._engine.state_of(fact.call) is CallState.TALKING:
            leg.talking_by_ms = at_ms
        if entry is not None:
            forecast = entry.expected_wait_seconds
            leg.learn(
                skills_asked=dict(entry.skills_asked), position=entry.position or None,
                forecast_ms=None if forecast is None or fact.resumed else int(forecast * 1000),
            )  # fmt: skip
        self._learn(leg, language=self._language_of(fact.call) or None)

    def _offered(self, call: str, attempt: Attempt) -> None:
        """An offer may outlive its leg: the phone is told to stop ringing once the caller is gone."""
        leg = self._offers.get(attempt.offer) or self._latest(call, _LINES)
        if leg is not None:
            self._offers[attempt.offer] = leg
            if attempt.result is not None:
                del self._offers[attempt.offer]
            leg.offered(attempt)
            self._touched(leg)

    def _answered(self, fact: CallAnswered | CallbackReached, at_ms: int) -> None:
        leg = self._latest(fact.call, _LINES)
        if leg is not None:
            agent = self._policy().agents.get(fact.agent)
            given = {skill: agent.skills.get(skill, 0) if agent is not None else 0 for skill in leg.known.get("skills_asked", {})}
            language = leg.known.get("language") or self._language_of(fact.call) or None
            self._learn(leg, agent=fact.agent, answered_at_ms=at_ms, wait_ms=int(fact.wait_seconds * 1000), skills_given=given, language=language)

    def _talked(self, fact: TalkFinished, at_ms: int) -> None:
        leg = self._latest(fact.call, _LINES)
        if leg is None:
            return
        # a talk that an earlier process saw begin is measured from what that one wrote
        seen = "answered_at_ms" in leg.known
        talk_ms = leg.known.get("talk_ms", 0) + int(fact.talk_seconds * 1000) if seen else None
        self._learn(leg, agent=fact.agent, talk_ended_at_ms=at_ms, talk_ms=talk_ms)
        self._wrapping[fact.agent] = leg

    def _wrapped_up(self, fact: WrapUpFinished, at_ms: int) -> None:
        leg, wrapup_ms = self._wrapping.pop(fact.agent, None), int(fact.seconds * 1000)
        if leg is not None:
            self._learn(leg, wrapup_ended_at_ms=at_ms, wrapup_ms=wrapup_ms)
            return
        his = (LEGS.c.agent == fact.agent) & LEGS.c.talk_ended_at_ms.is_not(None)
        wrapped_up = _changing(wrapup_ended_at_ms=at_ms, wrapup_ms=wrapup_ms)
        self._later(Late(his, lambda row: row if row.wrapup_ended_at_ms is not None else wrapped_up(row), only_latest=True))

    def _ended(self, fact: CallEnded | CallbackEnded, at_ms: int) -> None:
        leg = self._latest(fact.call, _LINES)
        if leg is None and isinstance(fact, CallbackEnded):  # while no router knew of it
            his, waited_ms = (LEGS.c.call == fact.call) & LEGS.c.ended_at_ms.is_(None), int(fact.wait_seconds * 1000)
            self._later(Late(his, _changing(ended_at_ms=at_ms, outcome=fact.outcome.value, reason=fact.reason or None, wait_ms=waited_ms)))
        if leg is None or leg.ended:
            return
        talk_ended_ms = leg.known.get("talk_ended_at_ms")
        talked = talk_ended_ms is not None and fact.outcome.value in {"answered", "called_back"}
        wait_ms = None if talked or "answered_at_ms" in leg.known else int(fact.wait_seconds * 1000)
        position = fact.position or None if isinstance(fact, CallEnded) else None
        language = leg.known.get("language") or self._language_of(fact.call) or None
        self._learn(
            leg, ended_at_ms=talk_ended_ms if talked else at_ms, outcome=fact.outcome.value, reason=fact.reason or None, wait_ms=wait_ms,
            position_at_end=position, language=language,
        )  # fmt: skip
        if isinstance(fact, CallbackEnded) or fact.call in self._over:
            self._drop(fact.call)

    # ---- beside the line

    def begin(self, call: str, kind: LegKind, *, target: str | None, agent: str | None = None) -> None:
        """He is put through: by the flow, or led by his agent."""
        before = self._latest(call, _LINES)
        queue, tier = (before.queue, before.tier) if before is not None and kind is LegKind.TRANSFER else ("", "")
        leg = self._begin(LegNews(call, kind, queue, tier, self._clock.wall_ms()))
        self._learn(leg, target=target, agent=agent, language=self._language_of(call) or None)

    def led(self, call: str, target: str | None, *, attended: bool) -> None:
        """His talk ended by his agent leading him on."""
        leg = self._latest(call, _LINES)
        if leg is not None and leg.ended:
            self._learn(leg, reason="joined" if attended else "transferred", target=target)

    def dialled(self, call: str, rule: str, outcome: DialOutcome, talk_ms: int | None) -> None:
        """That is over; `talk_ms` None when nobody measured the talk."""
        now_ms = self._clock.wall_ms()
        leg = self._latest(call, _ASIDE)
        if leg is not None and not leg.ended:
            self._learn(leg, **_put_through(leg.entered_at_ms, now_ms, outcome, talk_ms))
        elif leg is None and outcome is not DialOutcome.NOT_ALLOWED:  # an earlier process had it begun
            aside = LEGS.c.kind.in_([kind.value for kind in _ASIDE]) & LEGS.c.ended_at_ms.is_(None)
            self._later(Late((LEGS.c.call == call) & aside, lambda row: _changing(**_put_through(row.entered_at_ms, now_ms, outcome, talk_ms))(row)))
        else:
            leg = self._begin(LegNews(call, LegKind.OUTSIDE, "", "", now_ms))
            self._learn(leg, target=rule or None, ended_at_ms=now_ms, outcome=outcome.value, wait_ms=0)

    def scored(self, call: str, score: int) -> None:
        """The caller has judged his last talk."""
        leg = next((leg for leg in reversed(self._legs.get(call, [])) if leg.kind in _LINES and "answered_at_ms" in leg.known), None)
        if leg is not None:
            self._learn(leg, survey_score=score)
            return
        talked = (LEGS.c.call == call) & LEGS.c.answered_at_ms.is_not(None) & LEGS.c.kind.in_([kind.value for kind in _LINES])
        self._later(Late(talked, _changing(survey_score=score), only_latest=True))

    # ---- ends

    def found(self, call: str) -> None:
        """A living call whose legs an earlier process may have begun."""
        self._found.add(call)

    def went_on(self, call: str) -> None:
        """The flow did a step with him."""
        leg = self._latest(call, _LINES)
        if leg is not None and leg.ended:
            leg.went_on = True

    def hung_up(self, call: str) -> None:
        """The caller hung up. A talk after which he was nowhere was ended by him, whichever phone's end was told first."""
        leg = self._latest(call, _LINES)
        if leg is not None and leg.known.get("reason") == _AGENT_FIRST and not leg.went_on:
            self._learn(leg, reason=_CALLER_FIRST)

    def forget(self, call: str) -> bool:
        """The call is over. Tells whether legs of it may be open that nobody will close."""
        found, legs = call in self._found, self._legs.get(call, [])
        self._found.discard(call)
        if all(leg.ended for leg in legs):
            self._drop(call)
            return found
        self._over[call] = None
        if len(self._over) > MOST_UNTOLD:
            self._drop(next(iter(self._over)))
        return True

    def keep_only(self, alive: Collection[str]) -> None:
        """Of all other calls nobody will ever hear again."""
        for call in [call for call, legs in self._legs.items() if call not in alive and legs[-1].kind is not LegKind.CALLBACK]:
            self._drop(call)

    def _drop(self, call: str) -> None:
        self._legs.pop(call, None)
        self._over.pop(call, None)

    # ---- legs

    def _begin(self, leg: LegNews) -> LegNews:
        self._legs.setdefault(leg.call, []).append(leg)
        return leg

    def _learn(self, leg: LegNews, **news: Any) -> None:
        leg.learn(**news)
        self._touched(leg)

    def _latest(self, call: str, kinds: Collection[LegKind]) -> LegNews | None:
        return next((leg for leg in reversed(self._legs.get(call, [])) if leg.kind in kinds), None)

    def _going_on(self, call: str, kind: LegKind) -> LegNews | None:
        leg = self._latest(call, (kind,))
        return None if leg is None or leg.ended else leg


def _put_through(entered_at_ms: int, now_ms: int, outcome: DialOutcome, talk_ms: int | None) -> dict[str, Any]:
    """What the end of a talk with somebody outside tells of its leg."""
    ended = {"ended_at_ms": now_ms, "outcome": outcome.value}
    if outcome is not DialOutcome.ANSWERED:
        return {**ended, "wait_ms": max(0, now_ms - entered_at_ms)}
    talk_ms = min(now_ms - entered_at_ms, talk_ms) if talk_ms is not None else now_ms - entered_at_ms
    began_ms = now_ms - talk_ms
    return {**ended, "answered_at_ms": began_ms, "talk_ended_at_ms": now_ms, "talk_ms": talk_ms, "wait_ms": began_ms - entered_at_ms}


def _changing(**columns: Any) -> Callable[[ContactLeg], ContactLeg]:
    """A change of a row: these columns, and what follows from them."""

    def change(leg: ContactLeg) -> ContactLeg:
        return reckoned(replace(leg, **columns))

    return change
