"""What walking a flow costs: steps a second in one process, and memory of a caller who waits.

A fault report is walked on the simulated telephone, interpreter and expressions included; then the project's own scripts as `hotline
test` runs them, with every session through JSON at every wait. Run: python tests/bench/bench_ivr.py
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tracemalloc
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[2]))

from cti.cli.scripted import run_scripts
from cti.cli.test_ import find_suites, run_suite
from ivr.events import FailReason
from ivr.flows import load_flows
from ivr.scripts import run_script
from ivr.session import Interpreter
from ivr.state import CallInfo, Session
from ivr.walker import Walker
from tests.bench.report import report, table

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
SECONDS = 5.0
WAITING = 10_000


def steps_a_second() -> tuple[float, float, float]:
    """Walk a fault report again and again: steps, events and calls a second of processor time."""
    flows = load_flows(ROOT / "flows")
    replies = {
        "customer_by_number": {"found": False, "customer": None},
        "outage_at": {"known": False, "restore_at": None, "kind": None},
        "create_ticket": {"ticket": "2611210001", "deadline": "2026-11-22T09:00:00+08:00"},
    }
    steps = events = calls = 0
    began = process_time()
    while process_time() - began < SECONDS:
        walker = Walker(
            flows, CallInfo("b", "10086"), lambda call: replies.get(call.operation, FailReason.INVALID), NOON
        )
        for key in "222121#":
            if not walker.over:
                walker.press(key)
        steps += len(walker.trace)
        events += len(walker.commands)
        calls += 1
    spent = process_time() - began
    return steps / spent, events / spent, calls / spent


def scripted_calls_a_second() -> tuple[float, int]:
    """Run the demo's scripts, sessions through JSON at every wait, as `hotline test` does."""
    (suite,) = find_suites([ROOT / "flows"])
    tested = run_suite(suite)
    scripts = [result.script for result in tested.results]
    calls, began = 0, process_time()
    while process_time() - began < SECONDS:
        for script in scripts:
            assert run_script(script, tested.flows, tested.coverage).failures == ()
        calls += len(scripts)
    return calls / (process_time() - began), len(scripts)


def calls_a_second_on_all_processors() -> float:
    """Run the demo's scripts again and again as one large suite; by the clock, with as many processes as it is worth."""
    (suite,) = find_suites([ROOT / "flows"])
    tested = run_suite(suite)
    scripts = [result.script for result in tested.results] * 40
    began = perf_counter()
    assert not any(result.failures for result in run_scripts(scripts, tested.flows, tested.coverage))
    return len(scripts) / (perf_counter() - began)


def memory_per_session() -> tuple[float, float]:
    """Bytes of a session waiting in the main menu, in memory and as JSON."""
    flows = load_flows(ROOT / "flows")
    walker = Walker(flows, CallInfo("b", "10086", "95598", "en"), lambda _call: FailReason.INVALID, NOON)
    text = json.dumps(walker.session.to_json())
    interpreter = Interpreter(flows)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    sessions = [
        interpreter.restore(Session.from_json(json.loads(text)).to_json(), 1.0, NOON).session for _ in range(WAITING)
    ]
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sessions) == WAITING
    return (after - before) / WAITING, float(len(text.encode()))


def main() -> None:
    """Measure and report."""
    steps, commands, calls = steps_a_second()
    scripted, scripts = scripted_calls_a_second()
    together = calls_a_second_on_all_processors()
    memory, saved = memory_per_session()
    rows = (
        ("steps of the interpreter a second of CPU", f"{steps:,.0f}"),
        ("commands to the shell a second of CPU", f"{commands:,.0f}"),
        ("whole fault reports a second of CPU", f"{calls:,.0f}"),
        (f"`hotline test`: scripted calls a second of CPU ({scripts} different ones)", f"{scripted:,.0f}"),
        (f"`hotline test` with thousands of calls, on {os.cpu_count()} processors: calls a second by the clock", f"{together:,.0f}"),
        (f"memory of a waiting session ({WAITING:,} of them)", f"{memory / 1024:.1f} KiB"),
        ("the same session as JSON in the store", f"{saved / 1024:.1f} KiB"),
    )
    report("ivr", table(("measured", "value"), *rows))


if __name__ == "__main__":
    main()
