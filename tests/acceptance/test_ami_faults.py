"""The link to Asterisk, and Asterisk itself, fail in every way: callers hear nothing of it, or their records say so."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.acceptance.conftest import RTP_TIMEOUT_SECONDS
from tests.rig.agents import ANSWERS, RINGS, AgentCall, AgentFarm
from tests.rig.fault_proxy import Direction, FaultProxy
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
    logout,
    nobody_stuck,
    to_menu,
    to_queue,
    voices,
    waiting,
    waits,
)
from tests.rig.waiting import Deadline, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.server import HotlineServer
    from tests.rig.site import Sound

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

GAP_SECONDS = 0.5


@contextlib.asynccontextmanager
async def proxied(site: Site) -> AsyncIterator[tuple[HotlineServer, FaultProxy]]:
    """A server whose links to Asterisk pass a proxy."""
    async with FaultProxy(site.asterisk.ports.ami) as proxy:
        server = site.server(ami_port=proxy.port)
        try:
            await server.start()
            yield server, proxy
            assert server.exit_status is None, server.log_tail()
            assert server.tracebacks() == []
        finally:
            proxy.refuse(False)
            proxy.thaw()
            await server.stop()
            await site.clear()


class _Scene:
    """One caller in the menu, one waiting, one talking, one whose agent rings; nothing may happen to them."""

    def __init__(self, server: HotlineServer, farm: AgentFarm, callers: list[Caller], talk: AgentCall, ringing: AgentCall) -> None:
        self.server, self.farm, self.talk, self.ringing = server, farm, talk, ringing
        by_number = {caller.who: caller for caller in callers}
        self.all = callers
        self.menu = callers[0]
        self.talking = by_number[caller_number(talk)]
        self.offered = by_number[caller_number(ringing)]
        (self.held,) = [caller for caller in callers if caller not in (self.menu, self.talking, self.offered)]

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, site: Site, server: HotlineServer) -> AsyncIterator[_Scene]:
        async with (
            site.agents("agent01", "agent02", "agent03", behaviour=ANSWERS) as farm,
            Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(4)], voice=True) as callers,
        ):
            await gathered(*map(to_queue, callers[1:]))
            await waits(server, 3)
            await login(server, "agent01")
            talk = await farm["agent01"].talking()
            farm["agent02"].behaviour = RINGS
            await login(server, "agent02")
            scene = cls(server, farm, callers, talk, await farm["agent02"].called())
            await gathered(voices(scene.talking, talk, 15.0), to_menu(scene.menu))
            for caller in (scene.talking, scene.held):
                caller.measure_from_now()
            scene.menu.forget()
            yield scene

    async def unharmed(self) -> None:
        """Everybody still is where he was; each agent's phone was called once."""
        assert [caller.who for caller in self.all if not caller.alive] == []
        await voices(self.talking, self.talk)
        await self.held.hears_music()
        assert max(caller.longest_gap_seconds() for caller in (self.talking, self.held)) < GAP_SECONDS
        assert len(self.farm["agent01"].calls) == 1

    async def ends_well(self, site: Site) -> None:
        """The phone that rings can be answered, the next agent gets the one who waits, the records are right."""
        await self.menu.hangup()
        if not self.ringing.dialogue.over and not self.ringing.cancelled:
            self.ringing.answer()
            await voices(self.offered, self.ringing, 15.0)
        self.farm["agent03"].behaviour = ANSWERS
        await login(self.server, "agent03")
        call = await self.farm["agent03"].talking()
        await voices(next(c for c in (self.held, self.offered) if c.who == caller_number(call)), call, 15.0)
        await gathered(*(caller.hangup() for caller in self.all))
        found = await finished_records(self.server, self.all)
        assert found[self.menu.who]["outcome"] == "abandoned"
        assert found[self.talking.who]["outcome"] == found[self.held.who]["outcome"] == "answered"
        await nobody_stuck(site, self.server, self.farm)


async def _ready_again(server: HotlineServer, since_logins: int, within: float = 15.0) -> None:
    """Both links were made anew, and the calls adopted anew."""
    await eventually(lambda: len(server.logs("attached")) > since_logins, within, "attached again")
    await server.wait_ready(within)


async def test_links_cut_half_open_and_refused(site: Site) -> None:
    """Cut, frozen in one direction or both, refused for a while: the server comes back by itself, and nobody notices."""
    async with proxied(site) as (server, proxy), _Scene.open(site, server) as scene:
        faults = {
            "cut": proxy.cut,
            "half open to Asterisk": lambda: proxy.freeze(Direction.TO_SERVER),
            "half open to the server": lambda: proxy.freeze(Direction.TO_CLIENT),
        }
        for name, fault in faults.items():
            attached = len(server.logs("attached"))
            fault()
            await eventually(lambda n=attached: len(server.logs("attachment_ended")) >= n, 10.0, f"{name}: noticed")
            links = proxy.links
            await eventually(lambda n=links: proxy.links > n or not proxy._open, 12.0, f"{name}: tries again")
            proxy.cut()
            proxy.thaw()
            await _ready_again(server, attached)
            await scene.menu.heard("main/menu-1")
            await scene.unharmed()
            assert server.exit_status is None, name
        proxy.refuse()
        proxy.cut()
        attached = len(server.logs("attached"))
        await asyncio.sleep(3.0)
        assert (await server.api("GET", "/readyz")).status == 503
        proxy.refuse(False)
        await _ready_again(server, attached)
        await scene.unharmed()
        await scene.ends_well(site)


@pytest.mark.parametrize("cuts", [3, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
async def test_the_link_is_cut_at_any_byte_while_an_agent_is_called(site: Site, cuts: int) -> None:
    """Wherever an action or its answer is cut in two: the phone is called once or not at all, never twice at once."""
    async with (
        proxied(site) as (server, proxy),
        site.agents("agent01", behaviour=RINGS) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(2)]) as callers,
    ):
        await gathered(*map(to_queue, callers))
        first = [entry["call"] for entry in await waits(server, 2)]
        for cut in range(cuts):
            attached = len(server.logs("attached"))
            direction = Direction.TO_SERVER if cut % 2 else Direction.TO_CLIENT
            proxy.cut_after(direction, 30 + (cut * 1300) // cuts)
            await server.api("POST", "/api/agents/agent01/login")
            await _ready_again(server, attached)
            assert [entry["call"] for entry in await waits(server, 2)] == first
            await _one_offer_at_most(server, farm)
            await logout(server, "agent01")
            for call in farm["agent01"].calls:
                call.refuse(480)
            await eventually(lambda: all(call.dialogue.over for call in farm["agent01"].calls), 10.0, "no phone rings")
            await _agent_is(server, "agent01", "logged_out")
        assert farm.double_offers() == []
        assert all(caller.alive for caller in callers)
        await gathered(*(caller.hangup() for caller in callers))
        await finished_records(server, callers)
        await nobody_stuck(site, server, farm)


async def _one_offer_at_most(server: HotlineServer, farm: AgentFarm) -> None:
    """Whatever became of the offer, the agent is called soon, once."""
    await login(server, "agent01")

    def ringing() -> int:
        return sum(not call.dialogue.over and not call.cancelled for call in farm["agent01"].calls)

    await eventually(lambda: ringing() == 1, 20.0, "the agent's phone rings")
    assert farm.double_offers() == []


async def _agent_is(server: HotlineServer, agent: str, state: str) -> None:
    async def probe() -> bool:
        return (await agent_states(server)).get(agent) == state

    try:
        await eventually(probe, 10.0, f"{agent} {state}")
    except Deadline as error:
        raise Deadline(f"{error}: {await agent_states(server)}") from error


async def test_the_login_is_refused(site: Site) -> None:
    """Not a crash, not a busy loop: not ready, with the reason in the log, until somebody mends the account."""
    server = site.server()
    server.settings["ami"]["actions_secret"] = "wrong"
    try:
        await server.start(ready_within=0)
        failed = await server.logged("ami_connect_failed", session=server.settings["ami"]["actions_username"])
        assert "manager.conf" in failed["reason"]
        await asyncio.sleep(3.0)
        assert server.exit_status is None
        reply = await server.api("GET", "/readyz")
        assert (reply.status, reply.body["reasons"]["ami_actions"]) == (503, False)
        assert len(server.logs("ami_connect_failed")) < 8
    finally:
        await server.stop()


async def test_the_dialplan_is_reloaded_and_a_lease_runs_out(site: Site, server: HotlineServer) -> None:
    """A reload changes nothing. Asterisk's clock jumping an hour makes all leases run out at once; here they are made short
    instead, which is what such a jump does to a channel: who has a living server is back in his menu within a few seconds."""
    async with _Scene.open(site, server) as scene:
        before = await site.asterisk.cli("dialplan show globals")
        assert "ACD_OWNER" in before
        await site.asterisk.cli("dialplan reload")
        await site.asterisk.cli("module reload res_pjsip.so")
        after = await site.asterisk.cli("dialplan show globals")
        assert _owner(after) == _owner(before) != ""
        await scene.unharmed()
        channel = await _channel_of(site, scene.menu.who)
        scene.menu.forget()
        await site.asterisk.cli(f"dialplan set chanvar {channel} TIMEOUT(absolute) 1")
        await scene.menu.heard("main/menu-1", 20.0)
        await scene.unharmed()
        assert server.logs("ami_lost") == []
        await scene.ends_well(site)


def _owner(shown: str) -> str:
    return next((line.strip() for line in shown.splitlines() if "ACD_OWNER" in line), "")


async def _channel_of(site: Site, number: str) -> str:
    rows = [line.split("!") for line in (await site.asterisk.cli("core show channels concise")).splitlines() if "!" in line]
    return next(row[0] for row in rows if row[7] == number)


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(asterisk_install: AsteriskInstall, sipp: Tool, sound: Sound, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """An Asterisk of its own, to be killed."""
    site = Site(
        asterisk_install, sipp, sound, tmp_path_factory.mktemp("mortal"), config=PROJECT / "config", flows=PROJECT / "flows",
        rtp_timeout_seconds=RTP_TIMEOUT_SECONDS,
    )
    await site.asterisk.start()
    yield site
    await site.asterisk.stop()


@pytest.mark.parametrize("every_way", [False, pytest.param(True, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
async def test_asterisk_dies_freezes_and_is_restarted_with_calls_up(mortal: Site, every_way: bool) -> None:
    """Frozen for 8 s: it goes on. Killed: the calls are lost and their records say so; new calls are served at once."""
    site = mortal
    server = site.server()
    await server.start()
    try:
        async with _Scene.open(site, server) as scene:
            if every_way:
                await _frozen(site, server, scene)
            attached = len(server.logs("attached"))
            await site.asterisk.kill9()
            await site.asterisk.start()
            up_at = time.monotonic()
            await _ready_again(server, attached)
            assert time.monotonic() - up_at < 10.0
            found = await finished_records(server, scene.all, 20.0)
            assert {record["outcome"] for record in found.values()} == {"lost"}
            assert found[scene.talking.who]["agent"] == "agent01"
            assert not {"offered", "connecting", "talking"} & set((await agent_states(server)).values())
            assert await waiting(server) == []
            for caller in scene.all:
                caller.relay.deaf.add(caller.call_id)
            for call in (scene.talk, scene.ringing):
                scene.farm.relay.deaf.add(call.call_id)
        await _served_again(site, server)
        if every_way:
            await _restarted_in_order(site, server)
        assert server.tracebacks() == []
    finally:
        await server.stop()


async def _frozen(site: Site, server: HotlineServer, scene: _Scene) -> None:
    attached = len(server.logs("attached"))
    site.asterisk.signal(signal.SIGSTOP)
    await asyncio.sleep(8.0)
    site.asterisk.signal(signal.SIGCONT)
    await _ready_again(server, attached, 25.0)
    assert server.exit_status is None
    assert [caller.who for caller in scene.all if not caller.alive] == []
    await voices(scene.talking, scene.talk)
    await scene.held.hears_music()


async def _served_again(site: Site, server: HotlineServer) -> None:
    async with site.agents("agent04", behaviour=ANSWERS) as farm, Caller.call(site.rig, HOTLINE, fresh_numbers(1)[0], voice=True) as caller:
        await to_queue(caller)
        await login(server, "agent04")
        await voices(caller, await farm["agent04"].talking(), 15.0)
        await caller.hangup()
        await logout(server, "agent04")
        await nobody_stuck(site, server, farm)


async def _restarted_in_order(site: Site, server: HotlineServer) -> None:
    """`core stop now`: Asterisk hangs up everybody by itself, and is started again."""
    async with Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(2)]) as callers:
        await gathered(*map(to_menu, callers))
        attached = len(server.logs("attached"))
        with contextlib.suppress(Deadline):
            await site.asterisk.cli("core stop now", within=5.0)
        assert site.asterisk.process is not None
        await asyncio.wait_for(site.asterisk.process.wait(), 10.0)
        await site.asterisk.start()
        await _ready_again(server, attached, 30.0)
        found = await finished_records(server, callers, 20.0)
        assert {record["outcome"] for record in found.values()} <= {"abandoned", "lost"}
        for caller in callers:
            caller.relay.deaf.add(caller.call_id)
    await _served_again(site, server)
