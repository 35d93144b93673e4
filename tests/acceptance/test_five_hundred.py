"""Five hundred calls of which it is known beforehand what becomes of each: SIPp's count, the phones', the database, the counters that a
real Prometheus scraped last, its ratios, and the day's report all say the same. And once more with a kill -9 in the middle."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from tests.bench.scenarios import loses_patience
from tests.rig.agents import Behaviour
from tests.rig.crowd import SippCallers
from tests.rig.demo import HOTLINE
from tests.rig.lines import log_in, number_shown
from tests.rig.prometheus import Prometheus
from tests.rig.server import PROJECT
from tests.rig.site import Site, build_sound
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.agents import AgentFarm
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance, pytest.mark.long, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

OUTCOMES = PROJECT / "tests" / "outcomes"
QUICK, SLOW = tuple(f"agent{n:02d}" for n in range(1, 11)), tuple(f"agent{n:02d}" for n in range(11, 14))
TALKS = Behaviour(answer_after=0.2, talk=1.5)
ENDURES_MS = 240_000


@dataclass(frozen=True)
class Way:
    """Callers of one kind: how many, what stands in their numbers, when they hang up, and what then becomes of them."""

    name: str
    calls: int
    digit: int
    tired_after_ms: int
    outcome: str
    queue: str | None

    def numbers(self, run: int) -> list[str]:
        """Their numbers: 139, tier, way, run, place."""
        return [f"139{1 + place % 4}{self.digit}{run}{self.tired_after_ms // 1000 % 1000:03d}{place:03d}" for place in range(self.calls)]


WAYS = (
    Way("served at once", 130, 1, ENDURES_MS, "answered", "quick"),
    Way("served late", 80, 2, ENDURES_MS, "answered", "slow"),
    Way("gave up", 70, 3, 12_000, "abandoned", "nobody"),
    Way("mistook the number", 60, 3, 2_500, "abandoned", "nobody"),
    Way("waited too long", 50, 4, ENDURES_MS, "overflowed", "brief"),
    Way("heard the notice", 60, 5, ENDURES_MS, "self_service", None),
    Way("left during the notice", 50, 5, 1_500, "abandoned", None),
)
SPREAD_SECONDS = 60.0


@dataclass(frozen=True)
class Ledger:
    """What the callers' side knows of a run: who called on which way, and whom the agents' phones showed when they answered."""

    callers: dict[str, Way]
    answered: list[str]

    @property
    def calls(self) -> int:
        """All calls."""
        return len(self.callers)

    def expected(self) -> Counter[tuple[str | None, str | None, str]]:
        """How many calls were to end how, by queue and tier; no tier where no queue."""
        return Counter((way.queue, tier_of(number) if way.queue else None, way.outcome) for number, way in self.callers.items())


def tier_of(number: str) -> str:
    return {"1": "diamond", "2": "gold"}.get(number[3], "basic")


async def run(site: Site, farm: AgentFarm, folder: Path, *, number: int, share: float = 1.0) -> Ledger:
    """Make the calls (or a share of each kind) within a minute and wait until all are over; SIPp must have seen each end as it should."""
    started, callers = [], {}
    for place, way in enumerate(WAYS):
        numbers = way.numbers(number)[: round(way.calls * share)]
        callers |= dict.fromkeys(numbers, way)
        started.append(
            await SippCallers.start(
                site, folder / f"run{number}-{place}", loses_patience("[field0]", way.tired_after_ms), to=HOTLINE, calls=len(numbers),
                rate=len(numbers) / SPREAD_SECONDS, at_once=len(numbers), lines=numbers,
            )
        )  # fmt: skip
    loads = [await load.done(240) for load in started]
    assert sum(load.made for load in loads) == len(callers)
    assert [load.failed for load in loads] == [0] * len(WAYS)
    await site.asterisk.no_channels(30)
    talks = [call for agent in farm.agents.values() for call in agent.calls if call.dialogue.answered_at]
    return Ledger(callers, [number_shown(call) for call in talks])


async def records(server: HotlineServer, count: int) -> list[dict[str, Any]]:
    """The finished call records, once there are so many."""
    query = "SELECT * FROM call_records WHERE ended_at_ms IS NOT NULL"
    return list(await eventually(lambda: len(found := server.rows(query)) >= count and found, 60, f"{count} records", every=0.5))


async def legs(server: HotlineServer) -> list[dict[str, Any]]:
    """The contact legs, once all have ended and their wrap-ups, too."""
    unended = "SELECT leg FROM contact_legs WHERE ended_at_ms IS NULL OR (answered_at_ms IS NOT NULL AND wrapup_ended_at_ms IS NULL)"
    await eventually(lambda: not server.rows(unended), 30, "all legs have ended", every=0.5)
    return server.rows("SELECT * FROM contact_legs")


def found_in(rows: list[dict[str, Any]]) -> Counter[tuple[str | None, str | None, str]]:
    """How many calls ended how by the records."""
    return Counter((row["queue"], row["tier"] if row["queue"] else None, row["outcome"]) for row in rows)


@dataclass(frozen=True)
class Day:
    """What a run left behind on every side."""

    ledger: Ledger
    server: HotlineServer
    prometheus: Prometheus
    records: list[dict[str, Any]]
    legs: list[dict[str, Any]]

    async def counted(self, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """The raw counter as Prometheus scraped it last, by these labels; what is zero left out."""
        answer = await self.prometheus.ask(f"sum by ({','.join(labels)}) ({name})")
        return Counter({tuple(dict(series).get(label, "") for label in labels): round(value) for series, value in answer.items() if value})

    def report(self, queue: str = "") -> dict[str, Any]:
        """The figures of `hotline report day --json`, of all queues or of one."""
        zone = zone_where_it_is_noon()
        only = ["--queue", queue] if queue else []
        done = subprocess.run(
            [sys.executable, "-m", "cti.cli.main", "report", "day", "--settings", str(self.server.settings_file), "--json", "--zone", zone,
             "--date", dt.datetime.now(ZoneInfo(zone)).date().isoformat(), *only],
            cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return {name: figure["now"] for name, figure in json.loads(done.stdout)["figures"].items()}


def zone_where_it_is_noon() -> str:
    """A time zone in which no day ends while the test runs."""
    behind = dt.datetime.now(dt.UTC).hour - 12
    return f"Etc/GMT{behind:+d}" if behind else "Etc/GMT"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(asterisk_install: AsteriskInstall, sipp: Tool, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("outcomes")
    site = Site(asterisk_install, sipp, build_sound(OUTCOMES / "flows"), folder, config=OUTCOMES / "config", flows=OUTCOMES / "flows", rtp_timeout_seconds=0)
    await site.asterisk.start()
    try:
        yield site
    finally:
        await site.asterisk.stop()


# Stands first: the server of the other tests lives until the last of them is done, and two do not share an Asterisk.
KILLED_AFTER_SECONDS = 35.0


async def test_a_kill_in_the_middle_costs_no_record_and_resets_the_counters_once(site: Site, tmp_path: Path) -> None:
    """Each record and each leg is as without the kill; Prometheus sees one reset, nothing counted twice, and misses only what no scrape saw."""
    async with (
        site.running() as server,
        Prometheus(tmp_path / "prometheus", int(server.settings["http"]["port"])) as prometheus,
        site.agents(*QUICK, *SLOW, behaviour=TALKS) as farm,
        server.kept_running(),
    ):
        await prometheus.eventually("hotline_calls_total", bool)
        await log_in(server, *QUICK, *SLOW)
        killing = asyncio.create_task(kill_after(server, KILLED_AFTER_SECONDS))
        ledger = await run(site, farm, tmp_path, number=2, share=0.4)
        killed_at, ready_at = await killing
        assert ledger.calls == 200
        found, told = await records(server, ledger.calls), await legs(server)
        await scraped_since(prometheus, time.time())
        expected = ledger.expected()
        for row in found:  # who called and hung up while no server was there had no queue to come to
            if row["queue"] is None and ledger.callers[row["caller_number"]].queue == "nobody":
                assert killed_at - 3 < row["started_at_ms"] / 1000 < row["ended_at_ms"] / 1000 < ready_at + 1
                expected[None, None, "abandoned"] += 1
                expected["nobody", tier_of(row["caller_number"]), "abandoned"] -= 1
        assert found_in(found) == expected
        assert found_in(told) == Counter({key: count for key, count in expected.items() if key[0]})
        assert sorted(ledger.answered) == sorted(number for number, way in ledger.callers.items() if way.outcome == "answered")
        assert set((await prometheus.ask("resets(hotline_calls_total[10m])")).values()) == {1}
        samples = await history(prometheus, "sum without (tier, queue, outcome, job, instance) (hotline_queue_calls_ended_total)")
        falls = [place for place, ((_, former), (_, value)) in enumerate(itertools.pairwise(samples), 1) if value < former]
        assert len(falls) == 1, samples
        (last_scrape, before), (_, after) = samples[falls[0] - 1], samples[-1]
        ends = [leg["ended_at_ms"] / 1000 for leg in told]
        # Prometheus shows a sample for a moment longer than it stood
        seen = sum(end < min(last_scrape, killed_at) - 2.5 for end in ends) + sum(end > ready_at + 1 for end in ends)
        assert seen <= before + after <= len(told)
        assert server.tracebacks() == []


async def kill_after(server: HotlineServer, seconds: float) -> tuple[float, float]:
    """Kill -9; when that was, and when the next server was ready (Unix seconds)."""
    await asyncio.sleep(seconds)
    killed_at = time.time()
    await server.kill9()
    await eventually(lambda: server.process is not None and server.process.returncode is None, 10, "started again")
    await server.wait_ready()
    return killed_at, time.time()


async def history(prometheus: Prometheus, expression: str) -> list[tuple[float, float]]:
    """(Unix seconds, value) of the only series of an expression, second by second."""
    now = time.time()
    data = await prometheus.api("query_range", query=expression, start=str(now - 300), end=str(now), step="1")
    (series,) = data["result"]
    return [(float(at), float(value)) for at, value in series["values"]]


def write_rules(file: Path) -> None:
    """The rules that an operator would make from this configuration."""
    command = [sys.executable, "-m", "cti.cli.main", "rules", "export", "--config-dir", str(OUTCOMES / "config"), "--output", str(file)]
    subprocess.run(command, cwd=PROJECT, check=True, timeout=60, capture_output=True)


async def scraped_since(prometheus: Prometheus, moment: float) -> None:
    """Wait until what Prometheus has is from after this moment (Unix seconds)."""
    await prometheus.eventually("max(timestamp(hotline_calls_total))", lambda answer: max(answer.values(), default=0) > moment)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Day]:
    """Five hundred calls, once for all tests here."""
    folder = tmp_path_factory.mktemp("day")
    rules = folder / "rules.yml"
    write_rules(rules)
    await site.clear()
    async with (
        site.running() as server,
        Prometheus(folder / "prometheus", int(server.settings["http"]["port"]), rules=[rules]) as prometheus,
        site.agents(*QUICK, *SLOW, behaviour=TALKS) as farm,
    ):
        await prometheus.eventually("hotline_calls_total", bool)
        await log_in(server, *QUICK, *SLOW)
        ledger = await run(site, farm, folder, number=1)
        found = await records(server, ledger.calls)
        told = await legs(server)
        await scraped_since(prometheus, time.time())
        yield Day(ledger, server, prometheus, found, told)
        assert server.tracebacks() == []


async def test_five_hundred_calls_ended_as_they_were_to(day: Day) -> None:
    """SIPp's count, the phones' and the records'."""
    assert day.ledger.calls == 500
    by_number = {row["caller_number"]: row for row in day.records}
    assert len(day.records) == len(by_number) == 500
    wrong = [(number, way.name, by_number[number]["outcome"]) for number, way in day.ledger.callers.items() if by_number[number]["outcome"] != way.outcome]
    assert wrong == []
    assert found_in(day.records) == day.ledger.expected()
    assert sorted(day.ledger.answered) == sorted(number for number, way in day.ledger.callers.items() if way.outcome == "answered")


async def test_every_leg_is_in_the_database_once(day: Day) -> None:
    """One leg for each call that came into a queue, with the same end and the agent who answered the phone."""
    expected = Counter({key: count for key, count in day.ledger.expected().items() if key[0]})
    assert found_in(day.legs) == expected
    assert len({leg["call"] for leg in day.legs}) == len(day.legs)
    agents = {row["call"]: row["agent"] for row in day.records}
    assert [leg["leg"] for leg in day.legs if leg["agent"] != agents[leg["call"]]] == []
    for leg in day.legs:
        assert leg["wait_ms"] >= 0
        assert (leg["answered_at_ms"] is not None) == (leg["outcome"] == "answered"), leg


async def test_the_counters_of_the_last_scrape_are_the_database(day: Day) -> None:
    """To the call, by queue and tier; the histograms' buckets, too."""
    line = Counter((leg["queue"], leg["tier"]) for leg in day.legs)
    answered = [leg for leg in day.legs if leg["outcome"] == "answered"]
    assert await day.counted("hotline_calls_total") == Counter({(): 500})
    assert await day.counted("hotline_queue_calls_entered_total", "queue", "tier") == line
    assert await day.counted("hotline_queue_calls_ended_total", "queue", "tier", "outcome") == found_in(day.legs)
    assert await day.counted("hotline_queue_calls_answered_total", "queue", "tier") == Counter((leg["queue"], leg["tier"]) for leg in answered)
    for bound in (5, 10, 15):
        within = Counter((leg["queue"], leg["outcome"]) for leg in day.legs if leg["wait_ms"] <= bound * 1000)
        assert await day.counted(f'hotline_queue_wait_seconds_bucket{{le="{bound:.1f}"}}', "queue", "outcome") == within, bound
    waits, talks = (sum(leg[name] or 0 for leg in day.legs) / 1000 for name in ("wait_ms", "talk_ms"))
    for name, seconds in (("hotline_queue_wait_seconds_sum", waits), ("hotline_talk_seconds_sum", talks)):
        scraped = sum((await day.prometheus.ask(f"sum({name})")).values())
        assert scraped == pytest.approx(seconds, abs=0.001 * len(day.legs)), name  # the database keeps whole milliseconds


def ratios(legs: list[dict[str, Any]]) -> dict[str, float]:
    """The ratios of docs/kpi.md, from the rows: T is 10 s, a short abandon ends within 5 s in every queue here."""
    in_time = [leg for leg in legs if leg["wait_ms"] <= 10_000]
    a, b = (sum(leg["outcome"] == outcome for leg in legs) for outcome in ("answered", "abandoned"))
    a_t, b_t = (sum(leg["outcome"] == outcome for leg in in_time) for outcome in ("answered", "abandoned"))
    short = sum(leg["outcome"] == "abandoned" and leg["wait_ms"] <= 5_000 for leg in legs)
    parts = {
        "sl_answered": (a_t, a), "sl_offered": (a_t + b_t, a + b), "sl_strict": (a_t, len(legs)), "sl_without_short": (a_t, len(legs) - short),
        "sl_removed": (len(in_time), len(legs)), "sl_accepted": (a_t, a + b - short), "abandonment_offered": (b - short, len(legs) - short),
        "abandonment_all": (b, len(legs)), "answered_rate": (a, len(legs)),
    }  # fmt: skip
    return {name: above / below for name, (above, below) in parts.items() if below}


async def test_the_ratios_of_prometheus_are_those_of_the_rows(day: Day) -> None:
    """Every rule of a quarter of an hour, by queue and over all, within half a percentage point."""
    wanted = {("", name): value for name, value in ratios(day.legs).items()}
    for queue in ("quick", "slow", "nobody", "brief"):
        wanted |= {(queue, name): value for name, value in ratios([leg for leg in day.legs if leg["queue"] == queue]).items()}
    lost = sum(way.queue is not None and way.outcome != "answered" for way in day.ledger.callers.values())
    kept = sum(way.outcome == "self_service" for way in day.ledger.callers.values())
    wanted |= {("", "loss_rate_connected"): lost / 500, ("", "containment"): kept / 500}
    assert 0.05 < wanted["slow", "sl_answered"] < 0.95, "the slow queue is to have both"
    since = time.time()
    await day.prometheus.eventually("min(timestamp(hotline:answered_rate:ratio15m))", lambda answer: min(answer.values(), default=0) > since)
    deviations = {}
    for (queue, name), value in wanted.items():
        rule = f'hotline_queue:{name}:ratio15m{{queue="{queue}"}}' if queue else f"hotline:{name}:ratio15m"
        (found,) = (await day.prometheus.ask(rule)).values() or (float("nan"),)
        if not abs(found - value) <= 0.005:
            deviations[queue, name] = (found, value)
    assert deviations == {}


async def test_the_report_is_the_rows(day: Day) -> None:
    """Counts to the call, ratios to the last digit, of all and of each queue."""
    for queue in ("", "quick", "slow", "nobody", "brief"):
        legs = [leg for leg in day.legs if queue in ("", leg["queue"])]
        ends = Counter(leg["outcome"] for leg in legs)
        told = day.report(queue)
        counts = {"offered": len(legs), "answered": ends["answered"], "abandoned": ends["abandoned"], "flow_outs": ends["overflowed"]}
        assert {name: told[name] for name in counts} == counts, queue
        expected = ratios(legs)
        assert {name: told[name] for name in expected} == pytest.approx(expected), queue
        assert told["queue_time_average"] == pytest.approx(sum(leg["wait_ms"] for leg in legs) / 1000 / len(legs)), queue
    assert day.report()["loss_rate_connected"] == pytest.approx(sum(way.queue is not None and way.outcome != "answered" for way in day.ledger.callers.values()) / 500)
