"""Backends that misbehave, as callers notice it: a sentence while they wait, then the declared way on, and the call goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.rig.demo import gathered, record_of
from tests.rig.gallery import LANGUAGES, enter, served, visitor
from tests.rig.stage import Stage, open_stage, scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.gallery import Gallery
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

#: Keys of tests/gallery/flows/trouble.yaml.
SLOW = {"hang": "1", "drip": "2"}
WRONG = {"error_500": "3", "wrong_types": "5", "no_json": "7", "deep_json": "8"}
FILLER_SECONDS = 1.0  # promised; told below is what was measured
BUSY = 3.0  # so much later it may be on a busy machine
MEGABYTE = 1 << 20
ROUNDS = 8  # of failures, five of which give the backend a rest


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(gallery: Gallery) -> AsyncIterator[HotlineServer]:
    async with served(gallery) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, gallery: Gallery, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, gallery, hotline) as stage:
        yield stage


@scene
async def test_a_backend_that_keeps_them_waiting(gallery: Gallery, server: HotlineServer) -> None:
    """Hanging or dripping: a sentence after a second, the way on after the deadline."""

    async def visit(number: str, language: str, trouble: str, key: str) -> tuple[str, float]:
        async with visitor(gallery, number, language) as caller:
            await enter(caller, "trouble")
            await caller.heard("trouble/which-1", 20, language)
            await caller.press(key)
            filler = await caller.heard_whole("phrases/one-moment", 20, language)
            await caller.heard_whole("trouble/failed-1", 20, language)
            await caller.heard("trouble/which-1", 20, language)
            (asked,) = gallery.company.requests(trouble, number)
        assert caller.heard_ids.count("phrases/one-moment") == 1
        return f"{trouble}, {language}", filler.started_at - asked.at

    places = [(trouble, key, language) for trouble, key in SLOW.items() for language in LANGUAGES]
    waits = await gathered(*(visit(f"136400001{n}", language, trouble, key) for n, (trouble, key, language) in enumerate(places)))
    print("seconds from the request to the filler as heard:", {place: round(seconds, 2) for place, seconds in waits})  # noqa: T201
    assert max(seconds for _, seconds in waits) < FILLER_SECONDS + BUSY


@scene
async def test_a_backend_whose_answer_is_wrong(gallery: Gallery, server: HotlineServer) -> None:
    """A status, a type, a form, a depth: the way on at once, without a sentence to wait by, and a line in the log."""

    async def visit(number: str, language: str, trouble: str, key: str) -> None:
        async with visitor(gallery, number, language) as caller:
            await enter(caller, "trouble")
            await caller.heard("trouble/which-1", 20, language)
            await caller.press(key)
            await caller.heard_whole("trouble/failed-1", 20, language)
            await caller.heard("trouble/which-1", 20, language)
        call = (await record_of(server, number))["call"]
        await server.logged("backend_failed", backend=trouble, call=call)

    await gathered(*(visit(f"136400002{n}", LANGUAGES[n % 2], trouble, key) for n, (trouble, key) in enumerate(WRONG.items())))


@scene
async def test_a_backend_that_sends_a_gigabyte_is_cut_short(gallery: Gallery, server: HotlineServer) -> None:
    async with visitor(gallery, "13640000300", "en") as caller:
        await enter(caller, "trouble")
        await caller.heard("trouble/which-1", 20)
        await caller.press("4")
        await caller.heard_whole("trouble/failed-1", 20)
    assert gallery.company.sent_bytes < 16 * MEGABYTE  # what the sockets took


@scene
async def test_control_characters_of_a_backend_reach_nobody(gallery: Gallery, server: HotlineServer) -> None:
    async with visitor(gallery, "13640000400", "zh") as caller:
        await enter(caller, "trouble")
        await caller.heard("trouble/which-1", 20)
        await caller.press("6")
        await caller.heard_whole("trouble/fine-1", 20)
        (channel,) = [name for name in await gallery.site.asterisk.channels() if "13640000400" in await shown(gallery, name)]
        assert not {"\x1b", "\u202e", "\x00"} & set(await shown(gallery, channel))
        sessions = (gallery.site.rig.folder.parent / str(server.settings["store_url"]).rpartition("/")[2]).read_bytes()
        assert b"\\u202e" not in sessions
        assert "\u202e".encode() not in sessions
    assert (await record_of(server, "13640000400"))["account"] == "1"


async def shown(gallery: Gallery, channel: str) -> str:
    return await gallery.site.asterisk.cli(f"core show channel {channel}")


async def test_a_backend_that_keeps_failing_gets_a_rest(gallery: Gallery, hotline: HotlineServer) -> None:
    """The caller is led on all the same, sooner than the backend could have failed again."""
    number, known = "13640000500", len(gallery.company.requests("error_500"))
    async with visitor(gallery, number, "en") as caller:
        await enter(caller, "trouble")
        for _ in range(ROUNDS):
            await caller.heard("trouble/which-1", 20)
            await caller.press("3")
            await caller.heard("trouble/failed-1", 20)
    assert 0 < len(gallery.company.requests("error_500")) - known < ROUNDS
