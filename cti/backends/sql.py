"""The default backend: the hotline's own SQL database."""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from cti.backends import sql_effects, sql_lookups
from cti.backends.base import BackendInvalid, BackendUnavailable, reveal
from cti.backends.catalogue import Operation, operation_named
from cti.backends.guard import Guard
from cti.backends.rules import ServiceRules, text_of
from cti.database.engine import Database
from cti.database.models import CustomerRow, EffectRow
from cti.database.pins import PinChecker

MAX_KEY_CHARACTERS = 200
_EFFECTS = {
    "create_ticket": sql_effects.create_ticket,
    "remember_language": sql_effects.remember_language,
    "save_survey": sql_effects.save_survey,
    "save_voicemail": sql_effects.save_voicemail,
}


class SqlBackend:
    """`cti.backends.base.Backend` on a `Database`, which stays the caller's to close.

    Lock-outs are not counted here but by `cti.backends.lockout`, in front of any backend.
    """

    def __init__(self, database: Database, rules: ServiceRules | None = None) -> None:
        self._database = database
        self._rules = rules or ServiceRules()
        self._pins = PinChecker()
        self._guard = Guard("the SQL backend", (SQLAlchemyError, OSError))

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """See `Backend.call`."""
        entry = operation_named(operation)
        checked = entry.checked_arguments(arguments)
        if idempotency_key is not None and not 0 < len(idempotency_key) <= MAX_KEY_CHARACTERS:
            raise BackendInvalid(f"{operation}: an idempotency key has 1 to {MAX_KEY_CHARACTERS} characters")
        work = self._effect(entry, checked, idempotency_key) if entry.effect else self._look_up(entry, checked)
        return entry.checked_reply(await self._guard.run(work, timeout_seconds))

    async def ping(self, timeout_seconds: float) -> None:
        """See `Backend.ping`."""
        await self._guard.run(self._ask_anything(), timeout_seconds)

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._guard.drain()
        self._pins.close()

    async def _ask_anything(self) -> None:
        async with self._database.reading() as session:
            await session.execute(text("SELECT 1"))

    async def _look_up(self, entry: Operation, arguments: dict[str, Any]) -> dict[str, Any]:
        if entry.name == "verify_pin":
            return await self._verify_pin(text_of(arguments, "account", 20) or "", arguments["pin"])
        async with self._database.reading() as session:
            match entry.name:
                case "customer_by_number":
                    number = text_of(arguments, "number", 32) or ""
                    return await sql_lookups.customer_by_number(session, number, self._rules)
                case "balance":
                    return await sql_lookups.balance(session, text_of(arguments, "account", 20) or "")
                case "outage_at":
                    area = text_of(arguments, "area", 64) or ""
                    return await sql_lookups.outage_at(session, area, self._rules, _now_ms())
        raise BackendInvalid(f"the SQL backend does not know {entry.name}")

    async def _verify_pin(self, account: str, pin: object) -> dict[str, Any]:
        """Check a PIN; an unknown account costs the same query and the same hash as a wrong PIN."""
        async with self._database.reading() as session:
            customer = await session.get(CustomerRow, account)
        fits = await self._pins.fits(reveal(pin), customer.pin_hash if customer else None)
        if customer is None or not fits:
            return {"verified": False, "locked": False, "customer": None}
        return {"verified": True, "locked": False, "customer": sql_lookups.shown(customer)}

    async def _effect(self, entry: Operation, arguments: dict[str, Any], key: str | None) -> dict[str, Any]:
        """Do it once. Two at the same time: the database lets one store the key, the other reads its reply."""
        for _ in range(2):
            try:
                return await self._do_or_recall(entry, arguments, key)
            except IntegrityError:
                if key is None:
                    raise
        raise BackendUnavailable(f"{entry.name}: the effect's key could neither be stored nor found")

    async def _do_or_recall(self, entry: Operation, arguments: dict[str, Any], key: str | None) -> dict[str, Any]:
        async with self._database.writing() as session:
            done = await session.get(EffectRow, key) if key else None
            if done is not None and done.operation != entry.name:
                raise BackendInvalid(f"{entry.name}: this idempotency key was used for {done.operation}")
            if done is not None:
                return done.reply
            now_ms = _now_ms()
            reply = await _EFFECTS[entry.name](session, arguments, self._rules, now_ms)
            if key:
                session.add(EffectRow(key=key, operation=entry.name, reply=reply, created_at_ms=now_ms))
            return reply


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
