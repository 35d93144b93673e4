"""A month of 300,000 legs becomes a report: seconds and memory, in the process that `hotline report` or the server has for it.

Method: 300,000 queue legs with an offer each, as many calls with a trail of twelve steps, and 1,200,000 spans of 200 agents
in an SQLite file; the month before is empty. The process is `python -m cti.report`, as the server starts it.
"""

import asyncio
import json
import random
import re
import resource
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from cti.database import migrate
from tests.bench.report import report, table

LEGS = 300_000
AGENTS = 200
SINCE_MS = 1_790_784_000_000  # the last day of September 2026, 16:00 UTC: October begins in Shanghai
MONTH_MS = 31 * 86_400_000
ROOT = Path(__file__).resolve().parents[2]
TRAIL = json.dumps([{"at_ms": SINCE_MS, "flow": "main", "step": f"step{n}", "type": "menu", "result": "choice", "key": "1"} for n in range(12)])

pytestmark = [pytest.mark.long, pytest.mark.asyncio]


def _fill(file: Path) -> None:
    draw = random.Random(5)
    database = sqlite3.connect(file)
    every = MONTH_MS // LEGS
    legs, calls = [], []
    for n in range(LEGS):
        at, agent, wait = SINCE_MS + n * every, f"agent{draw.randrange(AGENTS):03}", int(draw.expovariate(1 / 30_000))
        queue, tier = draw.choice(["billing", "faults", "general"]), draw.choice(["gold", "silver", "basic"])
        answered = draw.random() < 0.92
        attempts = json.dumps([{"offer": f"o{n}", "agent": agent, "at_ms": at, "ring_ms": 4000, "result": "talked"}])
        outcome = "answered" if answered else "abandoned"
        legs.append((f"c{n}-1", f"c{n}", queue, tier, attempts, agent if answered else None, at, at + wait if answered else None, at + wait + 200_000, wait, 180_000, 10_000, outcome, draw.choice([None, 4, 5])))
        calls.append((f"c{n}", at, at + wait + 200_000, queue, outcome, TRAIL))
    database.executemany(
        "insert into contact_legs (leg, call, number, kind, queue, tier, skills_asked, skills_given, attempts, offers, misses, agent, entered_at_ms, answered_at_ms, ended_at_ms, wait_ms, talk_ms, wrapup_ms, outcome, survey_score)"
        " values (?, ?, 1, 'queue', ?, ?, '{}', '{}', ?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)", legs,
    )  # fmt: skip
    database.executemany("insert into call_records (call, started_at_ms, ended_at_ms, queue, outcome, tickets, trail) values (?, ?, ?, ?, ?, '[]', ?)", calls)
    spans = ((f"agent{n % AGENTS:03}", SINCE_MS + n // AGENTS * 446_000, SINCE_MS + (n // AGENTS + 1) * 446_000, ("ready", "talking", "wrap_up", "offered")[n // AGENTS % 4]) for n in range(4 * LEGS))
    database.executemany("insert into agent_states (agent, from_ms, until_ms, state, reason) values (?, ?, ?, ?, '')", spans)
    database.commit()
    database.close()


async def _most_memory_mb(pid: int) -> int:
    """What the process held at most, looked at four times a second while it is there; what it was forked from does not count."""
    most = 0
    while held := _held_mb(pid):
        most = max(most, held)
        await asyncio.sleep(0.25)
    return most


def _held_mb(pid: int) -> int:
    try:
        found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) // 1024 if found else 0


@pytest.mark.timeout(900)
async def test_a_month_of_300_000_legs(tmp_path):
    file = tmp_path / "month.db"
    await migrate(f"sqlite:///{file}")
    _fill(file)
    asked = {"database_url": f"sqlite:///{file}", "config": str(ROOT / "config"), "zone": "Asia/Shanghai", "kind": "month", "date": "2026-10-01", "language": "zh", "queue": ""}
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "cti.report", stdin=PIPE, stdout=PIPE, cwd=ROOT)
    watch = asyncio.create_task(_most_memory_mb(process.pid))
    answer, _ = await process.communicate(json.dumps(asked).encode())
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(answer)
    assert told["figures"]["offered"]["now"] == LEGS
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rows = table(("a month of", "seconds", "CPU seconds", "memory at most"), (f"{LEGS:,} legs, {LEGS:,} calls, {4 * LEGS:,} spans", f"{seconds:.1f}", f"{cpu:.1f}", f"{await watch} MB"))
    report("report", rows)
