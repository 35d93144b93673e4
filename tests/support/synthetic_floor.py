"""A floor of agents and callers made of numbers: the real engine and the real metrics live through calls of every outcome."""

import random

from acd.config import Agent, CallbackRules, PauseReason, Policy, Queue, Tier
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentReadied,
    CallAbandoned,
    CallbackRequested,
    CallLeaveRequested,
    CallLost,
    CallQueued,
    LeaveReason,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkEnded,
    TalkStarted,
    TimePassed,
)
from acd.facts import CallEnded, WrapUpFinished
from cti.metrics import Configured, Metrics, Readings
from ivr.events import DialOutcome
from ivr.state import Trace

FLOWS = {
    "main": {"welcome": ("said", "skipped", "ended", "error"), "menu": ("choice", "invalid", "timeout", "ended"), "agent": ("served", "menu", "max_wait", "ended")},
    "fault": {"ask": ("choice", "timeout", "ended"), "report": ("replied", "timeout", "unavailable", "invalid")},
}  # fmt: skip
OPERATIONS = (("sql", "balance"), ("sql", "create_ticket"), ("tariffs", "http"))
_LEAVE = (LeaveReason.MENU, LeaveReason.VOICEMAIL, LeaveReason.CLOSED, LeaveReason.CALLBACK)
_FAILURES = (OfferCause.NO_ANSWER, OfferCause.BUSY, OfferCause.REJECTED, OfferCause.UNREACHABLE, OfferCause.REFUSED, OfferCause.HUNG_UP)


def floor_policy(queues, tiers, agents):
    """So many of each; each agent serves three queues. The thresholds are those of most hotlines, but for one queue."""
    names = [f"queue{number:02d}" for number in range(queues)]
    return Policy(
        queues={
            name: Queue(
                name, service_level_seconds=25.0 if number == 0 else 20.0, max_wait_seconds=60.0, max_length=20, wrapup_seconds=5.0, callback=CallbackRules(pause_seconds=30.0)
            )
            for number, name in enumerate(names)
        },
        tiers={f"tier{number}": Tier(f"tier{number}", 60.0 * number) for number in range(tiers)},
        agents={
            f"agent{number:03d}": Agent(f"agent{number:03d}", queues=tuple(dict.fromkeys(names[(number + step) % queues] for step in range(3))), max_misses=2)
            for number in range(agents)
        },
        pause_reasons={reason: PauseReason(reason) for reason in ("lunch", "training")},
    )  # fmt: skip


class Floor:
    """See the module. The same seed lives through the same calls."""

    def __init__(self, policy, seed=1, seconds_between_calls=0.7):
        self.seconds_between_calls = seconds_between_calls
        self.policy = policy
        self.chance = random.Random(seed)
        self.engine = Engine(policy, offer_prefix="f")
        self.now = 1000.0
        self.outcomes = set()
        self.metrics = Metrics(
            policy,
            Configured(flows=FLOWS, marks=("1", "2", "3"), operations=OPERATIONS, rules=("branch",), version="1", flow_version="a"),
            Readings(totals=self.engine.totals, now=lambda: self.now, live_calls=lambda: 7),
        )
        self._offers = []
        self._talks = []
        for agent in policy.agents:
            self.tell(AgentLoggedIn(agent))

    def tell(self, event):
        handled = self.engine.handle(event, self.now)
        for fact in handled.facts:
            self.metrics.told(fact, self.now)
            if isinstance(fact, CallEnded):
                self.outcomes.add(fact.outcome)
            elif isinstance(fact, WrapUpFinished):
                self.outcomes.add("wrapup")
        self._offers += [command.offer for command in handled.commands if type(command).__name__ == "OfferCall"]

    def calls(self, count, first=0):
        """Live through so many calls; some of them are still going on at the end."""
        for number in range(first, first + count):
            self.now += self.chance.expovariate(1 / self.seconds_between_calls)
            self.tell(TimePassed())
            self._call(f"c{number}")
            self._answer()
            self._hang_up()
            if number % 25 == 0:
                self._shift()
            self._flow(f"c{number}")

    def _call(self, call):
        chance, queue, tier = self.chance, self.chance.choice(list(self.policy.queues)), self.chance.choice(list(self.policy.tiers))
        draw = chance.random()
        if draw < 0.02:
            self.tell(CallbackRequested(call, self._number(), queue, tier))
            return
        self.tell(CallQueued(call, queue, tier, entered_at=self.now - chance.uniform(0.0, 90.0) if draw < 0.3 else None))
        if draw > 0.95:
            reason = chance.choice(_LEAVE)
            self.tell(CallLeaveRequested(call, reason))
            if reason is LeaveReason.CALLBACK:
                self.tell(CallbackRequested(f"{call}b", self._number(), queue, tier, instead_of=call))
        elif draw > 0.92:
            self.tell(CallLost(call, "asterisk"))
        elif draw > 0.8:
            self.now += chance.uniform(0.0, 10.0)
            self.tell(CallAbandoned(call))

    def _number(self):
        return f"139{self.chance.randrange(10**8):08d}"

    def _answer(self):
        offers, self._offers = self._offers, []
        for offer in offers:
            self.tell(OfferRinging(offer))
            if self.chance.random() < 0.1:
                self.tell(OfferFailed(offer, self.chance.choice(_FAILURES)))
                continue
            self.tell(OfferAnswered(offer))
            self.tell(TalkStarted(offer))
            self._talks.append((self.now + self.chance.expovariate(1 / 60.0), offer))

    def _hang_up(self):
        over = [offer for until, offer in self._talks if until <= self.now]
        self._talks = [(until, offer) for until, offer in self._talks if until > self.now]
        for offer in over:
            self.tell(TalkEnded(offer, caller_remains=self.chance.random() < 0.1))

    def _shift(self):
        agent = self.chance.choice(list(self.policy.agents))
        pause = AgentPaused(agent, self.chance.choice(("lunch", "training")))
        self.tell(self.chance.choice((pause, AgentLoggedOut(agent), AgentLoggedIn(agent))))
        for name in self.policy.agents:
            if self.chance.random() < 0.2:
                self.tell(AgentReadied(name))

    def _flow(self, call):
        metrics, chance = self.metrics, self.chance
        metrics.call_began()
        flow = chance.choice(list(FLOWS))
        step = chance.choice(list(FLOWS[flow]))
        metrics.ivr_stepped(Trace(flow, step, "menu", self.now, chance.choice(FLOWS[flow][step])), chance.expovariate(0.1))
        backend, operation = chance.choice(OPERATIONS)
        metrics.backend_called(backend, operation, chance.choice(("ok", "timeout", "unavailable", "invalid")), 0.02)
        metrics.dialled("branch", chance.choice(list(DialOutcome)), 12.0, call)
        metrics.store_used("put", 0.001, ok=chance.random() < 0.9)
        metrics.ami_action("Redirect", 0.002)
        metrics.channels_seen({"caller": 3, "other": 1})
        cause = chance.choice(("completed", "abandoned", "failed"))
        metrics.ivr_exited(flow, cause, seconds=chance.expovariate(0.02), call=call)
        queue = chance.choice(list(self.policy.queues))
        metrics.call_ended(cause, chance.choice(("answered", "self_service", "voicemail")), lost=chance.random() < 0.1, queue=queue, score=chance.choice((None, 1, 2, 3)))
