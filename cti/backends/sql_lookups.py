"""The SQL backend's operations that only read.

What every call asks is one statement over plain columns, built once: building and mapping cost more than the database.
"""

from typing import Any, Protocol, cast

from sqlalchemy import Row, Select, Table, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cti.backends.base import BackendInvalid
from cti.backends.rules import ServiceRules
from cti.database.models import BillRow, CustomerRow, OutageRow, PaymentRow, PhoneRow

_CUSTOMERS = cast("Table", CustomerRow.__table__)
_PHONES = cast("Table", PhoneRow.__table__)
_PAYMENTS = cast("Table", PaymentRow.__table__)
_BILLS = cast("Table", BillRow.__table__)


def _owners_query() -> Select[Any]:
    """Return the customers (at most two) of any of `numbers`."""
    owners = select(_PHONES.c.account).where(_PHONES.c.number.in_(bindparam("numbers", expanding=True)))
    shown_columns = (_CUSTOMERS.c[name] for name in ("account", "name", "tier", "language", "star_level"))
    return select(*shown_columns).where(_CUSTOMERS.c.account.in_(owners)).limit(2)


def _balance_query() -> Select[Any]:
    """Return the balance of `account` beside its last payment and its last bill, if there are any."""
    payments, bills = _PAYMENTS.alias(), _BILLS.alias()
    own_payments = select(payments.c.id).where(payments.c.account == _CUSTOMERS.c.account)
    last_paid = own_payments.order_by(payments.c.paid_on.desc(), payments.c.id.desc()).limit(1)
    last_billed = select(func.max(bills.c.period)).where(bills.c.account == _CUSTOMERS.c.account)
    paid = _PAYMENTS.c.id == last_paid.correlate(_CUSTOMERS).scalar_subquery()
    billed = and_(
        _BILLS.c.account == _CUSTOMERS.c.account, _BILLS.c.period == last_billed.correlate(_CUSTOMERS).scalar_subquery()
    )
    return (
        select(
            _CUSTOMERS.c.balance_cents, _CUSTOMERS.c.due_date,
            _PAYMENTS.c.amount_cents.label("paid_cents"), _PAYMENTS.c.paid_on,
            _BILLS.c.period, _BILLS.c.energy_kwh, _BILLS.c.amount_cents.label("billed_cents"),
            _BILLS.c.due_date.label("bill_due_date"),
        )
        .select_from(_CUSTOMERS.outerjoin(_PAYMENTS, paid).outerjoin(_BILLS, billed))
        .where(_CUSTOMERS.c.account == bindparam("account"))
    )  # fmt: skip


_OWNERS = _owners_query()
_BALANCE = _balance_query()


class Customer(Protocol):
    """The columns of a customer that a flow may know."""

    account: Any
    name: Any
    tier: Any
    language: Any
    star_level: Any


def shown(customer: "Customer | Row[Any]") -> dict[str, Any]:
    """Return what a flow may know of a customer."""
    return {
        "account": customer.account,
        "name": customer.name,
        "tier": customer.tier,
        "language": customer.language,
        "star_level": customer.star_level,
    }


async def customer_by_number(session: AsyncSession, number: str, rules: ServiceRules) -> dict[str, Any]:
    """Find the one customer who calls from this number; several or none count as not found."""
    found = (await session.execute(_OWNERS, {"numbers": list(rules.number_forms(number))})).all()
    return {"found": True, "customer": shown(found[0])} if len(found) == 1 else {"found": False, "customer": None}


async def balance(session: AsyncSession, account: str) -> dict[str, Any]:
    """Tell what is to be paid, the last payment and the last bill; BackendInvalid when there is no such account."""
    found = (await session.execute(_BALANCE, {"account": account})).one_or_none()
    if found is None:
        raise BackendInvalid("balance: no such account")
    return {
        "balance_cents": found.balance_cents,
        "due_date": found.due_date.isoformat() if found.due_date and found.balance_cents > 0 else None,
        "last_payment": _payment(found) if found.paid_on is not None else None,
        "last_bill": _bill(found) if found.period is not None else None,
    }


async def outage_at(session: AsyncSession, area: str, rules: ServiceRules, now_ms: int) -> dict[str, Any]:
    """Tell the newest outage going on in an area; a forecast that has passed counts as not known."""
    going_on = or_(OutageRow.ended_at_ms.is_(None), OutageRow.ended_at_ms > now_ms)
    query = select(OutageRow).where(OutageRow.area == area, OutageRow.started_at_ms <= now_ms, going_on)
    outage = await session.scalar(query.order_by(OutageRow.started_at_ms.desc(), OutageRow.id.desc()).limit(1))
    if outage is None:
        return {"known": False, "restore_at": None, "kind": None}
    forecast = outage.restore_at_ms if outage.restore_at_ms and outage.restore_at_ms > now_ms else None
    return {"known": True, "restore_at": rules.instant(forecast) if forecast else None, "kind": outage.kind}


def _payment(found: Row[Any]) -> dict[str, Any]:
    return {"amount_cents": found.paid_cents, "date": found.paid_on.isoformat()}


def _bill(found: Row[Any]) -> dict[str, Any]:
    return {
        "period": found.period,
        "energy_kwh": found.energy_kwh,
        "amount_cents": found.billed_cents,
        "due_date": found.bill_due_date.isoformat(),
    }
