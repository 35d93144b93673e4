"""The wallboard's page with documents as large as a test wants: its assets, a session and a stream, under the rules of the real server."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ASSETS = Path(__file__).resolve().parents[2] / "cti/http/assets"
RULES = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
ZONE = dt.timezone(dt.timedelta(hours=8))
TIERS = {"diamond": ("钻石客户", "Diamond"), "gold": ("金卡客户", "Gold"), "basic": ("普通客户", "Basic")}
QUEUES = [
    ("billing", "电费业务", "Billing"), ("faults", "故障报修", "Faults"), ("general", "综合业务", "General"),
    ("business", "企业客户", "Business customers"), ("contracts", "新装与合同", "New connections"), ("complaints", "投诉建议", "Complaints"),
]  # fmt: skip
AGENTS = ["陈静 Chen Jing", "李伟 Li Wei", "王芳 Wang Fang", "Emily Clark", "Daniel Novak", "欧阳晓雪 Ouyang Xiaoxue"]
STATES = ["talking", "talking", "ready", "talking", "wrap_up", "offered", "ready", "paused", "talking", "backoff", "logged_out"]


class BoardStub:
    """What the server would tell: `document`, a new one every `every_seconds`, its waits and states as much longer as time went on.

    `asked`: what the page asked for, with the body.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.every_seconds = 1.0
        self.asked: list[tuple[str, Any]] = []
        self._began = time.monotonic()

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve it on a port of its own; its address."""
        app = web.Application()
        app.on_response_prepare.append(_rules)
        app.router.add_get("/wallboard", self._page)
        app.router.add_get("/api/session", self._session)
        app.router.add_get("/api/board/stream", self._stream)
        app.router.add_post("/api/agents/{agent}/{deed}", self._deed)
        app.router.add_static("/assets", ASSETS)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _page(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(ASSETS / "index.html")

    async def _session(self, _request: web.Request) -> web.Response:
        return web.json_response({"name": self.document["name"], "role": self.document["role"], "team": "day", "language": "zh"})

    async def _deed(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.path, body))
        return web.json_response({}, status=202)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # the page went elsewhere
            while True:
                await response.write(f": beat\n\nevent: board\ndata: {json.dumps(self.now())}\n\n".encode())
                await asyncio.sleep(self.every_seconds)
        return response

    def now(self) -> dict[str, Any]:
        """The document of this moment."""
        passed = time.monotonic() - self._began
        queues = [{**queue, "longest_wait_seconds": queue["longest_wait_seconds"] + passed} for queue in self.document["queues"]]
        agents = [{**agent, "since_seconds": agent["since_seconds"] + passed} for agent in self.document["agents"]]
        return {**self.document, "at": dt.datetime.now(ZONE).isoformat(timespec="milliseconds"), "queues": queues, "agents": agents}


async def _rules(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = RULES


def document(queues: int = 6, agents: int = 20, role: str = "display") -> dict[str, Any]:
    """A busy floor of any size; the same for the same arguments."""
    lines = [_queue(number) for number in range(queues)]
    return {
        "at": "", "version": "0.1.0", "language": "zh", "role": role, "name": "wall", "ready": True,
        "links": {"ami": True, "database": True, "store": True},
        "queues": lines, "agents": [_agent(number, lines) for number in range(agents)],
        "teams": [{"name": "day", "label": {"zh": "白班", "en": "Day shift"}}, {"name": "night", "label": {"zh": "夜班", "en": "Night shift"}}],
        "pause_reasons": [{"name": "lunch", "label": {"zh": "午餐", "en": "Lunch"}}, {"name": "break", "label": {"zh": "小休", "en": "Break"}}],
        "line": _line(lines), "ivr": {
            "active": 7, "flows": [{"flow": "main", "calls": 4}, {"flow": "balance", "calls": 2}, {"flow": "fault", "calls": 1}],
            "calls": [{"call": None, "flow": "main", "step": "menu", "seconds": 3.0 * n} for n in range(7)],
        },
        "alerts": [
            _alert("ServiceLevelAtRisk", "warning", "电费业务近 15 分钟服务水平低于目标", "Billing: service level of the last 15 min is below target"),
            _alert("LongestWait", "critical", "故障报修有来电等待超过 3 分钟", "Faults: a caller has waited for more than 3 minutes"),
        ],
        "trend": _trend(),
    }  # fmt: skip


def _queue(number: int) -> dict[str, Any]:
    name, zh, en = QUEUES[number % len(QUEUES)]
    lap, waiting = number // len(QUEUES), (3, 4, 5, 2, 0, 7)[number % 6]
    level, today = (None if number == 4 else (0.93, 0.71, 1.0, 0.84, 0.9, 0.95)[number % 6]), (0.91, 0.82, 0.97, 0.88, 0.9, 0.64)[number % 6]
    return {
        "name": f"{name}{lap or ''}", "label": {"zh": f"{zh}{lap or ''}", "en": f"{en} {lap or ''}".strip()}, "waiting": waiting,
        "longest_wait_seconds": (12.4, 754.2, 41.0, 8.0, 0.0, 95.5)[number % 6] if waiting else 0.0, "talking": number % 5, "callbacks": number % 2,
        "estimated_wait_seconds": 75.0 if waiting > 2 else None, "service_level_seconds": 20, "service_level_target": 0.9,
        "service_level_now": level, "service_level_today": today, "abandonment_today": (0.021, 0.113, 0.0, 0.062, 0.05, 1.0)[number % 6], "abandonment_target": 0.05,
        "offered_today": 1234, "answered_today": 1180, "abandoned_today": 54, "asa_today_seconds": 14.2, "agents": {"ready": number % 3, "talking": number % 5},
        "tiers": [{"tier": tier, "label": {"zh": label[0], "en": label[1]}, "waiting": (waiting + at) // 3, "longest_wait_seconds": 5.0} for at, (tier, label) in enumerate(TIERS.items())],
    }  # fmt: skip


def _agent(number: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    state = STATES[number % len(STATES)]
    return {
        "name": f"agent{number + 1:02}", "label": AGENTS[number % len(AGENTS)], "team": ("day", "night")[number % 2], "state": state,
        "reason": "lunch" if state == "paused" else "", "since_seconds": (17.3 * (number + 1) ** 1.7) % 5000, "queue": lines[0]["name"] if state == "talking" else None,
        "call": None, "next_state": "paused" if number == 3 else None, "may_steer": number < 5, "over_limit": state == "paused" and number % 4 == 3,
    }  # fmt: skip


def _line(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"call": None, "queue": line["name"], "tier": list(TIERS)[place % 3], "position": place + 1, "waited_seconds": max(1.0, line["longest_wait_seconds"] - 20 * place), "state": "waiting", "callback": place == 3}
        for line in lines for place in range(line["waiting"])
    ]  # fmt: skip


def _alert(name: str, severity: str, zh: str, en: str) -> dict[str, Any]:
    return {"name": name, "severity": severity, "summary": {"zh": zh, "en": en}, "since": "2026-11-22T10:58:00+08:00", "queue": "billing"}


def _trend() -> dict[str, Any]:
    offered = [round(6 + 4 * math.sin(minute / 17) + minute % 3) for minute in range(180)]
    abandoned = [1 if minute % 11 == 0 else 0 for minute in range(180)]
    return {
        "every_seconds": 60, "from": "2026-11-22T08:00:00+08:00", "offered": offered, "answered": [a - b for a, b in zip(offered, abandoned, strict=True)],
        "abandoned": abandoned, "waiting": [max(0, round(4 * math.sin(minute / 23))) for minute in range(180)], "service_level": [0.75 + 0.2 * math.sin(minute / 29) for minute in range(180)],
    }  # fmt: skip
