"""From an agent's goodbye to the next INVITE at his phone, with 300 callers waiting: our router beside app_queue, same Asterisk, same run.

Method: ten registered phones (tests' own, behind SIPp) answer at once, talk a little and hang up; SIPp callers who echo
the sound keep 300 and more waiting with music all the time. Measured at the phone: from its BYE to the next INVITE, so
that Asterisk's own work on the end of the last call is in it for both. No wrap-up in either. CPU is user and system time
of each process (all its threads) from /proc while it was measured, in cores.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.place import bench_site, cpu_seconds
from tests.bench.report import percentile, report, table
from tests.bench.scenarios import waits_to_the_end
from tests.rig.agents import AgentFarm, Behaviour
from tests.rig.crowd import SippCallers
from tests.rig.server import HotlineServer
from tests.rig.site import Site
from tests.rig.waiting import eventually

HERE = Path(__file__).parent / "ringing"
AGENTS = tuple(f"agent{n:02}" for n in range(1, 11))
OFFERS = 230
WAITING = 300
CALLERS_UP = WAITING + 2 * len(AGENTS)
RATE = 40.0
#: The measured queue beside ours: the static one of the fallback, with the same phones, without its wrap-up.
DIALPLAN = """
[hotline-entry](+)
exten => 8000,1,Answer()
 same => n,Queue(hotline-fallback)
 same => n,Hangup()
"""


def _behave(farm: AgentFarm, talk_seconds: float) -> None:
    for place, agent in enumerate(farm.agents.values()):
        agent.behaviour = Behaviour(answer_after=0.2, talk=talk_seconds + 0.04 * place)


def _gaps(farm: AgentFarm, since: int) -> tuple[list[float], list[float]]:
    """Milliseconds from each agent's goodbye to his next INVITE, and to his phone's ringing."""
    invites, rings = [], []
    ledger = farm.ledger()[since:]
    for name in AGENTS:
        calls = [record for record in ledger if record.agent == name]
        for before, after in itertools.pairwise(calls):
            if before.ended_at is not None and after.ringing_at is not None:
                invites.append((after.invited_at - before.ended_at) * 1000)
                rings.append((after.ringing_at - before.ended_at) * 1000)
    return invites, rings


def _rung(farm: AgentFarm) -> int:
    return sum(len(agent.calls) for agent in farm.agents.values())


@dataclass
class Measured:
    """Milliseconds to INVITE and to ringing; how many waited, at least; cores used by name of the process."""

    invites: list[float]
    rings: list[float]
    waiting: int
    cores: dict[str, float]


async def _measure(site: Site, farm: AgentFarm, folder: Path, to: str, waiting: Callable[[], Awaitable[int]], pids: dict[str, int]) -> Measured:
    callers = await SippCallers.start(site, folder, waits_to_the_end("139[call_number]"), to=to, calls=4000, rate=RATE, at_once=CALLERS_UP)

    async def crowded() -> bool:
        return await waiting() >= WAITING

    try:
        await eventually(crowded, 240, f"{WAITING} wait in {to}", every=1.0)
        since, began, used = _rung(farm), time.monotonic(), {name: cpu_seconds(pid) for name, pid in pids.items()}
        # counted only: who reads the whole ledger meanwhile stands still, and with him the clock of the phones
        await eventually(lambda: _rung(farm) >= since + OFFERS + 2 * len(AGENTS), 240, f"{OFFERS} offers through {to}", every=0.5)
        seconds = time.monotonic() - began
        cores = {name: (cpu_seconds(pid) - used[name]) / seconds for name, pid in pids.items()}
        return Measured(*_gaps(farm, since), await waiting(), cores)
    finally:
        await callers.stop()
        await site.clear()


async def _in_app_queue(site: Site) -> int:
    found = re.search(r"has (\d+) calls", await site.asterisk.cli("queue show hotline-fallback"))
    return int(found[1]) if found else 0


async def _in_hotline(server: HotlineServer) -> int:
    return sum(int(queue["waiting"]) for queue in (await server.api("GET", "/api/queues")).body["queues"])


async def _both(folder: Path) -> dict[str, Measured]:
    found = {}
    async with bench_site(folder, flows=HERE / "flows", config=HERE / "config", dialplan=DIALPLAN) as site:
        queues = site.asterisk.etc / "queues.conf"
        queues.write_text(queues.read_text(encoding="utf-8").replace("wrapuptime = 5", "wrapuptime = 0"), encoding="utf-8")
        await site.asterisk.cli("queue reload all")
        pids = {"Asterisk": site.asterisk.pid}
        async with site.agents(*AGENTS) as farm:
            _behave(farm, 0.8)
            found["app_queue"] = await _measure(site, farm, folder / "app_queue", "8000", lambda: _in_app_queue(site), pids)
            async with site.running() as server:
                _behave(farm, 2.5)
                for name in AGENTS:
                    reply = await server.api("POST", f"/api/agents/{name}/login")
                    assert reply.status < 300, reply
                found["hotline"] = await _measure(site, farm, folder / "hotline", "95598", lambda: _in_hotline(server), pids | {"server": server.pid})
                assert server.tracebacks() == []
    return found


@pytest.mark.timeout(900)
def test_agent_free_to_ringing(tmp_path) -> None:
    found = asyncio.run(_both(tmp_path))
    rows = [
        (
            name, len(of.invites), *(f"{percentile(of.invites, share):.1f} ms" for share in (0.5, 0.99, 1)),
            *(f"{percentile(of.rings, share):.1f} ms" for share in (0.5, 0.99)), of.waiting,
            f"{of.cores['Asterisk']:.2f} cores", f"{of.cores['server']:.2f} cores" if "server" in of.cores else "",
        )
        for name, of in found.items()
    ]
    head = ("queue", "offers", "to INVITE, p50", "p99", "most", "to 180, p50", "p99", "waiting", "Asterisk", "server")
    report("ringing", f"{table(head, *rows)}\n\nTen agents, up to {CALLERS_UP} callers, each with sound both ways, one Asterisk, one run.")
