"""The SQL backend's operations that change something. Each runs in the transaction that also stores its key."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from cti.backends.base import BackendInvalid
from cti.backends.rules import ServiceRules, text_of
from cti.database.models import CustomerRow, MessageRow, SurveyRow, TicketRow

HOUR_MS = 3_600_000
LANGUAGES = ("zh", "en")
_NEXT_TICKET = text(
    "INSERT INTO ticket_counters (day, last) VALUES (:day, 1) "
    "ON CONFLICT (day) DO UPDATE SET last = ticket_counters.last + 1 RETURNING last"
)


async def create_ticket(
    session: AsyncSession, arguments: Mapping[str, Any], rules: ServiceRules, now_ms: int
) -> dict[str, Any]:
    """Store a fault; numbers are the day and a running number, so that they can be read back: 261121 0001."""
    account = text_of(arguments, "account", 20)
    tier = await _tier(session, text_of(arguments, "tier", 16), account, rules)
    day = rules.day(now_ms)
    number = (await session.execute(_NEXT_TICKET, {"day": day})).scalar_one()
    ticket = TicketRow(
        ticket=f"{day}{number:04d}",
        account=account,
        caller=text_of(arguments, "caller", 32) or "",
        tier=tier,
        area=text_of(arguments, "area", 64) or "",
        kind=text_of(arguments, "kind", 64) or "",
        recording=text_of(arguments, "recording", 200),
        language=text_of(arguments, "language", 8),
        created_at_ms=now_ms,
        deadline_at_ms=now_ms + rules.repair_hours[tier] * HOUR_MS,
    )
    session.add(ticket)
    return {"ticket": ticket.ticket, "deadline": rules.instant(ticket.deadline_at_ms)}


async def remember_language(
    session: AsyncSession, arguments: Mapping[str, Any], _rules: ServiceRules, _now_ms: int
) -> dict[str, Any]:
    """Store the language a customer chose; an unknown account is no error, there is nothing to remember."""
    language = text_of(arguments, "language", 8)
    if language not in LANGUAGES:
        raise BackendInvalid(f"remember_language: the language must be one of {', '.join(LANGUAGES)}")
    account = text_of(arguments, "account", 20)
    await session.execute(update(CustomerRow).where(CustomerRow.account == account).values(language=language))
    return {}


async def save_survey(
    session: AsyncSession, arguments: Mapping[str, Any], _rules: ServiceRules, now_ms: int
) -> dict[str, Any]:
    """Store a caller's score, 0 to 9."""
    score = text_of(arguments, "score", 8) or ""
    if len(score) != 1 or score not in "0123456789":
        raise BackendInvalid("save_survey: the score must be one digit")
    survey = SurveyRow(
        call=text_of(arguments, "call", 64) or "",
        agent=text_of(arguments, "agent", 64),
        queue=text_of(arguments, "queue", 64),
        score=int(score),
        created_at_ms=now_ms,
    )
    session.add(survey)
    return {}


async def save_voicemail(
    session: AsyncSession, arguments: Mapping[str, Any], _rules: ServiceRules, now_ms: int
) -> dict[str, Any]:
    """Store where a message was recorded, and for whom."""
    message = MessageRow(
        caller=text_of(arguments, "caller", 32) or "",
        account=text_of(arguments, "account", 20),
        queue=text_of(arguments, "queue", 64),
        language=text_of(arguments, "language", 8),
        recording=text_of(arguments, "recording", 200) or "",
        seconds=_seconds(arguments.get("seconds")),
        created_at_ms=now_ms,
    )
    session.add(message)
    await session.flush()
    return {"message": str(message.id)}


async def _tier(session: AsyncSession, given: str | None, account: str | None, rules: ServiceRules) -> str:
    """Return the tier given, else the customer's, else the one that waits longest."""
    if given is not None and given in rules.repair_hours:
        return given
    customer = await session.get(CustomerRow, account) if account else None
    if customer is not None and customer.tier in rules.repair_hours:
        return customer.tier
    return max(rules.repair_hours, key=lambda tier: rules.repair_hours[tier])


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value or 0))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 86_400:
        raise BackendInvalid("save_voicemail: seconds must be a number from 0 to 86400")
    return seconds
