"""Random histories through the routing engine: answers lost, late, doubled, reordered, forged; restarts; reloads.

After every event the engine checks its own invariants, and a ledger that knows nothing of the engine's inside
checks, from facts and commands alone, what a caller and an agent may ever meet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from acd import commands as c
from acd import events as e
from acd import facts as f
from acd.config import Agent, CallbackRules, HeadStartRule, Policy, Queue, Ring, Seats, SkillNeed, Tier
from acd.eligibility import cannot, preference
from acd.engine import Engine, Handled
from acd.invariants import asked_now
from acd.states import AgentState, OfferPhase

if TYPE_CHECKING:
    from collections.abc import Container

    from acd.records import Call

ZH, EN, METER = SkillNeed("lang_zh"), SkillNeed("lang_en"), SkillNeed("meter", 2)
TIERS = {"diamond": Tier("diamond", 300), "basic": Tier("basic", 0)}
BILLING = Queue("billing", rings=(Ring(20, (SkillNeed("meter", 1),)), Ring(40)), needs=(METER,), max_wait_seconds=90)
CALLBACK = CallbackRules(attempts=2, pause_seconds=20, expiry_seconds=100, ring_seconds=10, answer_seconds=5)
GENERAL = Queue(
    "general", max_length=3, strategy="most_skilled", wrapup_seconds=0, announce_frequency_seconds=7, callback=CALLBACK
)
FAULTS = Queue("faults", bonus_seconds=30, max_wait_seconds=0, announce_first_seconds=0, announce_frequency_seconds=0)
ANNA = Agent("anna", skills={"lang_zh": 3, "meter": 2}, queues=("billing", "general"), max_misses=1)
BO = Agent("bo", skills={"lang_en": 1}, queues=("general", "faults", "billing"))
CHEN = Agent("chen", skills={"lang_zh": 1, "lang_en": 2, "meter": 1}, queues=("billing", "faults"), wrapup_seconds=3)
DING = Agent("ding", skills={}, queues=("faults",))


AWAY = frozenset({AgentState.LOGGED_OUT, AgentState.PAUSED})


def policy(queues: tuple[Queue, ...], agents: tuple[Agent, ...]) -> Policy:
    return Policy({q.name: q for q in queues}, TIERS, {a.name: a for a in agents}, away_seconds=25)


def with_rules(queues: tuple[Queue, ...], agents: tuple[Agent, ...]) -> Policy:
    """Everything a policy may say: seats, guarantee, weights, lots, the last agent, overflow chains, emptiness, grades."""
    billing, *others = queues
    billing = replace(
        billing,
        seats=(Seats("meter", ("diamond",), only=True), Seats("lang_en", ("basic",))),
        guarantee_seconds=60,
        last_agent_wait_seconds=15,
        overflow=others[0].name,
        strategy="weighted_random",
        ring_at_once=2,
    )
    others[0] = replace(
        others[0], empty_when=AWAY, empty_grace_seconds=12, overflow=others[-1].name, strategy="least_occupied"
    )
    others[-1] = replace(others[-1], overflow=billing.name, max_length=2, guarantee_seconds=25, strategy="round_robin")
    weighted = tuple(replace(agent, queue_bonus_seconds={agent.queues[0]: 40.0}, weight=2.0) for agent in agents[1:])
    heads = (HeadStartRule("vip", 50, equals=True), HeadStartRule("credit", 20, at_least=5))
    plain = policy((billing, *others), (agents[0], *weighted))
    return replace(plain, grades={"unheard_of": "diamond"}, head_starts=heads, return_seconds=40, seed=3)


POLICIES = (
    with_rules((BILLING, GENERAL, FAULTS), (ANNA, BO, CHEN)),
    with_rules((FAULTS, GENERAL), (BO, CHEN, DING)),
    policy((BILLING, GENERAL, FAULTS), (ANNA, BO, CHEN)),
    policy((BILLING, GENERAL), (ANNA, BO, CHEN, DING)),
    policy((replace(BILLING, ring_at_once=10), replace(GENERAL, ring_at_once=3), FAULTS), (ANNA, BO, CHEN, DING)),
    policy((replace(FAULTS, ring_at_once=3), replace(GENERAL, ring_at_once=2)), (BO, CHEN, DING)),
    policy((GENERAL, FAULTS), (BO, DING)),
    policy((Queue("billing", max_length=1), GENERAL, FAULTS), (ANNA, CHEN)),
)
BAD_POLICY = policy((Queue("billing", strategy="astrology"),), (ANNA,))

call_ids = st.sampled_from(["c1", "c2", "c3", "c4", "c5", "c6"])
entry_ids = st.sampled_from(["k1", "k2", "k3", "c1"])
numbers = st.sampled_from(["", "138", "139", "139"])
agent_ids = st.sampled_from(["anna", "bo", "chen", "ding", "nobody"])
queue_ids = st.sampled_from(["billing", "billing", "general", "general", "faults", "nowhere"])
tier_ids = st.sampled_from(["diamond", "basic", "unheard_of"])
needs = st.sampled_from([(), (), (ZH,), (EN,), (ZH, EN)])
causes = st.sampled_from(list(e.OfferCause))
#: nothing is counted for the first two; what the phone itself says counts always
NOT_COUNTED = {f.OfferResult.COLLEAGUE, f.OfferResult.CANCELLED, f.OfferResult.BUSY, f.OfferResult.REJECTED, f.OfferResult.UNREACHABLE}


class Ledger:
    """What the outside world may hold the engine to."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.rest_seconds = 0.0
        self.hung_up_at: dict[str, float] = {}
        self.told_to_stop: set[tuple[str, str]] = set()
        self.entries: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.offers: dict[str, tuple[str, str]] = {}
        self.talks: dict[str, tuple[str, str]] = {}
        self.used: set[str] = set()
        self.rounds: dict[str, str] = {}
        self.withdrawn: set[str] = set()
        self.lost: set[str] = set()
        self.agents: dict[str, AgentState] = {}

    def take(self, handled: Handled, now: float) -> None:
        self.now = max(self.now, now)
        self.rounds |= {each.offer: each.round for each in handled.commands if isinstance(each, c.OfferCall)}
        for fact in handled.facts:
            self.fact(fact)
        for command in handled.commands:
            self.command(command)

    def forget_strangers(self, known: Container[str]) -> None:
        """An agent who was removed and comes again is another one."""
        self.hung_up_at = {agent: at for agent, at in self.hung_up_at.items() if agent in known}

    def fact(self, fact: f.Fact) -> None:
        match fact:
            case f.CallEntered(call=call) | f.CallbackEntered(call=call):
                assert self.entries[call] == self.outcomes[call], f"{call} entered while in a line"
                self.entries[call] += 1
            case f.CallEnded(call=call, wait_seconds=wait) | f.CallbackEnded(call=call, wait_seconds=wait):
                self.outcomes[call] += 1
                assert self.outcomes[call] == self.entries[call], f"{call} ended more often than it entered"
                assert wait >= 0
            case f.OfferMade(offer=offer, call=call, agent=agent):
                busy = [a for _, a in (*self.offers.values(), *self.talks.values())]
                assert agent not in busy, f"{agent} has two offers or talks"
                assert offer not in self.used or fact.adopted
                self.used.add(offer)
                self.told_to_stop.discard((offer, agent))
                self.offers[offer] = (call, agent)
            case f.OfferEnded(offer=offer, result=result):
                pair = self.offers.pop(offer)
                if (offer, pair[1]) in self.told_to_stop and result is not f.OfferResult.TALKED:
                    self.hung_up_at[pair[1]] = self.now
                if offer in self.lost and result is not f.OfferResult.TALKED:  # one talk a call is checked below
                    assert result in NOT_COUNTED, f"{offer} was lost to a colleague and ended as {result}"
                if result is f.OfferResult.TALKED:
                    assert pair[0] not in [call for call, _ in self.talks.values()], f"{pair[0]} talks twice"
                    self.talks[offer] = pair
                    self.won(offer)
            case f.TalkFinished(offer=offer, talk_seconds=seconds):
                del self.talks[offer]
                assert seconds >= 0
            case f.AgentChanged(agent=agent, old=old, new=new):
                assert self.agents.get(agent, AgentState.LOGGED_OUT) is old
                self.agents[agent] = new
            case _:
                pass

    def won(self, offer: str) -> None:
        """Whoever else is rung for this caller has lost him, and is not to blame."""
        call, _ = self.talks[offer]  # a talk may be adopted under an offer that was another call's
        round_id = self.rounds.get(offer, "")
        theirs = {other for other, (whose, _) in self.offers.items() if (whose, self.rounds.get(other)) == (call, round_id)}
        self.lost |= theirs - self.withdrawn

    def command(self, command: c.Command) -> None:
        live = [call for call, _ in self.offers.values()]
        match command:
            case (
                c.OfferCall(offer=offer, call=call, agent=agent) | c.OfferCallback(offer=offer, call=call, agent=agent)
            ):
                assert self.offers[offer] == (call, agent)
                rested = self.now - self.hung_up_at.get(agent, 0.0)
                assert rested >= self.rest_seconds, f"{agent} is rung {rested} s after his phone was told to stop"
                assert command.ring_timeout_seconds >= 1
                assert command.waited_seconds >= 0
                if isinstance(command, c.OfferCall):
                    rung = [other for other, (whose, _) in self.offers.items() if whose == call]
                    assert {self.rounds.get(other) for other in rung} == {command.round}, f"{call} is in two rounds"
            case c.CancelOffer(offer=offer, agent=agent):
                self.withdrawn.add(offer)
                self.told_to_stop.add((offer, agent))
            case c.ReleaseCall(call=call, reason=reason):
                known_dead = reason in {c.ReleaseReason.NO_QUEUE, c.ReleaseReason.FULL}
                assert known_dead or call not in live, f"{call} moved while an offer is live"
            case c.Announce(position=position, expected_wait_seconds=wait):
                assert position >= 1
                assert wait is None or wait >= 0
            case _:
                pass


class Histories(RuleBasedStateMachine):
    @initialize(which=st.sampled_from(POLICIES), logged_in=st.booleans(), start_paused=st.booleans())
    def begin(self, which: Policy, logged_in: bool, start_paused: bool) -> None:
        self.now = 1000.0
        self.engine = Engine(which, offer_prefix="t-")
        self.ledger = Ledger(self.now)
        self.ledger.rest_seconds = which.cancelled_rest_seconds
        self.answers: list[e.Event] = []
        self.seen = ["t-00000009", "other-00000001"]
        self.adopted = 0
        self.taken_over = 0
        if start_paused:
            self.hear(e.DispatchPaused())
        for name in which.agents if logged_in else ():
            self.hear(e.AgentLoggedIn(name))

    def hear(self, event: e.Event) -> None:
        handled = self.engine.handle(event, self.now)
        self.ledger.take(handled, self.now)
        self.ledger.forget_strangers(self.engine._world.agents)
        self.engine.check_invariants()
        deadline = self.engine.next_deadline()
        assert deadline is None or deadline > self.now
        if not self.engine.dispatching:
            assert not any(isinstance(x, c.OfferCall | c.OfferCallback | c.Announce) for x in handled.commands)
        for command in handled.commands:
            self.expect_answers(command)
            self.check_nobody_was_passed_over(command)

    def check_nobody_was_passed_over(self, command: c.Command) -> None:
        """Ask the one rule of everybody who still waits: the agent who was just chosen got the best call for him."""
        world = self.engine._world
        if not isinstance(command, c.OfferCall | c.OfferCallback) or command.call not in world.calls:
            return
        given, agent = world.calls[command.call], world.agents[command.agent]
        if command.offer not in [offer.id for offer in world.offers_of(given)]:
            return

        def bid(call: Call) -> tuple[float, ...]:
            return (call.key[0], call.key[1] - preference(agent.config, call.queue, call.tier), *call.key[2:4])

        for call in world.calls.values():
            if call.offerable:
                asked, needed = asked_now(world, call)
                if agent.name in asked and cannot(agent.config, call.queue, needed, call.tier) is None:
                    assert bid(given) <= bid(call), f"{agent.name} got {given.id} before {call.id}"

    def expect_answers(self, command: c.Command) -> None:
        if isinstance(command, c.OfferCall):
            offer = command.offer
            self.seen.append(offer)
            self.answers += [
                e.OfferRinging(offer),
                e.OfferAnswered(offer),
                e.TalkStarted(offer),
                e.TalkEnded(offer, caller_remains=False),
            ]
        elif isinstance(command, c.OfferCallback):
            offer = command.offer
            self.seen.append(offer)
            self.answers += [e.OfferRinging(offer), e.OfferAnswered(offer), e.CallbackDialled(offer)]
            if self.now % 2 < 1:
                self.answers += [e.OfferFailed(offer, e.OfferCause.NOT_REACHED, "busy")]
            else:
                self.answers += [e.TalkStarted(offer), e.TalkEnded(offer, caller_remains=False)]
        elif isinstance(command, c.CancelOffer):
            self.answers.append(e.OfferFailed(command.offer, e.OfferCause.CANCELLED))

    # The world answers, well or badly

    @precondition(lambda self: self.answers)
    @rule()
    def answer_in_order(self) -> None:
        self.hear(self.answers.pop(0))

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), keep=st.booleans())
    def answer_out_of_order_or_twice(self, data: st.DataObject, keep: bool) -> None:
        which = data.draw(st.integers(0, len(self.answers) - 1))
        self.hear(self.answers[which] if keep else self.answers.pop(which))

    @precondition(lambda self: self.answers)
    @rule()
    def an_answer_is_lost(self) -> None:
        self.answers.pop(0)

    @rule(data=st.data(), cause=causes)
    def offer_fails(self, data: st.DataObject, cause: e.OfferCause) -> None:
        self.hear(e.OfferFailed(data.draw(st.sampled_from(self.seen[-4:])), cause))

    @rule(data=st.data(), kind=st.sampled_from([e.OfferRinging, e.OfferAnswered, e.CallbackDialled, e.TalkStarted]))
    def late_or_forged(self, data: st.DataObject, kind: type) -> None:
        self.hear(kind(data.draw(st.sampled_from(self.seen))))

    @rule(data=st.data(), remains=st.booleans())
    def talk_ends(self, data: st.DataObject, remains: bool) -> None:
        self.hear(e.TalkEnded(data.draw(st.sampled_from(self.seen[-4:])), caller_remains=remains))

    # Callers

    @rule(
        call=call_ids,
        queue=queue_ids,
        tier=tier_ids,
        extra=needs,
        age=st.sampled_from([None, None, None, -5.0, 0.0, 30.0, 200.0]),
        first=st.booleans(),
        placed=st.sampled_from([True, True, True, False]),
        caller=numbers,
        wanted=st.sampled_from(["", "", "anna", "chen", "nobody"]),
        known=st.sampled_from([{}, {"vip": True}, {"vip": True, "credit": 7}, {"credit": "7"}]),
    )
    def call_queues(self, call, queue, tier, extra, age, first, placed, caller, wanted, known) -> None:
        entered_at = None if age is None else self.now - age
        who = {"caller": caller, "wanted": wanted, "attributes": known}
        first = first and age is not None
        self.hear(e.CallQueued(call, queue, tier, extra, entered_at, first=first, placed=placed, **who))

    @rule(call=call_ids, known=st.sampled_from([{}, {"vip": True}, {"credit": 9}]))
    def customer_becomes_known(self, call: str, known: dict[str, object]) -> None:
        self.hear(e.CustomerKnown(call, known))

    @rule(call=call_ids)
    def call_is_placed(self, call: str) -> None:
        self.hear(e.CallPlaced(call))

    @rule(call=call_ids)
    def call_abandons(self, call: str) -> None:
        self.hear(e.CallAbandoned(call))

    @rule(call=call_ids)
    def call_is_lost(self, call: str) -> None:
        self.hear(e.CallLost(call, "asterisk restarted"))

    @rule(call=call_ids, reason=st.sampled_from(list(e.LeaveReason)))
    def call_leaves(self, call: str, reason: e.LeaveReason) -> None:
        self.hear(e.CallLeaveRequested(call, reason, "somewhere"))

    # Callbacks

    @rule(
        entry=entry_ids,
        number=numbers,
        queue=queue_ids,
        tier=tier_ids,
        age=st.sampled_from([None, None, 5.0, 120.0]),
        attempts=st.integers(0, 2),
        instead_of=call_ids,
        pause=st.sampled_from([None, None, 15.0]),
    )
    def callback_is_requested(self, entry, number, queue, tier, age, attempts, instead_of, pause) -> None:
        entered_at = None if age is None else self.now - age
        not_before = None if pause is None else self.now + pause
        self.hear(
            e.CallbackRequested(
                entry,
                number,
                queue,
                tier,
                entered_at=entered_at,
                instead_of=instead_of,
                attempts=0 if age is None else attempts,
                not_before=not_before,
            )
        )

    @rule(entry=entry_ids)
    def callback_is_cancelled(self, entry: str) -> None:
        self.hear(e.CallbackCancelled(entry))

    @rule(queue=queue_ids, allowed=st.booleans())
    def hours_change(self, queue: str, allowed: bool) -> None:
        self.hear(e.CallbackHours(queue, allowed))

    @rule(data=st.data(), detail=st.sampled_from(["busy", "no_answer"]))
    def customer_is_not_reached(self, data: st.DataObject, detail: str) -> None:
        offer = data.draw(st.sampled_from(self.seen[-4:]))
        self.hear(e.OfferFailed(offer, e.OfferCause.NOT_REACHED, detail))

    # Agents

    @rule(agent=agent_ids, kind=st.sampled_from([e.AgentLoggedIn, e.AgentLoggedOut, e.AgentUnpaused, e.AgentReadied]))
    def agent_acts(self, agent: str, kind: type) -> None:
        self.hear(kind(agent))

    @rule(agent=agent_ids, reason=st.sampled_from(["lunch", "training"]))
    def agent_pauses(self, agent: str, reason: str) -> None:
        self.hear(e.AgentPaused(agent, reason))

    @rule(agent=agent_ids, seconds=st.sampled_from([-1.0, 5.0, 1000.0]))
    def agent_needs_longer(self, agent: str, seconds: float) -> None:
        self.hear(e.AgentWrapUpExtended(agent, seconds))

    @rule(agent=agent_ids, busy=st.booleans())
    def agent_is_on_the_phone_elsewhere(self, agent: str, busy: bool) -> None:
        self.hear(e.AgentBusyElsewhere(agent, busy))

    @rule(agent=agent_ids)
    def a_leg_of_no_offer_is_hung_up(self, agent: str) -> None:
        if agent in self.engine.policy.agents:
            self.ledger.hung_up_at[agent] = self.ledger.now
        self.hear(e.AgentLegCut(agent))

    @rule(call=call_ids, agent=agent_ids, queue=queue_ids, again=st.booleans())
    def a_colleague_takes_over(self, call: str, agent: str, queue: str, again: bool) -> None:
        self.taken_over += not again
        talk = f"led-{self.taken_over}"
        self.seen.append(talk)
        self.hear(e.CallTakenOver(talk, call, agent, queue, "basic"))
        led = self.engine._world.offers.get(talk)
        if led is not None and led.led_call:  # told again of another agent it stays with the first; a leg may have the name
            self.ledger.talks[talk] = (talk, led.agent)

    # Adoption, time, configuration

    @rule(agent=agent_ids, state=st.sampled_from(list(AgentState)), ago=st.floats(-5, 60), left=st.floats(-5, 60))
    def agent_is_adopted(self, agent: str, state: AgentState, ago: float, left: float) -> None:
        self.hear(e.AgentAdopted(agent, state, "from the store", self.now - ago, self.now + left, misses=1))

    @rule(
        data=st.data(),
        call=st.one_of(call_ids, entry_ids),
        agent=agent_ids,
        phase=st.sampled_from(list(OfferPhase)),
        left=st.floats(-5, 30),
        dialled=st.booleans(),
        together=st.booleans(),
    )
    def offer_is_adopted(self, data, call: str, agent: str, phase: OfferPhase, left: float, dialled, together) -> None:
        only_callers = call not in {"c1", "k1", "k2", "k3"}  # who is called back is rung by one agent
        round_id = f"round-of-{call}" if together and only_callers else ""
        self.hear(e.OfferAdopted(self.found_leg(data), call, agent, phase, self.now + left, dialled, round_id))

    @rule(
        data=st.data(),
        call=st.one_of(call_ids, entry_ids),
        agent=agent_ids,
        queue=queue_ids,
        ago=st.floats(-5, 60),
    )
    def talk_is_adopted(self, data, call: str, agent: str, queue: str, ago: float) -> None:
        self.hear(e.TalkAdopted(self.found_leg(data), call, agent, queue, "basic", self.now - ago))

    def found_leg(self, data: st.DataObject) -> str:
        self.adopted += 1
        fresh = f"old-{self.adopted}"
        leg = data.draw(st.sampled_from([fresh, fresh, *self.seen[-2:]]))
        self.seen.append(leg)
        return leg

    @rule(event=st.sampled_from([e.DispatchPaused(), e.DispatchResumed(), e.DispatchResumed()]))
    def dispatch_is_switched(self, event: e.Event) -> None:
        self.hear(event)

    @rule(which=st.sampled_from((*POLICIES, BAD_POLICY)))
    def policy_is_replaced(self, which: Policy) -> None:
        self.hear(e.PolicyReplaced(which))

    @rule(seconds=st.sampled_from([-1.0, 0.0, 0.3, 1.0, 5.0, 23.5, 130.0]))
    def time_passes(self, seconds: float) -> None:
        before = self.now
        self.now += seconds
        self.engine.snapshot(self.now)
        self.hear(e.TimePassed())
        self.now = max(self.now, before)

    @rule()
    def the_timer_fires(self) -> None:
        self.now = self.engine.next_deadline() or self.now
        self.hear(e.TimePassed())

    @rule(call=call_ids)
    def somebody_asks_why(self, call: str) -> None:
        if self.engine.story(call):
            explanation = self.engine.explain(call, self.now)
            if explanation.standing is not None and self.engine.dispatching:
                everybody = {*explanation.standing.eligible, *explanation.standing.ineligible}
                assert everybody == set(self.engine.snapshot(self.now).agents)

    def teardown(self) -> None:
        """Everybody hangs up and all deadlines pass: no entry is left without its one outcome, no agent stuck."""
        if not hasattr(self, "engine"):
            return
        self.hear(e.DispatchResumed())
        for call in ("c1", "c2", "c3", "c4", "c5", "c6", "k1", "k2", "k3"):
            self.hear(e.CallAbandoned(call))
        for entry in ("k1", "k2", "k3", "c1"):
            self.hear(e.CallbackCancelled(entry))
        for offer in list(self.ledger.talks):
            self.hear(e.TalkEnded(offer, caller_remains=False))
        for _ in range(60):
            if (deadline := self.engine.next_deadline()) is None:
                break
            self.now = deadline
            self.hear(e.TimePassed())
        assert self.engine.next_deadline() is None
        assert self.ledger.entries == self.ledger.outcomes
        assert not self.ledger.offers
        assert not self.ledger.talks
        resting = {AgentState.READY, AgentState.PAUSED, AgentState.LOGGED_OUT}
        assert {agent.state for agent in self.engine.snapshot(self.now).agents.values()} <= resting


class ManyHistories(Histories):
    """The same, at least 100,000 events a run."""


_USUAL = settings(
    max_examples=400,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
Histories.TestCase.settings = _USUAL
ManyHistories.TestCase.settings = settings(_USUAL, max_examples=4000)
TestHistories = Histories.TestCase
TestManyHistories = pytest.mark.timeout(1800)(pytest.mark.long(ManyHistories.TestCase))
