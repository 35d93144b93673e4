"""The tables. Instants are UTC milliseconds (`…_at_ms`), money whole cents, days SQL dates; the migrations make them."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Account = String(20)
Phone = String(32)
Word = String(64)
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Root of all tables; constraints get names, so that migrations can change them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - the library's form


class CustomerRow(Base):
    """A customer; `balance_cents` is what is still to be paid (negative: credit)."""

    __tablename__ = "customers"
    account: Mapped[str] = mapped_column(Account, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    tier: Mapped[str] = mapped_column(String(16))
    star_level: Mapped[int]
    language: Mapped[str] = mapped_column(String(8))
    area: Mapped[str] = mapped_column(Word)
    pin_hash: Mapped[str] = mapped_column(String(200))
    balance_cents: Mapped[int] = mapped_column(BigInteger)
    due_date: Mapped[dt.date | None] = mapped_column(Date)


class PhoneRow(Base):
    """A number a customer calls from; one number may belong to several customers."""

    __tablename__ = "phones"
    number: Mapped[str] = mapped_column(Phone, primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("customers.account", ondelete="CASCADE"), primary_key=True)


class BillRow(Base):
    """A bill sent; `period` is a month as YYYY-MM."""

    __tablename__ = "bills"
    account: Mapped[str] = mapped_column(ForeignKey("customers.account", ondelete="CASCADE"), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    energy_kwh: Mapped[int]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    due_date: Mapped[dt.date] = mapped_column(Date)


class PaymentRow(Base):
    """A payment received."""

    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("customers.account", ondelete="CASCADE"), index=True)
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[dt.date] = mapped_column(Date)


class OutageRow(Base):
    """A known outage of an area; `restore_at_ms` is the forecast, `ended_at_ms` the end."""

    __tablename__ = "outages"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    area: Mapped[str] = mapped_column(Word, index=True)
    kind: Mapped[str] = mapped_column(Word)
    started_at_ms: Mapped[int] = mapped_column(BigInteger)
    restore_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_at_ms: Mapped[int | None] = mapped_column(BigInteger)


class TicketRow(Base):
    """A fault reported by a caller, and until when it has to be repaired."""

    __tablename__ = "tickets"
    ticket: Mapped[str] = mapped_column(String(20), primary_key=True)
    account: Mapped[str | None] = mapped_column(Account, index=True)
    caller: Mapped[str] = mapped_column(Phone)
    tier: Mapped[str] = mapped_column(String(16))
    area: Mapped[str] = mapped_column(Word)
    kind: Mapped[str] = mapped_column(Word)
    recording: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str | None] = mapped_column(String(8))
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    deadline_at_ms: Mapped[int] = mapped_column(BigInteger)


class TicketCounterRow(Base):
    """The last ticket number given on a day."""

    __tablename__ = "ticket_counters"
    day: Mapped[str] = mapped_column(String(6), primary_key=True)
    last: Mapped[int]


class MessageRow(Base):
    """A voicemail."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    caller: Mapped[str] = mapped_column(Phone)
    account: Mapped[str | None] = mapped_column(Account)
    queue: Mapped[str | None] = mapped_column(Word)
    language: Mapped[str | None] = mapped_column(String(8))
    recording: Mapped[str] = mapped_column(String(200))
    seconds: Mapped[float]
    created_at_ms: Mapped[int] = mapped_column(BigInteger)


class SurveyRow(Base):
    """A caller's score after a talk."""

    __tablename__ = "surveys"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call: Mapped[str] = mapped_column(Word, index=True)
    agent: Mapped[str | None] = mapped_column(Word)
    queue: Mapped[str | None] = mapped_column(Word)
    score: Mapped[int]
    created_at_ms: Mapped[int] = mapped_column(BigInteger)


class SmsRow(Base):
    """A text message; `state` is a `cti.backends.gateway.SmsState`, `key` the idempotency key it was asked for under."""

    __tablename__ = "sms_outbox"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    gateway: Mapped[str] = mapped_column(Word)
    number: Mapped[str] = mapped_column(Phone, index=True)
    caller: Mapped[str] = mapped_column(Phone, index=True)
    text: Mapped[str] = mapped_column(String(2000))
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    sent_at_ms: Mapped[int | None] = mapped_column(BigInteger)


class EffectRow(Base):
    """An effect that was done, by idempotency key, with the reply to be given again; same transaction as the effect."""

    __tablename__ = "effects"
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    operation: Mapped[str] = mapped_column(Word)
    reply: Mapped[dict[str, Any]]
    created_at_ms: Mapped[int] = mapped_column(BigInteger)


class CallRecordRow(Base):
    """One call, whatever became of it; see `cti.records.calls.CallRecord` for the meaning of each column."""

    __tablename__ = "call_records"
    call: Mapped[str] = mapped_column(Word, primary_key=True)
    started_at_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
    answered_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    caller_number: Mapped[str | None] = mapped_column(Phone)
    account: Mapped[str | None] = mapped_column(Account, index=True)
    tier: Mapped[str | None] = mapped_column(String(16))
    language: Mapped[str | None] = mapped_column(String(8))
    flow_version: Mapped[str | None] = mapped_column(Word)
    queue: Mapped[str | None] = mapped_column(Word)
    agent: Mapped[str | None] = mapped_column(Word)
    wait_ms: Mapped[int | None] = mapped_column(BigInteger)
    talk_ms: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(Word)
    hangup_cause: Mapped[str | None] = mapped_column(Word)
    survey_score: Mapped[int | None]
    tickets: Mapped[list[Any]] = mapped_column(JSON)
    trail: Mapped[list[Any]] = mapped_column(JSON)


class ContactLegRow(Base):
    """One entry into a line, callback, dialled number or transfer; see `cti.records.contacts.ContactLeg` for each column."""

    __tablename__ = "contact_legs"
    leg: Mapped[str] = mapped_column(String(80), primary_key=True)
    call: Mapped[str] = mapped_column(Word, index=True)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    queue: Mapped[str] = mapped_column(Word)
    tier: Mapped[str] = mapped_column(Word)
    language: Mapped[str | None] = mapped_column(String(8))
    agent: Mapped[str | None] = mapped_column(Word, index=True)
    target: Mapped[str | None] = mapped_column(Word)
    skills_asked: Mapped[dict[str, Any]]
    skills_given: Mapped[dict[str, Any]]
    entered_at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    rang_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    answered_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    talk_ended_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    wrapup_ended_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_at_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
    wait_ms: Mapped[int | None] = mapped_column(BigInteger)
    ring_ms: Mapped[int | None] = mapped_column(BigInteger)
    talk_ms: Mapped[int | None] = mapped_column(BigInteger)
    wrapup_ms: Mapped[int | None] = mapped_column(BigInteger)
    forecast_ms: Mapped[int | None] = mapped_column(BigInteger)
    offers: Mapped[int]
    misses: Mapped[int]
    attempts: Mapped[list[Any]]
    position: Mapped[int | None]
    position_at_end: Mapped[int | None]
    outcome: Mapped[str | None] = mapped_column(Word)
    reason: Mapped[str | None] = mapped_column(Word)
    survey_score: Mapped[int | None]


class DecisionRow(Base):
    """Why an offer went to whom it went; see `cti.records.decisions.DecisionRecord` for the document."""

    __tablename__ = "decisions"
    offer: Mapped[str] = mapped_column(Word, primary_key=True)
    call: Mapped[str] = mapped_column(Word, index=True)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class AgentStateRow(Base):
    """An agent was in a state (an `acd.states.AgentState`) from when to when, UTC milliseconds; see `cti.records.agent_states`.

    `until_ms` is None while he still is; he has no row while he is logged out. `reason` is that of a pause or a back-off.
    """

    __tablename__ = "agent_states"
    agent: Mapped[str] = mapped_column(Word, primary_key=True)
    from_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    until_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Word)
