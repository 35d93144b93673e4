"""A phone that was told to stop ringing is left alone until it has answered that; nobody else waits for it."""

from __future__ import annotations

import pytest
from acd_room import agent, brief, quiet

from acd.eligibility import Reason
from acd.events import (
    AgentLegCut,
    AgentPaused,
    AgentUnpaused,
    CallAbandoned,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkEnded,
    TalkStarted,
)
from acd.states import AgentState

O1 = "o-00000001"


@pytest.fixture
def room(make_room):
    """anna is rung for c1; after a call that was taken back a phone rests for half a second."""
    room = make_room(agents=(agent("anna"), agent("bo")), cancelled_rest_seconds=0.5)
    room.log_in("anna")
    room.queue("c1")
    return room


def taken_back(room) -> None:
    room.wait(2)
    room.hear(OfferRinging(O1), CallAbandoned("c1"), OfferFailed(O1, OfferCause.CANCELLED))


def test_after_a_call_that_was_taken_back_the_phone_rests(room):
    taken_back(room)
    assert room.agent("anna").state is AgentState.READY
    assert room.queue("c2") == []
    assert room.engine.explain("c2", room.now).standing.ineligible["anna"].reason is Reason.RESTING
    assert room.wait(0.49) == []
    assert brief(room.wait(0.02)) == [("offer", "c2", "anna")]


def test_a_leg_whose_end_nobody_confirms_counts_from_when_it_is_taken_for_dead(room):
    room.hear(OfferRinging(O1), CallAbandoned("c1"))
    room.queue("c2")
    assert room.wait(5.4) == []
    assert brief(room.wait(0.2)) == [("offer", "c2", "anna")]


def test_a_colleague_is_asked_at_once(room):
    taken_back(room)
    room.log_in("bo")
    assert brief(room.queue("c2")) == [("offer", "c2", "bo")]


def test_after_a_talk_the_next_ring_is_immediate(room):
    room.queue("c2")
    room.hear(OfferRinging(O1), OfferAnswered(O1), TalkStarted(O1))
    room.wait(10)
    assert brief(room.hear(TalkEnded(O1, caller_remains=False))) == [("offer", "c2", "anna")]


def test_a_phone_that_said_busy_only_backs_off(room):
    room.hear(OfferFailed(O1, OfferCause.BUSY))
    assert room.agent("anna").state is AgentState.BACKOFF


def test_the_rest_costs_no_idle_time(room):
    """anna is idle for longer than bo, and stays so."""
    taken_back(room)
    room.log_in("bo")
    room.wait(1)
    assert brief(room.queue("c2")) == [("offer", "c2", "anna")]


def test_a_pause_meanwhile_does_not_end_the_rest(room):
    taken_back(room)
    room.queue("c2")
    assert room.hear(AgentPaused("anna", "tea"), AgentUnpaused("anna")) == []
    assert brief(room.wait(0.6)) == [("offer", "c2", "anna")]


def test_a_queue_whose_only_agent_rests_is_not_empty(make_room):
    line = quiet("general", empty_when=frozenset({AgentState.BACKOFF, AgentState.LOGGED_OUT}))
    room = make_room(line, agents=(agent("anna"),), cancelled_rest_seconds=0.5)
    room.log_in("anna")
    room.queue("c1")
    taken_back(room)
    assert room.queue("c2") == []
    assert room.calls() == ["c2"]


def test_a_leg_of_no_offer_that_was_hung_up_rests_the_phone_too(make_room):
    room = make_room(agents=(agent("anna"),), cancelled_rest_seconds=0.5)
    room.log_in("anna")
    room.hear(AgentLegCut("anna"))
    assert room.queue("c1") == []
    assert brief(room.wait(0.5)) == [("offer", "c1", "anna")]
    room.hear(AgentLegCut("nobody"))
    assert room.ignored() == ["unknown_agent"]


def test_zero_seconds_rest_nobody(make_room):
    room = make_room(agents=(agent("anna"),), cancelled_rest_seconds=0.0)
    room.log_in("anna")
    room.queue("c1")
    taken_back(room)
    assert brief(room.queue("c2")) == [("offer", "c2", "anna")]
