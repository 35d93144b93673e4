"""The desk for callbacks: promises them to callers, tells the router of them, and writes down what became of each.

It is a sink of the router's facts, and `promising` is the backend that the flow step `callback` asks. It outlives attachments;
the promises of a killed server are taken up from the store and from what Asterisk wrote down of attempts.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import structlog

from acd.config import SkillNeed
from acd.events import CallbackHours, CallbackRequested, Event, TalkAdopted
from acd.facts import (
    CallbackAttempted,
    CallbackEnded,
    CallbackEntered,
    CallbackOutcome,
    CallbackReached,
    Fact,
    TalkFinished,
)
from cti.ami.errors import ActionRefused, ActionTimeout
from cti.ami.switch import Switch
from cti.callbacks.attempts import FAMILY, Noted, read_noted
from cti.callbacks.book import CallbackBook
from cti.callbacks.promise import Attempt, Promise
from cti.callbacks.promising import Link, Promising, Rules
from cti.callbacks.ringing import Way
from cti.clock import Clock
from cti.dialing import Dialing, Purpose, order
from cti.legs import Leg
from cti.records.calls import RecordWriter
from cti.store.base import StoreDown

__all__ = ["CallbackDesk", "Link"]

ROUND_SECONDS = 5.0
#: Callers who wait to be adopted wait for this answer, too.
READ_SECONDS = 5.0
TELL_SECONDS = 1.0


@dataclass(slots=True)
class _Talk:
    """What is gathered of a callback that reached its customer."""

    agent: str
    wait_ms: int
    at_ms: int
    talk_ms: int = 0


class CallbackDesk:
    """See the module.

    Args:
        book: the promises.
        dialing: who may be dialled.
        clock: the time.
        rules: of a queue by name; None for one that calls nobody back.
        is_open: whether a plan of hours is open now.
        records: where each callback gets its record when it is over.
        settled: told of a callback that ended while no router knew it.

    """

    def __init__(
        self, book: CallbackBook, *, dialing: Dialing, clock: Clock, rules: Rules,
        is_open: Callable[[str], bool], records: RecordWriter, settled: Callable[[CallbackEnded], None],
    ) -> None:  # fmt: skip
        self._book = book
        self._dialing = dialing
        self._clock = clock
        self._rules = rules
        self._is_open = is_open
        self._records = records
        self._settled = settled
        self._link: Link | None = None
        self._ready = False
        self._known: set[str] = set()
        self._closed: set[str] = set()
        self._talks: dict[str, _Talk] = {}
        self._forgettable: dict[str, None] = {}
        self._dialled: set[str] = set()
        self.promising = Promising(book, dialing, clock, rules, is_open, lambda: self._link if self._ready else None, self._told)
        self._wake = asyncio.Event()
        self.log = structlog.get_logger("callbacks")

    # ---- promised

    async def _told(self, promise: Promise, call: str) -> None:
        """The router knows of it when this returns: a caller whose place it takes over must not lose it meanwhile."""
        link = self._link
        if link is not None:
            link.router.tell(replace(self._event(promise), instead_of=call, fresh=True))
            await asyncio.wait([link.router.pulse()], timeout=TELL_SECONDS)  # it is promised; the next round tells it again if need be

    # ---- for the router

    def identity(self, number: str) -> str:
        """The one form of a caller's number, "" for what is none."""
        return self._dialing.normal(number)

    def way_to(self, callback: str, ring_seconds: float) -> Way | None:
        """How to dial the customer; None if he may not be dialled (any more), or nothing is promised to him."""
        promise = self._book.get(callback)
        rule = self._dialing.allows(promise.number, Purpose.CALLBACK) if promise is not None else None
        if promise is None or rule is None:
            return None
        return Way(order(rule, promise.number, ring_seconds=int(ring_seconds)), promise.language)

    def language_of(self, callback: str) -> str:
        """The customer's language; "" when nothing is promised to him (any more)."""
        promise = self._book.get(callback)
        return "" if promise is None else promise.language

    def dialled(self, offer: str) -> bool:
        """Whether this offer of an earlier server had begun to dial its customer."""
        return offer in self._dialled

    def talk_found(self, leg: Leg) -> TalkAdopted:
        """What to tell the engine of a talk with a customer that was found in Asterisk."""
        promise, now = self._book.get(leg.call), self._clock.now()
        if promise is None:
            return TalkAdopted(leg.offer, leg.call, leg.agent, leg.queue, "", now)
        began_ms = next((attempt.at_ms for attempt in promise.attempts if attempt.offer == leg.offer), self._clock.wall_ms())
        entered_at = self._clock.to_monotonic(promise.entered_ms)
        return TalkAdopted(leg.offer, leg.call, leg.agent, promise.queue, promise.tier, self._clock.to_monotonic(began_ms), entered_at)

    def told(self, fact: Fact, now: float) -> None:
        """Take what the engine established."""
        match fact:
            case CallbackEntered():
                self._known.add(fact.call)
            case CallbackAttempted():
                self._attempted(fact, now)
            case CallbackReached():
                self._talks[fact.call] = _Talk(fact.agent, int(fact.wait_seconds * 1000), self._clock.wall_ms())
            case TalkFinished() if fact.call in self._talks:
                self._talks[fact.call].talk_ms += int(fact.talk_seconds * 1000)
            case CallbackEnded():
                self._known.discard(fact.call)
                self._ended(fact)

    def _attempted(self, fact: CallbackAttempted, now: float) -> None:
        promise = self._book.get(fact.call)
        now_ms = self._clock.wall_ms()
        not_before_ms = 0 if fact.next_at is None else now_ms + int((fact.next_at - now) * 1000)
        if promise is not None:
            attempt = Attempt(fact.offer, now_ms, fact.agent, fact.reason)
            self._book.change(replace(promise, attempts=promise.attempted(attempt), not_before_ms=not_before_ms))
        self.log.info("callback_attempted", callback=fact.call, offer=fact.offer, agent=fact.agent, attempt=fact.attempt, reason=fact.reason)

    def _ended(self, fact: CallbackEnded) -> None:
        promise, talk = self._book.settle(fact.call), self._talks.pop(fact.call, None)
        self._forgettable[fact.call] = None
        self._wake.set()
        if promise is None:
            return
        if talk is not None:
            self._records.update(fact.call, answered_at_ms=talk.at_ms, agent=talk.agent, talk_ms=talk.talk_ms)
        self._records.begin(
            fact.call, started_at_ms=promise.requested_ms, caller_number=promise.number, queue=fact.queue, tier=fact.tier, language=promise.language,
            wait_ms=talk.wait_ms if talk is not None else int(fact.wait_seconds * 1000), trail=_trail(promise),
        )  # fmt: skip
        self._records.finish(fact.call, ended_at_ms=self._clock.wall_ms(), outcome=fact.outcome.value)
        self.log.info(
            "callback_ended", callback=fact.call, queue=fact.queue, tier=fact.tier, outcome=fact.outcome.value, reason=fact.reason,
            attempts=fact.attempts, agent=talk.agent if talk is not None else None,
        )  # fmt: skip

    # ---- attachments

    async def attach(self, link: Link, alive: Collection[str]) -> list[Event]:
        """A router begins: what to tell it before it dispatches. `alive`: the offers whose legs were found. Raises LinkDown.

        While the store or Asterisk does not say what it knows, nothing is told: better late than twice.
        """
        self._link, self._known, self._closed, self._ready = link, set(), set(), False
        try:
            await self._learn(link.switch, alive)
        except (StoreDown, ActionRefused, ActionTimeout) as error:
            self.log.warning("callbacks_unread", reason=str(error))
            return []
        return [*self._hours(), *(self._event(promise) for promise in self._book)]

    def detach(self) -> None:
        """The router is gone."""
        self._link = None

    async def _learn(self, switch: Switch, alive: Collection[str]) -> None:
        await self._book.load()
        await self._read_attempts(switch, alive)
        self._ready = True

    async def _read_attempts(self, switch: Switch, alive: Collection[str]) -> None:
        """Count the attempts that Asterisk knows of; settle what came to a talk that is over."""
        self._dialled = set()
        for noted in read_noted(await switch.database(FAMILY, READ_SECONDS)):
            promise, offer = self._book.get(noted.callback), noted.attempt.offer
            if promise is None:
                self._forgettable[noted.callback] = None
                continue
            self._dialled.add(offer)
            changed = replace(promise, attempts=promise.attempted(noted.attempt))
            if noted.attempt not in promise.attempts and offer not in alive:
                rules = self._rules(promise.queue)
                pause_ms = int(rules.pause_seconds * 1000) if rules is not None else 0
                changed = replace(changed, not_before_ms=max(promise.not_before_ms, noted.attempt.at_ms + pause_ms))
            self._book.change(changed)
            if noted.noted is Noted.TALKED and offer not in alive:
                self._talked_unseen(changed, noted.attempt)

    def _talked_unseen(self, promise: Promise, attempt: Attempt) -> None:
        wait_ms = max(0, attempt.at_ms - promise.entered_ms)
        self._talks[promise.callback] = _Talk(attempt.agent, wait_ms, attempt.at_ms)
        fact = CallbackEnded(
            promise.callback, promise.queue, promise.tier, CallbackOutcome.CALLED_BACK, "unseen", wait_ms / 1000, len(promise.attempts)
        )
        self._ended(fact)
        self._settled(fact)

    def _event(self, promise: Promise) -> CallbackRequested:
        now, now_ms = self._clock.now(), self._clock.wall_ms()
        pause_ms = promise.not_before_ms - now_ms
        return CallbackRequested(
            promise.callback, promise.number, promise.queue, promise.tier, tuple(SkillNeed(skill, level) for skill, level in promise.needs),
            entered_at=self._clock.to_monotonic(promise.entered_ms), attempts=len(promise.attempts),
            expires_at=now + (promise.expires_ms - now_ms) / 1000, not_before=now + pause_ms / 1000 if pause_ms > 0 else None,
        )  # fmt: skip

    def _hours(self) -> list[Event]:
        """What has changed in the hours of the queues with promises."""
        events: list[Event] = []
        for queue in {promise.queue for promise in self._book}:
            rules = self._rules(queue)
            allowed = rules is None or not rules.plan or self._is_open(rules.plan)
            if allowed is (queue in self._closed):
                self._closed.symmetric_difference_update({queue})
                events.append(CallbackHours(queue, allowed))
        return events

    # ---- every few seconds

    async def run(self) -> None:
        """Watch the hours, write behind, and repair, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUND_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            await self.round()

    async def round(self) -> None:
        """One round. Never raises for a store or an Asterisk that does not answer."""
        link = self._link
        try:
            if link is not None and not self._ready:
                await self._learn(link.switch, link.legs())
            if link is not None:
                self._tell_what_is_missing(link)
            await self._book.flush()
            if link is not None:
                await self._forget(link.switch)
        except (StoreDown, ActionRefused, ActionTimeout) as error:
            self.log.warning("callbacks_unsettled", reason=str(error))

    async def flush(self) -> None:
        """Write what is not written yet, as far as the store takes it."""
        await self._book.flush()

    def _tell_what_is_missing(self, link: Link) -> None:
        for event in self._hours():
            link.router.tell(event)
        for promise in self._book:
            if promise.callback not in self._known:
                link.router.tell(self._event(promise))

    async def _forget(self, switch: Switch) -> None:
        """Let Asterisk forget the attempts of settled promises; not before the store has forgotten those."""
        for callback in list(self._forgettable):
            if self._book.is_written(callback):
                await switch.forget_callback(callback)
                del self._forgettable[callback]

    # ---- for the API

    def promises(self) -> list[Promise]:
        """The open promises, oldest place first."""
        return sorted(self._book, key=lambda promise: promise.entered_ms)


def _trail(promise: Promise) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"at_ms": attempt.at_ms, "flow": "", "step": attempt.offer, "type": "callback", "result": attempt.result or "unknown"}
        for attempt in promise.attempts
    )
