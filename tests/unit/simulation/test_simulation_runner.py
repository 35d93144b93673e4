"""The simulator keeps no rules of its own: hand-made days whose every figure can be counted on fingers."""

import math

import pytest

from acd.config import Agent, Policy, Queue, SkillNeed, Tier
from acd.facts import AgentChanged, CallAnswered, CallEnded
from acd.simulation.callers import Caller
from acd.simulation.results import Results
from acd.simulation.runner import Simulation
from acd.simulation.staff import Break, Manner, Shift
from acd.simulation.times import Fixed
from acd.states import AgentState

TIERS = {"gold": Tier("gold", 60.0), "basic": Tier("basic")}


def policy(agents=("anna",), **changes):
    quiet = {
        "max_wait_seconds": 0,
        "announce_first_seconds": 0,
        "announce_frequency_seconds": 0,
        "wrapup_seconds": 0,
        "service_level_seconds": 20,
        **changes,
    }
    staff = {name: Agent(name, queues=("line",), skills={"zh": 50}) for name in agents}
    return Policy({"line": Queue("line", **quiet)}, TIERS, staff)


def caller(call, at, talk=60.0, tier="basic", **more):
    return Caller(call, at, "line", tier, talk, **more)


class Played:
    def __init__(self, policy, callers, until=math.inf, **more):
        self.facts = []
        self.results = Results(policy, interval_seconds=100.0)
        self.simulation = Simulation(policy, callers, watch=self.told, **more)
        self.simulation.run(until)
        self.simulation.engine.check_invariants()
        self.results.finish(self.simulation.now)

    def told(self, facts, now):
        self.facts += [(now, fact) for fact in facts]
        self.results.told(facts, now)

    @property
    def waits(self):
        return {fact.call: fact.wait_seconds for _, fact in self.facts if isinstance(fact, CallAnswered)}

    def states(self, agent):
        return [(now, fact.new) for now, fact in self.facts if isinstance(fact, AgentChanged) and fact.agent == agent]


def test_a_head_start_lets_gold_pass_basic_and_the_overtaking_is_counted():
    played = Played(policy(), [caller("x", 0), caller("b", 10), caller("g", 30, tier="gold")])
    assert played.waits == {"x": 0, "g": 30, "b": 110}
    assert played.results.overtakings == {("gold", "basic"): 1}
    basic = played.results.by_tier()["basic"]
    assert (basic.offered, basic.answered, basic.overtaken, basic.answered_in_time) == (2, 2, 1, 1)
    assert basic.asa_seconds == 55
    assert basic.wait_quantile_seconds(0.5) == 0
    assert basic.wait_quantile_seconds(0.9) == 110


def test_who_gives_up_is_counted_and_costs_no_agent_time():
    played = Played(
        policy(), [caller("x", 0), caller("b", 10, patience_seconds=15.0), caller("c", 20, patience_seconds=30.0)]
    )
    total = played.results.total()
    assert played.waits == {"x": 0}
    assert (total.offered, total.abandoned, total.abandoned_in_time) == (3, 2, 1)
    assert total.sl_offered == pytest.approx(1 / 3)
    assert total.sl_answered == 1
    assert total.sl_patient == pytest.approx(1 / 2)
    assert total.abandonment == pytest.approx(2 / 3)
    assert total.mean_wait_seconds == pytest.approx(15)
    assert played.results.overtakings == {}


def test_an_agent_who_lets_it_ring_costs_the_ring_and_is_paused_and_comes_back():
    missing = policy(offer_timeout_seconds=10)
    played = Played(missing, [caller("x", 0)], until=300.0, manners={"anna": Manner(misses=1.0, back_seconds=40.0)})
    assert played.waits == {}
    paused = [now for now, state in played.states("anna") if state is AgentState.PAUSED]
    assert paused[:2] == [40.0, 120.0]  # three rings of 10 s with 5 s between; 40 s later three more
    assert any(now == 80.0 and state is AgentState.READY for now, state in played.states("anna"))


def test_answering_takes_its_time_and_a_slow_agent_talks_longer():
    played = Played(policy(), [caller("x", 0), caller("y", 1)], manners={"anna": Manner(Fixed(4.0), pace=2.0)})
    assert played.waits == {"x": 4.0, "y": 127.0}


def test_of_two_who_are_rung_together_the_quicker_one_gets_the_caller():
    """bo, rung second, answers x; anna rests half a second and is rung for y."""
    manners = {"anna": Manner(Fixed(8.0)), "bo": Manner(Fixed(4.0))}
    played = Played(policy(("anna", "bo"), ring_at_once=2), [caller("x", 0), caller("y", 1)], manners=manners)
    assert played.waits == {"x": 4.0, "y": 11.5}
    answered = [(now, state) for now, state in played.states("anna") if state is AgentState.TALKING]
    assert answered == [(12.5, AgentState.TALKING)]


def test_a_caller_who_gives_up_while_it_rings_frees_the_agent_after_his_phone_has_rested():
    callers = [caller("x", 0, patience_seconds=2.0), caller("y", 1)]
    assert Played(policy(), callers, manners={"anna": Manner(Fixed(4.0))}).waits == {"y": 5.5}


def test_wrap_up_is_as_drawn_up_to_the_limit_of_the_queue():
    callers = [caller("x", 0, wrapup_seconds=5.0), caller("y", 1, wrapup_seconds=500.0), caller("z", 2)]
    played = Played(policy(wrapup_seconds=20), callers)
    assert played.waits == {"x": 0, "y": 64.0, "z": 143.0}


def test_shifts_begin_and_end_and_a_break_waits_for_the_talk():
    shift = Shift("anna", 10.0, 400.0, (Break(50.0, 100.0, "tea"),))
    played = Played(
        policy(), [caller("x", 0), caller("y", 20), caller("z", 350), caller("late", 390)], until=1000.0, shifts=[shift]
    )
    assert played.waits == {"x": 10.0, "y": 80.0, "z": 0.0}
    assert played.states("anna")[-1] == (410.0, AgentState.LOGGED_OUT)
    assert played.results.occupancy == pytest.approx(180 / 370)  # 10-70, 100-160 and 350-410 talking; 160-350 ready
    assert sum(time.on_duty_seconds for time in played.results.staff.values()) == pytest.approx(370)
    assert played.results.staff[0].on_duty_seconds == pytest.approx(60)


def test_needs_and_a_full_line_are_the_engines_business():
    callers = [
        caller("x", 0, needs=(SkillNeed("zh", 50),)),
        caller("fr", 1, needs=(SkillNeed("fr"),)),
        caller("full", 2),
    ]
    played = Played(policy(max_length=1), callers, until=200.0)
    ended = {fact.call: fact.reason for _, fact in played.facts if isinstance(fact, CallEnded)}
    assert played.waits == {"x": 0}
    assert ended["full"] == "full"
    assert played.results.total().otherwise == 1


def test_intervals_hold_the_calls_that_entered_in_them():
    played = Played(policy(), [caller("a", 10), caller("b", 90), caller("c", 250)])
    assert {number: tally.offered for number, tally in played.results.intervals.items()} == {0: 2, 2: 1}


def test_nothing_gives_no_figures():
    results = Results(policy()).finish(10.0)
    assert math.isnan(results.occupancy)
    assert math.isnan(results.total().sl_offered)
    assert math.isnan(results.total().wait_quantile_seconds(0.9))


def test_who_overflows_into_another_queue_is_served_there_with_his_age():
    quiet = {"announce_first_seconds": 0, "announce_frequency_seconds": 0, "wrapup_seconds": 0}
    queues = {
        "line": Queue("line", max_wait_seconds=30, overflow="second", **quiet),
        "second": Queue("second", max_wait_seconds=0, **quiet),
    }
    two = Policy(queues, TIERS, {"bo": Agent("bo", queues=("second",))})
    played = Played(two, [caller("x", 0), caller("y", 10, patience_seconds=50.0)])
    assert played.waits == {"x": 30.0}
    by_queue = played.results.by_queue()
    assert (by_queue["line"].offered, by_queue["line"].otherwise) == (2, 2)
    assert (by_queue["second"].answered, by_queue["second"].abandoned) == (1, 1)
    assert by_queue["second"].asa_seconds == 30
    assert by_queue["second"].abandoned_seconds == 50
