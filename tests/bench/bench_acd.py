"""Decisions a second of the routing engine, for 10 to 10,000 waiting callers.

One decision: an agent becomes free and is offered the best caller for him (skills, tiers, three queues). The rest of
that call's life is measured too: rung, answered, talk, end, next. Run: python tests/bench/bench_acd.py
"""

# ruff: noqa: T201 - a bench prints its result

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from acd.commands import OfferCall
from acd.config import Agent, Policy, Queue, Ring, SkillNeed, Tier
from acd.engine import Engine
from acd.events import AgentLoggedIn, CallQueued, OfferAnswered, OfferRinging, TalkEnded, TalkStarted

TIERS = {name: Tier(name, seconds) for name, seconds in [("diamond", 300), ("gold", 120), ("silver", 45), ("basic", 0)]}
QUEUES = ("billing", "faults", "general")
LANGUAGES = ("lang_zh", "lang_en")
CALLS = 5_000
SECONDS_PER_EVENT = 0.001


def policy(agents: int) -> Policy:
    """Three queues with rings; agents with mixed skills and queues."""
    rings = (Ring(20.0, (SkillNeed("topic", 1),)), Ring(90.0))
    queues = {
        n: Queue(n, needs=(SkillNeed("topic", 2),), rings=rings, max_wait_seconds=0, wrapup_seconds=0) for n in QUEUES
    }
    staff = [
        Agent(
            f"agent{n:04}",
            skills={"topic": 1 + n % 3, LANGUAGES[n % 2]: 1, LANGUAGES[n % 3 % 2]: 2},
            queues=QUEUES if n % 2 else QUEUES[:2],
        )
        for n in range(agents)
    ]
    return Policy(queues, TIERS, {agent.name: agent for agent in staff})


class Bench:
    """A hotline that always has the same number of callers waiting."""

    def __init__(self, agents: int, waiting: int) -> None:
        self.engine = Engine(policy(agents), offer_prefix="b-")
        self.now = 0.0
        self.number = 0
        self.offers: deque[str] = deque()
        for _ in range(waiting + agents):
            self.caller()
        for name in self.engine.policy.agents:
            self.tell(AgentLoggedIn(name))

    def tell(self, event) -> None:
        self.now += SECONDS_PER_EVENT
        for command in self.engine.handle(event, self.now).commands:
            if isinstance(command, OfferCall):
                self.offers.append(command.offer)

    def caller(self) -> None:
        self.number += 1
        n = self.number
        tier = list(TIERS)[n * 7 % 4]
        self.tell(CallQueued(f"c{n}", QUEUES[n % 3], tier, needs=(SkillNeed(LANGUAGES[n % 2]),)))

    def serve(self) -> None:
        """One call's life: its talk ends, the agent is free, the next caller is chosen; another caller joins."""
        offer = self.offers.popleft()
        self.tell(OfferRinging(offer))
        self.tell(OfferAnswered(offer))
        self.tell(TalkStarted(offer))
        self.caller()
        self.tell(TalkEnded(offer, caller_remains=False))


def main() -> None:
    """Print one line for each size; median and p99 are of one whole call, five events."""
    print(f"{'waiting':>8} {'agents':>7} {'calls/s':>9} {'events/s':>9} {'median':>9} {'p99':>9}")
    for waiting, agents in [(10, 10), (100, 10), (1_000, 10), (10_000, 10), (100, 200), (10_000, 200)]:
        bench = Bench(agents, waiting)
        lives: list[float] = []
        start = perf_counter()
        for _ in range(CALLS):
            before = perf_counter()
            bench.serve()
            lives.append(1000 * (perf_counter() - before))
        seconds = perf_counter() - start
        bench.engine.check_invariants()
        calls = CALLS / seconds
        print(
            f"{waiting:>8} {agents:>7} {calls:>9,.0f} {calls * 5:>9,.0f} {median(lives):>6.2f} ms {quantiles(lives, n=100)[98]:>6.2f} ms"
        )


if __name__ == "__main__":
    main()
