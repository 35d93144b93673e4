"""An agent's day on the real Asterisk: whole and without overlap though the server was killed in his talk and in his wrap-up."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.rig.agents import ANSWERS
from tests.rig.lines import agent_is, ask
from tests.rig.listener import Caller
from tests.rig.stages import HOTLINE, fresh_numbers, login, to_queue, voices
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

AGENT = "agent01"
ZONE = ZoneInfo("Asia/Shanghai")


def rows(server: HotlineServer) -> list[dict[str, Any]]:
    return server.rows("select state, reason, from_ms, until_ms from agent_states where agent = ? order by from_ms", AGENT)


async def written(server: HotlineServer, state: str) -> None:
    """Wait until the database knows that the agent is in this state."""

    async def known() -> bool:
        return any(row["state"] == state and row["until_ms"] is None for row in rows(server))

    await eventually(known, 10.0, f"{AGENT} is written as {state}")


async def days(server: HotlineServer, *dates: str) -> list[dict[str, Any]]:
    """The agent's days: one, unless it has just been midnight."""
    return [dict((await server.api("GET", f"/api/agents/{AGENT}/day?date={date}")).body) for date in sorted(set(dates))]


async def test_an_agents_day_is_whole_over_kills(site: Site, server: HotlineServer) -> None:
    began = datetime.now(ZONE)
    (number,) = fresh_numbers(1)
    async with site.agents(AGENT, behaviour=ANSWERS) as farm, Caller.call(site.rig, HOTLINE, number, voice=True) as caller:
        await login(server, AGENT)
        refused = await server.api("POST", f"/api/agents/{AGENT}/pause", {"reason": "tea"})
        assert refused.status == 422
        assert "lunch, break, training, backoffice" in str(refused.body)
        await ask(server, AGENT, "pause", {"reason": "training"})
        await to_queue(caller)
        assert (await server.metrics()).value("hotline_agents_paused", reason="training") == 1
        await ask(server, AGENT, "unpause")
        call = await farm[AGENT].talking()
        await voices(caller, call, 15.0)
        await written(server, "talking")

        await server.kill9()
        await server.start()
        await agent_is(server, AGENT, "talking")
        await call.hangup()
        await written(server, "wrap_up")
        await server.kill9()
        await server.start()
        await ask(server, AGENT, "pause", {"reason": "lunch"})
        await written(server, "paused")
        await ask(server, AGENT, "logout")

        async def closed() -> bool:
            return all(row["until_ms"] is not None for row in rows(server))

        await eventually(closed, 10.0, f"{AGENT} is written as logged out")

    found = rows(server)
    assert all(earlier["until_ms"] == later["from_ms"] for earlier, later in pairwise(found)), f"neither gap nor overlap: {found}"
    told = [row["reason"] or row["state"] for row in found]
    assert told.count("talking") == 1, "the talk that was adopted is the same talk"
    assert told[told.index("talking") + 1] == "wrap_up"
    assert told[-1] == "lunch"
    both = await days(server, f"{began:%Y-%m-%d}", f"{datetime.now(ZONE):%Y-%m-%d}")
    logged_in_seconds = (found[-1]["until_ms"] - found[0]["from_ms"]) / 1000
    assert sum(day["logged_in_seconds"] for day in both) == pytest.approx(logged_in_seconds, abs=0.002)
    assert sum(sum(day["seconds"].values()) for day in both) == pytest.approx(logged_in_seconds, abs=0.002)
    assert sum(day["talks"] for day in both) == 1
    assert all(set(day["pause_seconds"]) <= {"training", "lunch"} for day in both)
    assert sum(day["productive_pause_seconds"] for day in both) > 0
    assert (both[0]["first_login"] is not None, both[-1]["last_logout"] is not None) == (True, True)
