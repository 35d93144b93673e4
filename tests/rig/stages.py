"""Callers brought to every stage of a call, and what may be said of them after a fault.

The flows are the demo's: an unknown number is asked for the language, then the main menu; `0` `3` leads to the queue
`general`. Agents are logged in by the API and known by the caller's number that Asterisk shows them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.rig.agents import ANSWERS, MANUAL, RINGS, AgentCall, AgentFarm
from tests.rig.listener import Caller
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

HOTLINE = "95598"
#: All of these serve the queue `general` in Chinese.
AGENTS = ("agent01", "agent02", "agent03", "agent04", "agent06", "agent07", "agent09", "agent10")
_numbers = itertools.count(1)


def fresh_numbers(count: int) -> list[str]:
    """Numbers no other call of this test session has: they find the call in records and CEL."""
    return [f"1700{next(_numbers):07d}" for _ in range(count)]


async def gathered(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run all together; the first failure cancels the rest."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
    return [task.result() for task in tasks]


# ---- callers


async def to_menu(caller: Caller, within: float = 15.0) -> None:
    """Choose Chinese and hear the main menu begin."""
    await caller.answered(within)
    await caller.heard("main/ask_language-*", within)
    await caller.press("1")
    await caller.heard("main/welcome-1", within, "zh")
    await caller.heard("main/menu-1", within, "zh")


async def to_queue(caller: Caller, topic: str = "3") -> None:
    """Walk to a queue (general unless told otherwise) and hear that one is being connected."""
    await to_menu(caller)
    await caller.press("0")
    await caller.heard("agent/ask_topic-1", 15.0)
    await caller.press(topic)
    await caller.heard("phrases/please-hold", 15.0)


async def to_digits(caller: Caller) -> None:
    """Half an account number entered."""
    await to_menu(caller)
    await caller.press("1")
    await caller.heard("identify/ask_account-1", 15.0)
    await caller.press("1000")


async def to_ticket(caller: Caller) -> None:
    """A fault report, one key before the ticket is made (south: no known outage there)."""
    await to_menu(caller)
    await caller.press("2")
    await caller.heard("fault/ask_area-1", 15.0)
    await caller.press("2")
    await caller.heard("fault/ask_kind-1", 15.0)
    await caller.press("4")
    await caller.heard("fault/offer_message-1", 15.0)
    await caller.press("2")
    await caller.heard("fault/check-1", 15.0)


# ---- agents


def caller_number(call: AgentCall) -> str:
    """The caller's number as the agent's phone shows it."""
    found = re.search(r"<sips?:([^@>]*)@", call.invite.header("From"))
    assert found, call.invite.header("From")
    return found[1]


async def login(server: HotlineServer, *agents: str) -> None:
    """Log agents in; they are ready at once."""
    for agent in agents:
        reply = await server.api("POST", f"/api/agents/{agent}/login")
        assert reply.status == 202, reply


async def logout(server: HotlineServer, *agents: str) -> None:
    """Log agents out."""
    for agent in agents:
        await server.api("POST", f"/api/agents/{agent}/logout")


async def agent_states(server: HotlineServer) -> dict[str, str]:
    """Agents' states by name."""
    reply = await server.api("GET", "/api/agents")
    return {agent["name"]: agent["state"] for agent in reply.body["agents"]} if reply.status == 200 else {}


async def waiting(server: HotlineServer, queue: str = "general") -> list[dict[str, Any]]:
    """Who waits, in order."""
    reply = await server.api("GET", f"/api/queues/{queue}")
    return list(reply.body["calls"]) if reply.status == 200 else []


async def waits(server: HotlineServer, count: int, within: float = 20.0, queue: str = "general") -> list[dict[str, Any]]:
    """Wait until so many hold a place in the line."""

    async def enough() -> list[dict[str, Any]]:
        calls = await waiting(server, queue)
        return calls if len(calls) >= count else []

    return list(await eventually(enough, within, f"{count} callers in {queue}"))


# ---- the whole stage


@dataclass
class Stage:
    """Callers by state; `agent_calls` the agents' side of those who have one, by caller's number."""

    server: HotlineServer
    farm: AgentFarm
    prompt: list[Caller] = field(default_factory=list)
    digits: list[Caller] = field(default_factory=list)
    waiting: list[Caller] = field(default_factory=list)
    ringing: list[Caller] = field(default_factory=list)
    connecting: list[Caller] = field(default_factory=list)
    talking: list[Caller] = field(default_factory=list)
    survey: list[Caller] = field(default_factory=list)
    agent_calls: dict[str, AgentCall] = field(default_factory=dict)

    @property
    def all(self) -> list[Caller]:
        """Everybody."""
        groups = (self.prompt, self.digits, self.waiting, self.ringing, self.connecting, self.talking, self.survey)
        return [caller for group in groups for caller in group]


@contextlib.asynccontextmanager
async def staged(site: Site, server: HotlineServer, *, queued: int = 10, each: int = 2, rate: float = 10.0) -> AsyncIterator[Stage]:
    """Callers in every state at once: `each` in a prompt, entering digits, ringing, connecting, talking and in the survey,
    the rest of the `queued` ones waiting. `each` is at most 2: there are eight agents."""
    async with contextlib.AsyncExitStack() as stack:
        farm = await stack.enter_async_context(site.agents(*AGENTS[: 4 * each], behaviour=MANUAL))
        in_line = await stack.enter_async_context(Caller.group(site.rig, _calls(queued), rate=rate, voice=True))
        stage = Stage(server, farm)
        await gathered(*map(to_queue, in_line))
        await waits(server, queued)
        by_number = {caller.who: caller for caller in in_line}
        names = iter(AGENTS)
        talkers, surveyed, ringers, connected = ([next(names) for _ in range(each)] for _ in range(4))
        stage.talking = await _serve(stage, by_number, talkers, ANSWERS)
        stage.survey = await _serve(stage, by_number, surveyed, ANSWERS)
        stage.ringing = await _serve(stage, by_number, ringers, RINGS)
        stage.connecting = await _serve(stage, by_number, connected, RINGS)
        await gathered(*(_talk(stage, caller) for caller in stage.talking + stage.survey))
        stage.waiting = list(by_number.values())
        in_menu = await stack.enter_async_context(Caller.group(site.rig, _calls(2 * each), rate=rate))
        stage.prompt, stage.digits = in_menu[:each], in_menu[each:]
        await gathered(*map(to_menu, stage.prompt), *map(to_digits, stage.digits), *(_to_survey(stage, caller) for caller in stage.survey), *(_answer(stage, caller) for caller in stage.connecting))
        yield stage


def _calls(count: int) -> list[tuple[str, str]]:
    return [(number, HOTLINE) for number in fresh_numbers(count)]


async def _serve(stage: Stage, by_number: dict[str, Caller], agents: Sequence[str], behaviour: Any) -> list[Caller]:
    """Log these agents in, and say whom they were given."""
    served = []
    for agent in agents:
        stage.farm[agent].behaviour = behaviour
        await login(stage.server, agent)
        call = await stage.farm[agent].called()
        caller = by_number.pop(caller_number(call))
        stage.agent_calls[caller.who] = call
        served.append(caller)
    return served


async def _talk(stage: Stage, caller: Caller) -> None:
    await voices(caller, stage.agent_calls[caller.who], 15.0)


async def _to_survey(stage: Stage, caller: Caller) -> None:
    await asyncio.sleep(5.0)  # so that he is in the survey when the others are in their menus
    call = stage.agent_calls[caller.who]
    await logout(stage.server, call.agent)
    await call.hangup()
    await caller.heard("survey/ask-1", 10.0)


async def _answer(stage: Stage, caller: Caller) -> None:
    await asyncio.sleep(5.5)
    call = stage.agent_calls[caller.who]
    call.answer()
    await call.heard("phrases/whisper-*", 5.0)


async def voices(caller: Caller, call: AgentCall, within: float = 10.0) -> None:
    """Both hear each other now."""
    await gathered(caller.hears_voice(call.agent, within), call.hears_voice(caller.who, within))


# ---- what must be true afterwards


def records(server: HotlineServer, numbers: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Call records by caller's number; every number has an entry."""
    found: dict[str, list[dict[str, Any]]] = {number: [] for number in numbers}
    for row in server.rows("select * from call_records"):
        if row["caller_number"] in found:
            found[row["caller_number"]].append(row)
    return found


async def finished_records(server: HotlineServer, callers: Sequence[Caller], within: float = 15.0) -> dict[str, dict[str, Any]]:
    """Wait until each of these callers has a finished record; he must have exactly one."""
    numbers = [caller.who for caller in callers]

    def all_finished() -> dict[str, list[dict[str, Any]]] | None:
        found = records(server, numbers)
        return found if all(rows and all(row["ended_at_ms"] for row in rows) for rows in found.values()) else None

    try:
        found = await eventually(all_finished, within, "a finished record for each caller", every=0.2)
    except AssertionError as error:
        open_ = {n: [(r["call"], r["outcome"], r["ended_at_ms"]) for r in rows] for n, rows in records(server, numbers).items()}
        raise AssertionError(f"{error}: {open_}") from error
    counts = {number: len(rows) for number, rows in found.items() if len(rows) != 1}
    assert not counts, counts
    return {number: rows[0] for number, rows in found.items()}


async def nobody_stuck(site: Site, server: HotlineServer, farm: AgentFarm | None = None, within: float = 10.0) -> None:
    """No agent is left in a state of a call, no channel is left, no agent's phone was called twice at once."""
    stuck = {"offered", "connecting", "talking", "cancelling"}

    async def all_free() -> bool:
        states = await agent_states(server)
        return bool(states) and not stuck & set(states.values())

    try:
        await eventually(all_free, within, "no stuck agent")
    except AssertionError as error:
        raise AssertionError(f"{error}: {await agent_states(server)}") from error
    await site.asterisk.no_channels(30.0)
    if farm is not None:
        doubled = farm.double_offers()
        assert not doubled, doubled


def since(moment: float) -> float:
    """Seconds since a monotonic moment."""
    return time.monotonic() - moment
