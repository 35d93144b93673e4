"""Callers as they are: silent, hammering all keys, pressing wrong ones, dialling like a machine, flooding. Each is led on as declared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.rig.demo import gathered, in_order, record_of
from tests.rig.gallery import HOTLINE, ROOMS, enter, in_both, served, visitor
from tests.rig.listener import Caller
from tests.rig.stage import Stage, open_stage, scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.gallery import Gallery
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

EVERY_KEY = "1234567890*#ABCD"
LONG = 90.0  # every question asked to its last try, with room for a busy machine
FLOOD_DIGITS = 200  # four seconds at fifty a second
#: Asterisk itself reports digits without a beginning one after the other, each after a pause: so long after such a flood the last one comes.
BACKLOG_SECONDS = 60.0
INVALID, TIMEOUT = "asked/_defaults-invalid-1", "asked/_defaults-timeout-1"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(gallery: Gallery) -> AsyncIterator[HotlineServer]:
    async with served(gallery) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, gallery: Gallery, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, gallery, hotline) as stage:
        yield stage


async def results_of(server: HotlineServer, number: str, step: str) -> list[str]:
    """What became of a step in the call from this number, each time."""
    trail = json.loads((await record_of(server, number, 20))["trail"])
    return [done["result"] for done in trail if f"{done['flow']}/{done['step']}" == step]


@scene
async def test_who_presses_nothing_is_asked_again_and_let_go(gallery: Gallery, server: HotlineServer) -> None:
    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language) as caller:
            begun = len(caller.prompts)
            await enter(caller, "asked")
            await caller.heard_whole("phrases/goodbye", LONG, language)
            assert await caller.ended() == "asterisk"
            asked = ["asked/digits-1", TIMEOUT] * 3 + ["asked/sorry-1"] + ["main/rooms-1", "phrases/no-key"] * 2 + ["phrases/goodbye"]
            assert caller.prompts[begun:] == [(language, name) for name in asked]
        assert (await record_of(server, number))["outcome"] == "self_service"

    await in_both(visit, "1362000010")


@scene
async def test_who_never_says_which_language_is_let_go(gallery: Gallery, server: HotlineServer) -> None:
    async with Caller.call(gallery.site.rig, HOTLINE, "13620000200") as caller:
        await caller.heard_whole("phrases/goodbye", LONG)
        assert await caller.ended() == "asterisk"
        asked = [name for name in caller.heard_ids if name != "phrases/goodbye"]
        assert asked == ["main/ask_language-1", "main/ask_language-1", "phrases/no-key"] * 2


@scene
async def test_wrong_keys_cost_a_try_each_and_lead_on(gallery: Gallery, server: HotlineServer) -> None:
    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language) as caller:
            begun = len(caller.prompts)
            await enter(caller, "asked")
            for keys in ("12#", "#", "1*"):
                await caller.heard("asked/digits-1", 30, language)
                await caller.press(keys)
            await caller.heard("asked/sorry-1", 30, language)
            for keys in ("*", "0"):
                await caller.heard("main/rooms-1", 30, language)
                await caller.press(keys)
            await caller.heard_whole("phrases/goodbye", 30, language)
            assert await caller.ended() == "asterisk"
            heard = [name for _, name in caller.prompts[begun:]]
            assert in_order(heard, *["asked/digits-1", INVALID] * 3, "asked/sorry-1", *["main/rooms-1", "phrases/not-a-choice"] * 2)
        assert (await results_of(server, number, "asked/digits"))[-1] == "invalid"

    await in_both(visit, "1362000030")


@scene
async def test_who_presses_every_key_everywhere_comes_to_an_end(gallery: Gallery, server: HotlineServer) -> None:
    """All sixteen keys twice in each room: the call ends with a goodbye, never in silence, never by a fault."""

    async def visit(number: str, language: str) -> None:
        async def hammer(number: str, room: str) -> None:
            async with visitor(gallery, number, language) as caller:
                await enter(caller, room)
                await caller.press(EVERY_KEY * 2)
                await caller.heard_whole("phrases/goodbye", LONG, language)
                assert await caller.ended() == "asterisk"
                assert "phrases/system-error" not in caller.heard_ids
            assert (await record_of(server, number, 20))["outcome"] in ("self_service", "left_queue", "put_through")

        rooms = ("told", "asked", "secret", "message", "line")
        await gathered(*(hammer(f"{number}{ROOMS[room]}", room) for room in rooms))

    await in_both(visit, "136200004")


@scene
async def test_a_machine_that_dials_is_understood(gallery: Gallery, server: HotlineServer) -> None:
    """Ten digits a second, each as short as they come (40 ms): none is lost and none counts twice."""

    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language) as caller:
            await caller.media.press(ROOMS["secret"] + "11223344" + "5566778899", hold_seconds=0.02, pause_seconds=0.02)
            await caller.heard("secret/refused-1", 20, language)
        (asked,) = gallery.company.requests("bank", number)
        assert (asked.arguments["account"], asked.arguments["pin"]) == ("11223344", "5566778899")

    await in_both(visit, "1362000050")


@scene
async def test_fifty_digits_a_second_are_bounded_and_the_call_goes_on(gallery: Gallery, server: HotlineServer) -> None:
    """In a number asked for, a message, the line, and while a backend hangs: afterwards a key does what it says."""

    async def flooded(number: str, language: str, room: str, prompt: str) -> Caller:
        """A caller who floods a room and is led on to his goodbye; the last key comes after all the others."""
        async with visitor(gallery, number, language) as caller:
            await enter(caller, room)
            await caller.heard(prompt, 30)
            await caller.press("1" if room == "trouble" else "")  # a backend that hangs
            await caller.media.flood("0" * FLOOD_DIGITS)
            await caller.press("*")
            await caller.heard_whole("phrases/goodbye", BACKLOG_SECONDS + LONG, language)
            assert await caller.ended() == "asterisk"
        return caller

    async def visit(number: str, language: str) -> None:
        places = (("asked", "asked/digits-1"), ("message", "message/speak-1"), ("line", "phrases/please-hold"), ("trouble", "trouble/which-1"))
        callers = await gathered(*(flooded(f"{number}{ROOMS[room]}", language, room, prompt) for room, prompt in places))
        assert ["phrases/system-error" in caller.heard_ids for caller in callers] == [False] * len(places)
        assert (await results_of(server, f"{number}{ROOMS['line']}", "line/wait")) == ["menu"]

    await in_both(visit, "136200006")
    trails = [json.loads(row["trail"]) for row in server.rows("SELECT trail FROM call_records")]
    assert max(map(len, trails)) < FLOOD_DIGITS / 4, "each digit of a flood became a step"
