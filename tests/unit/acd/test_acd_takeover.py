"""A colleague has a caller whom his agent led to him: TALKING and wrap-up as after any talk, and nothing else moves."""

from __future__ import annotations

import pytest
from acd_room import agent, brief, quiet

from acd.config import Agent
from acd.events import (
    AgentBusyElsewhere,
    AgentLoggedOut,
    AgentPaused,
    CallQueued,
    CallTakenOver,
    TalkAdopted,
    TalkEnded,
)
from acd.facts import CallEnded, OfferEnded, OfferMade, TalkFinished, WrapUpFinished
from acd.states import AgentState

TAKEN = CallTakenOver("led-1", "c1", "bo", "general", "gold")
OVER = TalkEnded("led-1", caller_remains=True)


@pytest.fixture
def room(make_room):
    """c1 was in general and has been led to bo, who is ready."""
    room = make_room(quiet("general", wrapup_seconds=10), agents=(Agent("bo", queues=("general",)), agent("anna")))
    room.log_in("bo")
    return room


def test_he_talks_for_the_queue_of_the_caller_and_wraps_up(room):
    room.hear(TAKEN)
    assert (room.agent("bo").state, room.agent("bo").call) == (AgentState.TALKING, "c1")
    assert room.queue("c2") == []
    room.wait(60)
    room.hear(OVER)
    assert room.established(TalkFinished) == [TalkFinished("led-1", "led-1", "bo", "general", "gold", 60.0)]
    assert room.agent("bo").state is AgentState.WRAP_UP
    assert brief(room.wait(10)) == [("offer", "c2", "bo")]
    assert room.established(WrapUpFinished) == [WrapUpFinished("bo", "general", 10.0)]


def test_it_is_no_offer_and_no_entry(room):
    room.hear(TAKEN)
    room.wait(5)
    room.hear(OVER)
    assert not [fact for fact in room.all_facts if isinstance(fact, OfferMade | OfferEnded | CallEnded)]


def test_who_pauses_or_goes_home_meanwhile_does_so_after_it(room):
    room.hear(TAKEN, AgentPaused("bo", "tea"), OVER)
    assert room.agent("bo").state is AgentState.PAUSED


def test_who_was_paused_is_paused_again(room):
    room.hear(AgentPaused("bo", "tea"), TAKEN)
    assert room.agent("bo").state is AgentState.TALKING
    room.hear(OVER)
    assert (room.agent("bo").state, room.agent("bo").reason) == (AgentState.PAUSED, "tea")


def test_who_is_not_at_work_or_rung_for_another_stays_as_he_is(room):
    room.queue("c2")
    room.hear(TAKEN)
    assert room.ignored() == ["illegal"]
    assert room.agent("bo").state is AgentState.OFFERED
    room.hear(CallTakenOver("led-2", "c1", "anna", "general", "gold"), CallTakenOver("led-3", "c1", "nobody", "general", "gold"))
    assert room.ignored() == ["illegal", "unknown_agent"]
    assert room.agent("anna").state is AgentState.LOGGED_OUT


def test_told_twice_it_begins_and_ends_once(room):
    room.hear(TAKEN, TAKEN)
    assert room.ignored() == ["duplicate"]
    room.hear(OVER, OVER)
    assert room.ignored() == ["unknown_offer"]


def test_it_ends_when_his_phone_is_seen_to_be_free(room):
    """As when he leads the caller on to a third one, of which nobody tells."""
    room.hear(AgentBusyElsewhere("bo", busy=True), TAKEN)
    assert room.agent("bo").state is AgentState.TALKING
    room.hear(AgentBusyElsewhere("bo", busy=False))
    assert room.agent("bo").state is AgentState.WRAP_UP


def test_his_caller_may_wait_again_before_the_end_is_told(room):
    room.hear(TAKEN)
    assert room.hear(CallQueued("c1", "general", "gold")) == []
    assert room.calls() == ["c1"]
    room.hear(OVER)
    assert brief(room.wait(10)) == [("offer", "c1", "bo")]


def test_a_talk_that_is_found_wins(room):
    room.hear(TAKEN, TalkAdopted("old-1", "c9", "bo", "general", "basic", room.now))
    assert room.agent("bo").call == "c9"
    room.hear(AgentLoggedOut("bo"), TalkEnded("old-1", caller_remains=False))
    assert room.agent("bo").state is AgentState.LOGGED_OUT
