"""From an agent's goodbye to the next INVITE at his phone: our router beside app_queue, on the same Asterisk in one run.

Method: ten registered phones (tests' own, behind SIPp) answer at once, talk a little and hang up; SIPp callers who echo
the sound keep about twenty waiting with music all the time. Measured at the phone: from its BYE to the next INVITE, so
that Asterisk's own work on the end of the last call is in it for both. No wrap-up in either.
"""

import asyncio
import itertools
from pathlib import Path

import pytest

from tests.bench.place import SippCallers, bench_site
from tests.bench.report import percentile, report, table
from tests.bench.scenarios import waits_to_the_end
from tests.rig.agents import AgentFarm, Behaviour
from tests.rig.site import Site
from tests.rig.waiting import eventually

HERE = Path(__file__).parent / "ringing"
AGENTS = tuple(f"agent{n:02}" for n in range(1, 11))
OFFERS = 230
CALLERS_UP = 30
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
    for name in AGENTS:
        calls = [record for record in farm.ledger()[since:] if record.agent == name]
        for before, after in itertools.pairwise(calls):
            if before.ended_at is not None and after.ringing_at is not None:
                invites.append((after.invited_at - before.ended_at) * 1000)
                rings.append((after.ringing_at - before.ended_at) * 1000)
    return invites, rings


async def _measure(site: Site, farm: AgentFarm, folder: Path, to: str) -> tuple[list[float], list[float]]:
    since = len(farm.ledger())
    callers = await SippCallers.start(site, folder, waits_to_the_end("139[call_number]"), to=to, calls=2000, rate=15, at_once=CALLERS_UP)
    try:
        await eventually(lambda: len(_gaps(farm, since)[0]) >= OFFERS, 180, f"{OFFERS} offers through {to}", every=0.5)
        return _gaps(farm, since)
    finally:
        await callers.stop()
        await site.clear()


async def _both(folder: Path) -> dict[str, tuple[list[float], list[float]]]:
    found = {}
    async with bench_site(folder, flows=HERE / "flows", config=HERE / "config", dialplan=DIALPLAN) as site:
        queues = site.asterisk.etc / "queues.conf"
        queues.write_text(queues.read_text(encoding="utf-8").replace("wrapuptime = 5", "wrapuptime = 0"), encoding="utf-8")
        await site.asterisk.cli("queue reload all")
        async with site.agents(*AGENTS) as farm:
            _behave(farm, 0.8)
            found["app_queue"] = await _measure(site, farm, folder / "app_queue", "8000")
            async with site.running() as server:
                _behave(farm, 2.5)
                for name in AGENTS:
                    reply = await server.api("POST", f"/api/agents/{name}/login")
                    assert reply.status < 300, reply
                found["hotline"] = await _measure(site, farm, folder / "hotline", "95598")
                assert server.tracebacks() == []
    return found


@pytest.mark.timeout(600)
def test_agent_free_to_ringing(tmp_path) -> None:
    found = asyncio.run(_both(tmp_path))
    rows = [
        (
            name, len(invites), *(f"{percentile(invites, share):.1f} ms" for share in (0.5, 0.99, 1)),
            *(f"{percentile(rings, share):.1f} ms" for share in (0.5, 0.99)),
        )
        for name, (invites, rings) in found.items()
    ]
    text = table(("queue", "offers", "to INVITE, p50", "p99", "most", "to 180, p50", "p99"), *rows)
    report("ringing", f"{text}\n\nTen agents, {CALLERS_UP} callers up (two thirds waiting with music, echoing RTP), one Asterisk, one run.")
