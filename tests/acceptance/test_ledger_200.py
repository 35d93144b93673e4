"""Two hundred calls, ten a second, over all branches: the callers' ledger, our records and Asterisk's CEL agree call by call."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.rig.agents import Behaviour
from tests.rig.demo import HOTLINE, customers, demo_hotline
from tests.rig.ledger import disagreements
from tests.rig.lines import log_in
from tests.rig.load import Plan, run_load
from tests.rig.server import PROJECT
from tests.rig.site import Site, Sound
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.listener import Caller
    from tests.rig.load import Script

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.long,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(900),
]

CALLS, RATE = 200, 10.0
WITHIN_SECONDS = 600.0
AGENTS = tuple(f"agent{n:02d}" for n in range(1, 11))
TALKS = Behaviour(answer_after=0.3, talk=9.0)  # the whisper included
WRAPUP_SECONDS = 1
LANGUAGES = {"1": "zh", "2": "en"}
SLOW = 60.0  # a prompt on a machine that is full


def balance(number: int) -> Script:
    customer = list(customers().values())[number % 30]

    async def script(caller: Caller) -> None:
        await caller.heard("main/ask_language-1", SLOW)
        await caller.press(f"{1 + number % 2}1")
        await caller.heard("identify/ask_account-1", SLOW)
        await caller.press(customer.account)
        await caller.heard("identify/ask_pin-1", SLOW)
        await caller.press(customer.pin)
        await caller.heard("balance/*", SLOW)
        await caller.press("*")
        await caller.heard("main/menu-1", SLOW)
        await caller.press("#")
        await caller.heard("phrases/goodbye", SLOW)

    return script


def fault(number: int) -> Script:
    async def script(caller: Caller) -> None:
        await caller.heard("main/ask_language-1", SLOW)
        await caller.press(f"{1 + number % 2}2")
        await caller.heard("fault/ask_area-1", SLOW)
        await caller.press("542")  # centre, meter, no message
        await caller.heard("fault/check-1", SLOW)
        await caller.press("1")
        await caller.heard("fault/thanks-1", SLOW)
        await caller.press("#")
        await caller.heard("phrases/goodbye", SLOW)

    return script


def agent(number: int) -> Script:
    async def script(caller: Caller) -> None:
        await caller.heard("main/ask_language-1", SLOW)
        await caller.press(f"{1 + number % 2}0{1 + number % 3}")
        await caller.heard("survey/ask-1", WITHIN_SECONDS)
        await caller.press(str(1 + number % 5))
        await caller.heard("phrases/goodbye", SLOW)

    return script


def impatient(number: int) -> Script:
    async def script(caller: Caller) -> None:
        await caller.heard("main/ask_language-1", SLOW)
        await caller.press(f"{1 + number % 2}03")
        await caller.heard("phrases/please-hold", SLOW)
        await caller.hangup()

    return script


def plans() -> list[Plan]:
    """A third of each branch; every eighth of those who want an agent loses patience at once."""
    made = []
    for n in range(CALLS):
        kind = (balance, fault, agent)[n % 3]
        kind = impatient if kind is agent and n % 8 == 2 else kind
        made.append(Plan(f"139555{n:05d}", HOTLINE, kind(n), kind.__name__))
    return made


def quick_config(folder: Path) -> Path:
    """The project's configuration, with a shorter wrap-up."""
    config = folder / "config"
    shutil.copytree(PROJECT / "config", config)
    for name, key in (("queues", "wrapup_seconds"), ("agents", "wrapup_seconds")):
        file = config / f"{name}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for entry in (content.get("defaults", {}), *content[name].values()):
            if key in entry:
                entry[key] = WRAPUP_SECONDS
        file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return config


async def test_two_hundred_calls_are_told_alike_by_three_witnesses(
    asterisk_install: AsteriskInstall, sipp: Tool, sound: Sound, tmp_path: Path
) -> None:
    site = Site(
        asterisk_install,
        sipp,
        sound,
        tmp_path,
        config=quick_config(tmp_path),
        flows=PROJECT / "flows",
        rtp_timeout_seconds=30,
    )
    await site.asterisk.start()
    try:
        async with demo_hotline(site) as server, site.agents(*AGENTS, behaviour=TALKS) as farm:
            await log_in(server, *AGENTS)
            calls = plans()
            outcomes = await run_load(site.rig, calls, rate=RATE, within=WITHIN_SECONDS)
            await site.asterisk.no_channels(30)
            ended = "SELECT * FROM call_records WHERE ended_at_ms IS NOT NULL"
            await eventually(lambda: len(server.rows(ended)) == CALLS, 20, "all records are written")
            records = server.rows("SELECT * FROM call_records")
            await asyncio.sleep(0)
            faults = disagreements(outcomes, records, site.asterisk.cel())
            assert not faults, "\n".join(faults[:20])
            assert not farm.double_offers(), farm.double_offers()
            by_number = {record["caller_number"]: record for record in records}
            expected = {
                "balance": "self_service",
                "fault": "self_service",
                "agent": "answered",
                "impatient": "abandoned",
            }
            wrong = [
                (plan.from_number, plan.name, by_number[plan.from_number]["outcome"])
                for plan in calls
                if by_number[plan.from_number]["outcome"] != expected[plan.name]
            ]
            assert wrong == []
            invited = [outcome.invited_at or 0.0 for outcome in outcomes]
            assert max(invited) - min(invited) < CALLS / RATE + 5
            kinds = Counter(plan.name for plan in calls)
            tickets = server.rows("SELECT ticket FROM tickets")
            of_records = [ticket for record in records for ticket in json.loads(record["tickets"])]
            assert sorted(of_records) == sorted(row["ticket"] for row in tickets)
            assert len(tickets) == kinds["fault"]
            assert len(server.rows("SELECT id FROM surveys")) == kinds["agent"]
            talks = Counter(record.agent for record in farm.ledger() if record.answered_at)
            assert talks == Counter(record["agent"] for record in records if record["agent"])
            metrics = await server.metrics()
            assert metrics.value("hotline_calls_total") == CALLS
            assert metrics.value("hotline_queue_calls_answered_total") == kinds["agent"]
            assert metrics.value("hotline_drift_repaired_total") == 0
    finally:
        await site.asterisk.stop()
