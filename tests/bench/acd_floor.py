"""A hotline of any size for benches: 50 skills, five queues with three rings each, four tiers; callers only agents can serve."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace

from acd.commands import OfferCall
from acd.config import Agent, Policy, Queue, Ring, SkillNeed, Tier
from acd.engine import Engine
from acd.events import AgentLoggedIn, CallQueued, Event, OfferAnswered, OfferRinging, TalkEnded, TalkStarted

TIERS = {name: Tier(name, seconds) for name, seconds in [("diamond", 300), ("gold", 120), ("silver", 45), ("basic", 0)]}
NAMES = tuple(TIERS)
QUEUES = ("billing", "faults", "general", "moves", "business")
SKILLS = tuple(f"skill{n:02}" for n in range(50))
MOST_SECONDS_PER_EVENT = 0.001
ROUND_SECONDS = 10.0  #: in which each agent is served once: longer, and phones would ring until their offers are withdrawn


def policy(agents: int, chance: random.Random, strategy: str = "longest_idle") -> Policy:
    """Each agent has five of the 50 skills and serves two or three of the five queues."""
    rings = (Ring(20.0, (SkillNeed("seniority", 30),)), Ring(90.0))
    queues = {
        name: Queue(name, needs=(SkillNeed("seniority", 60),), rings=rings, wrapup_seconds=0, max_wait_seconds=0, strategy=strategy)
        for name in QUEUES
    }
    staff = {}
    for n in range(agents):
        skills = {skill: chance.randint(1, 100) for skill in chance.sample(SKILLS, 5)}
        skills["seniority"] = chance.randint(1, 100)
        name = f"agent{n:05}"
        staff[name] = Agent(name, skills=skills, queues=tuple(chance.sample(QUEUES, chance.randint(2, 3))))
    return Policy(queues, TIERS, staff)


class Floor:
    """An engine that always has the same number of callers waiting, each of whom some agent can serve."""

    def __init__(self, agents: int, waiting: int) -> None:
        self.chance = random.Random(1)
        self.policy = policy(agents, self.chance)
        self.staff = list(self.policy.agents.values())
        self.engine = Engine(self.policy, offer_prefix="b-")
        self.now = 0.0
        self.seconds_per_event = min(MOST_SECONDS_PER_EVENT, ROUND_SECONDS / (5 * agents))
        self.number = 0
        self.offers: deque[str] = deque()
        self.coming: deque[CallQueued] = deque()  #: callers made beforehand, so that making them is not measured
        for name in self.policy.agents:
            self.tell(AgentLoggedIn(name))
        for _ in range(waiting + 2 * agents):  # told at once, or the first phones would ring for too long meanwhile
            came_at = self.now - self.chance.uniform(0.0, 600.0)
            self.tell(replace(self.next_caller(), entered_at=came_at), seconds=0.0)
        while len(self.engine._world.calls) > waiting + agents and self.offers:
            self.serve(another=False)

    def tell(self, event: Event, seconds: float | None = None) -> None:
        """Tell the engine so much later; note the offers it makes."""
        self.now += self.seconds_per_event if seconds is None else seconds
        for command in self.engine.handle(event, self.now).commands:
            if isinstance(command, OfferCall):
                self.offers.append(command.offer)

    def next_caller(self) -> CallQueued:
        """Somebody for one of the skills and queues of some agent."""
        self.number += 1
        agent = self.staff[self.chance.randrange(len(self.staff))]
        skills = [skill for skill in agent.skills if skill != "seniority"]
        need = SkillNeed(self.chance.choice(skills), 1)
        tier = NAMES[self.number * 7 % 4]
        return CallQueued(f"c{self.number}", self.chance.choice(agent.queues), tier, needs=(need,))

    def foresee(self, callers: int) -> None:
        """Make so many of the next callers now."""
        self.coming.extend([self.next_caller() for _ in range(callers)])

    def caller(self) -> None:
        """One more joins."""
        self.tell(self.next_caller())

    def life(self) -> list[Event]:
        """What happens to the oldest offer until its talk is over, with one more caller meanwhile."""
        offer = self.offers.popleft()
        return [
            OfferRinging(offer),
            OfferAnswered(offer),
            TalkStarted(offer),
            self.coming.popleft() if self.coming else self.next_caller(),
            TalkEnded(offer, caller_remains=False),
        ]

    def serve(self, *, another: bool = True) -> None:
        """Let one offer become a talk that ends; its agent gets the next caller."""
        for event in self.life():
            if another or not isinstance(event, CallQueued):
                self.tell(event)
