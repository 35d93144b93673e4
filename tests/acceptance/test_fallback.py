"""The server dies and does not come back: Asterisk alone looks after everybody; one that comes back late goes on."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cti.asterisk.runtime import render_runtime
from tests.acceptance.conftest import RTP_TIMEOUT_SECONDS
from tests.rig.agents import ANSWERS, RINGS
from tests.rig.listener import Caller
from tests.rig.server import PROJECT
from tests.rig.site import Site
from tests.rig.stages import (
    HOTLINE,
    agent_states,
    caller_number,
    finished_records,
    fresh_numbers,
    gathered,
    login,
    nobody_stuck,
    to_menu,
    to_queue,
    voices,
    waits,
)
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.agents import AgentFarm
    from tests.rig.server import HotlineServer
    from tests.rig.site import Sound

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

ENTRY_SECONDS = 5.0
MENU_SECONDS = 20.0
WAITING_SECONDS = 75.0
GAP_SECONDS = 0.5
#: How long the fallback rings agents before it takes a message, in these tests.
QUEUE_SECONDS = 25
TWO_MINUTES = 125.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(asterisk_install: AsteriskInstall, sipp: Tool, sound: Sound, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """An Asterisk of its own, whose fallback comes to the voicemail soon."""
    folder = tmp_path_factory.mktemp("alone")
    site = Site(
        asterisk_install, sipp, sound, folder, config=PROJECT / "config", flows=PROJECT / "flows", rtp_timeout_seconds=RTP_TIMEOUT_SECONDS
    )
    site.options = dataclasses.replace(site.options, fallback_seconds=QUEUE_SECONDS)
    render_runtime(asterisk_install, site._settings.layout, site.options)
    await site.asterisk.start()
    yield site
    await site.asterisk.stop()


async def _falls_back(caller: Caller, killed_at: float, within: float) -> None:
    """He hears the fallback in time, and not one sign of trouble before."""
    await caller.heard("phrases/fallback-sorry", within + 5.0)
    began = caller.heard_so_far[caller._consumed - 1].started_at
    assert began - killed_at < within, f"{caller.who} heard the fallback after {began - killed_at:.1f} s"


async def test_the_server_never_comes_back_and_then_does(alone: Site) -> None:
    """Entry, menu, line, talk, survey: each within its declared time. Then a server comes, and finds the rest waiting."""
    site = alone
    server = site.server()
    await server.start()
    numbers = fresh_numbers(8)
    async with (
        site.agents("agent01", "agent02", "agent03", behaviour=ANSWERS) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in numbers[:6]], voice=True) as callers,
    ):
        menu, leaver, *line = callers
        await gathered(*map(to_queue, line), to_queue(leaver))
        before = await waits(server, 5)
        for name in ("agent01", "agent02"):
            await login(server, name)
        talks = [await farm[name].talking() for name in ("agent01", "agent02")]
        by_number = {caller.who: caller for caller in callers}
        talking, surveyed = (by_number[caller_number(call)] for call in talks)
        held = [caller for caller in (leaver, *line) if caller not in (talking, surveyed)]
        await gathered(voices(talking, talks[0], 15.0), voices(surveyed, talks[1], 15.0))
        await asyncio.sleep(1.5)
        await talks[1].hangup()
        await surveyed.heard("survey/ask-1")
        await to_menu(menu)
        for caller in (talking, *held):
            caller.measure_from_now()
        killed_at = time.monotonic()
        await server.kill9()
        for name in ("agent01", "agent02", "agent03"):
            farm[name].behaviour = RINGS

        gone, *staying = held
        async with Caller.group(site.rig, [(number, HOTLINE) for number in numbers[6:]], voice=True) as late:
            await gathered(
                _entries(late, farm, killed_at),
                _menu_then_voicemail(site, menu, killed_at),
                _falls_back_and_waits(staying, killed_at),
                _talk_ends_politely(talking, talks[0], killed_at),
                _goodbye_after_survey(surveyed, killed_at),
                gone.hangup(),
            )
            await server.start()
            await _taken_back(site, server, staying, before)
            await gathered(*(caller.hangup() for caller in staying))
            found = await finished_records(server, [*callers, *late], 20.0)
        assert found[gone.who]["outcome"] == "abandoned"
        assert found[talking.who]["outcome"] == found[surveyed.who]["outcome"] == "answered"
        assert [found[number]["outcome"] for number in (menu.who, *numbers[6:])] == ["fallback"] * 3
        assert all(record["started_at_ms"] for record in found.values())
        await nobody_stuck(site, server, farm)
        assert server.tracebacks() == []
    await server.stop()


async def _entries(late: list[Caller], farm: AgentFarm, killed_at: float) -> None:
    """Who calls now hears so at once, and is put through to the static queue's agents."""
    first, second = late
    answered = await gathered(first.answered(), second.answered())
    await gathered(*(_falls_back(caller, at, ENTRY_SECONDS) for caller, at in zip(late, answered, strict=True)))
    calls = await gathered(*(farm[name].called(15.0) for name in ("agent02", "agent03")))  # agent01 talks on
    for call in calls:
        call.answer()
    by_number = {caller.who: caller for caller in late}
    await gathered(*(voices(by_number[caller_number(call)], call) for call in calls if caller_number(call) in by_number))
    served = [by_number[caller_number(call)] for call in calls if caller_number(call) in by_number]
    assert served
    await asyncio.sleep(1.0)
    await gathered(*(caller.hangup() for caller in late))
    await gathered(*(call.ended() for call in calls if not call.dialogue.over))


async def _menu_then_voicemail(site: Site, caller: Caller, killed_at: float) -> None:
    """Nobody answers: after the queue's limit he speaks his message, and it is kept."""
    await _falls_back(caller, killed_at, MENU_SECONDS)
    await caller.hears_music()
    await caller.heard_whole("phrases/voicemail-ask", QUEUE_SECONDS + 25.0)
    await asyncio.sleep(2.5)
    await caller.press("#")
    await caller.heard("phrases/voicemail-thanks")
    assert await caller.ended(15.0) == "asterisk"
    recordings = list((site._settings.layout.spool / "recordings").glob("fallback-*.wav"))
    assert [file.stat().st_size > 8000 for file in recordings] == [True]


async def _falls_back_and_waits(callers: list[Caller], killed_at: float) -> None:
    """Music without a gap, then the fallback, in time."""
    await gathered(*(_falls_back(caller, killed_at, WAITING_SECONDS) for caller in callers))
    assert max(caller.longest_gap_seconds() for caller in callers) < GAP_SECONDS
    await gathered(*(caller.hears_music() for caller in callers))


async def _talk_ends_politely(caller: Caller, call: object, killed_at: float) -> None:
    """A talk lasts as long as they like; then a goodbye, for nobody is there to ask for a mark."""
    await asyncio.sleep(12.0)
    await voices(caller, call)
    assert caller.longest_gap_seconds() < GAP_SECONDS
    await call.hangup()
    await caller.heard("phrases/goodbye", MENU_SECONDS + 5.0)
    assert await caller.ended(10.0) == "asterisk"


async def _goodbye_after_survey(caller: Caller, killed_at: float) -> None:
    await caller.heard("phrases/goodbye", MENU_SECONDS + 5.0)
    assert await caller.ended(10.0) == "asterisk"


async def _taken_back(site: Site, server: HotlineServer, callers: list[Caller], before: list[dict[str, object]]) -> None:
    """A server that comes back late takes who still waits, with his time of entry."""
    entered = {str(entry["call"]): float(str(entry["waited_seconds"])) for entry in before}
    after = await waits(server, len(callers), 10.0)
    assert [entry["call"] for entry in after] == [call for call in entered if call in {entry["call"] for entry in after}]
    assert all(entry["waited_seconds"] > entered[entry["call"]] + 30.0 for entry in after)
    assert all(caller.alive for caller in callers)
    metrics = await server.metrics()
    assert metrics.value("hotline_drift_repaired_total", kind="taken_back") == len(callers)


async def test_who_hung_up_meanwhile_is_written_down_and_then_forgotten(alone: Site) -> None:
    """Ends nobody saw are read from Asterisk's own database; its keys go away once the records are safe."""
    site = alone
    server = site.server()
    await server.start()
    keys = await _keys(site)
    async with Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(2)]) as callers:
        await gathered(*(caller.answered() for caller in callers))
        await server.kill9()
        await gathered(*(caller.hangup() for caller in callers))
        assert len(await _keys(site)) == len(keys) + 2
        await server.start()
        found = await finished_records(server, callers)
        assert {record["outcome"] for record in found.values()} == {"abandoned"}
        assert all(record["started_at_ms"] <= record["ended_at_ms"] for record in found.values())
    await server.stop()


@pytest.mark.long
async def test_the_keys_of_past_minutes_are_deleted(alone: Site) -> None:
    site = alone
    server = site.server()
    await server.start()
    async with Caller.call(site.rig, HOTLINE, fresh_numbers(1)[0]) as caller:
        await server.kill9()
        await caller.hangup()
    await server.start()
    await finished_records(server, [caller])
    assert await _keys(site)

    async def none() -> bool:
        return not await _keys(site)

    await eventually(none, TWO_MINUTES + 65.0, "Asterisk's keys are deleted", every=1.0)
    assert (await agent_states(server)) != {}
    await server.stop()


async def _keys(site: Site) -> list[str]:
    shown = await site.asterisk.cli("database show hotline-ended")
    return [line for line in shown.splitlines() if line.startswith("/hotline-ended/")]
