"""Self-service on the real Asterisk: what callers hear, prompt by prompt, and what their keys do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import struct
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.rig.demo import (
    HOTLINE,
    balance_said,
    check_heard,
    customers,
    demo_hotline,
    gathered,
    ids,
    record_of,
    said,
    to_menu,
)
from tests.rig.listener import Caller
from tests.rig.stage import Stage, open_stage, scene
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.demo import Customer
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

CUSTOMERS = customers()
WAY_BACK = 60.0  # the whole balance, spoken, with room for a busy machine
SPOKEN_WELCOME = 60.0  # who he is, where he is put through to, his keys while he waits: then music


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(site: Site) -> AsyncIterator[HotlineServer]:
    async with demo_hotline(site) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, site: Site, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, site, hotline) as stage:
        yield stage


def by_account(account: str) -> Customer:
    return next(customer for customer in CUSTOMERS.values() if customer.account == account)


async def identify(caller: Caller, account: str, pin: str) -> None:
    await caller.heard("identify/ask_account-1")
    await caller.press(account)
    await caller.heard("identify/ask_pin-1")
    await caller.press(pin)


@scene
async def test_balance_by_the_callers_number(site: Site, hotline: HotlineServer) -> None:
    """Owing in both languages, credit, nothing due: every prompt, in order, and not one more."""

    async def ask(number: str) -> None:
        customer = CUSTOMERS[number]
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await caller.heard_whole("main/welcome-1")
            await to_menu(caller)
            await caller.press("1")
            await caller.heard("balance/after-1", WAY_BACK)
            await caller.press("#")
            assert await caller.ended() == "asterisk"
            language = customer.language
            check_heard(
                caller,
                [
                    *said(language, "main/welcome-1", "main/menu-1"),
                    *balance_said(hotline, customer, language),
                    *said(language, "balance/after-1", "phrases/goodbye"),
                ],
            )
            assert all(h.whole for h in caller.heard_so_far if h.name.id not in ("main/menu-1", "balance/after-1"))
        record = await record_of(hotline, number)
        assert (record["account"], record["tier"], record["language"]) == (customer.account, customer.tier, language)
        assert record["outcome"] == "self_service"

    await gathered(*map(ask, ("13800138001", "13800138002", "13800138008", "13800138004", "13800138021")))


@scene
async def test_balance_by_account_and_pin(site: Site, hotline: HotlineServer) -> None:
    async def ask(number: str, account: str, language: str) -> None:
        customer = by_account(account)
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await to_menu(caller, language)
            await caller.press("1")
            await identify(caller, account, customer.pin + "#")  # a habit; the # is not needed, and must not cost a prompt
            await caller.heard("balance/after-1", WAY_BACK)
            spoken = balance_said(hotline, customer, language)
            check_heard(caller, [*caller.prompts[: -len(spoken) - 1], *spoken, (language, "balance/after-1")])
            owed = next(h for h in reversed(caller.heard_so_far) if h.name.id == "balance/owing_until-1")
            assert owed.whole
            await caller.press("*")
            await caller.heard("main/menu-1")
            await caller.press("1")  # known by now: not asked again
            await caller.heard("balance/*")
            await caller.hangup()
        assert (await record_of(hotline, number))["account"] == account

    await gathered(ask("13900000001", "10000005", "en"), ask("13900000002", "10000010", "zh"))


@scene
async def test_wrong_pin_unknown_account_and_the_lock_that_follows_sound_the_same(site: Site, hotline: HotlineServer) -> None:
    once = ["identify/ask_account-1", "identify/ask_pin-1"]
    locked = [*once, "identify/locked-1"]

    async def heard_of(caller: Caller, account: str, pin: str, tries: int) -> list[str]:
        caller.forget()
        start = len(caller.prompts)
        await caller.press("1")
        for _ in range(tries):
            await identify(caller, account, pin)
        await caller.heard("identify/locked-1", WAY_BACK)
        return [name for name in ids(caller)[start:] if name != "phrases/one-moment"]

    async def three_wrong(number: str, account: str) -> list[str]:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await to_menu(caller, "zh")
            heard = await heard_of(caller, account, "0007", 3)
            # now this caller is locked out, even with a PIN that is right
            assert await heard_of(caller, "10000032", CUSTOMERS["13800138032"].pin, 1) == locked
            return heard

    async def right_pin(number: str, account: str, pin: str) -> list[str]:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await to_menu(caller, "zh")
            return await heard_of(caller, account, pin, 1)

    known, unknown = await gathered(three_wrong("13900000011", "10000030"), three_wrong("13900000012", "98765432"))
    assert known == [*once, "identify/wrong-1", *once, "identify/wrong-1", *locked]
    assert unknown == known
    pin = CUSTOMERS["13800138030"].pin
    after, unknown_after = await gathered(
        right_pin("13900000013", "10000030", pin), right_pin("13900000014", "98765432", pin)
    )
    assert after == unknown_after == locked


@scene
async def test_the_language_is_chosen_and_remembered(site: Site, hotline: HotlineServer) -> None:
    number = "13800138014"
    async with Caller.call(site.rig, HOTLINE, number) as caller:
        await caller.heard("main/menu-1", language="zh")
        await caller.press("9")
        await caller.heard("main/ask_language-1", language="zh")
        await caller.heard("main/ask_language-1", language="en")
        await caller.press("2")
        await caller.heard("main/menu-1", language="en")
        await caller.press("#")
        await caller.ended()
    assert (await record_of(hotline, number))["language"] == "en"
    async with Caller.call(site.rig, HOTLINE, number) as caller:
        await caller.heard("main/welcome-1", language="en")
        await caller.heard("main/menu-1", language="en")
        assert {language for language, _ in caller.prompts} == {"en"}


@scene
async def test_all_keys_typed_ahead(site: Site, hotline: HotlineServer) -> None:
    """Language, menu, account and PIN without waiting for one question: each question ends as soon as its keys are there."""
    customer = CUSTOMERS["13800138022"]
    async with Caller.call(site.rig, HOTLINE, "13900000021") as caller:
        await caller.heard("main/ask_language-1")
        await caller.press(f"21{customer.account}{customer.pin}")
        await caller.heard("balance/after-1", WAY_BACK)
        asked = [h for h in caller.heard_so_far if h.name.id.startswith(("main/menu", "identify/"))]
        assert [str(h.name) for h in asked if h.seconds > 1] == []  # a key is sent every 0.16 s
        spoken = balance_said(hotline, customer, "en")
        check_heard(caller, [*caller.prompts[: -len(spoken) - 1], *spoken, ("en", "balance/after-1")])


async def test_a_key_stops_the_prompt_at_once(site: Site, hotline: HotlineServer) -> None:
    """From the end of the key to the last sound of the prompt, in a one-file prompt and in the middle of a spoken amount."""
    assert hotline.pid
    delays: list[float] = []

    async def interrupt(number: str) -> None:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            menu = await caller.heard("main/menu-1", within=15)
            delays.append(await _stopped_after(caller, "1"))
            assert not menu.whole
            await caller.heard("balance/owing_until-2", within=20)
            delays.append(await _stopped_after(caller, "*"))  # waits for its question, and is its answer then
            await caller.heard("main/menu-1")

    await gathered(*map(interrupt, ("13800138003", "13800138006", "13800138009")))
    assert max(delays) < 0.3, delays
    assert sorted(delays)[len(delays) // 2] < 0.2, delays


async def _stopped_after(caller: Caller, key: str) -> float:
    """Seconds from the key's last moment to the end of what was being said when it was pressed."""
    speaking = caller.heard_so_far[-1]
    pressed = time.monotonic()
    await caller.press(key)
    await eventually(lambda: caller.heard_so_far[-1] is not speaking or caller.heard_so_far[-1].ended
                     or time.monotonic() - speaking.last_at > 0.3, 3, "the prompt stops", every=0.01)  # fmt: skip
    return max(0.0, speaking.last_at - pressed - 0.06)


@scene
async def test_wrong_key_no_key_and_dead_end_lead_on(site: Site, hotline: HotlineServer) -> None:
    async def wrong_keys() -> None:
        async with Caller.call(site.rig, HOTLINE, "13800138007") as caller:
            for _ in range(3):
                await caller.heard("main/menu-1", within=15)
                await caller.press("7")
            await caller.heard("put_through/told-1")
            await caller.hears_music(SPOKEN_WELCOME)
            assert [name for name in ids(caller) if name.startswith("phrases/not")] == ["phrases/not-a-choice"] * 3
            assert (await hotline.api("GET", "/api/queues/general")).body["calls"][0]["tier"] == "basic"

    async def no_key() -> None:
        async with Caller.call(site.rig, HOTLINE, "13800138010") as caller:
            await to_menu(caller)
            await caller.press("254")  # fault report, centre, meter: to a short question
            await caller.heard("put_through/told-1", 60, language="zh")
            await caller.hears_music(SPOKEN_WELCOME)
            asked = [name for name in ids(caller) if name in ("fault/offer_message-1", "phrases/no-key")]
            assert asked == ["fault/offer_message-1", "phrases/no-key"] * 3
            assert (await hotline.api("GET", "/api/queues/faults")).body["calls"][0]["tier"] == "gold"

    async def too_few_digits() -> None:
        async with Caller.call(site.rig, HOTLINE, "13900000031") as caller:
            await to_menu(caller, "en")
            await caller.press("1")
            await caller.heard("identify/ask_account-1")
            await caller.press("123")
            await caller.heard("identify/_defaults-invalid-1", within=15)
            await caller.heard("identify/ask_account-1")
            await caller.press("*")
            await caller.heard("main/menu-1")

    await gathered(wrong_keys(), no_key(), too_few_digits())


@contextlib.contextmanager
def no_table(server: HotlineServer, table: str) -> object:
    """The database has lost a table."""
    file = str(server.settings["database_url"]).partition("///")[2]

    def rename(old: str, new: str) -> None:
        with contextlib.closing(sqlite3.connect(file, timeout=5)) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
            connection.commit()

    rename(table, f"{table}_gone")
    try:
        yield
    finally:
        rename(f"{table}_gone", table)


async def test_a_backend_that_fails_costs_a_sentence_not_the_call(site: Site, hotline: HotlineServer) -> None:
    with no_table(hotline, "payments"):
        async with Caller.call(site.rig, HOTLINE, "13800138011") as caller:
            await to_menu(caller)
            await caller.press("1")
            await caller.heard_whole("balance/unavailable-1", language="zh")
            await caller.heard("main/menu-1")
            await caller.hangup()
    await hotline.logged("backend_failed", operation="balance", call=(await record_of(hotline, "13800138011"))["call"])


@scene
async def test_a_flood_of_keys_hurts_nobody(site: Site, hotline: HotlineServer) -> None:
    """Fifty digits a second for six seconds: the flooder is led on like anybody with wrong keys, others notice nothing."""

    async def flood(number: str) -> None:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await caller.heard("main/*")
            caller.media._queue += [_whole_digit(n) for n in range(300)]
            await eventually(lambda: not caller.media._queue, 15, "the flood is sent")
            await caller.heard("phrases/please-hold", 40)
            await caller.hears_music(SPOKEN_WELCOME)
        record = await record_of(hotline, number)
        wrong = [step["step"] for step in json.loads(record["trail"]) if step["result"] == "invalid"]
        assert wrong.count("menu") == 3
        assert record["outcome"] == "abandoned"

    async def neighbour() -> None:
        async with Caller.call(site.rig, HOTLINE, "13800138013") as caller:
            menu = await caller.heard("main/menu-1", within=15)
            assert await _stopped_after(caller, "1") < 0.3
            assert not menu.whole
            await caller.heard("balance/owing_until-1", language="en")

    await gathered(flood("13900000041"), flood("13800138015"), neighbour())
    await asyncio.wait_for(hotline.wait_ready(), 5)


def _whole_digit(number: int) -> bytes:
    """One packet that is begin and end of a digit that no menu here takes."""
    return struct.pack("!BBBH", 0x80, (3, 6, 7, 8)[number % 4], 10 | 0x80, 160)
