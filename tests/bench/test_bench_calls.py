"""What a call costs: CPU seconds of our server beside Asterisk's own, at 50 calls a second through the demo's balance lookup.

Method: SIPp callers with sound both ways (Asterisk plays prompts as µ-law, the callers echo them) call with a known
number, so that the customer is looked up; they press 1 in the first prompt, hear the balance, and hang up after about
two seconds. CPU is user and system time of each process (all its threads) from /proc, from the first INVITE until the
last call has its record, divided by the calls; in it is what the server does beside: database, records, heartbeat.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.bench.place import bench_site, cpu_seconds
from tests.bench.report import report, table
from tests.bench.scenarios import presses_and_hangs_up
from tests.rig.crowd import SippCallers, SippLoad
from tests.rig.demo import demo_hotline
from tests.rig.server import PROJECT, HotlineServer
from tests.rig.waiting import eventually

RATE = float(os.environ.get("HOTLINE_BENCH_RATE", "50"))
SECONDS = float(os.environ.get("HOTLINE_BENCH_SECONDS", "20"))
CUSTOMER = "13800138001"


def _ended(server: HotlineServer) -> int:
    return int(server.rows("select count(*) as n from call_records where ended_at_ms is not null")[0]["n"])


def _heard_balance(server: HotlineServer) -> int:
    return int(server.rows("select count(*) as n from call_records where trail like '%\"balance\"%'")[0]["n"])


async def _measure(folder: Path) -> tuple[SippLoad, int, float, float]:
    calls = int(RATE * SECONDS)
    async with bench_site(folder, flows=PROJECT / "flows", config=PROJECT / "config") as site, demo_hotline(site) as server:
        asterisk = site.asterisk.pid
        before = cpu_seconds(server.pid), cpu_seconds(asterisk)
        scenario = presses_and_hangs_up(CUSTOMER, ((500, "1"),), 1400)
        callers = await SippCallers.start(site, folder / "callers", scenario, to="95598", calls=calls, rate=RATE, at_once=1000)
        load = await callers.done(SECONDS + 60)
        await eventually(lambda: _ended(server) >= load.succeeded, 30, "a record of every call", every=0.5)
        costs = cpu_seconds(server.pid) - before[0], cpu_seconds(asterisk) - before[1]
        assert server.tracebacks() == []
        return load, _heard_balance(server), *costs


@pytest.mark.timeout(600)
def test_cpu_of_a_call(tmp_path) -> None:
    load, balances, ours, asterisks = asyncio.run(_measure(tmp_path))
    assert load.failed == 0
    assert load.succeeded == load.made
    assert balances > load.made * 0.95
    rows = [
        (name, f"{seconds:.1f} s", f"{seconds / load.made * 1000:.1f} ms", share)
        for name, seconds, share in (("hotline server", ours, f"{ours / asterisks:.2f}"), ("Asterisk", asterisks, "1"))
    ]
    text = table(("process", "CPU", "CPU a call", "beside Asterisk"), *rows)
    report(
        "calls",
        f"{text}\n\n{load.made} calls at {RATE:g} a second, all completed, {balances} heard their balance; up to {load.most_at_once} callers up at once, "
        "each with µ-law sound both ways.",
    )
