"""A hotline for tests of the queue: many small lines and agents, a flow that leads straight into any of them.

Its flows are the project's, but for the entry: language, tier and line are three keys (and one more) to be typed ahead.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import yaml

from tests.rig.demo import HOTLINE
from tests.rig.listener import Caller
from tests.rig.server import PROJECT
from tests.rig.site import Site
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tests.rig.agents import Agent, AgentCall
    from tests.rig.gallery import Programs
    from tests.rig.server import HotlineServer

TIER_KEYS = {"diamond": "1", "gold": "2", "silver": "3", "basic": "4"}
HEAD_STARTS = {"diamond": 300, "gold": 120, "silver": 6, "basic": 0}
LANGUAGE_KEYS = {"zh": "1", "en": "2"}
DEFAULTS = {
    "offer_timeout_seconds": 5, "wrapup_seconds": 0, "announce_first_seconds": 0, "announce_frequency_seconds": 0,
    "max_wait_seconds": 300, "max_length": 50,
}  # fmt: skip
DISPATCH = {
    "backoff": {"no_answer_seconds": 0, "busy_seconds": 5, "rejected_seconds": 5, "unreachable_seconds": 5, "hung_up_seconds": 1},
}  # fmt: skip
FLOW_QUEUES = ("billing", "faults", "general")
SKILLS = ("lang_zh", "lang_en", "billing", "faults")


class Lines:
    """The configuration: `queues` and `agents` as in the project's files, without labels and extensions."""

    def __init__(self, queues: Mapping[str, dict[str, Any]], agents: Mapping[str, dict[str, Any]]) -> None:
        self._queues = queues
        self._agents = agents
        self.keys = {name: f"{number:02d}" for number, name in enumerate(queues, 1)}

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write the files; returns the folders of configuration and flows."""
        config, flows = folder / "config", folder / "flows"
        config.mkdir(parents=True)
        shutil.copytree(PROJECT / "flows", flows)
        for name in ("backends.yaml", "dialing.yaml"):
            shutil.copy(PROJECT / "config" / name, config)
        label = {"zh": "测试", "en": "Test"}
        agents = {
            name: {"label": name, "extension": 2000 + number, "skills": {"lang_zh": 1, "lang_en": 1}, **agent}
            for number, (name, agent) in enumerate(self._agents.items())
        }
        queues = {name: {"label": label, **queue} for name, queue in self._queues.items()}
        for name in FLOW_QUEUES:  # the flows lead there
            queues.setdefault(name, {"label": label})
        tiers = {name: {"label": label, "head_start_seconds": seconds} for name, seconds in HEAD_STARTS.items()}
        _write(config / "agents.yaml", skills=dict.fromkeys(SKILLS, label), agents=agents)
        _write(config / "queues.yaml", defaults=DEFAULTS, dispatch=DISPATCH, forecast={"least_calls": 0}, queues=queues)
        _write(config / "tiers.yaml", tiers=tiers)
        _write(flows / "main.yaml", **self._entry())
        return config, flows

    @contextlib.asynccontextmanager
    async def opened(self, programs: Programs, folder: Path) -> AsyncIterator[Site]:
        """An Asterisk of its own with these lines and phones."""
        config, flows = self.write(folder)
        site = Site(
            programs.asterisk, programs.sipp, programs.sound, folder, config=config, flows=flows, rtp_timeout_seconds=10
        )
        await site.asterisk.start()
        try:
            yield site
        finally:
            await site.asterisk.stop()

    def _entry(self) -> dict[str, Any]:
        say = {"say": {"phrase": "one-moment"}}
        sorry = {"say": {"phrase": "no-key"}, "next": "ask_tier"}
        wrong = {"say": {"phrase": "not-a-choice"}, "next": "ask_tier"}
        tiers = {key: {"next": "ask_queue", "set": {"tier": tier}} for tier, key in TIER_KEYS.items()}
        queues = {key: {"next": "agent", "set": {"queue": name}} for name, key in self.keys.items()}
        steps = {
            "ask_language": {"type": "language", **say, "choices": {"1": "zh", "2": "en"}, "next": "ask_tier"},
            "ask_tier": {"type": "menu", **say, "choices": tiers},
            "ask_queue": {"type": "menu", **say, "choices": queues},
            "agent": {"type": "goto", "flow": "agent", "with": {"account": "", "tier": "${tier}", "queue": "${queue}"}},
            "sorry": {"type": "hangup", "say": {"phrase": "system-error"}},
        }
        return {
            "flow": "main", "start": "ask_language", "safe_exit": "sorry", "vars": {"tier": "text", "queue": "text"},
            "defaults": {"retries": 2, "on_timeout": sorry, "on_invalid": wrong}, "steps": steps,
        }  # fmt: skip

    @contextlib.asynccontextmanager
    async def caller(
        self, site: Site, number: str, queue: str, *, tier: str = "basic", language: str = "zh", voice: bool = False
    ) -> AsyncIterator[Caller]:
        """A caller who has entered this line; hung up at the end if he still is up."""
        async with Caller.call(site.rig, HOTLINE, number, voice=voice) as caller:
            await caller.heard("phrases/one-moment")
            await caller.press(LANGUAGE_KEYS[language] + TIER_KEYS[tier] + self.keys[queue])
            yield caller


@contextlib.asynccontextmanager
async def served(lines: Site, **changes: Any) -> AsyncIterator[HotlineServer]:
    """A server for all scenes; afterwards nothing is up any more, and its log has no traceback."""
    async with lines.running(**changes) as server:
        yield server
    await lines.clear()
    assert server.tracebacks() == []


def _write(file: Path, **content: Any) -> None:
    whole = json.loads(json.dumps({"version": 1, **content}))  # nothing shared: the hotline's YAML knows no anchors
    file.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")


async def ask(server: HotlineServer, agent: str, what: str, body: Any = None, *, status: int = 202) -> dict[str, Any]:
    """POST login, logout, pause, unpause or ready for an agent; returns his view."""
    reply = await server.api("POST", f"/api/agents/{agent}/{what}", body)
    assert reply.status == status, reply
    return dict(reply.body)


async def log_in(server: HotlineServer, *agents: str) -> None:
    """Log agents in, one after the other: the first has been idle longest."""
    for agent in agents:
        await ask(server, agent, "login")
        await agent_is(server, agent, "ready")


async def agent_is(server: HotlineServer, agent: str, state: str, within: float = 10.0) -> dict[str, Any]:
    """Wait for an agent's state; returns his view."""

    async def view() -> dict[str, Any] | None:
        found = dict((await server.api("GET", f"/api/agents/{agent}")).body)
        return found if found["state"] == state else None

    return dict(await eventually(view, within, f"{agent} is {state}"))


async def waiting(server: HotlineServer, queue: str, count: int, within: float = 15.0) -> list[dict[str, Any]]:
    """Wait until so many hold a place in a line; returns them in order."""

    async def calls() -> list[dict[str, Any]] | None:
        found = (await server.api("GET", f"/api/queues/{queue}")).body["calls"]
        return found if len(found) == count else None

    return list(await eventually(calls, within, f"{count} in {queue}"))


async def call_of(server: HotlineServer, number: str) -> dict[str, Any]:
    """The live call from this number."""

    async def find() -> dict[str, Any] | None:
        calls = (await server.api("GET", "/api/calls")).body["calls"]
        return next((call for call in calls if call["caller"] == number), None)

    return dict(await eventually(find, 10, f"a call from {number}"))


async def serve(server: HotlineServer, agent: Agent, talk_seconds: float = 1.0, within: float = 30.0) -> AgentCall:
    """Take the next call (his phone answers by itself), talk, hang up; returns the call."""
    call = await agent.talking(within)
    await agent_is(server, agent.name, "talking", 20)
    await asyncio.sleep(talk_seconds)
    await call.hangup()
    return call


def number_shown(call: AgentCall) -> str:
    """The number that the agent's phone shows."""
    return call.invite.header("From").partition("<sip:")[2].partition("@")[0]
