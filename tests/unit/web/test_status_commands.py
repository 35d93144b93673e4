"""`hotline status` and `hotline agent` as a person runs them, against the real application."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import socket
import sys

import pytest

from acd.events import AgentLoggedIn, CallQueued
from acd.states import AgentState
from cti.http import make_app, serving
from cti.records.agent_states import Span
from cti.records.decisions import record_of
from tests.unit.web.hotline import TOKEN, Hotline

pytestmark = pytest.mark.asyncio
MAIN = (sys.executable, "-m", "cti.cli.main")


class Terminal:
    """Runs the command with the settings of one server."""

    def __init__(self, folder, port, token=TOKEN):
        self.settings = folder / f"hotline-{port}.yaml"
        self.settings.write_text(
            f"ami: {{events_secret: x, actions_secret: y}}\nhttp: {{port: {port}, token: {token}}}\n", encoding="utf-8"
        )
        self.environment = {**os.environ, "COLUMNS": "160", "TERM": "xterm"}

    async def start(self, *arguments, **keywords):
        keywords = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE, **keywords}
        return await asyncio.create_subprocess_exec(
            *MAIN, *arguments, "--settings", str(self.settings), env=self.environment, **keywords
        )

    async def run(self, *arguments):
        async with asyncio.timeout(120):
            process = await self.start(*arguments)
            output, errors = await process.communicate()
        assert "Traceback" not in errors.decode()
        return process.returncode, output.decode(), errors.decode()


@contextlib.asynccontextmanager
async def running(folder, hotline, token=TOKEN):
    async with serving(make_app(hotline.deps), "127.0.0.1", 0) as port:
        yield Terminal(folder, port, token)


@pytest.fixture
def hotline():
    hotline = Hotline()
    hotline.tell(AgentLoggedIn("anna"), CallQueued("c1", "billing", "basic"), CallQueued("c2", "repair", "diamond"))
    hotline.on_the_line("c1", "c2")
    return hotline


async def test_status_shows_queues_agents_and_calls(tmp_path, hotline):
    async with running(tmp_path, hotline) as terminal:
        code, output, _ = await terminal.run("status")
    assert code == 0
    assert "hotline 1.2.3  ready" in output
    rows = [line.split() for line in output.splitlines() if line.strip()]
    assert [row[at] for row in rows if row[0] == "repair" for at in (0, 1, 3)] == ["repair", "1", "diamond:1"]
    assert [row[2] for row in rows if row[0] == "anna"] == ["offered"]
    assert ["queue", "repair", "1"] in [row[:3] for row in rows if row[-1] == "c2"]


async def test_status_as_json_is_the_apis_document(tmp_path, hotline):
    hotline.attached = False
    async with running(tmp_path, hotline) as terminal:
        code, output, _ = await terminal.run("status", "--json")
    assert code == 0
    document = json.loads(output)
    assert (document["ready"], document["reasons"]["adopted"]) == (False, False)


async def test_status_is_watched_until_control_c(tmp_path, hotline):
    async with running(tmp_path, hotline) as terminal, asyncio.timeout(120):
        process = await terminal.start("status", "--json", "--watch", "--every", "0.2")
        seen = [json.loads(await process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
        assert (await process.stderr.read()).decode() == ""
    assert len(seen) == 2


async def test_the_watched_table_survives_a_server_that_goes(tmp_path, hotline):
    master, slave = pty.openpty()
    reader = asyncio.StreamReader()
    with os.fdopen(master, "rb", 0) as screen:
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), screen)
        async with asyncio.timeout(120):
            async with running(tmp_path, hotline) as terminal:
                process = await terminal.start("status", "--watch", "--every", "0.2", stdout=slave)
                os.close(slave)
                await reader.readuntil(b"Agents")
            await reader.readuntil(b"no server at")
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0


async def test_agents_are_handled(tmp_path, hotline):
    async with running(tmp_path, hotline) as terminal:
        assert await terminal.run("agent", "login", "bert") == (0, "bert: offered\n", "")
        assert await terminal.run("agent", "pause", "anna", "--reason", "lunch") == (
            0,
            "anna: offered, then paused\n",
            "",
        )
        code, output, _ = await terminal.run("agent", "list", "--json")
    assert code == 0
    assert [agent["next_state"] for agent in json.loads(output)["agents"]] == ["paused", None]


async def test_an_agents_day_is_shown(tmp_path, hotline):
    began = 1_763_697_600_000  # 2025-11-21 12:00 in Shanghai
    hotline.agent_states.known = [
        Span("anna", AgentState.READY, "", began, began + 3_600_000), Span("anna", AgentState.PAUSED, "lunch", began + 3_600_000, began + 5_400_000),
    ]  # fmt: skip
    async with running(tmp_path, hotline) as terminal:
        code, output, _ = await terminal.run("agent", "day", "--date", "2025-11-21")
        assert code == 0
        assert all(word in output for word in ("anna", "12:00:00", "13:30:00", "1:30:00", "lunch 30:00", "0%", "bert")), output
        code, output, _ = await terminal.run("agent", "day", "anna", "--date", "2025-11-21", "--json")
        assert (code, json.loads(output)["pause_seconds"]) == (0, {"lunch": 1800.0})
        code, _, errors = await terminal.run("agent", "day", "anna", "--date", "yesterday")
        assert code == 2
        assert "write the day as 2026-11-21" in errors
        assert (await terminal.run("agent", "day", "nobody"))[0] == 2


async def test_what_is_wrong_ends_with_2_and_what_is_impossible_now_with_1(tmp_path, hotline):
    async with running(tmp_path, hotline) as terminal:
        code, _, errors = await terminal.run("agent", "login", "nobody")
        assert (code, errors) == (2, "there is no agent 'nobody'; GET /api/agents lists them\n")
        code, _, errors = await terminal.run("agent", "pause", "bert", "--reason", "a\x07b")
        assert code == 2
        assert "body.reason" in errors
        code, _, errors = await terminal.run("agent", "unpause", "bert")
        assert (code, errors) == (1, "bert is not paused but logged_out\n")
        code, _, errors = await terminal.run("agent", "extend", "bert", "--seconds", "60")
        assert (code, errors) == (1, "bert is not in wrap-up but logged_out\n")
    assert hotline.snapshot().agents["bert"].state is AgentState.LOGGED_OUT


async def test_why_a_call_went_where_it_went_is_told_in_both_languages(tmp_path, hotline):
    hotline.decisions.known.append(record_of(hotline.engine.decision("c1"), hotline.clock))
    async with running(tmp_path, hotline) as terminal:
        english, chinese, waiting, data, unknown = await asyncio.gather(
            terminal.run("acd", "explain", "c1"),
            terminal.run("acd", "explain", "c1", "--lang", "zh"),
            terminal.run("acd", "explain", "c2"),
            terminal.run("acd", "explain", "c1", "--json"),
            terminal.run("acd", "explain", "nobody"),
        )
    assert "was offered to anna" in english[1]
    assert "Not eligible: bert: they are logged out." in english[1]
    assert "派给坐席 anna" in chinese[1]
    assert "Nobody who is free could take it." in waiting[1]
    assert json.loads(data[1])["offers"][0]["agent"] == "anna"
    assert [one[0] for one in (english, chinese, waiting, data, unknown)] == [0, 0, 0, 0, 2]


async def test_a_wrong_token_is_said(tmp_path, hotline):
    async with running(tmp_path, hotline, token="another-token-than-its") as terminal:
        code, _, errors = await terminal.run("status")
    assert code == 2
    assert "refuses the token" in errors
    assert "another-token" not in errors


async def test_a_server_that_is_away_is_said_with_the_cure(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, _, errors = await Terminal(tmp_path, port).run("agent", "list")
    assert code == 1
    assert re.match(rf"no server at http://127\.0\.0\.1:{port} .*make run", errors)


async def test_somebody_else_on_the_port_is_said(tmp_path):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        code, _, errors = await Terminal(tmp_path, server.sockets[0].getsockname()[1]).run("status")
    assert code == 1
    assert "is not the hotline's server" in errors


async def test_settings_that_cannot_be_used_are_said(tmp_path):
    terminal = Terminal(tmp_path, 1)
    terminal.settings.write_text("ami: {}\n", encoding="utf-8")
    code, _, errors = await terminal.run("status")
    assert code == 2
    assert str(terminal.settings) in errors
