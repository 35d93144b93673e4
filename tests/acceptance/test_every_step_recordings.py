"""What `record` keeps is what the caller said: voice, pauses, hang-ups, keys, and a spool that cannot be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.rig.demo import record_of
from tests.rig.gallery import enter, in_both, served, visitor
from tests.rig.recordings import recorded, speaks, voice_seconds
from tests.rig.rtp import QUIET_BYTES
from tests.rig.stage import Stage, open_stage, scene
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.gallery import Gallery
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

MAX_SECONDS, SILENCE_SECONDS = 8, 2  # as tests/gallery/flows/message.yaml says
KEPT_SILENCE_SECONDS = 1.0  # what Asterisk leaves of it


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(gallery: Gallery) -> AsyncIterator[HotlineServer]:
    async with served(gallery) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, gallery: Gallery, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, gallery, hotline) as stage:
        yield stage


async def message_of(server: HotlineServer, number: str) -> dict[str, Any]:
    """The one message from this number, once it is kept."""

    def found() -> list[dict[str, Any]]:
        return server.rows("SELECT * FROM messages WHERE caller = ?", number)

    await eventually(found, 20, f"a message from {number}")
    (message,) = found()
    return message


def length_seconds(server: HotlineServer, message: dict[str, Any]) -> float:
    return len(recorded(server, message["recording"])) / 8000


@scene
async def test_the_pause_that_ends_a_message_is_not_kept(gallery: Gallery, server: HotlineServer) -> None:
    """And the length that is told and stored is that of the speech."""

    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language, voice=True) as caller:
            await enter(caller, "message")
            await caller.heard_whole("message/speak-1", 20, language)
            await speaks(caller, 4.0)
            caller.media.voice = b""
            await caller.heard("message/told-*", 20, language)
        message = await message_of(server, number)
        spoken = voice_seconds(server, message["recording"], caller)
        assert spoken > 3
        assert length_seconds(server, message) < spoken + KEPT_SILENCE_SECONDS + 0.5
        assert message["seconds"] in (4, 5)
        assert message["language"] == language

    await in_both(visit, "1361000010")


@scene
async def test_who_says_nothing_has_left_no_message(gallery: Gallery, server: HotlineServer) -> None:
    """Keys that end nothing are no message either, and leave no tone in the file."""

    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language) as caller:
            await enter(caller, "message")
            await caller.heard_whole("message/speak-1", 20, language)
            await speaks(caller, 1.0)
            await caller.press("740916")
            await caller.heard("message/speak-timeout-1", 20, language)
            await caller.heard("main/rooms-1", 20, language)
        call = (await record_of(server, number))["call"]
        (file,) = (Path(server.settings["spool_dir"]) / "recordings").glob(f"{call}-*.wav")
        assert QUIET_BYTES.issuperset(recorded(server, file.stem))
        assert server.rows("SELECT * FROM messages WHERE caller = ?", number) == []

    await in_both(visit, "1361000020")


@scene
async def test_a_message_ends_after_its_longest_time(gallery: Gallery, server: HotlineServer) -> None:
    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language, voice=True) as caller:
            await enter(caller, "message")
            await caller.heard("message/told-*", MAX_SECONDS + 20, language)
        message = await message_of(server, number)
        assert MAX_SECONDS - 1 < voice_seconds(server, message["recording"], caller) <= length_seconds(server, message) <= MAX_SECONDS + 0.1

    await in_both(visit, "1361000030")


@scene
async def test_a_message_broken_off_by_hanging_up_is_kept(gallery: Gallery, server: HotlineServer) -> None:
    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language, voice=True) as caller:
            await enter(caller, "message")
            await caller.heard_whole("message/speak-1", 20, language)
            await speaks(caller, 3.0)
            await caller.hangup()
        message = await message_of(server, number)
        assert voice_seconds(server, message["recording"], caller) > 2
        assert message["seconds"] >= 2
        trail = json.loads((await record_of(server, number))["trail"])
        assert ("keep", "replied") in [(step["step"], step["result"]) for step in trail]

    await in_both(visit, "1361000040")


async def test_a_spool_that_cannot_be_written_is_told(gallery: Gallery, hotline: HotlineServer) -> None:
    """Its folder is a file now. The caller hears so, nothing is stored, and the call goes on."""
    folder = Path(hotline.settings["spool_dir"]) / "recordings"
    folder.rename(folder.with_name("recordings-away"))
    folder.touch()
    try:

        async def visit(number: str, language: str) -> None:
            async with visitor(gallery, number, language, voice=True) as caller:
                await enter(caller, "message")
                await caller.heard_whole("message/sorry-1", 20, language)
                await caller.heard("main/rooms-1", 20, language)
            assert hotline.rows("SELECT * FROM messages WHERE caller = ?", number) == []

        await in_both(visit, "1361000050")
    finally:
        folder.unlink()
        folder.with_name("recordings-away").rename(folder)
