"""Fault reports on the real Asterisk: known outages, tickets made once and read back, spoken messages, hang-ups anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.rig.demo import (
    HOTLINE,
    ZONE,
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
from tests.rig.recordings import voice_seconds
from tests.rig.stage import Stage, open_stage, scene
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

CUSTOMERS = customers()
REPAIR_HOURS = {"diamond": 4, "gold": 8, "silver": 24, "basic": 48}  # as docs/demo.md says
AREA_KEYS = {"east": "1", "south": "2", "west": "3", "north": "4", "centre": "5"}
SPOKEN = 30.0  # a long announcement, with room for a busy machine


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(site: Site) -> AsyncIterator[HotlineServer]:
    async with demo_hotline(site) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, site: Site, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, site, hotline) as stage:
        yield stage


def tickets_of(server: HotlineServer, number: str) -> list[dict[str, Any]]:
    return server.rows("SELECT * FROM tickets WHERE caller = ? ORDER BY ticket", number)


def instant(at_ms: int) -> list[tuple[str, str]]:
    """The day and the minute as they are to be spoken."""
    local = dt.datetime.fromtimestamp(at_ms / 1000, ZONE).isoformat()
    return [("date", local), ("time", local)]


@scene
async def test_a_known_outage_is_told(site: Site, hotline: HotlineServer) -> None:
    async def in_the_east() -> None:
        (outage,) = hotline.rows("SELECT * FROM outages WHERE area = 'east' AND ended_at_ms IS NULL")
        async with Caller.call(site.rig, HOTLINE, "13800138001") as caller:
            await to_menu(caller)
            await caller.press("2")
            await caller.heard("fault/ask_area-1")
            await caller.press(AREA_KEYS["east"])
            await caller.heard("fault/ask_kind-1")
            await caller.press("1")
            await caller.heard("fault/report_anyway-1", SPOKEN)
            await caller.press("#")
            await caller.heard_whole("phrases/goodbye")
            assert await caller.ended() == "asterisk"
            told = said("zh", "phrases/area-east", "fault/known_until-1", *instant(outage["restore_at_ms"]), "fault/known_until-2")
            asked = said("zh", "main/welcome-1", "main/menu-1", "fault/ask_area-1", "fault/ask_kind-1")
            check_heard(caller, [*asked, *told, *said("zh", "fault/report_anyway-1", "phrases/goodbye")])
        assert tickets_of(hotline, "13800138001") == []

    async def in_the_north() -> None:
        async with Caller.call(site.rig, HOTLINE, "13800138009") as caller:
            await to_menu(caller)
            await caller.press("241")
            await caller.heard("fault/known-1", language="en")
            await caller.heard("fault/report_anyway-1", SPOKEN)
            await caller.press("*")
            await caller.heard("main/menu-1")
            told = said("en", "fault/known-1", "phrases/area-north", "fault/known-2", "fault/report_anyway-1", "main/menu-1")
            check_heard(caller, [*caller.prompts[: -len(told)], *told])

    await gathered(in_the_east(), in_the_north())


@scene
async def test_a_ticket_is_made_and_its_number_read_back(site: Site, hotline: HotlineServer) -> None:
    """One customer of each tier: number and deadline as spoken are number and deadline as stored."""

    async def report(number: str, key: str, kind: str) -> None:
        customer = CUSTOMERS[number]
        language = customer.language
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await to_menu(caller)
            await caller.press(f"2{AREA_KEYS['centre']}{key}2")
            await caller.heard("fault/check-1", SPOKEN)
            await caller.heard(f"phrases/fault-{kind}")
            await caller.press("1")
            await caller.heard("fault/after-1", SPOKEN)
            (ticket,) = tickets_of(hotline, number)
            thanks = ["fault/thanks-1", ("ticket", ticket["ticket"]), "fault/thanks-2", *instant(ticket["deadline_at_ms"])]
            thanks += ["fault/thanks-3"] if language == "zh" else []
            told = said(language, *thanks, "fault/after-1")
            check_heard(caller, [*caller.prompts[: -len([n for n in told if n[1] != "say/pause"])], *told])
            await caller.press("1")  # once more, please
            await caller.heard("fault/thanks-1")
            await caller.press("#")  # the number comes first, then the key
            await caller.heard_whole("phrases/goodbye", SPOKEN)
        (ticket,) = tickets_of(hotline, number)
        record = await record_of(hotline, number)
        assert json.loads(record["tickets"]) == [ticket["ticket"]]
        hours = (ticket["deadline_at_ms"] - ticket["created_at_ms"]) / 3_600_000
        stored = (ticket["account"], ticket["tier"], hours, ticket["area"], ticket["kind"], ticket["language"])
        assert stored == (customer.account, customer.tier, REPAIR_HOURS[customer.tier], "centre", kind, language)

    await gathered(
        report("13800138017", "2", "unstable"),
        report("13800138002", "4", "meter"),
        report("13800138020", "2", "unstable"),
        report("13800138007", "4", "meter"),
    )


@scene
async def test_a_spoken_message_is_the_callers_own_voice(site: Site, hotline: HotlineServer) -> None:
    number = "13800138012"
    async with Caller.call(site.rig, HOTLINE, number, voice=True) as caller:
        await to_menu(caller)
        await caller.press("224")
        await caller.heard("fault/offer_message-1")
        await caller.press("1")
        await caller.heard_whole("phrases/voicemail-ask")
        await spoken_for(caller, 3.0)
        await caller.press("#")
        await caller.heard("fault/check-1", SPOKEN)
        await caller.press("1")
        await caller.heard("fault/thanks-1", SPOKEN)
        await caller.hangup()
    (ticket,) = tickets_of(hotline, number)
    assert await record_of(hotline, number)
    assert voice_seconds(hotline, ticket["recording"], caller) > 2


@scene
async def test_silence_ends_the_message(site: Site, hotline: HotlineServer) -> None:
    number = "13800138019"
    async with Caller.call(site.rig, HOTLINE, number) as caller:
        await to_menu(caller)
        await caller.press("224")
        await caller.heard("fault/offer_message-1")
        await caller.press("1")
        await caller.heard_whole("phrases/voicemail-ask")
        await caller.heard("fault/check-1", SPOKEN)


async def spoken_for(caller: Caller, seconds: float) -> None:
    """Wait until the caller has sent so much more of his voice."""
    packets = caller.media.heard.packets
    begin = asyncio.get_running_loop().time()
    await eventually(lambda: asyncio.get_running_loop().time() - begin > seconds, seconds + 5, f"{packets} packets later")


@scene
async def test_hanging_up_at_every_stage_leaves_one_record_and_no_ticket(site: Site, hotline: HotlineServer) -> None:
    stages = (
        ("", "main/ask_language-1"),
        ("1", "main/menu-1"),
        ("12", "fault/ask_area-1"),
        ("122", "fault/ask_kind-1"),
        ("1223", "fault/danger-1"),
        ("1224", "fault/offer_message-1"),
        ("12242", "fault/check-1"),
        ("12221", "phrases/voicemail-ask"),
    )

    async def leave(number: str, keys: str, prompt: str) -> None:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await caller.heard("main/ask_language-1")
            await caller.press(keys)
            await caller.heard(prompt)
            await caller.hangup()
        record = await record_of(hotline, number)
        assert (record["outcome"], record["tickets"]) == ("abandoned", "[]")
        assert tickets_of(hotline, number) == []

    await gathered(*(leave(f"1390000010{n}", *stage) for n, stage in enumerate(stages)))


@scene
async def test_hanging_up_as_the_report_is_confirmed_makes_one_ticket_at_most(site: Site, hotline: HotlineServer) -> None:
    """The key and the goodbye leave in the same instant: record and ticket tell the same, whatever won."""

    async def leave(number: str, wait_seconds: float) -> None:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            await caller.heard("main/ask_language-1")
            await caller.press("12242")
            await caller.heard("fault/check-1")
            pressing = asyncio.ensure_future(caller.press("111"))
            await asyncio.sleep(wait_seconds)
            await caller.hangup()
            pressing.cancel()
            await asyncio.gather(pressing, return_exceptions=True)
        record = await record_of(hotline, number)
        made = [ticket["ticket"] for ticket in tickets_of(hotline, number)]
        assert len(made) <= 1
        assert json.loads(record["tickets"]) == made

    await gathered(*(leave(f"1390000011{n}", 0.06 + 0.03 * n) for n in range(6)))


async def test_no_ticket_can_be_stored_then_an_agent_hears_of_it(site: Site, hotline: HotlineServer) -> None:
    file = str(hotline.settings["database_url"]).partition("///")[2]

    def rename(old: str, new: str) -> None:
        with contextlib.closing(sqlite3.connect(file, timeout=5)) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
            connection.commit()

    rename("tickets", "tickets_gone")
    try:
        async with Caller.call(site.rig, HOTLINE, "13800138003") as caller:
            await to_menu(caller)
            await caller.press("225")  # no such kind: the rest of the keys is dropped
            await caller.heard("phrases/not-a-choice", 15)
            await caller.press("22")
            await caller.heard("fault/check-1")
            await caller.press("1")
            await caller.heard("fault/create-error-1", SPOKEN)
            await caller.heard("put_through/told-1", SPOKEN)
            await caller.heard("phrases/please-hold", SPOKEN)
            assert "fault/thanks-1" not in ids(caller)
    finally:
        rename("tickets_gone", "tickets")
    record = await record_of(hotline, "13800138003")
    assert (record["queue"], record["outcome"]) == ("faults", "abandoned")


async def test_each_ticket_has_one_effect_and_one_number(hotline: HotlineServer) -> None:
    """After all of the above."""
    tickets = [row["ticket"] for row in hotline.rows("SELECT ticket FROM tickets")]
    replies = [json.loads(row["reply"])["ticket"] for row in hotline.rows("SELECT reply FROM effects WHERE operation = 'create_ticket'")]
    assert sorted(replies) == sorted(tickets)
    assert len(set(tickets)) == len(tickets) > 4
