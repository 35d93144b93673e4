"""The board on the real Asterisk: what is on it while a caller listens, waits, talks and is gone, for each role, and over a kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml

from tests.rig.agents import ANSWERS
from tests.rig.lines import agent_is
from tests.rig.listener import Caller
from tests.rig.stages import HOTLINE, fresh_numbers, login, to_queue, voices
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

AGENT = "agent01"
PASSWORD = "a few words long"


async def board(server: HotlineServer) -> dict[str, Any]:
    return dict((await server.api("GET", "/api/board")).body)


async def shows(server: HotlineServer, what: str, probe: Any) -> dict[str, Any]:
    """Wait for a board of which this is true."""

    async def seen() -> dict[str, Any] | None:
        told = await board(server)
        return told if probe(told) else None

    return await eventually(seen, 15.0, f"the board shows {what}")


def figures(told: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {queue["name"]: (queue["offered_today"], queue["answered_today"], queue["abandoned_today"]) for queue in told["queues"]}


def added(before: dict[str, Any], after: dict[str, Any]) -> list[int]:
    """What all lines together gained: offered, answered, abandoned."""
    olds, news = figures(before).values(), figures(after).values()
    return [sum(new[each] for new in news) - sum(old[each] for old in olds) for each in range(3)]


async def command(settings: Path, *arguments: str, typed: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti.cli.main", *arguments, "--settings", str(settings), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(60):
        output, _ = await process.communicate(typed.encode())
    assert process.returncode == 0, output.decode()
    return output.decode()


async def session(server: HotlineServer, name: str) -> dict[str, str]:
    """Log in, and return the header that a browser would send from then on."""
    async with aiohttp.ClientSession() as client, client.post(f"{server.url}/api/session", json={"name": name, "password": PASSWORD}) as answer:
        assert answer.status == 200, await answer.text()
        return {"Cookie": f"hotline_session={answer.cookies['hotline_session'].value}", "Origin": server.url}


async def seen_as(server: HotlineServer, headers: dict[str, str]) -> dict[str, Any]:
    async with aiohttp.ClientSession(headers=headers) as client, client.get(f"{server.url}/api/board") as answer:
        assert answer.status == 200, await answer.text()
        return dict(await answer.json())


async def users_added(settings: Path) -> str:
    """Add an agent and the leader of another team; return the display's token."""
    await command(settings, "user", "add", AGENT, "--role", "agent", "--password-stdin", typed=PASSWORD)
    await command(settings, "user", "add", "lea", "--role", "team_leader", "--team", "faults_team", "--password-stdin", typed=PASSWORD)
    token = re.search(r"token=(\S+)", await command(settings, "wallboard", "token"))
    assert token is not None
    return token[1]


async def status(server: HotlineServer, headers: dict[str, str], method: str, path: str, body: Any = None) -> int:
    async with aiohttp.ClientSession(headers=headers) as client, client.request(method, server.url + path, json=body) as answer:
        return answer.status


async def test_a_call_on_the_board_for_every_role_and_over_a_kill(site: Site, server: HotlineServer, tmp_path: Path) -> None:
    settings = tmp_path / "hotline.yaml"
    settings.write_text(yaml.safe_dump(server.settings), encoding="utf-8")
    wall = {"Authorization": f"Bearer {await users_added(settings)}"}
    agent, leader = await session(server, AGENT), await session(server, "lea")

    before = await board(server)
    (number,) = fresh_numbers(1)
    async with site.agents(AGENT, behaviour=ANSWERS) as farm, Caller.call(site.rig, HOTLINE, number, voice=True) as caller:
        inside = await shows(server, "a caller in the menu", lambda told: told["ivr"]["active"] == 1)
        assert inside["ivr"]["calls"][0]["flow"]
        assert inside["ivr"]["calls"][0]["step"]
        await login(server, AGENT)
        assert await status(server, agent, "POST", f"/api/agents/{AGENT}/pause", {"reason": "lunch"}) == 202, "an agent may pause himself"
        await to_queue(caller)
        waits = await shows(server, "a caller who waits", lambda told: len(told["line"]) == 1)
        (place,) = waits["line"]
        queue = next(one for one in waits["queues"] if one["name"] == place["queue"])
        assert (queue["waiting"], sum(tier["waiting"] for tier in queue["tiers"])) == (1, 1)
        assert [(await seen_as(server, who))["line"][0]["call"] for who in (wall, agent)] == [None, None]
        assert number not in str(waits)

        assert await status(server, agent, "POST", f"/api/agents/{AGENT}/ready") == 202
        call = await farm[AGENT].talking()
        await voices(caller, call, 15.0)
        talks = await shows(server, "the talk", lambda told: added(before, told) == [1, 1, 0])
        assert next(one for one in talks["agents"] if one["name"] == AGENT)["call"] == place["call"]
        own = next(one for one in (await seen_as(server, agent))["agents"] if one["name"] == AGENT)
        assert (own["state"], own["call"], own["may_steer"]) == ("talking", place["call"], True)
        assert AGENT not in {one["name"] for one in (await seen_as(server, leader))["agents"]}, "he is of another team"
        assert await status(server, leader, "POST", f"/api/agents/{AGENT}/logout") == 403

        await eventually(lambda: written(server, str(place["call"])), 10.0, "the answer is in the records")
        await server.kill9()
        await server.start()
        await agent_is(server, AGENT, "talking")
        again = await shows(server, "the same day after a kill", lambda told: added(before, told) == [1, 1, 0])
        assert again["trend"]["answered"][-15:].count(0) < 15, "the minutes were read back"
        assert next(one for one in (await seen_as(server, agent))["agents"] if one["name"] == AGENT)["call"] == place["call"], "his session goes on"
        await call.hangup()
        await agent_is(server, AGENT, "wrap_up")

    (impatient,) = fresh_numbers(1)
    async with Caller.call(site.rig, HOTLINE, impatient, voice=True) as caller:
        await to_queue(caller)
        await shows(server, "another caller", lambda told: any(not place["callback"] for place in told["line"]))
        await caller.hangup()
    after = await shows(server, "that he gave up", lambda told: added(before, told)[2] == 1)
    assert added(before, after) == [2, 1, 1]
    await command(settings, "user", "remove", AGENT)
    assert await status(server, agent, "GET", "/api/board") == 401, "who is removed is out at once"
    await server.api("POST", f"/api/agents/{AGENT}/logout")
    assert not server.tracebacks()


async def written(server: HotlineServer, call: str) -> bool:
    return bool(server.rows("select leg from contact_legs where call = ? and answered_at_ms is not null", call))


def deaf(server: HotlineServer) -> socket.socket:
    """A wall that asks for the stream and never reads."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    own.connect((server.settings["http"]["host"], server.settings["http"]["port"]))
    own.sendall(f"GET /api/board/stream HTTP/1.1\r\nHost: wall\r\nAuthorization: Bearer {server.settings['http']['token']}\r\n\r\n".encode())
    return own


def resident_bytes(server: HotlineServer) -> int:
    return int(Path(f"/proc/{server.pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def connections(server: HotlineServer) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


async def two_boards(server: HotlineServer) -> None:
    """Read the stream until everybody must have been sent two boards."""
    headers = {"Authorization": f"Bearer {server.settings['http']['token']}"}
    async with asyncio.timeout(20), aiohttp.ClientSession(headers=headers) as client, client.get(f"{server.url}/api/board/stream") as stream:
        for _ in range(3):
            assert (await stream.content.readuntil(b"\n\n")).startswith(b"event: board")


async def test_two_hundred_walls_that_never_read_harm_nobody(site: Site, server: HotlineServer) -> None:
    (number,) = fresh_numbers(1)
    with contextlib.ExitStack() as walls:
        for _ in range(200):
            walls.enter_context(await asyncio.to_thread(deaf, server))

        async def connected() -> bool:
            return connections(server) >= 200

        await eventually(connected, 15.0, "200 walls are connected")
        await two_boards(server)
        at_first = resident_bytes(server)
        async with site.agents(AGENT, behaviour=ANSWERS) as farm, Caller.call(site.rig, HOTLINE, number, voice=True) as caller:
            await login(server, AGENT)
            await to_queue(caller)
            call = await farm[AGENT].talking()
            await voices(caller, call, 15.0)
            await shows(server, "the talk", lambda told: any(one["state"] == "talking" for one in told["agents"]))
            await call.hangup()
        assert connections(server) >= 200
        grown = resident_bytes(server) - at_first
        assert grown < 10 * 2**20, f"{grown / 2**20:.1f} MB more while 200 walls did not read"
    await server.api("POST", f"/api/agents/{AGENT}/logout")
    assert not server.tracebacks()
