"""The rules a policy may have beside tiers and rings: seats, guarantee, weights, the last agent, overflow, emptiness."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from acd_room import agent, brief, quiet

from acd.config import HeadStartRule, Ring, Seats, SkillNeed
from acd.eligibility import Reason
from acd.events import (
    AgentLoggedOut,
    AgentPaused,
    AgentReadied,
    AgentUnpaused,
    AgentWrapUpExtended,
    CallAbandoned,
    CallLost,
    CustomerKnown,
    DispatchPaused,
    DispatchResumed,
    OfferCause,
    OfferFailed,
    PolicyReplaced,
    TalkEnded,
)
from acd.facts import CallEnded, CallEntered, PlaceRestored
from acd.states import AgentState

O1 = "o-00000001"
VIP = agent("vip", desk=1)
ANNA, BO, CHEN = agent("anna"), agent("bo"), agent("chen")


def offers(commands):
    return [said[1:] for said in brief(commands) if said[0] == "offer"]


# Dedicated seats


def test_seats_kept_for_a_tier_serve_nobody_else(make_room):
    room = make_room(quiet("general", seats=(Seats("desk", ("diamond",), only=True),)), agents=(VIP,))
    room.log_in("vip")
    assert brief(room.queue("basic")) == []
    why = room.engine.explain("basic", room.now).standing.ineligible["vip"]
    assert (why.reason, why.detail) == (Reason.DEDICATED, "diamond")
    assert offers(room.queue("best", tier="diamond")) == [("best", "vip")]


def test_a_dedicated_seat_takes_its_tier_first_however_long_others_wait(make_room):
    room = make_room(quiet("general", seats=(Seats("desk", ("diamond",)),)), agents=(VIP, ANNA))
    room.queue("old")
    room.wait(3000)
    room.queue("best", tier="diamond")
    assert offers(room.log_in("vip")) == [("best", "vip")]
    assert offers(room.log_in("anna")) == [("old", "anna")]


def test_of_free_agents_the_dedicated_seat_is_asked_first(make_room):
    room = make_room(quiet("general", seats=(Seats("desk", ("diamond",)),)), agents=(ANNA, VIP))
    room.log_in("anna")
    room.wait(60)
    room.log_in("vip")
    assert offers(room.queue("best", tier="diamond")) == [("best", "vip")]
    assert offers(room.queue("basic")) == [("basic", "anna")]


def test_a_seat_of_two_rules_serves_the_tiers_of_both(make_room):
    seats = (Seats("desk", ("diamond",), only=True), Seats("gold_desk", ("gold",), only=True))
    room = make_room(quiet("general", seats=seats), agents=(agent("vip", desk=1, gold_desk=1),))
    room.log_in("vip")
    assert brief(room.queue("silver", tier="silver")) == []
    assert offers(room.queue("gold", tier="gold")) == [("gold", "vip")]


# Guarantee


def test_whoever_has_waited_as_long_as_guaranteed_goes_first(make_room):
    """A diamond (300 s) who comes 100 s later is ahead until the basic caller has waited 400 s."""
    room = make_room(quiet("general", guarantee_seconds=400), agents=(ANNA,))
    room.queue("basic")
    room.wait(100)
    room.queue("diamond", tier="diamond")
    assert room.calls() == ["diamond", "basic"]
    room.wait(299.9)
    assert room.calls() == ["diamond", "basic"]
    assert not room.engine.explain("basic", room.now).standing.past_guarantee
    room.wait(0.1)
    assert room.engine.explain("basic", room.now).standing.past_guarantee
    assert room.calls() == ["basic", "diamond"]
    assert offers(room.log_in("anna")) == [("basic", "anna")]


def test_among_those_past_the_guarantee_the_oldest_goes_first(make_room):
    room = make_room(quiet("general", guarantee_seconds=400), agents=(ANNA,))
    room.queue("basic")
    room.wait(50)
    room.queue("diamond", tier="diamond")
    room.wait(450)
    room.queue("late diamond", tier="diamond")
    assert room.calls() == ["basic", "diamond", "late diamond"]


# An agent's own weights


def test_an_agent_prefers_the_queue_that_weighs_more_for_him(make_room):
    staff = replace(agent("anna", "general", "faults"), queue_bonus_seconds={"faults": 60.0})
    room = make_room(quiet("general"), quiet("faults"), agents=(staff, agent("bo", "general", "faults")))
    room.queue("general")
    room.wait(50)
    room.queue("fault", "faults")
    assert offers(room.log_in("anna")) == [("fault", "anna")]
    assert offers(room.log_in("bo")) == [("general", "bo")]


def test_sixty_seconds_of_weight_are_no_more_than_sixty_seconds(make_room):
    staff = replace(agent("anna", "general", "faults"), queue_bonus_seconds={"faults": 60.0})
    room = make_room(quiet("general"), quiet("faults"), agents=(staff,))
    room.queue("general")
    room.wait(61)
    room.queue("fault", "faults")
    assert offers(room.log_in("anna")) == [("general", "anna")]


def test_of_several_free_agents_he_for_whom_the_queue_weighs_most_is_asked_first(make_room):
    staff = replace(agent("bo", "general", "faults"), queue_bonus_seconds={"faults": 60.0})
    room = make_room(quiet("general"), quiet("faults"), agents=(agent("anna", "general", "faults"), staff))
    room.log_in("anna")
    room.wait(60)
    room.log_in("bo")
    assert offers(room.queue("f", "faults")) == [("f", "bo")]


# The agent he spoke to last


def test_a_caller_waits_for_the_agent_he_knows_then_takes_anybody(make_room):
    room = make_room(quiet("general", last_agent_wait_seconds=20), agents=(ANNA, BO))
    room.log_in("anna", "bo")
    room.queue("c0")
    room.talk(O1)
    assert brief(room.queue("c1", wanted="anna")) == []
    assert room.engine.explain("c1", room.now).standing.ineligible["bo"].reason is Reason.NOT_WANTED
    assert room.engine.explain("c1", room.now).standing.waits_for == "anna"
    assert brief(room.wait(19.9)) == []
    assert offers(room.wait(0.1)) == [("c1", "bo")]


def test_the_engine_remembers_for_a_while_whom_a_caller_spoke_to(make_room):
    room = make_room(quiet("general", last_agent_wait_seconds=20), agents=(ANNA, BO), last_agent_seconds=600)
    room.log_in("anna")
    room.queue("c0", caller="+1")
    room.talk(O1)
    room.log_in("bo")
    room.wait(5)
    room.hear(TalkEnded(O1, caller_remains=False))
    assert offers(room.queue("c1", caller="+1")) == [("c1", "anna")]
    room.hear(CallAbandoned("c1"), OfferFailed("o-00000002", OfferCause.CALLER_GONE))
    room.wait(600)
    assert offers(room.queue("c2", caller="+1")) == [("c2", "bo")]


def test_the_agent_he_knows_gets_him_though_others_are_idle_longer(make_room):
    room = make_room(quiet("general", last_agent_wait_seconds=20), agents=(ANNA, BO))
    room.log_in("bo")
    room.wait(60)
    room.log_in("anna")
    assert offers(room.queue("c1", wanted="anna")) == [("c1", "anna")]


@pytest.mark.parametrize("gone", [AgentLoggedOut("anna"), AgentPaused("anna", "lunch")])
def test_nobody_waits_for_an_agent_who_is_not_at_work(make_room, gone):
    room = make_room(quiet("general", last_agent_wait_seconds=20), agents=(ANNA, BO))
    room.log_in("anna", "bo")
    room.queue("c0")
    room.talk(O1)
    room.hear(gone)
    room.queue("c1", wanted="anna")
    assert offers(room.hear(TalkEnded(O1, caller_remains=False))) == [("c1", "bo")]


def test_he_who_comes_back_from_his_pause_is_waited_for_again(make_room):
    room = make_room(quiet("general", last_agent_wait_seconds=20), agents=(ANNA,))
    room.log_in("anna")
    room.hear(AgentPaused("anna", "lunch"))
    room.queue("other")
    room.queue("c1", wanted="anna")
    assert offers(room.hear(AgentUnpaused("anna"))) == [("other", "anna")]


def test_an_agent_nobody_knows_or_who_cannot_is_not_waited_for(make_room):
    room = make_room(quiet("general", last_agent_wait_seconds=20), agents=(BO, agent("far", "faults")))
    room.log_in("bo", "far")
    assert offers(room.queue("c1", wanted="gone long ago")) == [("c1", "bo")]
    room.hear(CallAbandoned("c1"), OfferFailed(O1, OfferCause.CALLER_GONE))
    assert offers(room.queue("c2", wanted="far")) == [("c2", "bo")]


# Rings, with many alike


def test_a_ring_opens_when_its_first_agent_logs_in_and_closes_with_the_last(make_room):
    """The search runs in the expert ring only while an expert is logged in."""
    queue = quiet("general", needs=(SkillNeed("meter", 5),), rings=(Ring(60),))
    room = make_room(queue, agents=(agent("expert", meter=5), ANNA))
    room.log_in("expert")
    room.queue("c0")
    room.talk(O1)
    room.log_in("anna")
    room.queue("c1")
    assert room.engine.explain("c1", room.now).standing.ring == 0
    assert brief(room.wait(10)) == []
    assert offers(room.hear(AgentLoggedOut("expert"), TalkEnded(O1, caller_remains=False))) == [("c1", "anna")]


# Who the customer is


def test_grades_count_as_tiers_and_attributes_earn_seconds(make_room):
    rules = (
        HeadStartRule("key_person", 200, equals=True),
        HeadStartRule("credit", 30, at_least=700),
        HeadStartRule("tag", 5),
    )
    room = make_room(grades={"5A": "gold"}, head_starts=rules)
    room.queue("graded", tier="5A")
    known = {"key_person": True, "credit": 700, "tag": "", "other": 1}
    room.queue("known", attributes=known)
    room.queue("poor", attributes={"key_person": False, "credit": 699.5})
    seconds = {c: room.engine.explain(c, room.now).standing.head_start_seconds for c in ("graded", "known", "poor")}
    assert seconds == {"graded": 120, "known": 235, "poor": 0}
    assert room.engine.explain("graded", room.now).standing.tier == "gold"
    assert [fact.tier for fact in room.all_facts if isinstance(fact, CallEntered)] == ["gold", "basic", "basic"]
    room.hear(PolicyReplaced(replace(room.engine.policy, head_starts=rules[1:])))
    assert room.engine.explain("known", room.now).standing.head_start_seconds == 35


def test_what_becomes_known_of_a_waiting_caller_moves_him_up(make_room):
    room = make_room(head_starts=(HeadStartRule("vip", 30, equals=True),), agents=(ANNA,))
    room.queue("first")
    room.wait(20)
    room.queue("vip")
    room.hear(CustomerKnown("vip", {"vip": True}))
    assert room.calls() == ["vip", "first"]
    room.hear(CustomerKnown("vip", {"vip": True}), CustomerKnown("nobody", {}))
    assert room.ignored() == ["duplicate", "unknown_call"]
    assert offers(room.log_in("anna")) == [("vip", "anna")]


def test_an_attribute_of_the_wrong_kind_earns_nothing():
    rule = HeadStartRule("credit", 30, at_least=700)
    assert [rule.meets(value) for value in ("800", None, True, 800, 700.0)] == [False, False, False, True, True]


# Back again


def test_a_caller_who_hung_up_gets_his_place_back_within_the_time(make_room):
    room = make_room(return_seconds=60)
    room.queue("c1", caller="+8613800138001")
    room.wait(100)
    room.queue("c2")
    room.hear(CallAbandoned("c1"))
    room.wait(59)
    room.queue("c3", caller="+8613800138001")
    assert room.established(PlaceRestored) == [PlaceRestored("c3", "general", 159)]
    assert room.calls() == ["c3", "c2"]
    standing = room.engine.explain("c3", room.now).standing
    assert (standing.waited_seconds, standing.score) == (0, 159)


def test_too_late_another_queue_another_caller_or_a_lost_call_gives_no_place(make_room):
    room = make_room(quiet("general"), quiet("faults"), return_seconds=60)
    for number in range(4):
        room.queue(f"a{number}", caller=f"+{number}")
    room.wait(10)
    room.hear(CallAbandoned("a0"), CallAbandoned("a1"), CallLost("a2", "gone"), CallAbandoned("a3"))
    room.queue("b1", "faults", caller="+1")
    room.queue("b2", caller="+2")
    room.queue("b4", caller="+4")
    room.wait(60)
    room.queue("b0", caller="+0")
    assert not any(isinstance(fact, PlaceRestored) for fact in room.all_facts)
    room.queue("x", caller="+9")
    room.hear(CallAbandoned("x"))
    assert len(room.engine._world.returning) == 1


# Overflow and emptiness


def outcomes(room):
    return [(fact.call, fact.queue, fact.outcome.value) for fact in room.all_facts if isinstance(fact, CallEnded)]


def test_callers_overflow_from_queue_to_queue_with_their_age_and_then_out(make_room):
    first = quiet("first", max_wait_seconds=30, overflow="second")
    room = make_room(first, quiet("second", max_wait_seconds=50, overflow="voicemail"), agents=(agent("bo", "second"),))
    room.queue("c1", "first", tier="gold")
    room.wait(29)
    room.queue("s1", "second", tier="gold")
    assert brief(room.wait(1)) == []
    assert room.calls("second") == ["c1", "s1"]
    assert room.engine.explain("c1", room.now).standing.waited_seconds == 30
    assert brief(room.wait(50)) == [
        ("release", "s1", "max_wait", "voicemail"),
        ("release", "c1", "max_wait", "voicemail"),
    ]
    assert outcomes(room) == [
        ("c1", "first", "overflowed"),
        ("s1", "second", "overflowed"),
        ("c1", "second", "overflowed"),
    ]


def test_a_caller_who_is_rung_when_his_wait_is_over_goes_on_when_the_leg_is_dead(make_room):
    first = quiet("first", max_wait_seconds=30, overflow="second")
    room = make_room(first, quiet("second"), agents=(agent("anna", "first"), agent("bo", "second")))
    room.log_in("bo")
    room.queue("c1", "first")
    room.wait(29)
    assert offers(room.log_in("anna")) == [("c1", "anna")]
    assert brief(room.wait(1)) == [("cancel", "c1", "anna", "leaving")]
    assert brief(room.hear(OfferFailed(O1, OfferCause.CANCELLED))) == [("offer", "c1", "bo")]


def test_a_full_queue_passes_newcomers_on_until_one_admits_them(make_room):
    room = make_room(
        quiet("a", max_length=1, overflow="b"),
        quiet("b", max_length=1, overflow="c"),
        quiet("c", max_length=1, overflow="a"),
    )
    for number in range(3):
        assert brief(room.queue(f"c{number}", "a")) == []
    assert [room.calls(name) for name in "abc"] == [["c0"], ["c1"], ["c2"]]
    assert brief(room.queue("c3", "a")) == [("release", "c3", "full", "a")]
    assert outcomes(room)[-3:] == [("c3", name, "rejected_full") for name in "abc"]


EMPTY = quiet("general", empty_when=frozenset({AgentState.LOGGED_OUT, AgentState.PAUSED}), empty_grace_seconds=20)


def test_nobody_joins_a_queue_where_nobody_is(make_room):
    room = make_room(EMPTY, agents=(ANNA,))
    assert brief(room.queue("c1")) == [("release", "c1", "empty", "voicemail")]
    room.log_in("anna")
    assert offers(room.queue("c2")) == [("c2", "anna")]
    assert brief(room.queue("c3")) == []
    assert outcomes(room) == [("c1", "general", "overflowed")]


def test_waiting_callers_are_let_out_when_nobody_has_been_there_for_a_while(make_room):
    room = make_room(EMPTY, agents=(ANNA, BO))
    room.log_in("anna", "bo")
    room.queue("talking")
    room.talk(O1)
    room.hear(AgentLoggedOut("bo"))
    room.queue("c1")
    room.hear(AgentPaused("anna", "lunch"))  # after her talk
    room.hear(TalkEnded(O1, caller_remains=False))
    assert brief(room.wait(19.9)) == []
    room.hear(AgentUnpaused("anna"))
    room.hear(AgentPaused("anna", "again"), OfferFailed("o-00000002", OfferCause.CANCELLED))
    assert brief(room.wait(19.9)) == []
    assert brief(room.wait(0.2)) == [("release", "c1", "empty", "voicemail")]


def test_after_a_start_callers_stay_until_it_is_known_who_is_there(make_room):
    room = make_room(EMPTY, agents=(ANNA,))
    room.hear(DispatchPaused())
    room.queue("adopted", entered_at=room.now - 60)
    room.queue("new")
    assert brief(room.wait(300)) == []
    room.hear(DispatchResumed())
    room.log_in("anna")
    assert brief(room.wait(300))[:1] == [("cancel", "adopted", "anna", "no_answer")]


# Wrap-up


def test_a_wrap_up_can_be_extended_up_to_the_limit(make_room):
    room = make_room(quiet("general"), agents=(replace(ANNA, wrapup_seconds=10),), wrapup_limit_seconds=40)
    room.log_in("anna")
    room.hear(AgentWrapUpExtended("anna", 20))
    assert room.ignored() == ["illegal"]
    room.queue("c1")
    room.talk(O1)
    room.hear(TalkEnded(O1, caller_remains=False), AgentWrapUpExtended("anna", 20))
    room.wait(29.9)
    assert room.agent("anna").state is AgentState.WRAP_UP
    room.hear(AgentWrapUpExtended("anna", 500), AgentWrapUpExtended("nobody", 5))
    assert room.ignored() == ["unknown_agent"]
    assert room.agent("anna").until == room.now + 10.1
    room.hear(AgentReadied("anna"))
    assert room.agent("anna").state is AgentState.READY


# Who of several


def served(room, calls):
    """Let calls come and be served at once, one after the other; returns who got them."""
    got = []
    for call in calls:
        ((_, who),) = offers(room.queue(call))
        got.append(who)
        offer = room.agent(who).offer
        room.talk(offer)
        room.wait({"anna": 30, "bo": 10, "chen": 10}[who])
        room.hear(TalkEnded(offer, caller_remains=False))
    return got


def test_round_robin_takes_turns(make_room):
    room = make_room(quiet("general", strategy="round_robin"), agents=(ANNA, BO, CHEN))
    room.log_in("bo", "chen", "anna")
    assert served(room, [f"c{n}" for n in range(6)]) == ["anna", "bo", "chen"] * 2


def test_fair_load_evens_out_the_share_of_time_talked(make_room):
    """Anna's talks are three times as long: she gets a third as many."""
    room = make_room(quiet("general", strategy="least_occupied"), agents=(ANNA, BO))
    room.log_in("anna", "bo")
    counts = Counter(served(room, [f"c{n}" for n in range(40)]))
    assert counts["bo"] == pytest.approx(3 * counts["anna"], abs=2)


def test_lots_follow_the_weights_and_replay_exactly(make_room):
    staff = (replace(ANNA, weight=1.0), replace(BO, weight=3.0))

    def run(seed):
        room = make_room(quiet("general", strategy="weighted_random"), agents=staff, seed=seed)
        room.log_in("anna", "bo")
        got = []
        for n in range(400):
            ((_, who),) = offers(room.queue(f"c{n}"))
            got.append(who)
            room.hear(CallAbandoned(f"c{n}"), OfferFailed(room.agent(who).offer, OfferCause.CALLER_GONE))
        return got

    first = run(7)
    assert first == run(7)
    assert first != run(8)
    assert 270 < first.count("bo") < 330  # 300 expected, standard deviation 8.7
