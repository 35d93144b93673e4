"""The demo company as callers meet it: its customers read from docs/demo.md, and what they should hear, prompt by prompt."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cti.database import Database, migrate
from cti.database.demo import seed_demo
from ivr.speech import speak
from tests.rig.prompts import QUIET_BYTES, PromptName
from tests.rig.server import PROJECT
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from tests.rig.listener import Caller, Party
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

HOTLINE = "95598"
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Customer:
    """One row of the table in docs/demo.md."""

    number: str
    account: str
    pin: str
    tier: str
    language: str
    area: str
    balance_cents: int


def customers() -> dict[str, Customer]:
    """The customers as the document tells them, by number."""
    rows = re.findall(r"^\| (138\d{8}) \|(.*)\|$", (PROJECT / "docs" / "demo.md").read_text(encoding="utf-8"), re.MULTILINE)
    found = {}
    for number, rest in rows:
        account, pin, _name, tier, _stars, language, area, balance = (cell.strip() for cell in rest.split("|"))
        found[number] = Customer(number, account, pin, tier, language, area, round(float(balance) * 100))
    assert len(found) >= 30, "the table of docs/demo.md is not understood"
    return found


async def demo_server(site: Site, **changes: Any) -> HotlineServer:
    """A server with the demo company's data, not started yet."""
    server = site.server(**changes)
    seed = site.rig.folder.parent / "demo-seed.db"
    if not seed.exists():
        await seed_database(f"sqlite:///{seed}")
    shutil.copy(seed, str(server.settings["database_url"]).partition("///")[2])
    return server


@contextlib.asynccontextmanager
async def demo_hotline(site: Site, *arguments: str, **changes: Any) -> AsyncIterator[HotlineServer]:
    """A ready server with the demo company's data; afterwards nothing is up any more and its log has no traceback."""
    async with started(site, await demo_server(site, **changes), *arguments) as server:
        yield server


@contextlib.asynccontextmanager
async def started(site: Site, server: HotlineServer, *arguments: str) -> AsyncIterator[HotlineServer]:
    """The same for a server that something was done to before its start."""
    try:
        await server.start(*arguments)
        yield server
    finally:
        await server.stop()
        await site.clear()
    assert server.tracebacks() == []


async def seed_database(url: str) -> None:
    """Make the tables and the demo customers, as `hotline db demo` does."""
    await migrate(url)
    database = Database(url)
    try:
        await seed_demo(database, today=dt.datetime.now(ZONE).date(), now_ms=time.time_ns() // 1_000_000)
    finally:
        await database.close()


def said(language: str, *parts: str | tuple[str, Any]) -> list[tuple[str, str]]:
    """(language, prompt id) of what is said: ids as they are, (kind, value) as the language speaks it."""
    ids: list[str] = []
    for part in parts:
        ids += [part] if isinstance(part, str) else speak(part[0], part[1], language)
    return [(language, name) for name in ids]


def balance_said(server: HotlineServer, customer: Customer, language: str) -> list[tuple[str, str]]:
    """The exact prompts of a balance, from the document (the amount) and the database's rows (dates, bill, payment)."""
    (due,) = server.rows("SELECT due_date FROM customers WHERE account = ?", customer.account)
    paid = server.rows("SELECT * FROM payments WHERE account = ? ORDER BY paid_on DESC", customer.account)[0]
    bill = server.rows("SELECT * FROM bills WHERE account = ? ORDER BY period DESC", customer.account)[0]
    amount = ("money", abs(customer.balance_cents))
    if customer.balance_cents == 0:
        owed = ["balance/nothing_due-1"]
    elif customer.balance_cents < 0:
        owed = ["balance/credit-1", amount, "balance/credit-2"]
    else:
        owed = ["balance/owing_until-1", amount, "balance/owing_until-2", ("date", due["due_date"])]
        owed += ["balance/owing_until-3"] if language == "zh" else []
    payment: list[Any] = [("date", paid["paid_on"]), "balance/payment-2", ("money", paid["amount_cents"])]
    if language == "en":
        payment.reverse()
    bill_date, kwh, cost, until = (
        ("date", bill["period"]), ("number", bill["energy_kwh"]), ("money", bill["amount_cents"]), ("date", bill["due_date"]),
    )  # fmt: skip
    if language == "zh":
        told = [bill_date, "balance/bill-1", kwh, "balance/bill-2", cost, "balance/bill-3", until]
    else:
        told = ["balance/bill-1", bill_date, kwh, "balance/bill-2", cost, "balance/bill-3", until]
    return said(language, *owed, "balance/payment-1", *payment, *told)


def check_heard(party: Party, expected: Sequence[tuple[str, str]]) -> None:
    """Assert that exactly these prompts were heard, in this order. Prompts without a sound (pauses) cannot be heard.

    Prompts whose files are the same sound are not told apart.
    """
    audio = party.rig.prompts.audio
    audible = [name for name in expected if not QUIET_BYTES.issuperset(audio[PromptName(*name)])]
    heard = [h for h in party.heard_so_far if h.name.language]
    matched = [
        name if PromptName(*name) in h.names else (h.name.language, h.name.id)
        for h, name in zip(heard, audible, strict=False)
    ]
    rest = [(h.name.language, h.name.id) for h in heard[len(audible) :]]
    assert matched + rest == audible


def ids(party: Party) -> list[str]:
    """Ids of the prompts heard, in order."""
    return [name for _, name in party.prompts]


async def record_of(server: HotlineServer, number: str, within: float = 10.0, count: int = 1) -> dict[str, Any]:
    """The finished call record of the `count`-th call from this number, once all of them are written."""
    query = "SELECT * FROM call_records WHERE caller_number = ? AND ended_at_ms IS NOT NULL ORDER BY started_at_ms"
    await eventually(lambda: len(server.rows(query, number)) >= count, within, f"{count} finished record(s) of {number}")
    return server.rows(query, number)[count - 1]


async def gathered(*scripts: Any) -> list[Any]:
    """Run scripts side by side; all come to their end, then all their failures are raised together."""
    results = await asyncio.gather(*scripts, return_exceptions=True)
    failures = [result for result in results if isinstance(result, Exception)]
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ExceptionGroup("callers failed", failures)
    return list(results)


async def to_menu(caller: Caller, language: str = "") -> None:
    """An unknown caller chooses a language (a key of the language menu), or a known one is greeted: to the main menu."""
    if language:
        await caller.heard("main/ask_language-1")
        await caller.press({"zh": "1", "en": "2"}[language])
    await caller.heard("main/menu-1", within=15, language=language or None)


def in_order(found: Iterable[str], *wanted: str) -> bool:
    """Whether the wanted ids occur in this order, others between them or not."""
    rest = iter(found)
    return all(name in rest for name in wanted)
