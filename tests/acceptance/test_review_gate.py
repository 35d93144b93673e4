"""An agent who hangs up when the gate has let him through and the bridge has not begun: the caller was not served."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.rig.agents import MANUAL
from tests.rig.listener import Caller
from tests.rig.stages import HOTLINE, fresh_numbers, login, logout, to_queue, waiting, waits
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

BRIDGE = " same => n,Bridge(${ACD_LEG_CALLER})\n"


@contextlib.asynccontextmanager
async def agents_hang_up_before_the_bridge(site: Site) -> AsyncIterator[None]:
    """The dialplan ends each leg at the very line before its bridge."""
    file = site.asterisk.etc / "extensions.conf"
    dialplan = file.read_text(encoding="utf-8")
    assert dialplan.count(BRIDGE) == 1
    file.write_text(dialplan.replace(BRIDGE, " same => n,Hangup(16)\n" + BRIDGE), encoding="utf-8")
    await site.asterisk.cli("dialplan reload")
    try:
        yield
    finally:
        file.write_text(dialplan, encoding="utf-8")
        await site.asterisk.cli("dialplan reload")


async def test_the_ticket_goes_back_with_the_agent(site: Site, server: HotlineServer) -> None:
    async with (
        agents_hang_up_before_the_bridge(site),
        site.agents("agent01", behaviour=MANUAL) as farm,
        Caller.group(site.rig, [(fresh_numbers(1)[0], HOTLINE)]) as (caller,),
    ):
        await to_queue(caller)
        await waits(server, 1)
        await login(server, "agent01")
        call = await farm["agent01"].called()
        assert await _ticket(site) != ""
        call.answer()
        await call.heard("phrases/whisper-*", 5.0)
        await logout(server, "agent01")
        await server.logged("offer_ended", 15.0, agent="agent01", result="hung_up")
        assert await _ticket(site) == ""
        assert len(await waiting(server)) == 1
        assert caller.alive


async def _ticket(site: Site) -> str:
    """ACD_OFFER of the one caller who waits."""

    async def shown() -> str:
        names = [line.partition("!")[0] for line in (await site.asterisk.cli("core show channels concise")).splitlines()]
        (name,) = [name for name in names if name.startswith("PJSIP/trunk-")]
        return await site.asterisk.cli(f"core show channel {name}")

    text = await eventually(shown, 5.0, "the caller's channel")
    (line,) = [line for line in text.splitlines() if line.strip().startswith("ACD_OFFER=")]
    return str(line.partition("=")[2]).strip()
