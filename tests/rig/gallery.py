"""The gallery: flows under tests/gallery in which every step type can be met, on an Asterisk of their own."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cti.prompts.build import build_prompts
from cti.prompts.voices import find_speaker
from cti.prompts.wanted import wanted_prompts
from cti.provision.folders import cache_folder
from tests.rig.company import Company
from tests.rig.demo import gathered
from tests.rig.listener import Caller
from tests.rig.ports import free_port
from tests.rig.prompts import PromptIndex
from tests.rig.server import PROJECT
from tests.rig.site import Site, Sound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.server import HotlineServer

GALLERY = PROJECT / "tests" / "gallery"
HOTLINE = "95598"
LANGUAGE_KEYS = {"zh": "1", "en": "2"}
LANGUAGES = tuple(LANGUAGE_KEYS)
ROOMS = {"told": "1", "asked": "2", "secret": "3", "message": "4", "line": "5", "trouble": "6", "services": "7", "outside": "8", "back": "9"}
PIN, CARD = "7409162853", "4929158306274158"  # canaries: nothing else looks like them, not even the fraction of a time
_COMPANY_PORT = "26000"  # as config/backends.yaml says; the test's own takes its place


@dataclass(frozen=True)
class Programs:
    """What the rig needs of this machine."""

    asterisk: AsteriskInstall
    sipp: Tool
    sound: Sound


@dataclass
class Gallery:
    """A running Asterisk with the gallery's flows, and the company behind them; servers are started by the test."""

    site: Site
    company: Company
    config: Path
    flows: Path


@contextlib.asynccontextmanager
async def open_gallery(programs: Programs, folder: Path, *, logger: str = "") -> AsyncIterator[Gallery]:
    """Start everything but the server. `logger`: a line for Asterisk's [logfiles]."""
    config, flows, port = folder / "config", folder / "flows", free_port()
    shutil.copytree(GALLERY / "config", config)
    shutil.copytree(GALLERY / "flows", flows)
    shutil.copy(PROJECT / "flows" / "phrases.yaml", flows)
    backends = config / "backends.yaml"
    backends.write_text(backends.read_text(encoding="utf-8").replace(_COMPANY_PORT, str(port)), encoding="utf-8")
    site = Site(
        programs.asterisk, programs.sipp, _sound(programs.sound, flows), folder, config=config, flows=flows, rtp_timeout_seconds=10
    )
    if logger:
        with (site.asterisk.etc / "logger.conf").open("a", encoding="utf-8") as file:
            file.write(f"\n{logger}\n")
    async with Company(PIN, CARD).running(port) as company:
        await site.asterisk.start()
        try:
            yield Gallery(site, company, config, flows)
        finally:
            await site.asterisk.stop()


def _sound(sound: Sound, flows: Path) -> Sound:
    """The gallery's prompts in a folder of their own, where the next run finds them; digits and amounts are the hotline's."""
    prompts = cache_folder() / "gallery-sound"
    if not prompts.exists():
        shutil.copytree(sound.prompts, prompts, ignore=shutil.ignore_patterns("..*", ".*.ulaw.*"))  # what another build is writing
    build_prompts(wanted_prompts(flows), prompts, find_speaker())
    index = PromptIndex.of_folder(prompts)
    index.add_music(sound.music)
    return Sound(prompts, sound.music, index)


@contextlib.asynccontextmanager
async def served(gallery: Gallery, **changes: Any) -> AsyncIterator[HotlineServer]:
    """A ready server with an empty database; afterwards nothing is up any more, and its log has no traceback."""
    async with gallery.site.running(**changes) as server:
        yield server
    await gallery.site.clear()
    assert server.tracebacks() == []


async def in_both(visit: Callable[[str, str], Awaitable[None]], number: str) -> None:
    """The same visit in Chinese and in English, side by side; the language's place completes the caller's number."""
    await gathered(*(visit(f"{number}{place}", language) for place, language in enumerate(LANGUAGES)))


@contextlib.asynccontextmanager
async def visitor(gallery: Gallery, number: str, language: str, *, voice: bool = False) -> AsyncIterator[Caller]:
    """A caller who has chosen his language and is asked for a room; hung up at the end if he still is up."""
    async with Caller.call(gallery.site.rig, HOTLINE, number, voice=voice) as caller:
        await caller.heard("main/ask_language-1", 20)
        await caller.press(LANGUAGE_KEYS[language])
        await caller.heard("main/rooms-1", 20, language)
        yield caller


async def enter(caller: Caller, room: str) -> None:
    """Go to a room."""
    await caller.press(ROOMS[room])
