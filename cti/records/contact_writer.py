"""Writes contact legs behind the calls: a slow or dead database costs nobody anything, and a kill loses at most GATHER_SECONDS.

A sink of the router's facts, and told by the ledger what the engine does not know: numbers outside, transfers, scores,
calls that ended unseen. A leg that a killed server left open goes on when its entry is found again, else it is closed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import islice

import structlog
from sqlalchemy import ColumnElement
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from acd.config import Policy
from acd.engine import Engine
from acd.facts import Fact, Outcome
from cti.clock import Clock
from cti.database.engine import Database
from cti.leading import Target
from cti.records.contact_hearing import Hearing
from cti.records.contact_news import LegNews, closed, wrapped_up
from cti.records.contact_store import Late, Written, write
from cti.records.contacts import LEGS, ContactLeg, LegKind
from cti.store.bounded import Bounded
from ivr.events import DialOutcome

GATHER_SECONDS = 0.2
WRITE_SECONDS = 5.0
LONGEST_REST_SECONDS = 5.0
#: How long the engine may take to tell the end of a call that the call's own task has told already.
ENGINE_SECONDS = 2.0
PENDING_LIMIT = 20_000
BATCH = 200
_NOT_TO_BE_HAD = (SQLAlchemyError, OSError, TimeoutError)
_OWN_FAULT = (DataError, IntegrityError, TypeError, ValueError)
#: why a leg was closed that ended while no server looked
UNSEEN = "unseen"
_OPEN = LEGS.c.ended_at_ms.is_(None) & (LEGS.c.kind != LegKind.CALLBACK.value)


class ContactWriter:
    """See the module.

    Args:
        database: migrated; stays the caller's to close, after `close`.
        clock: for civil times.
        policy: the policy in force.
        leads: what a number means to which an agent leads his caller.
        on_written: told what was written, after it was.
        limit: legs with unwritten news that are kept; beyond that the oldest are dropped and counted.

    """

    def __init__(
        self, database: Database, clock: Clock, *, policy: Callable[[], Policy], leads: Callable[[str], Target | None],
        on_written: Callable[[Sequence[Written]], None] | None = None, limit: int = PENDING_LIMIT,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._policy = policy
        self._leads = leads
        self._on_written = on_written
        self._limit = limit
        self._hearing = Hearing(clock, policy, self._touched, self._later)
        self._pending: dict[int, LegNews] = {}
        self._late: deque[tuple[float, Late]] = deque()
        self._news = asyncio.Event()
        self._bounded = Bounded()
        self._one_write_at_a_time = asyncio.Lock()
        self.lost = 0  #: legs whose news were dropped, for the metrics
        self.failures = 0  #: writes that failed, for the metrics
        self.log = structlog.get_logger("contacts")

    @property
    def pending(self) -> int:
        """Legs with unwritten news."""
        return len(self._pending) + len(self._late)

    # ---- the router's facts

    def listening(self, engine: Engine, language_of: Callable[[str], str]) -> "ContactWriter":
        """Go by this engine from now on; `language_of` a call or callback, "" when not known."""
        self._hearing.go_by(engine, language_of)
        return self

    def told(self, fact: Fact, now: float) -> None:
        """Take one fact."""
        self._hearing.told(fact, now)

    # ---- what the engine does not know

    def found(self, call: str) -> None:
        """A living call of an earlier server, or of an earlier link to Asterisk: legs of it may be open in the database."""
        self._hearing.found(call)

    def dialling(self, call: str, *, rule: str) -> None:
        """The flow has a number outside dialled for the caller; `rule` allows it."""
        self._hearing.begin(call, LegKind.OUTSIDE, target=rule)

    def dialled(self, call: str, *, rule: str, outcome: DialOutcome, talk_seconds: float) -> None:
        """That, or where his agent led him, is over."""
        self._hearing.dialled(call, rule, outcome, int(talk_seconds * 1000))

    def led(self, call: str, *, to: str, attended: bool) -> None:
        """His agent has led him on: to a colleague or somebody outside; to another line is that line's own leg."""
        found = self._leads(to) if to else None
        if found is None and not attended:
            return  # he may not be led there, and goes back to his line
        colleague = next((agent.name for agent in self._policy().agents.values() if to and agent.extension == to), None)
        target = found.rule.name if found is not None and found.rule is not None and colleague is None else to or None
        self._hearing.led(call, target, attended=attended)
        if attended or (found is not None and found.rule is not None):
            self._hearing.begin(call, LegKind.TRANSFER, target=target, agent=colleague)

    def led_back(self, call: str) -> None:
        """He is back from a talk to which his agent joined him."""
        self._hearing.dialled(call, "", DialOutcome.ANSWERED, None)

    def went_on(self, call: str) -> None:
        """The flow did a step with the caller."""
        self._hearing.went_on(call)

    def scored(self, call: str, score: int) -> None:
        """The caller has judged his last talk."""
        self._hearing.scored(call, score)

    # ---- ends

    def over(self, call: str, *, hung_up: bool) -> None:
        """The call is over: what is still open of it then is closed, once the engine has had time to say how it ended.

        `hung_up`: the caller hung up; the flow had not come to its end.
        """
        if hung_up:
            self._hearing.hung_up(call)
        if self._hearing.forget(call):
            self._close_later(LEGS.c.call == call, Outcome.ABANDONED, "hung_up", after_seconds=ENGINE_SECONDS)

    def over_unseen(self, call: str, ended_at_ms: int, *, outcome: Outcome, talk: str) -> None:
        """The call ended while nobody looked; `talk` is its ticket when that was a talk's ("talk-<offer>:<agent>"), else ""."""
        self._hearing.forget(call)
        offer, _, agent = talk.removeprefix("talk-").partition(":")
        noted = {"offer": offer, "agent": agent} if talk.startswith("talk-") else None
        self._close_later(LEGS.c.call == call, outcome, UNSEEN, at_ms=ended_at_ms, talk=noted)

    def talked_unseen(self, call: str, offer: str, agent: str) -> None:
        """The caller was found after a talk; its leg is closed by now if an earlier server saw its end."""
        waited = (LEGS.c.call == call) & (LEGS.c.kind == LegKind.QUEUE.value)
        self._close_later(waited, Outcome.ANSWERED, UNSEEN, talk={"offer": offer, "agent": agent})

    def keep_only(self, alive: Collection[str]) -> None:
        """Of all other calls nobody will ever hear again."""
        self._hearing.keep_only(alive)
        entered_before = LEGS.c.entered_at_ms < self._clock.wall_ms()
        self._close_later(entered_before & LEGS.c.call.not_in(list(alive)), Outcome.LOST, "lost")

    def settle(self, entries: Collection[str], wrapping: Collection[str]) -> None:
        """An adoption is done: talks of callers of whom the engine has no entry any more have ended unseen.

        So have the wrap-ups of all agents but those who are `wrapping` up now.
        """
        self._close_later(LEGS.c.answered_at_ms.is_not(None) & LEGS.c.call.not_in(list(entries)), Outcome.ANSWERED, UNSEEN)
        talked = LEGS.c.kind.in_([LegKind.QUEUE.value, LegKind.CALLBACK.value]) & LEGS.c.talk_ended_at_ms.is_not(None)
        unfinished = talked & LEGS.c.wrapup_ended_at_ms.is_(None) & LEGS.c.agent.not_in(list(wrapping))
        now_ms = self._clock.wall_ms()
        self._later(Late(unfinished, lambda leg: wrapped_up(leg, self._wrapup_seconds(leg), now_ms)))

    def _wrapup_seconds(self, leg: ContactLeg) -> float:
        """How long an agent wraps up after such a talk, unless he asks for more."""
        policy = self._policy()
        agent, queue = policy.agents.get(leg.agent or ""), policy.queues.get(leg.queue)
        own = None if agent is None else agent.wrapup_seconds
        return own if own is not None else queue.wrapup_seconds if queue is not None else 0.0

    def _close_later(
        self, where: ColumnElement[bool], outcome: Outcome, reason: str, *, at_ms: int | None = None, talk: dict[str, str] | None = None, after_seconds: float = 0.0
    ) -> None:
        ended_at_ms = self._clock.wall_ms() if at_ms is None else at_ms

        def change(leg: ContactLeg) -> ContactLeg:
            told = closed(leg, ended_at_ms, outcome, reason, talk)
            return wrapped_up(told, 0.0, ended_at_ms) if reason == UNSEEN else told  # his agent was found free

        self._later(Late(_OPEN & where, change), after_seconds)

    # ---- writing

    def _touched(self, leg: LegNews) -> None:
        self._pending[id(leg)] = leg
        if len(self._pending) > self._limit:
            del self._pending[next(iter(self._pending))]
            self.lost += 1
        self._news.set()

    def _later(self, late: Late, after_seconds: float = 0.0) -> None:
        self._late.append((self._clock.now() + after_seconds, late))
        if len(self._late) > self._limit:
            self._late.popleft()
            self.lost += 1
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled; then what is left is `close`'s to write."""
        rest_seconds = 0.0
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS + rest_seconds)
            written = await self._write_batch(self._clock.now())
            rest_seconds = 0.0 if written else min(LONGEST_REST_SECONDS, max(0.5, rest_seconds * 2))

    async def flush(self, timeout_seconds: float) -> bool:
        """Write all that was told so far; tell whether it is in the database."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while await self._write_batch(float("inf")):
                    if not self.pending:
                        return True
        return False

    async def close(self, timeout_seconds: float) -> int:
        """Write what is left; return how many news could not be written in time. `run` must have ended."""
        await self.flush(timeout_seconds)
        await self._bounded.drain(0.1)
        return self.pending

    async def _write_batch(self, now: float) -> bool:
        """Write the oldest news; tell whether the database took them. What it did not take is kept."""
        async with self._one_write_at_a_time:
            if not await self._bounded.drain(WRITE_SECONDS):  # a write of unknown fate goes on: it must not come after this one
                return False
            legs = list(islice(self._pending.values(), BATCH))
            late = [entry for entry in islice(self._late, BATCH) if entry[0] <= now] if len(self._pending) <= BATCH else []
            if not legs and not late:
                return True
            revisions = [leg.revision for leg in legs]
            try:
                written = await self._bounded.run(self._store(legs, [one for _, one in late]), WRITE_SECONDS)
            except _NOT_TO_BE_HAD as error:
                self.failures += 1
                if self.failures == 1:
                    self.log.warning("contacts_wait", reason=type(error).__name__)
                return False
            self._forget_written(legs, revisions, late)
            if self._on_written is not None:
                self._on_written(written)
            return True

    def _forget_written(self, legs: Sequence[LegNews], revisions: Sequence[int], late: Sequence[tuple[float, Late]]) -> None:
        for leg, revision in zip(legs, revisions, strict=True):
            if leg.revision == revision:
                self._pending.pop(id(leg), None)
        for entry in late:
            with contextlib.suppress(ValueError):  # dropped meanwhile
                self._late.remove(entry)
        if not self.pending:
            self._news.clear()

    async def _store(self, legs: Sequence[LegNews], late: Sequence[Late]) -> list[Written]:
        """Write all of them; if the database refuses one, write them singly, so that it takes no other along."""
        try:
            return await write(self._database, legs, late)
        except (*_OWN_FAULT, StatementError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, _OWN_FAULT):
                raise  # the database's fault: all of them wait for better times
            if len(legs) + len(late) == 1:
                self.lost += 1
                self.log.warning("contact_refused", reason=type(error).__name__)
                return []
            parts = [*(([leg], []) for leg in legs), *(([], [one]) for one in late)]
            return [pair for part in parts for pair in await self._store(*part)]
