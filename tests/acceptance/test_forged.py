"""Forged events on the real Asterisk: whoever writes complete AMI messages into his number changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.agents import ANSWERS, RINGS
from tests.rig.forged import forged_digit, forged_from_user, forged_hangup
from tests.rig.listener import Caller
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
    waiting,
    waits,
)
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]


async def _channels(site: Site) -> dict[str, tuple[str, str]]:
    """(channel, uniqueid) by the caller's number; of an agent's leg, which shows its caller's number, by the agent's name."""
    lines = (await site.asterisk.cli("core show channels concise")).splitlines()
    rows = [line.split("!") for line in lines if "!" in line]
    return {_whose(row): (row[0], row[-1].strip()) for row in rows}


def _whose(row: list[str]) -> str:
    agent = row[0].removeprefix("PJSIP/").partition("-")[0]
    return row[7] if agent == "trunk" else agent


def _attacks(victims: dict[str, tuple[str, str]], numbers: list[str], leg: tuple[str, str]) -> list[str]:
    menu, line, talk = (victims[number] for number in numbers)
    guess = {"Linkedid": talk[1], "ChanVariable": "ACD_CALL=c00000000000000000000000"}
    return [
        # short enough to be complete: Asterisk cuts long numbers, and the rest of the true event then follows
        *(forged_from_user({"Event": "Hangup", "Channel": channel}) for channel, _ in (menu, line, talk, leg)),
        forged_from_user({"Event": "DTMFEnd", "Channel": menu[0], "Digit": "1", "Direction": "Received"}, number=""),
        forged_from_user({"Event": "AsyncAGIEnd", "Channel": menu[0]}),
        forged_from_user({"Event": "Hangup", "Channel": talk[0], "Uniqueid": talk[1]}),
        forged_hangup(*menu),
        forged_hangup(*line),
        forged_hangup(*talk),
        forged_hangup(*leg),
        forged_digit(*menu, "1"),
        forged_digit(*line, "#"),
        forged_from_user({"Event": "BridgeEnter", "Channel": leg[0], "Uniqueid": leg[1], "BridgeTechnology": "simple_bridge", "BridgeUniqueid": "x"}),
        forged_from_user({"Event": "AsyncAGIEnd", "Channel": menu[0], "Uniqueid": menu[1], **guess}),
        forged_from_user({"Event": "AsyncAGIStart", "Channel": "PJSIP/trunk-0000ffff", "Uniqueid": "9.9", "Context": "hotline-in", "Env": "", "ChanVariable": "ACD_CALL=c1"}),
        forged_from_user({"Event": "OriginateResponse", "Response": "Failure", "ActionID": "e000001-0001-00000002", "Channel": leg[0], "Uniqueid": leg[1]}),
        forged_from_user({"Response": "Error", "ActionID": "h1", "Message": "no"}, {"Event": "Shutdown", "Shutdown": "Cleanly"}),
        # a second Uniqueid, as one message
        "1" + "".join(f"%{ord(char):02x}" for char in f"\r\nUniqueid: {talk[1]}\r\nChannel: {talk[0]}"),
    ]


async def test_forged_events_have_no_effect_and_are_counted(site: Site, server: HotlineServer) -> None:
    numbers = fresh_numbers(3)
    async with (
        site.agents("agent01", "agent02", behaviour=ANSWERS) as farm,
        Caller.group(site.rig, [(number, HOTLINE) for number in numbers], voice=True) as callers,
    ):
        menu, *line = callers
        await gathered(*map(to_queue, line))
        await waits(server, 2)
        await login(server, "agent01")
        call = await farm["agent01"].talking()
        talking = next(caller for caller in line if caller.who == caller_number(call))
        (held,) = [caller for caller in line if caller is not talking]
        await voices(talking, call, 15.0)
        farm["agent02"].behaviour = RINGS
        await login(server, "agent02")
        ringing = await farm["agent02"].called()
        victims = await _channels(site)
        leg = victims["agent02"]
        await to_menu(menu)
        victims = await _channels(site)

        order = [menu.who, held.who, talking.who]
        attacks = _attacks(victims, order, leg)
        for attack in attacks:
            async with Caller.call(site.rig, HOTLINE, attack) as attacker:
                await attacker.heard("main/ask_language-*")
        assert [caller.who for caller in callers if not caller.alive] == []
        metrics = await server.metrics()
        assert metrics.value("hotline_forged_events_total", why="no_nonce") >= 4
        assert metrics.value("hotline_forged_events_total", why="doubled_header") >= 8
        assert len(server.logs("forged_event")) == metrics.value("hotline_forged_events_total")

        states = await agent_states(server)
        assert (states["agent01"], states["agent02"]) == ("talking", "offered")
        assert [entry["agent"] for entry in await waiting(server)] == ["agent02"]
        assert not ringing.cancelled
        await voices(talking, call)
        assert "balance" not in " ".join(menu.heard_ids)
        assert "identify" not in " ".join(menu.heard_ids)
        assert server.logs("ami_lost") == []
        ringing.answer()
        await voices(held, ringing, 15.0)
        await gathered(*(caller.hangup() for caller in callers))
        found = await finished_records(server, callers)
        assert [found[who]["outcome"] for who in order] == ["abandoned", "answered", "answered"]
        await _forged_call_leaves_nothing(server, len(attacks))
        await nobody_stuck(site, server, farm)


async def _forged_call_leaves_nothing(server: HotlineServer, attacks: int) -> None:
    """The invented call has no record, no task; the attackers' own calls have one each, their numbers cleaned."""
    assert server.rows("select call from call_records where call = 'c1'") == []

    def attackers_recorded() -> list[dict[str, object]]:
        rows = server.rows("select * from call_records where caller_number not like '1700%'")
        return rows if len(rows) >= attacks and all(row["ended_at_ms"] for row in rows) else []

    rows = await eventually(attackers_recorded, 10.0, "the attackers' own records")
    assert len(rows) == attacks
    assert all(str(row["caller_number"]).isdigit() for row in rows)
