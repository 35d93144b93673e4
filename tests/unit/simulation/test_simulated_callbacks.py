"""Callbacks in a simulation: who asks gives up his wait and not his place, the desk dials, and what came of it is told."""

import math

import pytest

from acd.config import Agent, CallbackRules, Policy, Queue, Tier
from acd.facts import CallbackAttempted, CallbackReached
from acd.simulation.callers import CallbackWish, Caller
from acd.simulation.results import Results
from acd.simulation.runner import Simulation
from acd.simulation.times import Fixed

RULES = CallbackRules(attempts=2, pause_seconds=100, expiry_seconds=1000, ring_seconds=20)


def policy(rules=RULES, **changes):
    line = Queue("line", max_wait_seconds=0, announce_first_seconds=0, wrapup_seconds=0, callback=rules, **changes)
    return Policy({"line": line}, {"basic": Tier("basic")}, {"anna": Agent("anna", queues=("line",))})


def caller(call, at, talk=60.0, wish=None, patience=math.inf):
    return Caller(call, at, "line", "basic", talk, patience, wish=wish)


def played(callers, rules=RULES, until=math.inf):
    routed = policy(rules)
    results, facts = Results(routed), []

    def watch(told, now):
        results.told(told, now)
        facts.extend((now, fact) for fact in told)

    simulation = Simulation(routed, callers, watch=watch)
    simulation.run(until)
    simulation.engine.check_invariants()
    return results.finish(simulation.now), facts


def test_who_asks_keeps_his_place_and_talks_when_it_is_his_turn():
    """x talks until 100; y asks at 30 and is dialled before z, who came later; his phone rings 5 s."""
    wish = CallbackWish(20.0, rings=Fixed(5.0))
    results, facts = played([caller("x", 0, 100.0), caller("y", 10, wish=wish, patience=60.0), caller("z", 20)])
    assert [(now, fact.call, fact.wait_seconds) for now, fact in facts if isinstance(fact, CallbackReached)] == [(105.0, "y-back", 95.0)]
    counted = results.callbacks
    assert (counted.promised, counted.called_back, counted.attempts, counted.waits) == (1, 1, 1, [95.0])
    assert results.total().otherwise == 1  # he left the line with a promise, and did not give up
    assert (results.total().abandoned, results.total().waits) == (0, [0.0, 145.0])


def test_who_never_takes_the_call_is_dialled_as_often_as_promised_with_pauses():
    results, facts = played([caller("x", 0, 40.0), caller("y", 1, wish=CallbackWish(9.0, reached=0.0))])
    assert [(now, fact.attempt) for now, fact in facts if isinstance(fact, CallbackAttempted)] == [(60.0, 1), (180.0, 2)]
    assert (results.callbacks.failed, results.callbacks.called_back, results.callbacks.attempts) == (1, 0, 2)


def test_a_promise_that_nobody_can_keep_expires():
    results, _ = played([caller("x", 0, 5000.0), caller("y", 1, wish=CallbackWish(9.0))])
    assert results.callbacks.expired == 1


@pytest.mark.parametrize(
    ("rules", "promised"), [(None, 0), (CallbackRules(max_waiting=1), 1), (CallbackRules(max_waiting=0), 3)], ids=["none", "one", "no limit"]
)
def test_no_more_is_promised_than_the_queue_says(rules, promised):
    wishing = [caller(f"y{number}", number, wish=CallbackWish(20.0)) for number in (1, 2, 3)]
    results, _ = played([caller("x", 0, 900.0), *wishing], rules, until=800.0)
    assert results.callbacks.promised == promised


def test_who_is_served_or_gone_before_does_not_ask():
    results, _ = played([caller("x", 0, 10.0), caller("y", 1, wish=CallbackWish(20.0)), caller("z", 2, wish=CallbackWish(20.0), patience=5.0)])
    assert results.callbacks.promised == 0
    assert (results.total().answered, results.total().abandoned) == (2, 1)
