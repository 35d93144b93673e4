"""Several agents rung for one caller: who is rung, who gets him, and what becomes of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from acd_room import agent, brief, quiet

from acd.config import CallbackRules, Seats, SkillNeed
from acd.events import (
    AgentAdopted,
    AgentPaused,
    CallAbandoned,
    CallbackRequested,
    CallLeaveRequested,
    CallQueued,
    DispatchPaused,
    DispatchResumed,
    LeaveReason,
    OfferAdopted,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkAdopted,
    TalkEnded,
    TalkStarted,
)
from acd.facts import CallAnswered, OfferEnded, OfferMade
from acd.states import AgentState, CallState, OfferPhase

O1, O2, O3, O4 = (f"o-0000000{n}" for n in range(1, 5))
NAMES = ("anna", "bo", "chen", "ding")


@pytest.fixture
def rung(make_room):
    """anna, bo and chen, idle longest in this order, are rung for c1; ding, the fourth, is free."""
    room = make_room(quiet("general", ring_at_once=3), agents=tuple(agent(name) for name in NAMES))
    for name in NAMES:
        room.log_in(name)
        room.wait(1)
    assert brief(room.queue("c1")) == [("offer", "c1", name) for name in NAMES[:3]]
    return room


def results(room):
    return {fact.agent: fact.result.value for fact in room.all_facts if isinstance(fact, OfferEnded)}


def state(room, name):
    return room.agent(name).state


def test_the_best_are_rung_in_one_round(rung):
    """The record of the decision names them all; the round has the first offer's name."""
    commands = rung.queue("c2")
    assert [(command.offer, command.agent, command.round) for command in commands] == [(O4, "ding", O4)]
    decision = rung.engine.explain("c1", rung.now).decision
    assert (decision.offer, decision.chosen, decision.also_rung) == (O1, "anna", ("bo", "chen"))
    assert [fact.offer for fact in rung.all_facts if isinstance(fact, OfferMade)] == [O1, O2, O3, O4]
    assert [state(rung, name) for name in NAMES] == [AgentState.OFFERED] * 4


def test_the_first_to_talk_wins_and_the_others_lose_nothing(rung):
    """bo is not the one the round is named after; who still rings is hung up, and keeps his place among the idle."""
    rung.hear(OfferRinging(O1), OfferRinging(O2), OfferRinging(O3))
    rung.wait(4)
    commands = rung.hear(OfferAnswered(O2), TalkStarted(O2))
    assert brief(commands) == [("cancel", "c1", "anna", "colleague"), ("cancel", "c1", "chen", "colleague")]
    assert [fact.agent for fact in rung.established(CallAnswered)] == ["bo"]
    rung.hear(OfferFailed(O1, OfferCause.CANCELLED), OfferFailed(O3, OfferCause.NO_ANSWER))
    assert results(rung) == {"bo": "talked", "anna": "colleague", "chen": "colleague"}
    assert [(state(rung, name), rung.agent(name).misses) for name in ("anna", "chen")] == [(AgentState.READY, 0)] * 2
    assert brief(rung.queue("c2")) == [("offer", "c2", name) for name in ("anna", "chen", "ding")]


def test_who_has_answered_too_is_left_to_the_gate_and_not_blamed(rung):
    """Whether the gate refuses him, or he hangs up in the whisper: a colleague was first."""
    rung.hear(OfferAnswered(O1), OfferAnswered(O2), OfferAnswered(O3))
    assert rung.hear(TalkStarted(O3)) == []
    assert state(rung, "anna") is AgentState.CONNECTING
    rung.hear(OfferFailed(O1, OfferCause.REFUSED), OfferFailed(O2, OfferCause.HUNG_UP))
    assert results(rung) == {"chen": "talked", "anna": "colleague", "bo": "colleague"}
    assert [state(rung, name) for name in ("anna", "bo")] == [AgentState.READY] * 2


def test_one_whom_the_gate_forgets_is_hung_up_in_time_and_not_blamed(rung):
    rung.hear(OfferAnswered(O1), OfferAnswered(O2), TalkStarted(O2), OfferFailed(O3, OfferCause.CANCELLED))
    assert brief(rung.wait(15)) == [("cancel", "c1", "anna", "connect_timeout")]
    rung.wait(5)
    assert results(rung)["anna"] == "colleague"
    assert state(rung, "anna") is AgentState.READY


def test_a_second_talk_of_the_round_is_not_believed(rung):
    rung.hear(OfferAnswered(O1), OfferAnswered(O2), TalkStarted(O1), TalkStarted(O2))
    assert rung.ignored() == ["late"]
    rung.hear(TalkEnded(O2, caller_remains=False))
    assert results(rung)["bo"] == "colleague"
    assert state(rung, "anna") is AgentState.TALKING


def test_all_fail_and_only_then_comes_the_next_round(rung):
    assert brief(rung.hear(OfferFailed(O1, OfferCause.BUSY), OfferFailed(O3, OfferCause.REJECTED))) == []
    rung.hear(OfferRinging(O2))
    assert brief(rung.wait(23)) == [("cancel", "c1", "bo", "no_answer")]
    assert brief(rung.hear(OfferFailed(O2, OfferCause.CANCELLED))) == [("offer", "c1", "ding"), ("offer", "c1", "anna"), ("offer", "c1", "chen")]
    assert rung.agent("bo").misses == 1
    assert results(rung) == {"anna": "busy", "chen": "rejected", "bo": "no_answer"}


def test_one_hangs_up_in_the_whisper_and_the_others_ring_on(rung):
    rung.hear(OfferAnswered(O1))
    assert calls(rung) == [("c1", CallState.CONNECTING, "anna")]
    assert rung.hear(OfferFailed(O1, OfferCause.HUNG_UP)) == []
    assert calls(rung) == [("c1", CallState.OFFERED, "bo")]
    rung.talk(O3)
    assert calls(rung) == []
    assert state(rung, "chen") is AgentState.TALKING


def calls(room):
    return [(call.call, call.state, call.agent) for call in room.engine.snapshot(room.now).queues["general"].calls]


def test_a_caller_who_hangs_up_or_leaves_frees_them_all(rung):
    gone = [("cancel", "c1", name, "caller_gone") for name in NAMES[:3]]
    assert brief(rung.hear(CallAbandoned("c1"))) == gone
    rung.hear(*(OfferFailed(offer, OfferCause.CANCELLED) for offer in (O1, O2, O3)))
    assert [state(rung, name) for name in NAMES] == [AgentState.READY] * 4


def test_a_leaving_caller_is_let_out_when_the_last_leg_is_dead(rung):
    leaving = [("cancel", "c1", name, "leaving") for name in NAMES[:3]]
    assert brief(rung.hear(CallLeaveRequested("c1", LeaveReason.MENU))) == leaving
    assert rung.hear(OfferFailed(O1, OfferCause.CANCELLED), OfferFailed(O3, OfferCause.CANCELLED)) == []
    assert brief(rung.hear(OfferFailed(O2, OfferCause.CANCELLED))) == [("release", "c1", "menu", "")]


def test_a_max_wait_that_spares_a_whisper_is_done_when_that_fails(make_room):
    room = make_room(quiet("general", ring_at_once=2, max_wait_seconds=10, overflow="voicemail"), agents=(agent("anna"), agent("bo")))
    room.log_in("anna", "bo")
    room.queue("c1")
    room.wait(9)
    room.hear(OfferAnswered(O2))
    assert brief(room.wait(2)) == []
    assert brief(room.hear(OfferFailed(O2, OfferCause.HUNG_UP))) == [("cancel", "c1", "anna", "leaving")]
    assert brief(room.hear(OfferFailed(O1, OfferCause.CANCELLED))) == [("release", "c1", "max_wait", "voicemail")]


def test_a_talk_that_ended_as_it_began_waits_for_the_legs_of_its_round(rung):
    """Nobody is rung anew while a leg that was hung up may still be alive."""
    rung.hear(TalkStarted(O2))
    assert rung.hear(OfferFailed(O2, OfferCause.HUNG_UP), OfferFailed(O1, OfferCause.CANCELLED)) == []
    assert brief(rung.hear(OfferFailed(O3, OfferCause.CANCELLED))) == [("offer", "c1", name) for name in ("anna", "chen", "ding")]


def test_nobody_is_rung_who_is_wanted_more_by_another_caller(make_room):
    """expert serves diamonds first: he is not rung along for c1, who goes before."""
    seats = (Seats("vip", ("diamond",)),)
    room = make_room(
        quiet("general", ring_at_once=2, seats=seats, bonus_seconds=1000), quiet("vips", seats=seats, needs=(SkillNeed("vip"),), ring_at_once=2),
        agents=(agent("plain", "general"), agent("expert", "general", "vips", vip=1)),
    )
    room.hear(DispatchPaused())
    room.log_in("plain", "expert")
    room.queue("c1", "general")
    room.queue("c2", "vips", "diamond")
    assert sorted(brief(room.hear(DispatchResumed()))) == [("offer", "c1", "plain"), ("offer", "c2", "expert")]


def test_a_customer_is_called_back_by_one(make_room):
    room = make_room(quiet("general", ring_at_once=3, callback=CallbackRules()), agents=tuple(agent(name) for name in NAMES))
    room.log_in(*NAMES)
    assert brief(room.hear(CallbackRequested("k1", "139", "general", "basic"))) == [("callback", "k1", "anna")]


def test_a_pause_asked_for_while_ringing_counts_for_who_lost(rung):
    rung.hear(AgentPaused("chen", "lunch"), TalkStarted(O1), OfferFailed(O3, OfferCause.CANCELLED))
    assert state(rung, "chen") is AgentState.PAUSED


QUEUED = CallQueued("c1", "general", "basic", entered_at=900.0)
ADOPTED = [OfferAdopted(f"old-{n}", "c1", name, OfferPhase.RINGING, round="old-1") for n, name in enumerate(NAMES[:3], 1)]


@pytest.mark.parametrize("at", range(4))
def test_a_round_that_is_found_rings_on_whenever_its_caller_is_read(make_room, at):
    room = make_room(quiet("general", ring_at_once=3), agents=tuple(agent(name) for name in NAMES))
    room.hear(DispatchPaused(), *(AgentAdopted(name, AgentState.READY) for name in NAMES))
    assert room.hear(*ADOPTED[:at], QUEUED, *ADOPTED[at:], DispatchResumed()) == []
    assert [state(room, name) for name in NAMES] == [AgentState.OFFERED] * 3 + [AgentState.READY]
    assert brief(room.hear(TalkStarted("old-3"))) == [("cancel", "c1", name, "colleague") for name in ("anna", "bo")]


def test_a_leg_of_another_round_is_hung_up(make_room):
    room = make_room(agents=tuple(agent(name) for name in NAMES))
    room.hear(DispatchPaused(), QUEUED, *ADOPTED[:2])
    other = replace(ADOPTED[2], round="old-0")
    assert brief(room.hear(other)) == [("cancel", "c1", "chen", "superseded")]
    assert room.ignored() == ["illegal"]


@pytest.mark.parametrize("first", [[], [QUEUED]])
def test_a_talk_that_is_found_ends_the_round(make_room, first):
    room = make_room(agents=tuple(agent(name) for name in NAMES))
    room.hear(DispatchPaused(), *first, *ADOPTED)
    commands = room.hear(TalkAdopted("old-2", "c1", "bo", "general", "basic", 950.0, 900.0))
    assert brief(commands) == [("cancel", "c1", name, "colleague") for name in ("anna", "chen")]
    assert room.hear(DispatchResumed()) == []


def test_a_round_whose_caller_never_shows_up_is_hung_up(make_room):
    room = make_room(agents=tuple(agent(name) for name in NAMES))
    room.hear(DispatchPaused(), *ADOPTED)
    assert brief(room.hear(CallAbandoned("c1"))) == [("cancel", "c1", name, "caller_gone") for name in NAMES[:3]]
    assert room.hear(DispatchResumed()) == []
