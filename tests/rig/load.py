"""Load: many callers at a fixed rate, each with a script; and the ledger to compare with records and CEL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.rig.listener import Caller, Rig
from tests.rig.waiting import Deadline

Script = Callable[[Caller], Awaitable[None]]


@dataclass(frozen=True)
class Plan:
    """One call: number calling (unique in a run: it is the key into CEL), number called, what the caller does."""

    from_number: str
    to: str
    script: Script
    name: str = ""


@dataclass(frozen=True)
class CallOutcome:
    """One line of the callers' ledger. Times are Unix seconds; `error` is "" when the script came to its end."""

    plan: Plan
    call_id: str
    invited_at: float | None
    answered_at: float | None
    ended_at: float | None
    ended_by: str
    final_status: int
    heard: tuple[str, ...]
    error: str


async def run_load(rig: Rig, plans: Sequence[Plan], *, rate: float, within: float) -> list[CallOutcome]:
    """Make all calls, `rate` a second, and run each script once its call is answered; returns when all have ended.

    `within` seconds from the first call on for everything; scripts that are not done then count as failed.
    """
    async with Caller.group(rig, [(plan.from_number, plan.to) for plan in plans], rate=rate) as callers:
        end = time.monotonic() + within
        errors = await asyncio.gather(
            *(_one(caller, plan.script, end) for caller, plan in zip(callers, plans, strict=True)),
        )
    return [_outcome(*line) for line in zip(plans, callers, errors, strict=True)]


async def _one(caller: Caller, script: Script, end: float) -> str:
    try:
        async with asyncio.timeout(max(0.0, end - time.monotonic())):
            await caller.answered(within=max(0.0, end - time.monotonic()))
            await script(caller)
            await caller.ended(within=max(0.0, end - time.monotonic()))
    except TimeoutError:
        return "not done in time"
    except (Deadline, AssertionError) as error:
        return str(error) or repr(error)
    return ""


def _outcome(plan: Plan, caller: Caller, error: str) -> CallOutcome:
    dialogue, to_unix = caller.dialogue, time.time() - time.monotonic()
    times = (
        dialogue.messages[0].at if dialogue.messages else None,
        dialogue.answered_at,
        dialogue.bye.at if dialogue.bye else None,
    )
    invited, answered, ended = (None if at is None else at + to_unix for at in times)
    return CallOutcome(
        plan,
        caller.call_id,
        invited,
        answered,
        ended,
        caller.ended_by,
        dialogue.final_status,
        tuple(map(str, (h.name for h in caller.heard_so_far))),
        error,
    )
