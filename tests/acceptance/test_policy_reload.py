"""Queues and agents changed under live calls on the real Asterisk."""

from __future__ import annotations

import asyncio
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.rig.agents import ANSWERS
from tests.rig.listener import Caller
from tests.rig.server import PROJECT
from tests.rig.stages import (
    HOTLINE,
    agent_states,
    caller_number,
    fresh_numbers,
    gathered,
    login,
    to_queue,
    voices,
    waits,
)
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration of one's own to edit."""
    return shutil.copytree(PROJECT / "config", tmp_path / "config")


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text that occurs once, at once, as editors and git do."""
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, (name, old, text.count(old))
    part = folder / f"{name}.part"
    part.write_text(text.replace(old, new), encoding="utf-8")
    part.replace(folder / name)


async def version(server: HotlineServer) -> str:
    reply = await server.api("GET", "/api/policy")
    return str(reply.body["version"])


async def reloaded(server: HotlineServer, before: str) -> None:
    """Wait until another policy is in force."""

    async def other() -> bool:
        return await version(server) != before

    await eventually(other, 10.0, "another policy")


async def state_of(server: HotlineServer, agent: str, within: float = 10.0, **wanted: Any) -> None:
    async def so() -> bool:
        return (await agent_states(server)).get(agent) == wanted["state"]

    await eventually(so, within, f"{agent} {wanted['state']}")


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _cleared(site: Site) -> AsyncIterator[None]:
    """Leave nothing that the next test's server would take for its own."""
    yield
    await site.clear()


async def test_members_change_under_callers_who_wait_and_talk(site: Site, config: Path) -> None:
    """apps/queues/reload_queue_members: a member taken away while he talks ends his talk first; a member added is called for
    those who wait already; who waits keeps his place; a broken configuration changes nothing and says why."""
    numbers = fresh_numbers(2)
    async with (
        site.running(config_dir=str(config), watch_config_seconds=0) as server,
        site.agents("agent01", "agent09", behaviour=ANSWERS) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in numbers], voice=True) as callers,
    ):
        await gathered(*map(to_queue, callers))
        before = await waits(server, 2)
        await login(server, "agent01")
        first = await farm["agent01"].talking()
        talker = next(caller for caller in callers if caller.who == caller_number(first))
        waiter = next(caller for caller in callers if caller is not talker)
        await voices(talker, first, 15.0)

        # broken: refused with the place, nothing changed
        in_force = await version(server)
        edit(config, "queues.yaml", "needs: {faults: 1}", "needs: {fault: 1}")
        reply = await server.api("POST", "/api/policy/reload")
        assert reply.status == 409
        assert "queues.yaml" in reply.body["detail"]
        assert "faults" in reply.body["detail"]
        assert await version(server) == in_force
        edit(config, "queues.yaml", "needs: {fault: 1}", "needs: {faults: 1}")

        # a queue that flows name is gone: refused
        edit(config, "queues.yaml", "  faults:\n", "  repairs:\n")
        reply = await server.api("POST", "/api/policy/reload")
        assert reply.status == 409
        edit(config, "queues.yaml", "  repairs:\n", "  faults:\n")

        # agent01 serves `general` no longer; agent09, in training, is ready but has no queue yet
        edit(config, "agents.yaml", "skills: {lang_zh: 3, lang_en: 2, billing: 3}\n    queues: [billing, general]", "skills: {lang_zh: 3, lang_en: 2, billing: 3}\n    queues: [billing]")
        edit(config, "agents.yaml", "skills: {lang_zh: 2}\n    queues: [general]", "skills: {lang_zh: 2}\n    queues: [billing]")
        assert (await server.api("POST", "/api/policy/reload")).status == 200
        await login(server, "agent09")
        await voices(talker, first, 15.0)
        await asyncio.sleep(1.0)  # a talk that ends as it begins is none
        await first.hangup()
        await talker.heard("survey/ask-1", 10.0)
        await state_of(server, "agent01", 20.0, state="ready")  # free, and not for this line
        assert [entry["call"] for entry in await waits(server, 1)] == [before[1]["call"]]

        # by SIGHUP agent09 gets the line: he is called for whoever waits
        in_force = await version(server)
        edit(config, "agents.yaml", "skills: {lang_zh: 2}\n    queues: [billing]", "skills: {lang_zh: 2}\n    queues: [general]")
        server.signal(signal.SIGHUP)
        await reloaded(server, in_force)
        second = await farm["agent09"].talking()
        assert caller_number(second) == waiter.who
        await voices(waiter, second, 15.0)
        assert len(farm["agent01"].calls) == 1


async def test_edited_files_are_taken_by_themselves(site: Site, config: Path) -> None:
    """Whoever saves the file sees it in force; what is wrong is in the metrics until it is mended."""
    async with site.running(config_dir=str(config), watch_config_seconds=0.1) as server:
        before = await version(server)
        edit(config, "tiers.yaml", "head_start_seconds: 45", "head_start_seconds: 4x")

        async def alarm() -> float:
            return (await server.metrics()).value("hotline_policy_broken")

        await eventually(alarm, 10.0, "the alarm")
        reply = await server.api("GET", "/api/policy")
        assert "tiers.yaml:" in reply.body["refused"]
        assert reply.body["version"] == before
        edit(config, "tiers.yaml", "head_start_seconds: 4x", "head_start_seconds: 60")
        await reloaded(server, before)
        assert await alarm() == 0.0
