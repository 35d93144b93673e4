"""The live stream over real sockets: fresh for who reads, harmless for the server whoever does not."""

import asyncio
import contextlib
import gc
import json
import os
import socket
from pathlib import Path

import aiohttp
import pytest

from acd.config import Agent, Policy, Queue, Tier
from acd.events import AgentLoggedIn, AgentPaused, AgentUnpaused, CallQueued
from cti.board import hub as hub_module
from cti.http import board_routes, make_app, serving
from cti.http.board_routes import HUB
from cti.http.gate import COOKIE
from cti.users.file import User
from cti.users.roles import Role
from tests.unit.web.hotline import TOKEN, Hotline

pytestmark = pytest.mark.asyncio
DEADLINE_SECONDS = 30.0
LARGE = Policy(
    queues={f"q{n}": Queue(f"q{n}", f"队列{n}", f"Queue {n}") for n in range(20)},
    tiers={"basic": Tier("basic"), "gold": Tier("gold", 60)},
    agents={f"agent{n:03}": Agent(f"agent{n:03}", f"Agent {n}", queues=(f"q{n % 20}",)) for n in range(200)},
)


class Floor:
    """A hotline that is served, with its hub."""

    def __init__(self, policy=None):
        self.hotline = Hotline(policy) if policy is not None else Hotline()
        self.app = make_app(self.hotline.deps)
        self.hub = self.app[HUB]
        self.port = 0
        self.paused = False
        self.sockets = contextlib.ExitStack()

    @contextlib.asynccontextmanager
    async def served(self):
        timeout = aiohttp.ClientTimeout(DEADLINE_SECONDS)
        async with serving(self.app, "127.0.0.1", 0) as self.port, aiohttp.ClientSession(
            f"http://127.0.0.1:{self.port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=timeout
        ) as client:
            with self.sockets:
                yield client

    def change(self):
        """Something happens on the floor."""
        name = next(iter(self.hotline.policy.agents))
        self.hotline.tell(AgentUnpaused(name) if self.paused else AgentPaused(name, "lunch"))
        self.paused = not self.paused

    def deaf(self):
        """A browser that asks for the stream and never reads."""
        own = self.sockets.enter_context(socket.socket())
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        own.connect(("127.0.0.1", self.port))
        own.sendall(f"GET /api/board/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        return own


@contextlib.asynccontextmanager
async def stream(client):
    async with client.get("/api/board/stream") as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")

        async def following():
            text = (await answer.content.readuntil(b"\n\n")).decode()
            head, data = text.strip().split("\n")
            assert head == "event: board"
            return json.loads(data.removeprefix("data: "))

        yield following


async def until(condition, seconds=DEADLINE_SECONDS):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the hub's counts tell nobody that they changed
            await asyncio.sleep(0.02)


async def test_a_browser_gets_the_board_at_once_then_after_a_change_and_now_and_then():
    floor = Floor()
    floor.hotline.tell(AgentLoggedIn("anna"))
    async with floor.served() as client, stream(client) as following:
        first = await following()
        assert first["agents"][0]["state"] == "ready"
        floor.change()
        boards = [await following()]
        while boards[-1]["agents"][0]["state"] != "paused":
            boards.append(await following())
        assert boards[-1]["agents"][0]["reason"] == "lunch"
        again = await following()  # though nothing happened
        assert again["at"] > boards[-1]["at"]
        async with client.get("/api/board") as answer:
            told = await answer.json()
        assert told.keys() == again.keys()


async def test_one_board_is_made_for_all_and_none_for_nobody():
    floor = Floor()
    async with floor.served() as client:
        for _ in range(5):
            floor.change()
        await asyncio.sleep(0)
        assert floor.hub.made == 0
        async with contextlib.AsyncExitStack() as stack:
            readers = [await stack.enter_async_context(stream(client)) for _ in range(20)]
            seen = [{board["at"] for board in [await following() for _ in range(3)]} for following in readers]
            assert floor.hub.clients == 20
            assert len(set().union(*seen)) == len(set().union(*seen) & seen[0]) + len(set().union(*seen) - seen[0]) <= floor.hub.made
            assert floor.hub.made < 3 * 20 / 4
        await until(lambda: floor.hub.clients == 0)
        made = floor.hub.made
        floor.change()
        await asyncio.sleep(hub_module.LEAST_SECONDS * 2)
        assert floor.hub.made == made


async def test_who_reads_late_gets_the_newest_and_no_backlog():
    floor = Floor(LARGE)
    async with floor.served() as client, stream(client) as reader:
        deaf = floor.deaf()
        await until(lambda: floor.hub.clients == 2)
        boards = []
        for _ in range(12):
            floor.change()
            boards.append(await reader())
        got = await asyncio.to_thread(_read_until, deaf, boards[-1]["at"])
    assert len(got) < len(boards) - 3
    assert got == sorted(got)


def _read_until(own, at):
    """The times of all boards in the stream up to one that is as new as this."""
    own.settimeout(DEADLINE_SECONDS)
    text, found = b"", []
    while not found or found[-1] < at:
        text += own.recv(65536)
        found = [json.loads(line.removeprefix(b"data: "))["at"] for line in _whole_lines(text)]
    return found


def _whole_lines(text):
    plain = b"".join(part for number, part in enumerate(text.partition(b"\r\n\r\n")[2].split(b"\r\n")) if number % 2)  # without the chunks' lengths
    return [line for line in plain.split(b"\n")[:-1] if line.startswith(b"data: ")]


async def test_who_never_reads_is_let_go():
    floor = Floor(LARGE)
    floor.hub.write_seconds = 1.0
    async with floor.served():
        for _ in range(3):
            floor.deaf()
        await until(lambda: floor.hub.clients == 3)
        await until(lambda: floor.hub.dropped == 3)
        assert floor.hub.clients == 0


async def test_more_than_the_limit_are_asked_to_come_later(monkeypatch):
    monkeypatch.setattr(hub_module, "CLIENT_LIMIT", 2)
    floor = Floor()
    async with floor.served() as client, stream(client), stream(client), client.get("/api/board/stream") as refused:
        assert (refused.status, refused.headers["Retry-After"]) == (503, "30")


async def test_one_user_keeps_nobody_else_out(monkeypatch):
    monkeypatch.setattr(hub_module, "USER_LIMIT", 1)
    floor = Floor()
    floor.hotline.users = {name: User(name, Role.OPERATIONS_MANAGER, "", "zh", "") for name in ("greedy", "boss")}
    cookies = {name: floor.hotline.sessions.issue(name, user.stamp, floor.hotline.clock.wall_ms() / 1000, 60)[0] for name, user in floor.hotline.users.items()}
    async with floor.served() as client, contextlib.AsyncExitStack() as stack:
        statuses = []
        for name in ("greedy", "greedy", "boss"):
            asked = client.get(f"http://127.0.0.1:{floor.port}/api/board/stream", headers={"Cookie": f"{COOKIE}={cookies[name]}", "Authorization": ""})
            statuses.append((await stack.enter_async_context(asked)).status)
    assert statuses == [200, 503, 200]


async def test_the_server_closes_without_waiting_for_browsers():
    floor = Floor()
    async with floor.served() as client, stream(client) as following:
        await following()
        began = asyncio.get_running_loop().time()
        floor.hub.close()
        await until(lambda: floor.hub.clients == 0)
        assert asyncio.get_running_loop().time() - began < 10


async def test_the_trend_goes_on_while_nobody_looks(monkeypatch):
    monkeypatch.setattr(board_routes, "COUNT_SECONDS", 0.05)
    floor = Floor()
    async with floor.served():
        floor.hotline.tell(CallQueued("c1", "billing", "basic"), CallQueued("c2", "repair", "basic"))
        await until(lambda: floor.hotline.figures.trend()[1][-1].waiting == 2)
        assert floor.hub.made == 0


async def test_a_board_that_fails_is_logged_and_the_next_one_comes(capsys):
    floor = Floor()
    async with floor.served() as client, stream(client) as following:
        await following()
        links, floor.hotline.links = floor.hotline.links, None
        await until(lambda: "board_failed" in capsys.readouterr().out)
        floor.hotline.links = links
        assert (await following())["links"]["ami"]


def resident_bytes():
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_two_hundred_browsers_that_never_read_cost_no_memory_and_no_calls():
    """200 sockets that never read and are not even let go: resident memory stays where it is, one who reads is served, the API answers."""
    floor = Floor(LARGE)
    floor.hotline.tell(*(AgentLoggedIn(name) for name in LARGE.agents), *(CallQueued(f"c{n}", f"q{n % 20}", "gold") for n in range(300)))
    floor.hotline.on_the_line(*(f"c{n}" for n in range(300)))
    floor.hub.write_seconds = 1000.0  # else they were gone before the memory is looked at
    async with floor.served() as client, stream(client) as following:
        size = len(json.dumps(await following()))
        for _ in range(200):
            floor.deaf()
            await asyncio.sleep(0)
        await until(lambda: floor.hub.clients == 201)
        for _ in range(3):  # until nobody's buffers take any more
            floor.change()
            await following()
            async with client.get("/api/calls") as answer:
                await answer.read()
        before, made = resident_bytes(), floor.hub.made
        while floor.hub.made < made + 5:
            floor.change()
            await following()
            async with client.get("/api/calls") as answer:
                assert len((await answer.json())["calls"]) == 300
        grown = resident_bytes() - before
        assert floor.hub.clients == 201
        assert grown < 200 * size / 4, f"{grown / 2**20:.1f} MB more after 5 boards of {size} bytes for 200 who do not read"
