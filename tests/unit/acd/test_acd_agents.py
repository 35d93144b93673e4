"""What agents do by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from acd_room import agent, brief, quiet

from acd.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentReadied,
    AgentUnpaused,
    OfferCause,
    OfferFailed,
    TalkEnded,
)
from acd.facts import AgentChanged, WrapUpFinished
from acd.states import AgentState

O1 = "o-00000001"


def changes(room):
    return [(fact.old.value, fact.new.value, fact.reason) for fact in room.established(AgentChanged)]


def test_log_in_pause_unpause_log_out(room):
    room.hear(AgentLoggedIn("anna"), AgentPaused("anna", "lunch"), AgentUnpaused("anna"), AgentLoggedOut("anna"))
    assert changes(room) == [
        ("logged_out", "ready", ""),
        ("ready", "paused", "lunch"),
        ("paused", "ready", ""),
        ("ready", "logged_out", "logged_out"),
    ]


def test_changes_carry_the_seconds_in_the_old_state(room):
    room.log_in("anna")
    room.wait(42)
    room.hear(AgentPaused("anna", "lunch"))
    assert [fact.seconds_in_old for fact in room.established(AgentChanged)] == [42.0]


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([AgentLoggedIn("anna"), AgentLoggedIn("anna")], ["duplicate"]),
        ([AgentLoggedOut("anna")], ["duplicate"]),
        ([AgentPaused("anna", "lunch")], ["illegal"]),
        ([AgentLoggedIn("anna"), AgentUnpaused("anna")], ["illegal"]),
        ([AgentReadied("anna")], ["illegal"]),
        ([AgentLoggedIn("anna"), AgentPaused("anna", "x"), AgentPaused("anna", "x")], ["duplicate"]),
        (
            [kind("nobody") for kind in (AgentLoggedIn, AgentLoggedOut, AgentUnpaused, AgentReadied)],
            ["unknown_agent"] * 4,
        ),
        ([AgentPaused("nobody", "lunch")], ["unknown_agent"]),
    ],
)
def test_what_makes_no_sense_is_counted(room, events, why):
    room.hear(*events)
    assert room.ignored() == why


def test_a_pause_may_change_its_reason(room):
    room.hear(AgentLoggedIn("anna"), AgentPaused("anna", "lunch"))
    room.wait(5)
    room.hear(AgentPaused("anna", "training"))
    assert changes(room) == [("paused", "paused", "training")]
    assert room.agent("anna").reason == "training"


def test_requests_made_while_busy_can_be_taken_back(room):
    """A pause is dropped by unpause or ready, a log-out by log-in; then the agent is free as usual."""
    room.log_in("anna")
    room.queue("c1")
    room.talk(O1)
    room.hear(AgentPaused("anna", "lunch"), AgentReadied("anna"), AgentLoggedOut("anna"))
    room.hear(AgentPaused("anna", "lunch"))
    assert room.ignored() == ["illegal"]
    room.hear(AgentLoggedIn("anna"), TalkEnded(O1, caller_remains=False))
    assert room.agent("anna").state is AgentState.READY


def test_a_pause_ends_wrap_up_and_so_does_a_log_out(make_room):
    staff = tuple(replace(agent(name), wrapup_seconds=None) for name in ("anna", "bo"))
    room = make_room(quiet("general", wrapup_seconds=10), agents=staff)
    room.log_in("anna", "bo")
    room.queue("c1")
    room.queue("c2")
    room.talk(O1)
    room.talk("o-00000002")
    room.hear(TalkEnded(O1, caller_remains=False), TalkEnded("o-00000002", caller_remains=False))
    room.wait(4)
    room.hear(AgentPaused("anna", "lunch"), AgentLoggedOut("bo"))
    assert [fact.seconds for fact in room.established(WrapUpFinished)] == [4.0, 4.0]
    assert room.engine.next_deadline() is None


def test_a_pause_does_not_shorten_a_backoff(room):
    """Busy phone: 10 s. Pause and unpause, log out and in: the phone still gets no INVITE before."""
    room.log_in("anna")
    room.queue("c1")
    room.hear(OfferFailed(O1, OfferCause.BUSY), AgentReadied("anna"))
    assert room.ignored() == ["illegal"]
    room.hear(AgentPaused("anna", "lunch"), AgentUnpaused("anna"))
    assert (room.agent("anna").state, room.agent("anna").reason) == (AgentState.BACKOFF, "busy")
    room.hear(AgentLoggedOut("anna"), AgentLoggedIn("anna"))
    assert room.agent("anna").state is AgentState.BACKOFF
    assert brief(room.wait(9.9)) == []
    assert brief(room.wait(0.1)) == [("offer", "c1", "anna")]


def test_logging_in_again_is_a_way_back_from_missed_calls(make_room):
    room = make_room(agents=(replace(agent("anna"), max_misses=1),))
    room.log_in("anna")
    room.queue("c1")
    room.hear(OfferFailed(O1, OfferCause.NO_ANSWER))
    assert room.agent("anna").reason == "missed_calls"
    room.wait(10)
    room.hear(AgentLoggedOut("anna"))
    assert brief(room.hear(AgentLoggedIn("anna"))) == [("offer", "c1", "anna")]
    assert room.agent("anna").misses == 0
