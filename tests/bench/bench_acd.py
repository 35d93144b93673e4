"""What a routing decision costs as callers and agents grow, beside a plain scan of all pairs and a bare heap.

Run: python tests/bench/bench_acd.py [--update]. CPU seconds of one core, so that other work on the machine matters less.
"""

# ruff: noqa: E402 - it runs without being installed

from __future__ import annotations

import gc
import heapq
import os
import random
import sys
from pathlib import Path
from statistics import median
from time import process_time, thread_time_ns

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from acd_floor import NAMES, TIERS, Floor, policy
from report import percentile, report, table

from acd.chance import Chance
from acd.config import SkillNeed
from acd.eligibility import cannot
from acd.facts import CallEnded, Fact
from acd.heads import LineName
from acd.matching import Matching
from acd.records import AgentRecord, Call, Presence
from acd.simulation.callers import Caller
from acd.simulation.runner import Simulation
from cti.collecting import collect_seldom

SIZES = [(waiting, agents) for waiting in (10, 1_000, 100_000) for agents in (10, 1_000, 10_000)]
PAIRS = 4_000
ROUNDS = 3  #: the best is told: other work on the machine only ever takes away
DAY_CALLS = 100_000


class Bare:
    """The matching without anything around it: the same callers and agents, joined and freed by hand."""

    def __init__(self, floor: Floor, waiting: int) -> None:
        self.floor = floor
        self.matching = Matching(Chance(1))
        self.calls: dict[str, Call] = {}
        self.agents = [AgentRecord(config, n) for n, config in enumerate(floor.staff)]
        for agent in self.agents:
            self.matching.learn(agent)
            self.matching.presence(agent, Presence.AT_WORK)
        for _ in range(waiting):
            self.join(self.call())

    def call(self) -> Call:
        """One more caller, not yet in line."""
        event = self.floor.next_caller()
        queue = self.floor.policy.queues[event.queue]
        number = self.floor.number
        return Call(event.call, queue, event.tier, number * 0.01, number, TIERS[event.tier].head_start_seconds, event.needs)

    def join(self, call: Call) -> None:
        """An arrival."""
        self.calls[call.id] = call
        self.matching.join(call, call.key, call.queue, LineName(call.queue.name, call.needs, 0))
        assert next(self.matching.matches(0.0), None) is None, "somebody free was overlooked"

    def complete(self, agent: AgentRecord) -> None:
        """A completion: the agent gets his best caller."""
        self.matching.freed(agent)
        for match in self.matching.matches(0.0):
            self.matching.leave(self.calls.pop(match.key[-1]))
            self.matching.taken(match.agent)
        self.matching.taken(agent)


def bare_pairs_a_second(floor: Floor, waiting: int) -> float:
    """Arrival-and-completion pairs a second for the matching alone."""
    bare = Bare(floor, waiting)
    seconds: list[float] = []
    for _ in range(1 + ROUNDS):  # the first round makes the searches that later ones find
        calls = [bare.call() for _ in range(PAIRS)]
        agents = [bare.agents[n * 7919 % len(bare.agents)] for n in range(PAIRS)]
        start = process_time()
        for call, agent in zip(calls, agents, strict=True):
            bare.join(call)
            bare.complete(agent)
        seconds.append(process_time() - start)
    return PAIRS / min(seconds)


def heap_pairs_a_second(waiting: int) -> float:
    """The limit: keys of the same form pushed into and popped from one heap, no skills, no state."""
    heads = [TIERS[name].head_start_seconds for name in NAMES]
    heap = [(2, n * 0.01 - heads[n * 7 % 4], 0, n, "c") for n in range(waiting)]
    heapq.heapify(heap)
    start = process_time()
    for n in range(waiting, waiting + PAIRS):
        heapq.heappush(heap, (2, n * 0.01 - heads[n * 7 % 4], 0, n, "c"))
        heapq.heappop(heap)
    return PAIRS / (process_time() - start)


def scan_pairs_a_second(floor: Floor, waiting: int) -> float:
    """Everybody asked each time: all agents for the caller who comes, all callers for the agent who becomes free."""
    calls = [floor.next_caller() for _ in range(waiting)]
    rounds = max(2, min(200, 400_000 // (waiting + len(floor.staff))))
    start = process_time()
    for n in range(rounds):
        event = calls[n % len(calls)]
        queue = floor.policy.queues[event.queue]
        [agent for agent in floor.staff if cannot(agent, queue, (*queue.needs, *event.needs)) is None]
        agent = floor.staff[n % len(floor.staff)]
        best = None
        for call in calls:
            if cannot(agent, floor.policy.queues[call.queue], call.needs) is None:
                score = TIERS[call.tier].head_start_seconds
                best = score if best is None else max(best, score)
    return rounds / (process_time() - start)


def engine_figures(floor: Floor) -> tuple[float, float, float]:
    """Whole call lives a second (five events each, offers and facts included); median and p99 of one event, µs."""
    for _ in range(PAIRS // 2):
        floor.serve()
    lives = max(lives_a_second(floor) for _ in range(ROUNDS))
    rounds = [events_us(floor) for _ in range(ROUNDS)]
    if len(floor.engine._world.calls) < 3000:
        floor.engine.check_invariants()
    return lives, min(median(events) for events in rounds), min(percentile(events, 0.99) for events in rounds)


def lives_a_second(floor: Floor) -> float:
    """Whole call lives a second."""
    floor.foresee(PAIRS)
    start = process_time()
    for _ in range(PAIRS):
        floor.serve()
    return PAIRS / (process_time() - start)


def events_us(floor: Floor) -> list[float]:
    """What each event of some lives took, in microseconds."""
    events: list[float] = []
    for _ in range(PAIRS // 2):
        for event in floor.life():
            before = thread_time_ns()
            floor.tell(event)
            events.append((thread_time_ns() - before) / 1000)
    return events


def one_size(waiting: int, agents: int) -> tuple[object, ...]:
    """One line of the table."""
    floor = Floor(agents, waiting)
    collect_seldom()
    lives, middle, p99 = engine_figures(floor)
    bare = bare_pairs_a_second(floor, waiting)
    heap = heap_pairs_a_second(waiting)
    scan = scan_pairs_a_second(floor, waiting)
    gc.unfreeze()
    figures = f"{bare:,.0f}", f"{bare / heap:.2f}", f"{bare / scan:,.1f}"
    return f"{waiting:,}", f"{agents:,}", f"{lives:,.0f}", f"{middle:.0f} µs", f"{p99:.0f} µs", *figures


class Day:
    """A simulated day of 100,000 calls for 450 agents: what it costs, and whether memory grows with what is over."""

    def __init__(self) -> None:
        self.chance = random.Random(2)
        self.policy = policy(450, self.chance)
        self.ended = 0
        self.resident: list[int] = []

    def callers(self) -> list[Caller]:
        """Poisson over 24 hours; talks of 5 minutes in the mean, patience of 10."""
        staff = list(self.policy.agents.values())
        found = []
        for at in sorted(self.chance.uniform(0.0, 86_400.0) for _ in range(DAY_CALLS)):
            agent = self.chance.choice(staff)
            need = SkillNeed(self.chance.choice([skill for skill in agent.skills if skill != "seniority"]), 1)
            talk, patience = self.chance.expovariate(1 / 300.0), self.chance.expovariate(1 / 600.0)
            tier, queue = self.chance.choice(NAMES), self.chance.choice(agent.queues)
            found.append(Caller(f"c{len(found)}", at, queue, tier, talk, patience, needs=(need,)))
        return found

    def watch(self, facts: tuple[Fact, ...], _now: float) -> None:
        """Count calls that are over; look at the memory at a fifth of the day and at its end."""
        for fact in facts:
            if isinstance(fact, CallEnded):
                self.ended += 1
                if self.ended in (DAY_CALLS // 5, DAY_CALLS - 1000):
                    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
                    self.resident.append(pages * 4 // 1024)

    def run(self) -> str:
        """Play it and tell."""
        simulation = Simulation(self.policy, self.callers(), watch=self.watch)
        start = process_time()
        simulation.run()
        seconds = process_time() - start
        early, late = self.resident
        return table(
            ("calls", "CPU", "calls a second", "resident after a fifth of the day", "at its end"),
            (f"{self.ended:,}", f"{seconds:.1f} s", f"{self.ended / seconds:,.0f}", f"{early} MiB", f"{late} MiB"),
        )


def main() -> None:
    """Measure the day, then each size."""
    if "--update" in sys.argv:
        os.environ["HOTLINE_BENCH_UPDATE"] = "1"
    head = ("waiting", "agents", "call lives/s", "event, median", "p99", "matching alone, pairs/s", "of a bare heap", "times a plain scan")
    report("acd-day", Day().run())
    report("acd", table(head, *(one_size(waiting, agents) for waiting, agents in SIZES)))


if __name__ == "__main__":
    main()
