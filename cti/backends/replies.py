"""Reply models of all operations. Strict types; control characters are removed; unknown fields are dropped.

Money is whole cents (fen) as int, days are `YYYY-MM-DD`, instants ISO 8601 with offset: what the speaking code reads.
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def without_control_characters(value: object) -> object:
    """Remove characters that could break a dialplan variable, a log line or a terminal (Unicode class C)."""
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if not unicodedata.category(c).startswith("C"))


def _day(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("must be a day as YYYY-MM-DD")
    date.fromisoformat(value)
    return value


def _instant(value: str) -> str:
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError("must be an ISO 8601 time with its offset, e.g. 2026-11-21T19:30:00+00:00")
    return value


Text = Annotated[str, BeforeValidator(without_control_characters), Field(max_length=200)]
Word = Annotated[str, BeforeValidator(without_control_characters), Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Number = Annotated[str, BeforeValidator(without_control_characters), Field(pattern=r"^[0-9]{1,20}$")]
Day = Annotated[str, AfterValidator(_day)]
Instant = Annotated[str, AfterValidator(_instant)]
Cents = Annotated[int, Field(ge=-(10**12), le=10**12)]
Language = Literal["zh", "en"]
Tier = Literal["diamond", "gold", "silver", "basic"]


class Reply(BaseModel):
    """Root of all replies."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class Customer(Reply):
    """What a flow may know of a customer."""

    account: Number
    name: Text
    tier: Tier
    language: Language
    star_level: Annotated[int, Field(ge=1, le=6)]


class CustomerFound(Reply):
    """Reply of `customer_by_number`; a number that belongs to several customers counts as not found."""

    found: bool
    customer: Customer | None = None

    @model_validator(mode="after")
    def _whole(self) -> "CustomerFound":
        if self.found != (self.customer is not None):
            raise ValueError("a customer must be given exactly when found is true")
        return self


class PinChecked(Reply):
    """Reply of `verify_pin`; the same for a wrong PIN and an unknown account."""

    verified: bool
    locked: bool = False
    customer: Customer | None = None

    @model_validator(mode="after")
    def _whole(self) -> "PinChecked":
        if self.verified != (self.customer is not None) or (self.verified and self.locked):
            raise ValueError("a customer must be given exactly when verified is true, and never when locked")
        return self


class Payment(Reply):
    """One payment received."""

    amount_cents: Cents
    date: Day


class Bill(Reply):
    """One bill sent; `period` is a month as YYYY-MM."""

    period: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    energy_kwh: Annotated[int, Field(ge=0, le=10**9)]
    amount_cents: Cents
    due_date: Day


class Balance(Reply):
    """Reply of `balance`: what is still to be paid (negative: credit), and until when (null: nothing is due)."""

    balance_cents: Cents
    due_date: Day | None = None
    last_payment: Payment | None = None
    last_bill: Bill | None = None


class OutageAt(Reply):
    """Reply of `outage_at`; `restore_at` null: not yet known when power is back."""

    known: bool
    restore_at: Instant | None = None
    kind: Word | None = None


class TicketCreated(Reply):
    """Reply of `create_ticket`: the number to be read back, and when the repair is due."""

    ticket: Number
    deadline: Instant


class MessageSaved(Reply):
    """Reply of `save_voicemail`: the message's number."""

    message: Number


class Nothing(Reply):
    """Reply of operations that only do."""
