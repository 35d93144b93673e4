"""The SQL backend's operations that only read."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cti.backends.base import BackendInvalid
from cti.backends.rules import ServiceRules
from cti.database.models import BillRow, CustomerRow, OutageRow, PaymentRow, PhoneRow


def shown(customer: CustomerRow) -> dict[str, Any]:
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
    owners = select(PhoneRow.account).where(PhoneRow.number.in_(rules.number_forms(number)))
    found = (await session.scalars(select(CustomerRow).where(CustomerRow.account.in_(owners)).limit(2))).all()
    return {"found": True, "customer": shown(found[0])} if len(found) == 1 else {"found": False, "customer": None}


async def balance(session: AsyncSession, account: str) -> dict[str, Any]:
    """Tell what is to be paid, the last payment and the last bill; BackendInvalid when there is no such account."""
    customer = await session.get(CustomerRow, account)
    if customer is None:
        raise BackendInvalid("balance: no such account")
    paid = select(PaymentRow).where(PaymentRow.account == account)
    payment = await session.scalar(paid.order_by(PaymentRow.paid_on.desc(), PaymentRow.id.desc()).limit(1))
    billed = select(BillRow).where(BillRow.account == account)
    bill = await session.scalar(billed.order_by(BillRow.period.desc()).limit(1))
    return {
        "balance_cents": customer.balance_cents,
        "due_date": customer.due_date.isoformat() if customer.due_date and customer.balance_cents > 0 else None,
        "last_payment": _payment(payment) if payment else None,
        "last_bill": _bill(bill) if bill else None,
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


def _payment(payment: PaymentRow) -> dict[str, Any]:
    return {"amount_cents": payment.amount_cents, "date": payment.paid_on.isoformat()}


def _bill(bill: BillRow) -> dict[str, Any]:
    return {
        "period": bill.period,
        "energy_kwh": bill.energy_kwh,
        "amount_cents": bill.amount_cents,
        "due_date": bill.due_date.isoformat(),
    }
