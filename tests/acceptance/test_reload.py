"""Flows swapped under live calls on the real Asterisk: nobody is dropped, nobody hears two versions."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cti.prompts.build import build_music, build_prompts
from cti.prompts.voices import find_speaker
from cti.prompts.wanted import wanted_prompts
from tests.rig.listener import Caller
from tests.rig.prompts import PromptIndex
from tests.rig.server import PROJECT
from tests.rig.site import Site, Sound
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

STEPS = 60  # some 200 seconds: longer than the longest test
NAMES = {"a": ("甲", "alpha"), "b": ("乙", "beta")}
BROKEN = (
    "version: 1\nflow: main\nstart: nowhere\nsafe_exit: bye\nsteps:\n  bye: {type: hangup}\n",
    "steps: [",
    "version: 1\nversion: 1\n",
    "",
)


def flow(version: str) -> str:
    """Sixty sentences, each naming the version: whoever hears both letters heard two versions."""
    zh, en = NAMES[version]
    steps = [
        f"  {version}{number}:\n    type: say\n    barge_in: false\n"
        f"    say: {{zh: 这是{zh}版的第{number}句话。, en: This is sentence {number} of version {en}.}}\n"
        f"    next: {f'{version}{number + 1}' if number < STEPS else 'bye'}\n"
        for number in range(1, STEPS + 1)
    ]
    return f"version: 1\nflow: main\nstart: {version}1\nsafe_exit: bye\nsteps:\n{''.join(steps)}  bye: {{type: hangup}}\n"


def put(folder: Path, text: str) -> None:
    """Replace main.yaml at once, as editors and git do."""
    part = folder / "main.part"
    part.write_text(text, encoding="utf-8")
    part.replace(folder / "main.yaml")


@dataclasses.dataclass
class Hotline:
    site: Site
    flows: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(asterisk_install: AsteriskInstall, sipp: Tool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hotline]:
    """An Asterisk of its own, with the prompts of both versions."""
    folder = tmp_path_factory.mktemp("reload")
    flows, prompts, music = folder / "flows", folder / "sounds", folder / "music"
    flows.mkdir()
    for name in ("phrases.yaml", "hours.yaml"):  # queues.yaml names plans of the latter
        shutil.copy(PROJECT / "flows" / name, flows / name)
    wanted = []
    for version in NAMES:
        put(flows, flow(version))
        wanted += wanted_prompts(flows)
    build_prompts(dict.fromkeys(wanted), prompts, find_speaker())
    build_music(music)
    put(flows, flow("a"))
    index = PromptIndex.of_folder(prompts)
    site = Site(
        asterisk_install, sipp, Sound(prompts, music, index), folder, config=PROJECT / "config", flows=flows, rtp_timeout_seconds=10
    )  # fmt: skip
    await site.asterisk.start()
    yield Hotline(site, flows)
    await site.asterisk.stop()


def letters(caller: Caller) -> set[str]:
    """The versions this caller heard."""
    return {prompt.removeprefix("main/")[0] for _, prompt in caller.prompts if prompt.startswith("main/")}


async def reload_for(hotline: Hotline, server: HotlineServer, times: int, every_seconds: float) -> dict[int, int]:
    """Write another version (every second one broken) and ask for it; how often each status was answered."""
    good = itertools.cycle((flow("b"), flow("a")))
    broken = itertools.cycle(BROKEN)
    answers: dict[int, int] = {}
    for number in range(times):
        put(hotline.flows, next(broken) if number % 2 else next(good))
        reply = await server.api("POST", "/api/flows/reload", {}, within=15.0)
        answers[reply.status] = answers.get(reply.status, 0) + 1
        await asyncio.sleep(every_seconds)
    return answers


async def swap_under_callers(hotline: Hotline, callers_wanted: int, rate: float, times: int, every_seconds: float) -> None:
    put(hotline.flows, flow("a"))
    async with hotline.site.running(watch_flows_seconds=0) as server:
        calls = [(f"139{number:08d}", "95598") for number in range(callers_wanted)]
        async with Caller.group(hotline.site.rig, calls, rate=rate) as callers:
            await asyncio.gather(*(caller.answered(60) for caller in callers))
            assert await reload_for(hotline, server, times, every_seconds) == {200: (times + 1) // 2, 409: times // 2}
            dropped = [caller.who for caller in callers if not caller.alive]
            versions = [letters(caller) for caller in callers]
            assert dropped == []
            assert [heard for heard in versions if len(heard) != 1] == []
        metrics = await server.metrics()
        assert metrics.value("hotline_flow_reloads_total", result="refused") == times // 2
        assert server.tracebacks() == []


async def test_reload_under_live_calls(hotline: Hotline) -> None:
    """Ten callers, a reload four times a second, every second one broken: none dropped, none on two versions."""
    await swap_under_callers(hotline, 10, 10.0, 24, 0.2)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_reload_every_second_for_two_minutes_under_a_hundred_calls(hotline: Hotline) -> None:
    """A hundred callers for two minutes, a reload each second, half of the versions broken."""
    await swap_under_callers(hotline, 100, 20.0, 120, 1.0)


async def test_a_call_ends_on_its_version_even_after_a_kill_and_new_calls_get_the_new_one(hotline: Hotline) -> None:
    put(hotline.flows, flow("a"))
    async with hotline.site.running(watch_flows_seconds=0) as server, Caller.call(hotline.site.rig, from_number="13900001001") as old:
        await old.heard("main/a1-1")
        put(hotline.flows, flow("b"))
        assert (await server.api("POST", "/api/flows/reload", {})).status == 200
        async with Caller.call(hotline.site.rig, from_number="13900001002") as new:
            await new.heard("main/b1-1")
        await server.restart()
        await old.heard("main/a*", 15.0)
        await old.heard("main/a*", 15.0)
        assert letters(old) == {"a"}
        rolled_back = await server.api("POST", "/api/flows/rollback", {})
        assert rolled_back.status == 409  # this process has loaded only one set


async def test_a_changed_file_and_a_hangup_signal_are_taken_and_a_broken_file_raises_the_alarm(hotline: Hotline) -> None:
    put(hotline.flows, flow("a"))
    async with hotline.site.running(watch_flows_seconds=0.2) as server:
        first = (await server.api("GET", "/api/flows")).body["current"]
        put(hotline.flows, flow("b"))
        await server.logged("flows_loaded")
        assert (await server.api("GET", "/api/flows")).body["previous"] == first
        put(hotline.flows, BROKEN[0])
        refused = await server.logged("flows_refused")
        assert "main.yaml:3:8" in refused["reason"]
        assert (await server.metrics()).value("hotline_flows_broken") == 1
        async with Caller.call(hotline.site.rig, from_number="13900001003") as caller:
            await caller.heard("main/b1-1")
        put(hotline.flows, flow("a"))
        server.signal(signal.SIGHUP)

        async def mended() -> bool:
            return (await server.metrics()).value("hotline_flows_broken") == 0

        await eventually(mended, 5.0, "the alarm taken back")
        assert (await server.api("GET", "/api/flows")).body["current"] == first
