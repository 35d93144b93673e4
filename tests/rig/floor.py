"""A busy floor on the demo hotline: callers who talk, wait, listen to the menu, and one who gave up; agents in many states."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from acd.facts import Outcome
from cti.database import Database
from cti.records.contacts import LEGS, LegKind
from tests.rig.agents import ANSWERS, RINGS
from tests.rig.demo import HOTLINE, to_menu
from tests.rig.lines import agent_is, ask, log_in, waiting
from tests.rig.listener import Caller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

KEYS = {"billing": "01", "faults": "02", "general": "03"}
SERVED = {"13800138010": "billing", "13800138004": "faults", "13800138007": "general"}
IMPATIENT = ("13800138014", "faults")
WAITING = {"13800138001": ("billing", "diamond"), "13800138003": ("billing", "gold"), "13800138006": ("faults", "basic"), "13800138012": ("general", "silver")}
LISTENING = ("13800138008", "13800138016")
AGENTS = ("agent02", "agent03", "agent04")
PAUSED = {"agent01": "lunch", "agent10": "training"}
ENGLISH, RINGING = "13800138005", "agent08"  # the caller for whom only this agent rings
MORNING = {"billing": (1.6, 0.93), "faults": (1.1, 0.78), "general": (0.9, 0.97)}  # calls a minute, share answered in time
PATIENCE_SECONDS = 6.0  # longer than the 5 s within which hanging up does not count as abandoned


@dataclass(frozen=True)
class Floor:
    """Who is on it. `numbers`: all callers' numbers, which nobody may see."""

    states: dict[str, str]
    waiting: dict[str, int]
    numbers: tuple[str, ...]


@contextlib.asynccontextmanager
async def busy_floor(site: Site, server: HotlineServer) -> AsyncIterator[Floor]:
    """Three talks, four waiting, two in the menu, one ringing phone, two on a break, one caller gone; all hung up at the end."""
    async with site.agents(*AGENTS, *PAUSED, RINGING, behaviour=ANSWERS) as farm, contextlib.AsyncExitStack() as stack:
        farm[RINGING].behaviour = RINGS
        for agent, reason in PAUSED.items():
            await ask(server, agent, "login")
            await ask(server, agent, "pause", {"reason": reason})
        await log_in(server, *AGENTS)
        served = {number: (queue, "") for number, queue in SERVED.items()}
        await _enter(site, stack, served)
        for agent in AGENTS:
            await agent_is(server, agent, "talking", 30)
        given_up = await _enter(site, stack, {IMPATIENT[0]: (IMPATIENT[1], "")})
        await waiting(server, IMPATIENT[1], 1, 30)
        await asyncio.sleep(PATIENCE_SECONDS)  # he does wait
        await given_up[0].hangup()
        await _enter(site, stack, WAITING)
        counts = {queue: sum(1 for where, _ in WAITING.values() if where == queue) for queue in KEYS}
        for queue, count in counts.items():
            await waiting(server, queue, count, 30)
        await _ring(site, server, stack)
        for number in LISTENING:
            caller = await stack.enter_async_context(Caller.call(site.rig, HOTLINE, number))
            await to_menu(caller)
        states = dict.fromkeys(AGENTS, "talking") | dict.fromkeys(PAUSED, "paused") | {RINGING: "offered"}
        yield Floor(states, counts | {"faults": counts["faults"] + 1}, (*SERVED, *WAITING, *LISTENING, IMPATIENT[0], ENGLISH))


async def _ring(site: Site, server: HotlineServer, stack: contextlib.AsyncExitStack) -> None:
    """Let a phone ring for somebody; it goes on until the offer runs out."""
    await _enter(site, stack, {ENGLISH: ("faults", "")})
    await waiting(server, "faults", 2, 30)
    await ask(server, RINGING, "login")
    await agent_is(server, RINGING, "offered", 15)


async def _enter(site: Site, stack: contextlib.AsyncExitStack, wishes: dict[str, tuple[str, str]]) -> list[Caller]:
    """Call, and press the way into a line, all side by side."""
    callers = await stack.enter_async_context(Caller.group(site.rig, [(number, HOTLINE) for number in wishes]))

    async def press(caller: Caller, queue: str) -> None:
        await caller.answered(20)
        await to_menu(caller)
        await caller.press(KEYS[queue])

    await asyncio.gather(*(press(caller, queue) for caller, (queue, _) in zip(callers, wishes.values(), strict=True)))
    return callers


async def seed_morning(url: str, until_ms: int) -> int:
    """Write contact legs of the three hours before, the same each time but for the hour; returns how many.

    A board has a past when its server starts; waiting three hours for one is nothing for a test.
    """
    chance = random.Random(5)
    rows = [
        _leg(chance, queue, share, until_ms - round((180 - minute - chance.random()) * 60_000), number)
        for queue, (rate, share) in MORNING.items()
        for minute in range(177)
        for number in range(int(rate * (1.2 + math.sin(minute / 25)) + chance.random()))
    ]
    database = Database(url)
    try:
        async with database.writing() as session:
            await session.execute(insert(LEGS), rows)
    finally:
        await database.close()
    return len(rows)


def _leg(chance: random.Random, queue: str, share: float, entered_ms: int, number: int) -> dict[str, Any]:
    in_time, answered = chance.random() < share, chance.random() < 0.5 + share / 2
    wait_ms = round(chance.uniform(2_000, 18_000) if in_time else chance.uniform(21_000, 90_000))
    talk_ms = round(chance.uniform(30_000, 120_000)) if answered else 0
    at_ms = entered_ms + wait_ms
    call = f"morning-{queue}-{entered_ms}-{number}"
    return {
        "leg": f"{call}-1", "call": call, "number": 1, "kind": LegKind.QUEUE.value, "queue": queue, "tier": chance.choice(["diamond", "gold", "silver", "basic"]), "language": "zh",
        "agent": "agent02" if answered else None, "target": None, "skills_asked": {}, "skills_given": {}, "entered_at_ms": entered_ms, "rang_at_ms": at_ms - 1500 if answered else None,
        "answered_at_ms": at_ms if answered else None, "talk_ended_at_ms": at_ms + talk_ms if answered else None, "wrapup_ended_at_ms": at_ms + talk_ms + 5000 if answered else None,
        "ended_at_ms": at_ms + talk_ms, "wait_ms": wait_ms, "ring_ms": 1500 if answered else None, "talk_ms": talk_ms if answered else None, "wrapup_ms": 5000 if answered else None,
        "forecast_ms": None, "offers": int(answered), "misses": 0, "attempts": [], "position": 1, "position_at_end": 1,
        "outcome": (Outcome.ANSWERED if answered else Outcome.ABANDONED).value, "reason": None, "survey_score": None,
    }  # fmt: skip
