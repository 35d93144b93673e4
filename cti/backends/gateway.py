"""Text messages: each is a row of the outbox, once per key; then a gateway over HTTP carries it, or somebody fetches it there."""

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from cti.backends.base import BackendError, BackendInvalid, BackendUnavailable
from cti.backends.guard import Guard
from cti.backends.rules import ServiceRules, text_of
from cti.backends.text_messages import SEND_SMS, Message, Outcome, SmsRules
from cti.database.engine import Database
from cti.database.models import SmsRow

MAX_KEY_CHARACTERS = 200
MAX_TEXT_CHARACTERS = 2000
HOUR_MS = 3_600_000


class SmsState(StrEnum):
    """Where a text message is."""

    WAITING = "waiting"  #: in the outbox, for somebody to fetch
    SENDING = "sending"  #: on its way to the gateway, which has not answered (yet)
    SENT = "sent"  #: taken by the gateway
    FAILED = "failed"  #: refused by the gateway, or not to be had


class Carrier(Protocol):
    """Who takes text messages on their way. Raises BackendError, or one of `failures`."""

    failures: tuple[type[Exception], ...]

    async def carry(self, message: Message, seconds: float) -> None:
        """Hand it over; a message handed over twice under one key is one message."""

    async def ping(self, seconds: float) -> None:
        """Return when it answers."""

    async def close(self) -> None:
        """Give connections back."""


class SmsGateway:
    """`cti.backends.base.Backend` with the one operation `send_sms`: arguments `number`, `text`, `language`, `caller`; reply `{outcome}`.

    Args:
        name: of the gateway.
        database: keeps the outbox; stays the caller's to close.
        rules: what it may be used for.
        service: how numbers are written here.
        carrier: who takes the messages; None leaves them in the outbox.

    """

    def __init__(
        self, name: str, database: Database, rules: SmsRules, service: ServiceRules, carrier: Carrier | None = None
    ) -> None:
        self._name = name
        self._database = database
        self._rules = rules
        self._service = service
        self._carrier = carrier
        failures = (SQLAlchemyError, OSError, *(carrier.failures if carrier else ()))
        self._guard = Guard(f"the gateway {name}", failures)

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """See `Backend.call`."""
        if operation != SEND_SMS:
            raise BackendInvalid(f"the gateway {self._name} does not know {operation}")
        if idempotency_key is None or not 0 < len(idempotency_key) <= MAX_KEY_CHARACTERS:
            raise BackendInvalid(f"{operation}: a key of 1 to {MAX_KEY_CHARACTERS} characters is needed")
        return await self._guard.run(self._send(idempotency_key, arguments, timeout_seconds), timeout_seconds)

    async def ping(self, timeout_seconds: float) -> None:
        """See `Backend.ping`: the outbox and the carrier."""
        await self._guard.run(self._alive(timeout_seconds), timeout_seconds)

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._guard.drain()
        if self._carrier is not None:
            await self._carrier.close()

    async def _alive(self, seconds: float) -> None:
        async with self._database.reading() as session:
            await session.execute(text("SELECT 1"))
        if self._carrier is not None:
            await self._carrier.ping(seconds)

    async def _send(self, key: str, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        began = time.monotonic()
        message = self._message(key, arguments)
        if message is None:
            return {"outcome": Outcome.NO_NUMBER.value}
        row = await self._kept(message, text_of(arguments, "caller", 32) or "")
        if row is None:
            return {"outcome": Outcome.LIMITED.value}
        if self._carrier is not None and row is not SmsState.SENT:
            await self._carried(self._carrier, message, seconds - (time.monotonic() - began))
        return {"outcome": Outcome.SENT.value}

    def _message(self, key: str, arguments: Mapping[str, Any]) -> Message | None:
        written = text_of(arguments, "text", MAX_TEXT_CHARACTERS)
        if written is None:
            raise BackendInvalid(f"{SEND_SMS}: there is no text")
        number = self._service.written_number(text_of(arguments, "number", 32) or "")
        allowed = number and self._rules.allows(number)
        return Message(key, number, written, text_of(arguments, "language", 8) or "") if allowed else None

    async def _kept(self, message: Message, caller: str) -> SmsState | None:
        """Put the message into the outbox, once per key; None when there were too many. Two at the same time: one finds the other's."""
        for _ in range(2):
            try:
                async with self._database.writing() as session:
                    return await self._found_or_added(session, message, caller)
            except IntegrityError:
                continue
        raise BackendUnavailable(f"{SEND_SMS}: the message could neither be stored nor found")

    async def _found_or_added(self, session: AsyncSession, message: Message, caller: str) -> SmsState | None:
        there = await session.scalar(select(SmsRow).where(SmsRow.key == message.key))
        if there is not None:
            return SmsState(there.state)
        now_ms = time.time_ns() // 1_000_000
        if await self._lately(session, message.number, caller, now_ms) >= self._rules.per_number:
            return None
        state = SmsState.SENDING if self._carrier is not None else SmsState.WAITING
        session.add(
            SmsRow(
                key=message.key,
                gateway=self._name,
                number=message.number,
                caller=caller,
                text=message.text,
                language=message.language,
                state=state.value,
                created_at_ms=now_ms,
            )
        )
        await session.flush()
        return state

    async def _lately(self, session: AsyncSession, number: str, caller: str, now_ms: int) -> int:
        """Return how many messages went to this number, or were asked for by this caller, in the time that counts."""
        his = or_(SmsRow.number == number, SmsRow.caller == caller) if caller else SmsRow.number == number
        since = SmsRow.created_at_ms > now_ms - int(self._rules.hours * HOUR_MS)
        query = select(func.count()).select_from(SmsRow).where(his, since, SmsRow.state != SmsState.FAILED.value)
        return int(await session.scalar(query) or 0)

    async def _carried(self, carrier: Carrier, message: Message, seconds: float) -> None:
        refusals: tuple[type[Exception], ...] = (BackendError, *carrier.failures)
        try:
            await carrier.carry(message, max(0.0, seconds))
        except TimeoutError:  # it may have arrived: it counts, and stays what it is
            raise
        except refusals:
            await self._mark(message.key, SmsState.FAILED)
            raise
        await self._mark(message.key, SmsState.SENT)

    async def _mark(self, key: str, state: SmsState) -> None:
        sent_at_ms = time.time_ns() // 1_000_000 if state is SmsState.SENT else None
        async with self._database.writing() as session:
            await session.execute(
                update(SmsRow).where(SmsRow.key == key).values(state=state.value, sent_at_ms=sent_at_ms)
            )


async def recent_messages(database: Database, limit: int) -> Sequence[SmsRow]:
    """Return the newest messages of the outbox, newest first."""
    async with database.reading() as session:
        return (await session.scalars(select(SmsRow).order_by(SmsRow.id.desc()).limit(limit))).all()
