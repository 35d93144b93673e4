"""Contact legs: what became of each entry into a line, each callback, each number dialled and each transfer.

A call has as many legs as things were tried for its caller, numbered from 1. `cti.records.contact_writer` writes them while they
happen; whoever reckons figures (reports, the wallboard, exports) reads them here.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from cti.database.engine import Database
from cti.database.models import ContactLegRow

LEGS = cast("Table", ContactLegRow.__table__)
#: so many rows are in memory at once while a long span is read
PAGE = 1000


class LegKind(Enum):
    """What was tried for a caller."""

    QUEUE = "queue"
    CALLBACK = "callback"
    OUTSIDE = "outside"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One offer: `agent` was rung at `at_ms` (UTC milliseconds) for `ring_ms`; `result` an `acd.facts.OfferResult` value.

    None: not known (yet).
    """

    offer: str
    agent: str
    at_ms: int
    ring_ms: int | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLeg:
    """One leg; None: not known (yet), or it never came to that. Instants are UTC milliseconds, durations milliseconds.

    Attributes:
        leg: its id, "<call>-<number>".
        call: the call's id; of a callback the callback's.
        number: counts the legs of a call from 1.
        kind: what was tried.
        queue: the line; of a transfer the line he came from, "" for a number dialled by the flow.
        tier: the caller's class, "" when not known.
        language: the caller's.
        agent: who talked with him; of a transfer to a colleague the colleague.
        target: of a transfer or a number outside: the extension, or the name of the rule that allows the number; so too of a
            queue entry whose talk ended by a transfer there.
        skills_asked: skill -> level that the entry asked for.
        skills_given: skill -> level that the agent has of those; 0 for one he has not.
        entered_at_ms: he came to this line; asked to be called back; the dialling or the transfer began.
        rang_at_ms: the offer that led to the talk was made.
        answered_at_ms: the talk began.
        talk_ended_at_ms, wrapup_ended_at_ms: the talk ended; the agent's work after it ended.
        ended_at_ms: the leg is over (a talk included, the wrap-up not); None while it goes on.
        wait_ms: how long he has waited when the talk began, or when the leg ended without one; ringing included, and what he
            waited in lines that overflowed to this one.
        ring_ms: of it the ringing of the offer that led to the talk.
        talk_ms: all talking in this leg.
        wrapup_ms: the agent's work after it.
        offers: how many were made. misses: how many of them the agent let ring, refused, or was not reached by.
        attempts: the offers one by one, oldest first.
        position: his place in the line when he entered; `position_at_end` when he left it without a talk, or was answered.
        outcome: how it ended: a value of `acd.facts.Outcome`, `acd.facts.CallbackOutcome` or `ivr.events.DialOutcome`.
        reason: more about that, the engine's word; of a talk who ended it: "caller_remains" (the agent), "transferred" or
            "joined" (he led the caller on, blind or attended), "unseen", else the caller.
        forecast_ms: the wait he could expect when he entered.
        survey_score: his, when the leg was the last talk before the question.

    """

    leg: str
    call: str
    number: int
    kind: LegKind
    queue: str
    tier: str
    entered_at_ms: int
    language: str | None = None
    agent: str | None = None
    target: str | None = None
    skills_asked: Mapping[str, int] = field(default_factory=dict)
    skills_given: Mapping[str, int] = field(default_factory=dict)
    rang_at_ms: int | None = None
    answered_at_ms: int | None = None
    talk_ended_at_ms: int | None = None
    wrapup_ended_at_ms: int | None = None
    ended_at_ms: int | None = None
    wait_ms: int | None = None
    ring_ms: int | None = None
    talk_ms: int | None = None
    wrapup_ms: int | None = None
    forecast_ms: int | None = None
    offers: int = 0
    misses: int = 0
    attempts: Sequence[Attempt] = ()
    position: int | None = None
    position_at_end: int | None = None
    outcome: str | None = None
    reason: str | None = None
    survey_score: int | None = None


async def legs_between(database: Database, since_ms: int, until_ms: int) -> list[ContactLeg]:
    """Return the legs that began in a span (UTC milliseconds, the end not included), oldest first.

    Raises SQLAlchemyError, OSError.
    """
    return [leg async for leg in each_leg_between(database, since_ms, until_ms)]


async def each_leg_between(database: Database, since_ms: int, until_ms: int) -> AsyncIterator[ContactLeg]:
    """Give the same one by one, a page in memory at a time. Raises SQLAlchemyError, OSError."""
    after = (since_ms, "")
    while True:
        page = await _page(database, after, until_ms)
        for leg in page:
            yield leg
        if len(page) < PAGE:
            return
        after = (page[-1].entered_at_ms, page[-1].leg)


async def legs_alive_since(database: Database, since_ms: int) -> list[ContactLeg]:
    """Return the legs that go on, or ended at or after `since_ms`, oldest first. Raises SQLAlchemyError, OSError."""
    ended = LEGS.c.ended_at_ms
    async with database.reading() as session:
        return await _read(session, select(LEGS).where(ended.is_(None) | (ended >= since_ms)).order_by(LEGS.c.entered_at_ms, LEGS.c.leg))


async def legs_of(database: Database, call: str) -> list[ContactLeg]:
    """Return a call's legs in order. Raises SQLAlchemyError, OSError."""
    async with database.reading() as session:
        return await _read(session, select(LEGS).where(LEGS.c.call == call).order_by(LEGS.c.number))


async def _page(database: Database, after: tuple[int, str], until_ms: int) -> list[ContactLeg]:
    entered, (since_ms, leg) = LEGS.c.entered_at_ms, after
    follows = (entered >= since_ms) & ((entered > since_ms) | (LEGS.c.leg > leg))  # so written, the index is used and nothing is sorted anew
    async with database.reading() as session:
        return await _read(session, select(LEGS).where(follows, entered < until_ms).order_by(entered, LEGS.c.leg).limit(PAGE))


async def _read(session: AsyncSession, query: Any) -> list[ContactLeg]:
    return [leg_of(row) for row in (await session.execute(query)).mappings()]


def leg_of(row: Mapping[Any, Any]) -> ContactLeg:
    """Return a row of the table as a leg."""
    values = {name: row[name] for name in _NAMES}
    attempts = tuple(Attempt(**attempt) for attempt in values["attempts"])
    return ContactLeg(**{**values, "kind": LegKind(values["kind"]), "attempts": attempts})


_NAMES = tuple(one.name for one in fields(ContactLeg))
