"""An engine with a clock moved by hand, checked against every invariant after each event."""

from __future__ import annotations

from dataclasses import replace

from acd.commands import Announce, CancelOffer, Command, OfferCall, OfferCallback, ReleaseCall
from acd.config import Agent, Policy, Queue, Tier
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    CallQueued,
    Event,
    OfferAnswered,
    OfferRinging,
    TalkStarted,
    TimePassed,
)
from acd.facts import AgentChanged, EventIgnored, Fact

TIERS = {
    "diamond": Tier("diamond", 300),
    "gold": Tier("gold", 120),
    "silver": Tier("silver", 45),
    "basic": Tier("basic", 0),
}


def quiet(name: str, **changes) -> Queue:
    """A queue that neither announces nor overflows, so that a test sees only what it is about."""
    plain = Queue(name, max_wait_seconds=0, announce_first_seconds=0, announce_frequency_seconds=0)
    return replace(plain, **changes)


class Room:
    """An engine with a clock the test moves by hand."""

    def __init__(self, policy: Policy) -> None:
        self.engine = Engine(policy, offer_prefix="o-")
        self.now = 1000.0
        self.facts: tuple[Fact, ...] = ()
        self.all_facts: list[Fact] = []

    def hear(self, *events: Event, at: float | None = None) -> list[Command]:
        """Tell the engine, and return every command that followed."""
        if at is not None:
            self.now = 1000.0 + at
        commands: list[Command] = []
        self.facts = ()
        for event in events:
            handled = self.engine.handle(event, self.now)
            self.engine.check_invariants()
            commands += handled.commands
            self.facts += handled.facts
        self.all_facts += self.facts
        return commands

    def wait(self, seconds: float) -> list[Command]:
        """Let time pass, the timer firing at each deadline on the way."""
        end = self.now + seconds
        commands: list[Command] = []
        facts: tuple[Fact, ...] = ()
        while (deadline := self.engine.next_deadline()) is not None and deadline <= end:
            self.now = deadline
            commands += self.hear(TimePassed())
            facts += self.facts
        self.now = end
        commands += self.hear(TimePassed())
        self.facts = facts + self.facts
        return commands

    def talk(self, offer: str) -> None:
        """Ring, answer and connect an offer."""
        self.hear(OfferRinging(offer), OfferAnswered(offer), TalkStarted(offer))

    def queue(self, call: str, queue: str = "general", tier: str = "basic", **more) -> list[Command]:
        return self.hear(CallQueued(call, queue, tier, **more))

    def log_in(self, *agents: str) -> list[Command]:
        return self.hear(*(AgentLoggedIn(agent) for agent in agents))

    def agent(self, name: str):
        return self.engine.snapshot(self.now).agents[name]

    def calls(self, queue: str = "general") -> list[str]:
        return [call.call for call in self.engine.snapshot(self.now).queues[queue].calls]

    def established(self, *kinds: type) -> list[Fact]:
        """Return the last facts of these kinds; without kinds, all that are no state changes of agents."""
        if kinds:
            return [fact for fact in self.facts if isinstance(fact, kinds)]
        return [fact for fact in self.facts if not isinstance(fact, AgentChanged)]

    def ignored(self) -> list[str]:
        return [fact.why.value for fact in self.facts if isinstance(fact, EventIgnored)]


def brief(commands: list[Command]) -> list[tuple[str, ...]]:
    """Say commands shortly: what matters for the order of service."""
    said: list[tuple[str, ...]] = []
    for command in commands:
        match command:
            case OfferCall(call=call, agent=agent):
                said.append(("offer", call, agent))
            case OfferCallback(call=call, agent=agent):
                said.append(("callback", call, agent))
            case CancelOffer(call=call, agent=agent, reason=reason):
                said.append(("cancel", call, agent, reason.value))
            case ReleaseCall(call=call, reason=reason, target=target):
                said.append(("release", call, reason.value, target))
            case Announce(call=call, position=position):
                said.append(("announce", call, str(position)))
    return said


def small_policy(*queues: Queue, agents: tuple[Agent, ...] = (), **changes) -> Policy:
    queues = queues or (quiet("general"),)
    plain = Policy({q.name: q for q in queues}, TIERS, {a.name: a for a in agents}, cancelled_rest_seconds=0.0)
    return replace(plain, **changes)


def agent(name: str, *queues: str, **skills: int) -> Agent:
    return Agent(name, skills=skills, queues=queues or ("general",), wrapup_seconds=0)
