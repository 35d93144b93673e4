"""The steps http and sms in the demo's calls: the price now, and the ticket number as a text message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.rig.demo import HOTLINE, demo_hotline, gathered, said, to_menu
from tests.rig.listener import Caller
from tests.rig.stage import Stage, open_stage, scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

SPOKEN = 40.0  # a long announcement, with room for a busy machine


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(site: Site) -> AsyncIterator[HotlineServer]:
    async with demo_hotline(site) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, site: Site, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, site, hotline) as stage:
        yield stage


@scene
async def test_the_present_price_is_told_in_both_languages(site: Site, hotline: HotlineServer) -> None:
    """Asked of the hotline's own demo service, over HTTP; what is said is what the service says now."""

    async def asks(number: str, language: str) -> None:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await caller.heard("main/menu-1", 20, language)
            begun = len(caller.prompts)
            before = (await hotline.api("GET", "/demo/tariff")).body
            await caller.press("3")
            await caller.heard("tariff/told-*", 20, language)
            await caller.heard("main/menu-1", SPOKEN, language)
            after = (await hotline.api("GET", "/demo/tariff")).body
            assert [
                price
                for price in (before, after)
                if _told(language, price) == caller.prompts[begun : begun + len(_told(language, price))]
            ]

    await gathered(asks("13800138001", "zh"), asks("13800138002", "en"))


def _told(language: str, price: dict) -> list[tuple[str, str]]:
    now, then = price["now"], price["next"]
    parts = [
        "tariff/told-1", f"phrases/period-{now['period']}", "tariff/told-2", ("money", now["price_cents"]),
        "tariff/told-3", ("time", price["until"]), "tariff/told-4", f"phrases/period-{then['period']}", "tariff/told-5", ("money", then["price_cents"]),
    ]  # fmt: skip
    return said(language, *parts)


@scene
async def test_the_ticket_number_comes_as_a_text_message(site: Site, hotline: HotlineServer) -> None:
    number = "13800138010"
    async with Caller.call(site.rig, HOTLINE, number) as caller:
        await to_menu(caller)
        for key, question in (
            ("2", "fault/ask_area-1"),
            ("2", "fault/ask_kind-1"),
            ("4", "fault/offer_message-1"),
            ("2", "fault/check-*"),
        ):
            await caller.press(key)
            await caller.heard(question, 20)
        await caller.press("1")
        await caller.heard("fault/after-1", SPOKEN)
        await caller.press("2")
        await caller.heard("fault/number_sent-1", 20)
        await caller.heard("fault/after-1", 20)
        await caller.press("#")
        await caller.heard_whole("phrases/goodbye")
    (ticket,) = hotline.rows("SELECT * FROM tickets WHERE caller = ?", number)
    (message,) = hotline.rows("SELECT * FROM sms_outbox WHERE caller = ?", number)
    assert (message["number"], message["state"], message["gateway"]) == (number, "waiting", "sms")
    assert ticket["ticket"] in message["text"]


@scene
async def test_a_landline_gets_no_text_message(site: Site, hotline: HotlineServer) -> None:
    number = "02112345678"
    async with Caller.call(site.rig, HOTLINE, number) as caller:
        await caller.heard("main/ask_language-1", 20)
        for key, question in (
            ("1", "main/menu-1"),
            ("2", "fault/ask_area-1"),
            ("2", "fault/ask_kind-1"),
            ("4", "fault/offer_message-1"),
            ("2", "fault/check-*"),
        ):
            await caller.press(key)
            await caller.heard(question, 20)
        await caller.press("1")
        await caller.heard("fault/after-1", SPOKEN)
        await caller.press("2")
        await caller.heard("fault/no_number-1", 20)
        await caller.hangup()
    assert hotline.rows("SELECT * FROM sms_outbox WHERE caller = ?", number) == []
