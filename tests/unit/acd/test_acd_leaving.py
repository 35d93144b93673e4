"""Ways out of the line: menu, voicemail, max wait; and back again. Announcements on the way."""

from __future__ import annotations

import pytest
from acd_room import agent, brief, quiet

from acd.commands import Announce
from acd.events import (
    CallAbandoned,
    CallLeaveRequested,
    CallPlaced,
    CallQueued,
    DispatchPaused,
    DispatchResumed,
    LeaveReason,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkEnded,
    TalkStarted,
)
from acd.facts import CallEnded, CallEntered
from acd.states import AgentState, CallState

O1 = "o-00000001"
MENU = CallLeaveRequested("c1", LeaveReason.MENU, "main")
VOICEMAIL = CallLeaveRequested("c1", LeaveReason.VOICEMAIL, "box")


def ends(room):
    return [(f.call, f.outcome.value, f.reason, f.wait_seconds) for f in room.all_facts if isinstance(f, CallEnded)]


def test_a_waiting_caller_leaves_at_once(room):
    room.queue("c1")
    room.wait(7)
    assert brief(room.hear(VOICEMAIL)) == [("release", "c1", "voicemail", "box")]
    assert ends(room) == [("c1", "voicemail", "voicemail", 7.0)]
    room.hear(VOICEMAIL, CallLeaveRequested("never-seen", LeaveReason.MENU))
    assert room.ignored() == ["late", "unknown_call"]


def test_a_closing_line_lets_its_callers_out(room):
    room.queue("c1")
    assert brief(room.hear(CallLeaveRequested("c1", LeaveReason.CLOSED))) == [("release", "c1", "closed", "")]
    assert ends(room)[0][1] == "closed"


@pytest.mark.parametrize("steps", [[], [OfferRinging(O1)], [OfferRinging(O1), OfferAnswered(O1)]])
def test_a_caller_with_a_live_offer_leaves_only_when_it_is_dead(room, steps):
    """CancelOffer first, ReleaseCall after the leg's end is known; the agent is not to blame."""
    room.log_in("anna")
    room.queue("c1")
    room.hear(*steps)
    assert brief(room.hear(VOICEMAIL)) == [("cancel", "c1", "anna", "leaving")]
    room.hear(MENU)
    assert room.ignored() == ["duplicate"]
    assert brief(room.hear(OfferFailed(O1, OfferCause.CANCELLED))) == [("release", "c1", "voicemail", "box")]
    assert (room.agent("anna").state, room.agent("anna").misses) == (AgentState.READY, 0)


def test_a_leaving_caller_is_released_by_the_cancel_deadline_if_nobody_confirms(room):
    room.log_in("anna")
    room.queue("c1")
    room.hear(VOICEMAIL)
    assert brief(room.wait(5)) == [("release", "c1", "voicemail", "box")]


def test_a_talk_that_wins_the_race_drops_the_leave(room):
    room.log_in("anna")
    room.queue("c1")
    room.hear(VOICEMAIL, TalkStarted(O1))
    assert room.agent("anna").state is AgentState.TALKING
    room.hear(MENU)
    assert room.ignored() == ["illegal"]
    assert brief(room.hear(TalkEnded(O1, caller_remains=False))) == []
    assert ends(room) == [("c1", "answered", "talk_ended", 0.0)]


def test_a_caller_who_hangs_up_while_leaving_abandoned(room):
    room.log_in("anna")
    room.queue("c1")
    room.hear(VOICEMAIL, CallAbandoned("c1"))
    assert brief(room.hear(OfferFailed(O1, OfferCause.CANCELLED))) == []
    assert ends(room) == [("c1", "abandoned", "leaving", 0.0)]


def test_max_wait_waits_for_a_ringing_offer_to_die(make_room):
    room = make_room(quiet("general", max_wait_seconds=30, overflow="callback"), agents=(agent("anna"),))
    room.queue("c1")
    room.wait(25)
    room.log_in("anna")
    assert brief(room.wait(5)) == [("cancel", "c1", "anna", "leaving")]
    assert brief(room.hear(OfferFailed(O1, OfferCause.CANCELLED))) == [("release", "c1", "max_wait", "callback")]
    assert ends(room) == [("c1", "overflowed", "max_wait", 30.0)]


def test_max_wait_does_not_cut_into_the_whisper(make_room):
    """The agent has answered: the offer goes on; only if it fails the caller is let out, at once."""
    room = make_room(quiet("general", max_wait_seconds=30), agents=(agent("anna"),))
    room.queue("c1")
    room.wait(25)
    room.log_in("anna")
    room.hear(OfferRinging(O1), OfferAnswered(O1))
    assert brief(room.wait(5)) == []
    assert brief(room.hear(OfferFailed(O1, OfferCause.HUNG_UP))) == [("release", "c1", "max_wait", "voicemail")]


def test_max_wait_passing_while_he_leaves_changes_nothing(make_room):
    room = make_room(quiet("general", max_wait_seconds=30), agents=(agent("anna"),))
    room.queue("c1")
    room.wait(28)
    room.log_in("anna")
    room.hear(VOICEMAIL)
    assert brief(room.wait(4)) == []
    assert brief(room.wait(1)) == [("release", "c1", "voicemail", "box")]


def test_a_caller_in_the_menu_keeps_his_age_for_120_seconds(room):
    """Away he is not offered; back in the same line he has his old entry time, and it is one entry."""
    room.queue("c1", tier="basic")
    room.wait(50)
    room.queue("c2")
    assert brief(room.hear(MENU)) == [("release", "c1", "menu", "main")]
    assert room.calls() == ["c2"]
    room.hear(MENU)
    assert room.ignored() == ["duplicate"]
    room.wait(119)
    assert brief(room.queue("c1", tier="gold", needs=())) == []
    assert room.established(CallEntered) == []
    assert room.calls() == ["c1", "c2"]
    assert brief(room.log_in("anna")) == [("offer", "c1", "anna")]
    assert room.engine.snapshot(room.now).queues["general"].calls[0].tier == "gold"


def test_being_placed_again_is_coming_back_too(room):
    room.queue("c1")
    room.hear(MENU)
    room.wait(10)
    room.log_in("anna")
    assert brief(room.hear(CallPlaced("c1"))) == [("offer", "c1", "anna")]
    room.hear(CallPlaced("never-seen"))
    assert room.ignored() == ["unknown_call"]


def test_away_too_long_ends_as_left_queue(room):
    room.queue("c1")
    room.wait(5)
    room.hear(MENU)
    room.wait(120)
    assert ends(room) == [("c1", "left_queue", "away_expired", 5.0)]
    room.hear(CallQueued("c1", "general", "basic"))
    assert room.engine.snapshot(room.now).queues["general"].longest_wait_seconds == 0


def test_a_return_that_is_heard_after_the_deadline_is_a_new_entry(room):
    """The timer was late: the event decides by the time, not by who came first to the engine."""
    room.queue("c1")
    room.hear(MENU)
    room.now += 121
    room.hear(CallQueued("c1", "general", "basic"))
    assert ends(room) == [("c1", "left_queue", "away_expired", 0.0)]
    assert room.engine.snapshot(room.now).queues["general"].longest_wait_seconds == 0


def test_coming_back_to_another_line_takes_the_age_along(make_room):
    room = make_room(quiet("general"), quiet("faults"))
    room.queue("c1")
    room.wait(40)
    room.hear(MENU)
    room.wait(10)
    room.queue("c1", "faults")
    assert ends(room) == [("c1", "left_queue", "moved", 40.0)]
    assert room.engine.snapshot(room.now).queues["faults"].longest_wait_seconds == 50


def test_hanging_up_away_is_left_queue_and_voicemail_away_is_voicemail(room):
    room.queue("c1")
    room.queue("c2")
    room.hear(MENU, CallLeaveRequested("c2", LeaveReason.MENU))
    assert room.engine.snapshot(room.now).queues["general"].away == 2
    assert room.hear(CallAbandoned("c1"), CallLeaveRequested("c2", LeaveReason.VOICEMAIL)) == []
    assert [(call, outcome) for call, outcome, _, _ in ends(room)] == [("c1", "left_queue"), ("c2", "voicemail")]


def test_nobody_is_released_while_dispatch_is_paused(make_room):
    """Max wait passes and a key is pressed while Asterisk is out of reach: both are let out on resume."""
    room = make_room(quiet("general", max_wait_seconds=30))
    room.queue("c1")
    room.queue("c2")
    room.hear(DispatchPaused())
    assert room.hear(VOICEMAIL) == []
    assert room.wait(31) == []
    assert room.engine.explain("c2", room.now).state is CallState.LEAVING
    assert sorted(brief(room.hear(DispatchResumed()))) == [
        ("release", "c1", "voicemail", "box"),
        ("release", "c2", "max_wait", "voicemail"),
    ]


def test_a_leaving_caller_whose_leg_dies_while_dispatch_is_paused_is_let_out_on_resume(room):
    room.log_in("anna")
    room.queue("c1")
    room.hear(VOICEMAIL, DispatchPaused())
    assert room.hear(OfferFailed(O1, OfferCause.CANCELLED)) == []
    assert brief(room.hear(DispatchResumed())) == [("release", "c1", "voicemail", "box")]


def test_announcements_tell_the_place_first_then_at_intervals(make_room):
    """First after 15 s, then every 30 s; a gold caller who joins moves the basic one back."""
    room = make_room(quiet("general", announce_first_seconds=15, announce_frequency_seconds=30))
    room.queue("c1")
    assert room.wait(15) == [Announce("c1", "general", 1, None)]
    room.queue("gold", tier="gold")
    assert brief(room.wait(30)) == [("announce", "gold", "1"), ("announce", "c1", "2")]


def test_an_announcement_is_skipped_while_an_offer_is_live_or_dispatch_paused(make_room):
    room = make_room(
        quiet("general", announce_first_seconds=15, announce_frequency_seconds=30), agents=(agent("anna"),)
    )
    room.queue("c1")
    room.log_in("anna")
    assert brief(room.wait(15)) == []
    room.hear(OfferFailed(O1, OfferCause.REJECTED), DispatchPaused())
    assert brief(room.wait(30)) == []
    room.hear(DispatchResumed())
    room.hear(*[OfferFailed("o-00000002", OfferCause.REJECTED)])
    assert brief(room.wait(29.5)) == []
    assert brief(room.wait(0.5)) == [("announce", "c1", "1"), ("offer", "c1", "anna")]


def test_one_announcement_only_when_no_frequency_is_set(make_room):
    room = make_room(quiet("general", announce_first_seconds=15))
    room.queue("c1")
    assert brief(room.wait(600)) == [("announce", "c1", "1")]


def test_an_adopted_callers_first_announcement_waits_one_interval(make_room):
    room = make_room(quiet("general", announce_first_seconds=15, announce_frequency_seconds=30))
    room.queue("c1", entered_at=room.now - 100)
    assert brief(room.wait(29)) == []
    assert brief(room.wait(1)) == [("announce", "c1", "1")]
