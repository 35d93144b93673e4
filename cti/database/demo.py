"""The fictional power company's data: 32 customers over all tiers, their bills, and outages in some areas.

Everything is derived from the customer's place in the list, so the table in docs/demo.md can be checked by a test.
"""

import asyncio
import datetime as dt
import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cti.database.engine import Database
from cti.database.migrate import migrate
from cti.database.models import BillRow, CustomerRow, OutageRow, PaymentRow, PhoneRow
from cti.database.pins import hash_pin

AREAS = ("east", "south", "west", "north", "centre")
HOUR_MS = 3_600_000
_TIERS = (
    ("diamond", 6),
    ("gold", 5),
    ("gold", 4),
    ("silver", 3),
    ("silver", 3),
    ("basic", 2),
    ("basic", 1),
    ("basic", 1),
)
_NAMES = (
    "张伟 Emma-Smith 王芳 李娜 James-Brown 刘洋 陈静 杨磊 Olivia-Jones 赵敏 黄强 周杰 Liam-Taylor 吴婷 徐丽 孙浩 "
    "Sophia-Davies 马超 朱琳 胡军 Noah-Wilson 郭涛 何平 高翔 Mia-Evans 林梅 罗丹 郑爽 Lucas-Thomas 梁晨 宋佳 唐亮"
)
# area, kind, hours until power is back (None: not yet known)
_OUTAGES = (("east", "fault", 3), ("west", "planned", 6), ("north", "fault", None))


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """One row of docs/demo.md. The PIN is shown in a document for everybody, so it is no secret."""

    number: str
    account: str
    pin: str
    name: str
    tier: str
    star_level: int
    language: str
    area: str
    balance_cents: int


def demo_customers() -> tuple[DemoCustomer, ...]:
    """Return all demo customers; the same on every machine and every day."""
    return tuple(_customer(index, name.replace("-", " ")) for index, name in enumerate(_NAMES.split()))


def _customer(index: int, name: str) -> DemoCustomer:
    tier, star_level = _TIERS[index % len(_TIERS)]
    usual_cents = 4_350 + (index * 7_919) % 61_000
    credit_or_nothing = {3: 0, 7: -2_050, 11: 0, 20: -10_000}
    return DemoCustomer(
        number=f"138001380{index + 1:02d}",
        account=f"{10_000_001 + index}",
        pin=f"{(1234 + index * 1111) % 10_000:04d}",
        name=name,
        tier=tier,
        star_level=star_level,
        language="en" if name.isascii() else "zh",
        area=AREAS[index % len(AREAS)],
        balance_cents=credit_or_nothing.get(index, usual_cents),
    )


async def add_demo(url: str) -> int:
    """Bring the database at this address up to date and seed it as of now; return how many customers were added.

    Raises DatabaseAddressError, UnknownRevisionError, or what the database says (SQLAlchemyError, OSError).
    """
    await migrate(url)
    database = Database(url)
    try:
        today = dt.datetime.now().astimezone().date()
        return await seed_demo(database, today=today, now_ms=time.time_ns() // 1_000_000)
    finally:
        await database.close()


async def seed_demo(database: Database, *, today: dt.date, now_ms: int) -> int:
    """Add the demo customers that are missing and bring the demo outages up to date; return how many were added.

    Args:
        database: already migrated.
        today: bills and payments are dated relative to it.
        now_ms: UTC milliseconds; outages are timed relative to it.

    """
    async with database.reading() as session:
        present = set(await session.scalars(select(CustomerRow.account)))
    missing = [customer for customer in demo_customers() if customer.account not in present]
    hashes = await asyncio.to_thread(lambda: [hash_pin(customer.pin) for customer in missing])
    async with database.writing() as session:
        for customer, pin_hash in zip(missing, hashes, strict=True):
            await _add(session, customer, pin_hash, today)
        await _renew_outages(session, now_ms)
    return len(missing)


async def _add(session: AsyncSession, customer: DemoCustomer, pin_hash: str, today: dt.date) -> None:
    due_date = today + dt.timedelta(days=5 + int(customer.account) % 20)
    session.add(
        CustomerRow(
            account=customer.account,
            name=customer.name,
            tier=customer.tier,
            star_level=customer.star_level,
            language=customer.language,
            area=customer.area,
            pin_hash=pin_hash,
            balance_cents=customer.balance_cents,
            due_date=due_date if customer.balance_cents > 0 else None,
        )
    )
    await session.flush()
    session.add(PhoneRow(number=customer.number, account=customer.account))
    session.add_all(_bills(customer, today, due_date))


def _bills(customer: DemoCustomer, today: dt.date, due_date: dt.date) -> list[BillRow | PaymentRow]:
    """Return the last two months' bills and the payment of the older one."""
    amount_cents = customer.balance_cents if customer.balance_cents > 0 else 8_800
    last_month = today.replace(day=1) - dt.timedelta(days=1)
    month_before = last_month.replace(day=1) - dt.timedelta(days=1)
    older_cents = amount_cents - amount_cents % 700 + 350
    older_due = due_date - dt.timedelta(days=30)
    return [
        _bill(customer.account, last_month, amount_cents, due_date),
        _bill(customer.account, month_before, older_cents, older_due),
        PaymentRow(account=customer.account, amount_cents=older_cents, paid_on=older_due - dt.timedelta(days=3)),
    ]


def _bill(account: str, month: dt.date, amount_cents: int, due_date: dt.date) -> BillRow:
    return BillRow(
        account=account,
        period=month.strftime("%Y-%m"),
        energy_kwh=amount_cents // 56,
        amount_cents=amount_cents,
        due_date=due_date,
    )


async def _renew_outages(session: AsyncSession, now_ms: int) -> None:
    """Give each demo outage a forecast that is still to come; otherwise a demo of last week would know nothing."""
    rows = {row.area: row for row in await session.scalars(select(OutageRow).where(OutageRow.ended_at_ms.is_(None)))}
    for area, kind, hours in _OUTAGES:
        row = rows.get(area)
        if row is None:
            row = OutageRow(area=area, kind=kind, started_at_ms=now_ms - HOUR_MS)
            session.add(row)
        if row.restore_at_ms is None or row.restore_at_ms <= now_ms:
            row.restore_at_ms = None if hours is None else now_ms + hours * HOUR_MS
