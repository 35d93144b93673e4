"""Two servers at one Asterisk: one owner at a time, and the other one does nothing at all."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.rig.agents import ANSWERS, MANUAL
from tests.rig.fault_proxy import Direction, FaultProxy
from tests.rig.listener import Caller
from tests.rig.stages import (
    HOTLINE,
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

if TYPE_CHECKING:
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

REPLACED = 3  # exit status of a server that may not act any more
GAP_SECONDS = 0.5


async def _refused(site: Site, owner: HotlineServer) -> None:
    """A second server, and a third at the same time, end with status 3 and a cure; the first one notices nothing."""
    others = [site.server("second", like=owner), site.server("third", like=owner)]
    for other in others:
        await other.start(ready_within=0)
    assert await gathered(*(other.wait_exit(20.0) for other in others)) == [REPLACED, REPLACED]
    assert all("--take-over" in other.log_tail() for other in others)
    assert owner.exit_status is None


async def test_a_polite_end_a_refused_second_and_a_take_over(site: Site, server: HotlineServer) -> None:
    """With a caller in each place: each of whom goes on with the next server, as if nothing had been."""
    numbers = fresh_numbers(4)
    async with (
        site.agents("agent01", "agent02", behaviour=ANSWERS) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in numbers], voice=True) as callers,
    ):
        menu, *line = callers
        await gathered(*map(to_queue, line))
        before = await waits(server, 3)
        await login(server, "agent01")
        call = await farm["agent01"].talking()
        talking = next(caller for caller in line if caller.who == caller_number(call))
        held = [caller for caller in line if caller is not talking]
        await gathered(voices(talking, call, 15.0), to_menu(menu))
        for caller in (talking, *held):
            caller.measure_from_now()

        menu.forget()
        assert await server.terminate(within=2.0) == 0
        await server.start()
        await menu.heard("main/menu-1")
        after = await waits(server, 2)
        assert [entry["call"] for entry in after] == [entry["call"] for entry in before][1:]
        assert all(now["waited_seconds"] > then["waited_seconds"] for now, then in zip(after, before[1:], strict=True))

        await _refused(site, server)
        menu.forget()
        new = site.server("new", like=server)
        try:
            await new.start("--take-over")
            assert await server.wait_exit(5.0) == REPLACED
            await menu.heard("main/menu-1")
            assert [entry["call"] for entry in await waits(new, 2)] == [entry["call"] for entry in after]
            await login(new, "agent02")
            served = await farm["agent02"].talking()
            assert caller_number(served) == held[0].who
            await gathered(voices(held[0], served, 15.0), voices(talking, call))
            assert max(caller.longest_gap_seconds() for caller in (talking, *held)) < GAP_SECONDS
            await gathered(*(caller.hangup() for caller in callers))
            found = await finished_records(new, callers)
            outcomes = [found[caller.who]["outcome"] for caller in (menu, talking, *held)]
            assert outcomes == ["abandoned", "answered", "answered", "abandoned"]
            await nobody_stuck(site, new, farm)
        finally:
            await new.stop()


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
async def test_a_server_that_was_stopped_and_replaced_does_nothing_any_more(site: Site, seconds: int) -> None:
    """SIGSTOP, a replacement, SIGCONT: not one action of the old one reaches Asterisk."""
    async with FaultProxy(site.asterisk.ports.ami) as proxy:
        old = site.server(ami_port=proxy.port)
        await old.start()
        new = site.server("new", like=old)
        new.settings["ami"]["port"] = site.asterisk.ports.ami
        try:
            await _stopped_and_replaced(site, proxy, old, new, seconds)
        finally:
            await old.stop()
            await new.stop()
            await site.clear()


async def _stopped_and_replaced(site: Site, proxy: FaultProxy, old: HotlineServer, new: HotlineServer, seconds: int) -> None:
    numbers = fresh_numbers(3)
    async with (
        site.agents("agent01", "agent02", behaviour=MANUAL) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in numbers], voice=True) as callers,
    ):
        menu, *line = callers
        await gathered(*map(to_queue, line))
        await waits(old, 2)
        await login(old, "agent01")
        call = await farm["agent01"].called()
        call.ring()
        await to_menu(menu)
        old.signal(signal.SIGSTOP)
        stopped_at = time.monotonic()
        # a stopped server's heart does not beat: nobody needs --take-over
        await new.start()
        call.answer()  # what the old one would have acted on
        caller = next(caller for caller in line if caller.who == caller_number(call))
        await voices(caller, call, 15.0)
        await asyncio.sleep(1.5)  # a talk that ends as it begins is none
        await call.hangup()
        # nobody answers this phone any more: after its wrap-up it would be called, and a phone that says nothing gets no CANCEL
        assert (await new.api("POST", "/api/agents/agent01/logout")).status == 202
        await caller.heard("survey/ask-1", 10.0)
        await asyncio.sleep(max(0.0, stopped_at + seconds - time.monotonic()))
        sent = proxy.passed[Direction.TO_SERVER]
        old.signal(signal.SIGCONT)
        assert await old.wait_exit(5.0) == REPLACED
        assert proxy.passed[Direction.TO_SERVER] == sent
        assert [each.who for each in callers if each is not caller and not each.alive] == []
        farm["agent02"].behaviour = ANSWERS
        await login(new, "agent02")
        again = await farm["agent02"].talking()
        await voices(next(each for each in line if each.who == caller_number(again)), again, 15.0)
        await gathered(*(each.hangup() for each in callers))
        found = await finished_records(new, callers)
        assert [found[each.who]["outcome"] for each in (menu, *line)] == ["abandoned", "answered", "answered"]
        await nobody_stuck(site, new, farm)
