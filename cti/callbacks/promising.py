"""Promising callbacks: the backend that the flow step `callback` asks. A promise is written before anybody hears of it."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from acd.config import CallbackRules
from acd.events import Event
from acd.states import CallState
from cti.ami.switch import Switch
from cti.backends.base import BackendInvalid
from cti.callbacks.book import CallbackBook
from cti.callbacks.promise import PREFIX, Promise
from cti.clock import Clock
from cti.dialing import Dialing, Purpose
from cti.store.base import StoreDown

CHANGEABLE = frozenset({CallState.WAITING, CallState.OFFERED})
Reply = dict[str, Any]
Rules = Callable[[str], CallbackRules | None]


class Tells(Protocol):
    """The router, as the desk sees it."""

    def tell(self, event: Event) -> None:
        """Put an event into the engine's queue."""

    def pulse(self) -> "asyncio.Future[None]":
        """A future that ends when the router has come to it."""


@dataclass(frozen=True, slots=True)
class Link:
    """One attachment, as the desk sees it: `state_of` a call in the engine, None if nothing is remembered; `entry_ms` of a call on the
    line, 0 if it never entered one; `legs`: the offers whose legs live."""

    router: Tells
    switch: Switch
    state_of: Callable[[str], CallState | None]
    entry_ms: Callable[[str], int]
    legs: Callable[[], Collection[str]]


class Promising:
    """See the module.

    Args:
        book: the promises.
        dialing: who may be dialled.
        clock: the time.
        rules: of a queue by name; None for one that calls nobody back.
        is_open: whether a plan of hours is open now.
        link: the present attachment; None while nothing can be promised.
        tell: tells the router of a promise, made on this call.

    """

    def __init__(
        self, book: CallbackBook, dialing: Dialing, clock: Clock, rules: Rules, is_open: Callable[[str], bool], link: Callable[[], Link | None],
        tell: Callable[[Promise, str], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._book = book
        self._dialing = dialing
        self._clock = clock
        self._rules = rules
        self._is_open = is_open
        self._link = link
        self._tell = tell
        self._one_at_a_time = asyncio.Lock()
        self.log = structlog.get_logger("callbacks")

    async def call(
        self, operation: str, arguments: Mapping[str, Any], *, idempotency_key: str | None = None, timeout_seconds: float
    ) -> Reply:
        """`check` whether a callback can be promised; `request` one: the same key, the same promise.

        Raises BackendInvalid; a store that is down is the outcome `unavailable`.
        """
        if operation not in ("check", "request"):
            raise BackendInvalid(f"callback: no operation {operation!r}")
        try:
            async with asyncio.timeout(timeout_seconds):
                return await (self._check(arguments) if operation == "check" else self._request(arguments, idempotency_key or ""))
        except (StoreDown, TimeoutError) as error:
            self.log.warning("callback_unavailable", reason=str(error) or "the store is slow")
            return {"outcome": "unavailable"}

    async def ping(self, timeout_seconds: float) -> None:
        """It is here."""
        del timeout_seconds

    async def close(self) -> None:
        """Nothing to give back."""

    async def _check(self, arguments: Mapping[str, Any]) -> Reply:
        number = self._dialing.normal(str(arguments.get("number", "")))
        refused = self._refusal(str(arguments.get("queue", "")), number)
        if refused is not None:
            return {"outcome": refused}
        await self._book.answers()
        return {"outcome": "possible", "own_number": self._dialing.allows(number, Purpose.CALLBACK) is not None}

    def _refusal(self, queue: str, number: str) -> str | None:
        rules = self._rules(queue)
        if rules is None or self._link() is None:
            return "unavailable"
        if rules.plan and not self._is_open(rules.plan):
            return "closed"
        waiting = sum(1 for promise in self._book if promise.queue == queue)
        if 0 < rules.max_waiting <= waiting and self._book.of_number(number) is None:
            return "full"
        return None

    async def _request(self, arguments: Mapping[str, Any], key: str) -> Reply:
        number = self._dialing.normal(str(arguments["number"]))
        callback = PREFIX + hashlib.sha256(key.encode()).hexdigest()[:23]
        async with self._one_at_a_time:  # two requests of one customer become one promise
            if self._book.get(callback) is not None:
                return {"outcome": "accepted", "callback": callback}
            queue = str(arguments["queue"])
            refused = self._refusal(queue, number)
            if refused is None and self._dialing.allows(number, Purpose.CALLBACK) is None:
                refused = "no_number"
            rules = self._rules(queue)
            if refused is not None or rules is None:
                return {"outcome": refused or "unavailable"}
            promise = self._drawn_up(callback, number, arguments, rules)
            await self._book.promise(promise)
        await self._tell(promise, str(arguments.get("call", "")))
        self.log.info("callback_promised", callback=promise.callback, call=arguments.get("call"), queue=queue, tier=promise.tier)
        return {"outcome": "accepted", "callback": promise.callback}

    def _drawn_up(self, callback: str, number: str, arguments: Mapping[str, Any], rules: CallbackRules) -> Promise:
        """A new promise, or the open one to this number, changed; with the better place."""
        link = self._link()
        assert link is not None
        now_ms, call = self._clock.wall_ms(), str(arguments.get("call", ""))
        # nothing is remembered of one who left the line under a former server: what his channel says still holds
        entry_ms = link.entry_ms(call) if link.state_of(call) in (CallState.AWAY, None) else 0
        needs = tuple((str(skill), int(level)) for skill, level in dict(arguments.get("needs") or {}).items())
        new = Promise(
            callback, number, str(arguments["queue"]), str(arguments["tier"]), needs, str(arguments.get("language", "")), now_ms,
            min(entry_ms or now_ms, now_ms), now_ms + int(rules.expiry_seconds * 1000),
        )  # fmt: skip
        old = self._book.of_number(number)
        if old is None or link.state_of(old.callback) not in CHANGEABLE:
            return new
        return replace(new, callback=old.callback, entered_ms=min(old.entered_ms, new.entered_ms), attempts=old.attempts, not_before_ms=old.not_before_ms)
