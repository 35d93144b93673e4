"""Callbacks: entries without a channel in the same line, with the same score, one attempt at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from acd_room import Room, agent, brief, quiet, small_policy

from acd.commands import CancelOffer, CancelReason, OfferCall, OfferCallback
from acd.config import CallbackRules, SkillNeed
from acd.events import (
    CallAbandoned,
    CallbackCancelled,
    CallbackDialled,
    CallbackHours,
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
    PolicyReplaced,
    TalkAdopted,
    TalkEnded,
    TalkStarted,
)
from acd.facts import (
    CallAnswered,
    CallbackAttempted,
    CallbackEnded,
    CallbackEntered,
    CallbackReached,
    CallEnded,
    CallEntered,
)
from acd.states import AgentState, CallState, OfferPhase

RULES = CallbackRules(attempts=2, pause_seconds=60, expiry_seconds=600, ring_seconds=20, answer_seconds=10)


def room(*agents: str, rules: CallbackRules | None = RULES, **queue) -> Room:
    names = agents or ("anna",)
    made = Room(small_policy(quiet("general", callback=rules, **queue), agents=tuple(agent(name) for name in names)))
    made.log_in(*agents)
    return made


def ask(room: Room, entry: str = "k1", number: str = "13800000001", **more):
    return room.hear(CallbackRequested(entry, number, more.pop("queue", "general"), more.pop("tier", "basic"), **more))


def dial(room: Room, offer: str):
    return room.hear(OfferAnswered(offer), CallbackDialled(offer))


def outcome(room: Room) -> list[str]:
    return [f"{fact.outcome.value}: {fact.reason}" for fact in room.established(CallbackEnded)]


def test_the_agent_is_rung_first_and_the_customer_is_called_back():
    here = room("anna")
    (offer,) = ask(here, tier="gold", needs=())
    assert isinstance(offer, OfferCallback)
    assert (offer.number, offer.attempt, offer.customer_ring_seconds) == ("13800000001", 1, 20)
    dial(here, offer.offer)
    here.hear(TalkStarted(offer.offer))
    assert [fact.agent for fact in here.established(CallbackReached)] == ["anna"]
    here.hear(TalkEnded(offer.offer, caller_remains=False), at=40)
    assert outcome(here) == ["called_back: talk_ended"]
    assert here.agent("anna").state is AgentState.READY
    counted_as_calls = [fact for fact in here.all_facts if isinstance(fact, CallEntered | CallAnswered | CallEnded)]
    assert counted_as_calls == []


def test_callbacks_and_callers_stand_in_one_line_by_the_same_score():
    here = room()
    here.queue("c1")
    ask(here, "k1", "1", tier="silver")  # 45 seconds of head start
    here.wait(10)
    here.queue("c2", tier="gold")  # 120 seconds
    ask(here, "k2", "2")
    assert here.calls() == ["c2", "k1", "c1", "k2"]
    commands = here.log_in("anna")
    assert brief(commands) == [("offer", "c2", "anna")]


@pytest.mark.parametrize("why", ["busy", "no_answer", "machine"])
def test_an_attempt_that_fails_frees_the_agent_at_once_and_the_next_comes_after_the_pause(why):
    here = room("anna")
    (offer,) = ask(here)
    dial(here, offer.offer)
    here.hear(OfferFailed(offer.offer, OfferCause.NOT_REACHED, why))
    (attempted,) = here.established(CallbackAttempted)
    assert (attempted.attempt, attempted.reason, attempted.next_at) == (1, why, here.now + 60)
    assert here.agent("anna").state is AgentState.READY
    assert here.agent("anna").misses == 0
    assert here.wait(59.9) == []
    (again,) = here.wait(0.2)
    assert (again.attempt, again.call) == (2, "k1")
    dial(here, again.offer)
    here.hear(OfferFailed(again.offer, OfferCause.NOT_REACHED, why))
    assert outcome(here) == [f"callback_failed: {why}"]


def test_a_pause_after_an_attempt_keeps_the_place():
    here = room("anna")
    (offer,) = ask(here)
    dial(here, offer.offer)
    here.hear(OfferFailed(offer.offer, OfferCause.NOT_REACHED, "busy"))
    (call,) = here.queue("c1")
    assert call.call == "c1"
    here.hear(OfferFailed(call.offer, OfferCause.CANCELLED))
    assert here.calls() == ["k1", "c1"]


def test_an_agent_who_does_not_answer_costs_no_attempt():
    here = room("anna", "bo")
    (offer,) = ask(here)
    (again,) = here.hear(OfferFailed(offer.offer, OfferCause.NO_ANSWER))
    assert again.attempt == 1
    assert here.established(CallbackAttempted) == []


def test_an_agent_who_hangs_up_while_the_customer_is_rung_costs_an_attempt():
    here = room("anna", "bo")
    (offer,) = ask(here)
    dial(here, offer.offer)
    assert here.hear(OfferFailed(offer.offer, OfferCause.HUNG_UP)) == []
    assert [fact.reason for fact in here.established(CallbackAttempted)] == ["hung_up"]
    assert here.agent(offer.agent).state is AgentState.BACKOFF


def test_the_customer_has_a_deadline_of_his_own():
    here = room("anna")
    (offer,) = ask(here)
    dial(here, offer.offer)
    assert here.wait(RULES.ring_seconds + RULES.answer_seconds) == []
    (cancel,) = here.wait(3.1)
    assert isinstance(cancel, CancelOffer)
    assert cancel.reason is CancelReason.CONNECT_TIMEOUT
    here.hear(OfferFailed(offer.offer, OfferCause.CANCELLED))
    assert [fact.reason for fact in here.established(CallbackAttempted)] == ["not_reached"]
    assert here.agent("anna").state is AgentState.READY


def test_it_expires_but_a_call_that_is_being_made_is_finished():
    here = room()
    ask(here)
    here.wait(600.1)
    assert outcome(here) == ["callback_expired: max_wait"]
    ask(here, "k2")
    here.wait(595)
    (offer,) = here.log_in("anna")
    dial(here, offer.offer)
    assert here.wait(10) == []
    here.hear(TalkStarted(offer.offer), TalkEnded(offer.offer, caller_remains=False))
    assert outcome(here) == ["called_back: talk_ended"]


def test_expiry_while_the_agents_phone_rings_withdraws_the_offer_first():
    here = room()
    ask(here)
    here.wait(599)
    (offer,) = here.log_in("anna")
    (cancel,) = here.wait(1.1)
    assert cancel.reason is CancelReason.LEAVING
    assert outcome(here) == []
    here.hear(OfferFailed(offer.offer, OfferCause.CANCELLED))
    assert outcome(here) == ["callback_expired: max_wait"]


def test_no_customer_is_called_outside_the_permitted_hours():
    here = room()
    here.hear(CallbackHours("general", allowed=False))
    ask(here)
    assert here.log_in("anna") == []
    assert brief(here.hear(CallQueued("c1", "general", "basic"))) == [("offer", "c1", "anna")]
    here.hear(CallAbandoned("c1"), OfferFailed("o-00000001", OfferCause.CALLER_GONE))
    assert brief(here.hear(CallbackHours("general", allowed=True))) == [("callback", "k1", "anna")]
    assert here.hear(CallbackHours("general", allowed=True)) == []
    assert here.ignored() == ["duplicate"]


def test_a_second_request_of_the_same_customer_changes_the_first():
    here = room()
    ask(here, "k1", "138", tier="basic")
    here.wait(30)
    ask(here, "k2", "138")
    assert here.ignored() == ["duplicate"]
    ask(here, "k1", "138", tier="gold", needs=(SkillNeed("lang_en"),))
    snapshot = here.engine.snapshot(here.now).queues["general"].calls[0]
    assert (snapshot.call, snapshot.tier, snapshot.waited_seconds) == ("k1", "gold", 30)


def test_a_waiting_caller_asks_for_a_callback_and_keeps_his_place():
    here = room()
    here.queue("c1", tier="silver")
    here.wait(20)
    here.queue("c2", tier="silver")
    (release,) = here.hear(CallLeaveRequested("c1", LeaveReason.CALLBACK))
    assert release.reason.value == "callback"
    ask(here, "k1", tier="silver", instead_of="c1")
    assert [(fact.call, fact.outcome.value) for fact in here.established(CallEnded)] == [("c1", "callback")]
    assert here.calls() == ["k1", "c2"]


def test_one_who_declines_is_back_in_the_menu_with_his_age():
    here = room()
    here.queue("c1")
    here.wait(20)
    here.hear(CallLeaveRequested("c1", LeaveReason.CALLBACK))
    here.queue("c1")
    assert here.engine.snapshot(here.now).queues["general"].calls[0].waited_seconds == 20


class TestRingingIn:
    def test_he_takes_the_better_place_and_is_not_called_meanwhile(self):
        here = room()
        ask(here, "k1", "138", tier="gold")
        here.wait(100)
        here.queue("c1", tier="gold")
        here.queue("c2", caller="138")
        assert here.calls() == ["c2", "c1"]
        assert brief(here.log_in("anna")) == [("offer", "c2", "anna")]

    def test_served_he_needs_no_callback_any_more(self):
        here = room()
        ask(here, "k1", "138")
        here.queue("c2", caller="138")
        (offer,) = here.log_in("anna")
        here.talk(offer.offer)
        here.hear(TalkEnded(offer.offer, caller_remains=False))
        assert outcome(here) == ["callback_rang_in: rang_in"]

    def test_gone_unserved_he_is_called_back_after_all(self):
        here = room()
        ask(here, "k1", "138")
        here.wait(50)
        here.queue("c2", caller="138")
        here.hear(CallAbandoned("c2"))
        assert here.calls() == ["k1"]
        assert brief(here.log_in("anna")) == [("callback", "k1", "anna")]

    def test_an_agent_who_is_rung_for_the_callback_is_let_go(self):
        here = room("anna")
        (offer,) = ask(here, "k1", "138")
        commands = here.queue("c2", caller="138")
        assert brief(commands) == [("cancel", "k1", "anna", "rang_in")]
        assert brief(here.hear(OfferFailed(offer.offer, OfferCause.CANCELLED))) == [("offer", "c2", "anna")]

    def test_served_before_the_old_leg_is_dead_ends_the_callback_with_the_leg(self):
        here = room("anna", "bo")
        (offer,) = ask(here, "k1", "138")
        (_, call) = here.queue("c2", caller="138")
        assert isinstance(call, OfferCall)
        here.talk(call.offer)
        here.hear(TalkEnded(call.offer, caller_remains=False))
        assert outcome(here) == []
        here.hear(OfferFailed(offer.offer, OfferCause.CANCELLED))
        assert outcome(here) == ["callback_rang_in: callback"]

    def test_a_talk_that_wins_the_race_is_the_callback(self):
        here = room("anna")
        (offer,) = ask(here, "k1", "138")
        dial(here, offer.offer)
        here.queue("c2", caller="138")
        here.hear(TalkStarted(offer.offer), TalkEnded(offer.offer, caller_remains=False))
        assert outcome(here) == ["called_back: talk_ended"]
        assert here.calls() == ["c2"]

    def test_another_queue_is_another_concern(self):
        here = Room(small_policy(quiet("general", callback=RULES), quiet("faults"), agents=(agent("anna"),)))
        ask(here, "k1", "138")
        here.queue("c2", "faults", caller="138")
        assert brief(here.log_in("anna")) == [("callback", "k1", "anna")]

    def test_the_used_up_attempt_of_the_race_ends_it_once_he_is_gone(self):
        here = room("anna", rules=replace(RULES, attempts=1))
        (offer,) = ask(here, "k1", "138")
        dial(here, offer.offer)
        here.queue("c2", caller="138")
        here.hear(OfferFailed(offer.offer, OfferCause.CANCELLED))
        assert outcome(here) == []
        here.hear(CallAbandoned("c2"))
        assert outcome(here) == ["callback_failed: rang_in"]


class TestStartingAgain:
    def test_it_waits_on_with_its_age_attempts_pause_and_expiry(self):
        here = room("anna")
        here.hear(DispatchPaused())
        now = here.now
        ask(here, entered_at=now - 100, attempts=1, expires_at=now + 300, not_before=now + 30)
        assert here.hear(DispatchResumed()) == []
        (offer,) = here.wait(30.1)
        assert (offer.attempt, round(offer.waited_seconds)) == (2, 130)

    def test_a_leg_that_rings_goes_on(self):
        here = room("anna")
        here.hear(DispatchPaused(), OfferAdopted("old-1", "k1", "anna", OfferPhase.RINGING))
        ask(here, entered_at=here.now - 10)
        assert here.hear(DispatchResumed()) == []
        dial(here, "old-1")
        here.hear(TalkStarted("old-1"), TalkEnded("old-1", caller_remains=False))
        assert outcome(here) == ["called_back: talk_ended"]

    def test_the_last_attempt_that_is_under_way_is_neither_cut_nor_repeated(self):
        here = room("anna")
        here.hear(DispatchPaused())
        ask(here, entered_at=here.now - 10, attempts=2)
        here.hear(OfferAdopted("old-1", "k1", "anna", OfferPhase.CONNECTING, here.now + 33, dialled=True))
        assert here.hear(DispatchResumed()) == []
        here.hear(OfferFailed("old-1", OfferCause.NOT_REACHED, "no_answer"))
        assert outcome(here) == ["callback_failed: no_answer"]

    def test_without_an_attempt_left_and_without_a_leg_it_has_failed(self):
        here = room("anna")
        here.hear(DispatchPaused())
        ask(here, entered_at=here.now - 10, attempts=2)
        assert outcome(here) == []
        here.hear(DispatchResumed())
        assert outcome(here) == ["callback_failed: attempts"]

    def test_a_talk_is_adopted(self):
        here = room("anna")
        here.hear(DispatchPaused())
        ask(here, entered_at=here.now - 10, attempts=1)
        here.hear(TalkAdopted("old-1", "k1", "anna", "general", "basic", here.now - 5), DispatchResumed())
        here.hear(TalkEnded("old-1", caller_remains=False))
        assert outcome(here) == ["called_back: talk_ended"]

    def test_its_customer_waits_on_the_line_already(self):
        here = room()
        here.hear(DispatchPaused(), CallQueued("c1", "general", "basic", entered_at=here.now - 5, caller="138"))
        ask(here, "k1", "138", entered_at=here.now - 500)
        here.hear(CallQueued("c2", "general", "gold", entered_at=here.now), DispatchResumed())
        assert here.calls() == ["c1", "c2"]


@pytest.mark.parametrize(("fresh", "resumed"), [(True, False), (False, True)])
def test_a_promise_with_an_old_place_is_still_a_new_one(fresh, resumed):
    here = room()
    ask(here, entered_at=here.now - 40, fresh=fresh)
    assert [fact.resumed for fact in here.established(CallbackEntered)] == [resumed]
    assert here.engine.state_of("k1") is CallState.WAITING
    here.hear(CallbackCancelled("k1"))
    assert here.engine.state_of("k1") is CallState.ENDED
    assert here.engine.state_of("k2") is None


def test_cancelled_before_during_and_too_late():
    here = room("anna")
    (offer,) = ask(here)
    (cancel,) = here.hear(CallbackCancelled("k1"))
    assert cancel.reason is CancelReason.LEAVING
    here.hear(OfferFailed(offer.offer, OfferCause.CANCELLED))
    assert outcome(here) == ["callback_cancelled: callback"]
    here.hear(CallbackCancelled("k1"))
    assert here.ignored() == ["late"]
    (offer,) = ask(here, "k2")
    dial(here, offer.offer)
    here.hear(TalkStarted(offer.offer), CallbackCancelled("k2"))
    assert here.ignored() == ["illegal"]


def test_a_queue_that_is_gone_ends_it_aloud():
    here = room()
    ask(here, "k1")
    here.hear(PolicyReplaced(small_policy(quiet("faults"))))
    assert outcome(here) == ["callback_failed: no_queue"]
    ask(here, "k2", queue="nowhere")
    assert outcome(here) == ["callback_failed: no_queue"]


def test_fewer_attempts_in_a_new_policy_end_what_is_used_up():
    here = room("anna")
    (offer,) = ask(here)
    dial(here, offer.offer)
    here.hear(OfferFailed(offer.offer, OfferCause.NOT_REACHED, "busy"))
    queue = quiet("general", callback=replace(RULES, attempts=1))
    here.hear(PolicyReplaced(small_policy(queue, agents=(agent("anna"),))))
    assert outcome(here) == ["callback_failed: attempts"]


@pytest.mark.parametrize(
    "event",
    [
        CallAbandoned("k1"),
        CallLeaveRequested("k1", LeaveReason.MENU),
        CallQueued("k1", "general", "basic"),
        CallbackRequested("k1", "other number", "general", "basic"),
        CallbackRequested("k9", "", "general", "basic"),
        CallbackRequested("k1", "13800000001", "nowhere", "basic"),
    ],
)
def test_what_only_a_caller_can_do_or_nobody_said_changes_nothing(event):
    here = room()
    ask(here)
    assert here.hear(event) == []
    assert len(here.ignored()) == 1
    assert here.engine.snapshot(here.now).queues["general"].calls[0].state is CallState.WAITING


def test_the_snapshot_counts_callbacks_apart_and_explain_says_what_holds_one_back():
    here = room()
    ask(here, "k1", "138")
    here.wait(300)
    here.queue("c1")
    queue = here.engine.snapshot(here.now).queues["general"]
    assert (queue.waiting, queue.callbacks, queue.longest_wait_seconds) == (1, 1, 0)
    assert [call.callback for call in queue.calls] == [True, False]
    here.hear(CallbackHours("general", allowed=False))
    standing = here.engine.explain("k1", here.now).standing
    assert standing is not None
    assert standing.held_back == "outside the hours of callbacks"
    here.hear(CallbackHours("general", allowed=True), CallQueued("c2", "general", "basic", caller="138"))
    standing = here.engine.explain("k1", here.now).standing
    assert standing is not None
    assert standing.held_back == "the customer is on the line himself: c2"
    credited = here.engine.explain("c2", here.now).standing
    assert credited is not None
    assert credited.score == pytest.approx(300)
