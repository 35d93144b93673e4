"""The life of an offer, from the ring to the talk, and each way it comes to nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from acd_room import agent, brief, quiet

from acd.config import Backoff
from acd.events import (
    AgentLoggedOut,
    AgentPaused,
    AgentReadied,
    CallAbandoned,
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
)
from acd.facts import CallAnswered, CallEnded, OfferEnded, OfferMade, TalkFinished, WrapUpFinished
from acd.states import AgentState

O1, O2 = "o-00000001", "o-00000002"


@pytest.fixture
def offered(make_room):
    """c1 is offered to anna since 10 s; bo is logged out. No wrap-up, 3 misses allowed."""
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.queue("c1")
    room.wait(10)
    assert brief(room.log_in("anna")) == [("offer", "c1", "anna")]
    return room


def results(room):
    return [fact.result.value for fact in room.established(OfferEnded)]


def outcomes(room):
    return [(fact.call, fact.outcome.value) for fact in room.all_facts if isinstance(fact, CallEnded)]


def test_a_good_talk_establishes_each_fact_once(offered):
    """Rung at 10 s, answered at 13 s, talk from 14 s to 74 s."""
    offered.wait(3)
    offered.hear(OfferRinging(O1), OfferAnswered(O1))
    assert offered.agent("anna").state is AgentState.CONNECTING
    offered.wait(1)
    offered.hear(TalkStarted(O1))
    assert offered.established(CallAnswered) == [CallAnswered("c1", "general", "basic", "anna", O1, 14.0)]
    assert [(fact.result.value, fact.seconds) for fact in offered.established(OfferEnded)] == [("talked", 4.0)]
    offered.wait(60)
    offered.hear(TalkEnded(O1, caller_remains=False))
    assert offered.established(TalkFinished) == [TalkFinished(O1, "c1", "anna", "general", "basic", 60.0)]
    assert [(f.outcome.value, f.reason, f.wait_seconds) for f in offered.established(CallEnded)] == [
        ("answered", "talk_ended", 14.0)
    ]
    assert offered.agent("anna").state is AgentState.READY


def test_what_comes_twice_late_or_from_nowhere_is_counted(offered):
    offered.hear(OfferRinging(O1), OfferRinging(O1), OfferAnswered(O1), OfferAnswered(O1), OfferRinging(O1))
    assert offered.ignored() == ["duplicate", "duplicate", "late"]
    offered.hear(TalkStarted(O1), TalkStarted(O1), OfferAnswered(O1), OfferFailed(O1, OfferCause.BUSY))
    assert offered.ignored() == ["duplicate", "late", "illegal"]
    offered.hear(TalkEnded(O1, caller_remains=False), TalkEnded(O1, caller_remains=False))
    assert offered.ignored() == ["late"]
    offered.hear(OfferRinging("o-00000099"), OfferRinging("x"), OfferRinging("o-"), OfferRinging("o-00000000"))
    assert offered.ignored() == ["unknown_offer"] * 4


def test_a_talk_whose_ring_was_never_heard_is_a_talk(offered):
    offered.hear(TalkStarted(O1))
    assert offered.agent("anna").state is AgentState.TALKING


def test_a_talk_whose_start_was_never_heard_is_caught_up_at_its_end(offered):
    offered.hear(OfferRinging(O1), TalkEnded(O1, caller_remains=True))
    assert [type(fact) for fact in offered.established(CallAnswered, TalkFinished, CallEnded)] == [
        CallAnswered,
        TalkFinished,
        CallEnded,
    ]


def test_no_answer_is_a_miss_and_the_third_pauses_the_agent(offered):
    """Back-off of 5 s after each miss; the way back is AgentReadied. The caller keeps his age."""
    for number in (1, 2, 3):
        offer = f"o-{number:08d}"
        offered.hear(OfferRinging(offer), OfferFailed(offer, OfferCause.NO_ANSWER))
        assert offered.agent("anna").misses == number
        if number < 3:
            assert offered.agent("anna").state is AgentState.BACKOFF
            assert brief(offered.wait(4.9)) == []
            assert brief(offered.wait(0.1)) == [("offer", "c1", "anna")]
    assert (offered.agent("anna").state, offered.agent("anna").reason) == (AgentState.PAUSED, "missed_calls")
    assert brief(offered.wait(3600)) == []
    assert brief(offered.hear(AgentReadied("anna"))) == [("offer", "c1", "anna")]
    assert offered.agent("anna").misses == 0
    assert offered.engine.snapshot(offered.now).queues["general"].calls[0].waited_seconds == 3620


def test_unpausing_is_a_way_back_too_and_a_talk_forgives_misses(offered):
    offered.hear(OfferRinging(O1), OfferFailed(O1, OfferCause.NO_ANSWER))
    offered.wait(5)
    offered.talk(O2)
    assert offered.agent("anna").misses == 0


def test_max_misses_zero_never_pauses(make_room):
    room = make_room(agents=(replace(agent("anna"), max_misses=0),))
    room.log_in("anna")
    room.queue("c1")
    for number in range(1, 8):
        room.hear(OfferFailed(f"o-{number:08d}", OfferCause.NO_ANSWER))
        room.wait(5)
    assert room.agent("anna").state is AgentState.OFFERED


@pytest.mark.parametrize(
    ("cause", "waits"),
    [
        (OfferCause.BUSY, [10, 20, 40]),
        (OfferCause.REJECTED, [15, 30, 60]),
        (OfferCause.UNREACHABLE, [30, 60, 120]),
        (OfferCause.ERROR, [5, 10, 20]),
    ],
)
def test_each_failure_has_its_own_growing_backoff(offered, cause, waits):
    for number, seconds in enumerate(waits, start=1):
        offered.hear(OfferFailed(f"o-{number:08d}", cause))
        assert (offered.agent("anna").state, offered.agent("anna").reason) == (AgentState.BACKOFF, cause.value)
        assert offered.agent("anna").until == offered.now + seconds
        assert offered.agent("anna").misses == 0
        assert brief(offered.wait(seconds - 0.1)) == []
        assert brief(offered.wait(0.1)) == [("offer", "c1", "anna")]


def test_a_backoff_has_a_limit_and_a_floor_of_five_seconds(make_room):
    """Configured: busy 1 s, limit 8 s. At most one INVITE per 5 s goes to a failing phone."""
    backoff = Backoff(busy_seconds=1, limit_seconds=8)
    room = make_room(agents=(agent("anna"),), backoff=backoff)
    room.log_in("anna")
    room.queue("c1")
    seen = []
    for number in range(1, 7):
        room.hear(OfferFailed(f"o-{number:08d}", OfferCause.BUSY))
        seen.append(room.agent("anna").until - room.now)
        room.wait(seen[-1])
    assert seen == [5, 5, 5, 8, 8, 8]


def test_the_caller_of_a_failed_offer_goes_to_the_next_agent_at_once(offered):
    offered.log_in("bo")
    assert brief(offered.hear(OfferFailed(O1, OfferCause.REJECTED))) == [("offer", "c1", "bo")]


def test_a_failed_offer_keeps_the_callers_place(offered):
    """c1 fails with anna; bo, free since, takes c1 and not the younger c2."""
    offered.queue("c2")
    offered.log_in("bo")
    assert brief(offered.hear(OfferFailed(O2, OfferCause.BUSY))) == []
    assert brief(offered.hear(OfferFailed(O1, OfferCause.BUSY))) == []
    assert offered.calls() == ["c1", "c2"]
    assert brief(offered.wait(10)) == [("offer", "c1", "anna"), ("offer", "c2", "bo")]


@pytest.mark.parametrize("cause", [OfferCause.REFUSED, OfferCause.STALE_OWNER, OfferCause.CANCELLED])
def test_what_is_not_the_agents_doing_frees_him_at_once(offered, cause):
    """First time the call is offered again at once; the second time it is held off for 1 s, then 2 s."""
    assert brief(offered.hear(OfferFailed(O1, cause))) == [("offer", "c1", "anna")]
    assert offered.agent("anna").misses == 0
    assert brief(offered.hear(OfferFailed(O2, cause))) == []
    assert offered.agent("anna").state is AgentState.READY
    assert brief(offered.wait(1)) == [("offer", "c1", "anna")]
    assert brief(offered.hear(OfferFailed("o-00000003", cause))) == []
    assert brief(offered.wait(1.9)) == []
    assert brief(offered.wait(0.1)) == [("offer", "c1", "anna")]


def test_other_callers_do_not_wait_for_a_call_that_is_held_off(offered):
    offered.queue("c2")
    assert brief(offered.hear(OfferFailed(O1, OfferCause.CALLER_GONE))) == [("offer", "c2", "anna")]


def test_an_agent_who_hangs_up_in_the_whisper_gets_a_short_backoff_counted_apart(offered):
    offered.hear(OfferRinging(O1), OfferAnswered(O1), OfferFailed(O1, OfferCause.HUNG_UP))
    assert results(offered) == ["hung_up"]
    assert (offered.agent("anna").state, offered.agent("anna").reason) == (AgentState.BACKOFF, "hung_up")
    assert offered.agent("anna").misses == 0
    assert brief(offered.wait(5)) == [("offer", "c1", "anna")]


def test_an_agent_who_hangs_up_within_half_a_second_of_talk_returns_the_caller(offered):
    """The caller keeps his place and his entry; it ends once, when he is really served."""
    offered.talk(O1)
    offered.wait(0.5)
    offered.log_in("bo")
    assert brief(offered.hear(OfferFailed(O1, OfferCause.HUNG_UP))) == [("offer", "c1", "bo")]
    assert offered.agent("anna").reason == "hung_up"
    offered.talk(O2)
    offered.wait(30)
    offered.hear(TalkEnded(O2, caller_remains=False))
    assert outcomes(offered) == [("c1", "answered")]


def test_hanging_up_later_in_the_talk_is_not_a_failed_offer(offered):
    offered.talk(O1)
    offered.wait(0.6)
    offered.hear(OfferFailed(O1, OfferCause.HUNG_UP))
    assert offered.ignored() == ["illegal"]


def test_an_offer_nobody_reports_on_is_withdrawn_and_counts_as_unreachable(offered):
    """Ring time-out 20 s and 3 s of grace; the leg's end is then confirmed."""
    assert brief(offered.wait(22.9)) == []
    assert brief(offered.wait(0.1)) == [("cancel", "c1", "anna", "no_answer")]
    assert offered.agent("anna").state is AgentState.CANCELLING
    offered.hear(OfferFailed(O1, OfferCause.CANCELLED))
    assert results(offered) == ["unreachable"]
    assert offered.agent("anna").reason == "unreachable"


def test_a_ringing_offer_that_is_overdue_counts_as_a_miss(offered):
    offered.hear(OfferRinging(O1))
    assert brief(offered.wait(23)) == [("cancel", "c1", "anna", "no_answer")]
    offered.hear(OfferFailed(O1, OfferCause.CANCELLED))
    assert results(offered) == ["no_answer"]
    assert offered.agent("anna").misses == 1


def test_an_answered_offer_without_a_talk_is_withdrawn_after_the_connect_deadline(offered):
    offered.hear(OfferRinging(O1), OfferAnswered(O1))
    assert brief(offered.wait(14.9)) == []
    assert brief(offered.wait(0.1)) == [("cancel", "c1", "anna", "connect_timeout")]
    offered.hear(OfferFailed(O1, OfferCause.CANCELLED))
    assert results(offered) == ["error"]


def test_a_cancel_nobody_confirms_ends_by_its_own_deadline_and_is_counted(offered):
    offered.hear(CallAbandoned("c1"))
    assert brief(offered.wait(4.9)) == []
    assert offered.agent("anna").state is AgentState.CANCELLING
    offered.wait(0.1)
    assert [(fact.result.value, fact.cancel_expired) for fact in offered.established(OfferEnded)] == [
        ("caller_gone", True)
    ]
    assert offered.agent("anna").state is AgentState.READY
    offered.hear(OfferFailed(O1, OfferCause.CANCELLED), TalkStarted(O1))
    assert offered.ignored() == ["late", "late"]


def test_what_the_phone_says_counts_even_while_the_offer_is_withdrawn(offered):
    offered.hear(CallAbandoned("c1"), OfferFailed(O1, OfferCause.UNREACHABLE))
    assert offered.agent("anna").reason == "unreachable"


def test_a_talk_wins_over_the_ring_timeout(offered):
    offered.wait(23)
    offered.hear(TalkStarted(O1))
    assert offered.agent("anna").state is AgentState.TALKING
    offered.hear(OfferFailed(O1, OfferCause.CANCELLED))
    assert offered.ignored() == ["illegal"]


def test_an_answer_after_the_withdrawal_is_late(offered):
    offered.wait(23)
    offered.hear(OfferRinging(O1), OfferAnswered(O1))
    assert offered.ignored() == ["late", "late"]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([], "offered"),
        ([OfferRinging(O1)], "offered"),
        ([OfferRinging(O1), OfferAnswered(O1)], "connecting"),
    ],
)
def test_a_caller_who_hangs_up_before_the_talk_abandons_and_the_agent_is_freed(offered, steps, reason):
    offered.hear(*steps)
    assert brief(offered.hear(CallAbandoned("c1"))) == [("cancel", "c1", "anna", "caller_gone")]
    ended = offered.established(CallEnded)
    assert [(fact.outcome.value, fact.reason, fact.wait_seconds) for fact in ended] == [("abandoned", reason, 10.0)]
    offered.queue("c2")
    assert brief(offered.hear(OfferFailed(O1, OfferCause.CANCELLED))) == [("offer", "c2", "anna")]
    assert offered.agent("anna").misses == 0


def test_an_abandoned_callers_talk_is_late_and_its_end_frees_the_agent(offered):
    """Caller hangs up in the same instant as the answer: the entry has ended, the agent must not hang."""
    offered.hear(CallAbandoned("c1"), TalkStarted(O1))
    assert offered.ignored() == ["late"]
    offered.hear(TalkEnded(O1, caller_remains=False))
    assert results(offered) == ["caller_gone"]
    assert offered.agent("anna").state is AgentState.READY
    assert outcomes(offered) == [("c1", "abandoned")]


def test_a_caller_who_hangs_up_in_the_talk_was_answered(offered):
    offered.talk(O1)
    offered.hear(CallAbandoned("c1"))
    assert outcomes(offered) == [("c1", "answered")]
    offered.hear(TalkEnded(O1, caller_remains=False), CallAbandoned("c1"), CallAbandoned("never-seen"))
    assert offered.ignored() == ["late", "late", "unknown_call"]


def test_lost_calls_end_as_lost_unless_they_talked(offered):
    offered.queue("c2")
    offered.talk(O1)
    assert offered.hear(CallLost("c1", "asterisk restarted"), CallLost("c2", "asterisk restarted"))
    assert outcomes(offered) == [("c1", "answered"), ("c2", "lost")]


def test_the_same_call_queued_again_waits_until_its_old_leg_is_dead(make_room):
    """Moving him or ringing another agent while that leg may still answer could cut a talk."""
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.log_in("anna", "bo")
    room.queue("c1")
    assert brief(room.hear(CallAbandoned("c1"), CallQueued("c1", "general", "basic"))) == [
        ("cancel", "c1", "anna", "caller_gone")
    ]
    assert brief(room.hear(CallLeaveRequested("c1", LeaveReason.VOICEMAIL))) == []
    assert brief(room.hear(OfferFailed(O1, OfferCause.CANCELLED))) == [("release", "c1", "voicemail", "")]


def test_the_old_leg_of_a_call_queued_again_may_talk_after_all(make_room):
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.log_in("anna", "bo")
    room.queue("c1")
    room.hear(CallAbandoned("c1"), CallQueued("c1", "general", "basic"), TalkStarted(O1))
    assert room.agent("anna").state is AgentState.TALKING
    assert outcomes(room) == [("c1", "abandoned")]


def test_a_talk_forgives_failures(offered):
    """Busy, busy (20 s), talk, busy: 10 s again."""
    offered.hear(OfferFailed(O1, OfferCause.BUSY))
    offered.wait(10)
    offered.hear(OfferFailed(O2, OfferCause.BUSY))
    offered.wait(20)
    offered.talk("o-00000003")
    offered.hear(TalkEnded("o-00000003", caller_remains=False))
    offered.queue("c2")
    offered.hear(OfferFailed("o-00000004", OfferCause.BUSY))
    assert offered.agent("anna").until == offered.now + 10


def test_an_agent_whose_caller_hung_up_stays_the_longest_idle(offered):
    """anna was there before bo; c1 hangs up, and c2 goes to anna. After a failure of her own it goes to bo."""
    offered.wait(1)
    offered.log_in("bo")
    offered.wait(1)
    offered.hear(CallAbandoned("c1"), OfferFailed(O1, OfferCause.CANCELLED))
    assert brief(offered.queue("c2")) == [("offer", "c2", "anna")]
    offered.hear(OfferFailed(O2, OfferCause.NO_ANSWER), CallAbandoned("c2"))
    offered.hear(OfferFailed("o-00000003", OfferCause.CANCELLED))
    offered.wait(60)
    assert brief(offered.queue("c3")) == [("offer", "c3", "bo")]


def test_queueing_again_ends_a_talk_whose_end_was_lost(offered):
    offered.talk(O1)
    offered.hear(CallQueued("c1", "general", "basic", entered_at=1000.0, first=True))
    assert outcomes(offered) == [("c1", "answered")]
    made = [fact for fact in offered.all_facts if isinstance(fact, OfferMade)]
    assert [fact.offer for fact in made] == [O1, O2]
    offered.hear(TalkEnded(O1, caller_remains=True))
    assert offered.ignored() == ["late"]


def test_wrap_up_lasts_its_time_and_ready_ends_it(make_room):
    """Queue: 10 s; the agent's own setting (3 s) wins over it."""
    anna, bo = replace(agent("anna"), wrapup_seconds=None), replace(agent("bo"), wrapup_seconds=3)
    room = make_room(quiet("general", wrapup_seconds=10), agents=(anna, bo))
    room.log_in("anna", "bo")
    room.queue("c1")
    room.queue("c2")
    room.talk(O1)
    room.talk(O2)
    room.hear(TalkEnded(O1, caller_remains=False), TalkEnded(O2, caller_remains=False))
    assert {room.agent(name).state for name in ("anna", "bo")} == {AgentState.WRAP_UP}
    room.wait(3)
    assert room.established(WrapUpFinished) == [WrapUpFinished("bo", "general", 3.0)]
    room.wait(2)
    room.hear(AgentReadied("anna"))
    assert room.established(WrapUpFinished) == [WrapUpFinished("anna", "general", 5.0)]
    assert room.agent("anna").state is AgentState.READY
    room.hear(AgentReadied("anna"))
    assert room.ignored() == ["illegal"]


@pytest.mark.parametrize("event", [AgentPaused("anna", "lunch"), AgentLoggedOut("anna")])
def test_what_an_agent_asks_for_while_busy_takes_effect_after(offered, event):
    """During the offer and the talk nothing changes; then no wrap-up, no further call."""
    offered.hear(event)
    assert offered.agent("anna").state is AgentState.OFFERED
    offered.talk(O1)
    offered.queue("c2")
    assert brief(offered.hear(TalkEnded(O1, caller_remains=False))) == []
    expected = AgentState.PAUSED if isinstance(event, AgentPaused) else AgentState.LOGGED_OUT
    assert offered.agent("anna").state is expected
