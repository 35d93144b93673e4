"""Taking over what is already there, in any order."""

from __future__ import annotations

import pytest
from acd_room import Room, agent, brief, quiet, small_policy

from acd.events import (
    AgentAdopted,
    AgentLoggedIn,
    AgentLoggedOut,
    CallAbandoned,
    CallQueued,
    DispatchPaused,
    DispatchResumed,
    OfferAdopted,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    TalkAdopted,
    TalkEnded,
    TalkStarted,
)
from acd.facts import CallAnswered, CallEnded, CallEntered
from acd.states import AgentState, OfferPhase

OLD = "old-1"
RINGING = OfferAdopted(OLD, "c1", "anna", OfferPhase.RINGING, 1012.0)
WHISPER = OfferAdopted(OLD, "c1", "anna", OfferPhase.CONNECTING, 1012.0)
TALK = TalkAdopted(OLD, "c1", "anna", "general", "gold", 950.0, 940.0)
QUEUED = CallQueued("c1", "general", "gold", entered_at=900.0)


@pytest.fixture
def restarted(make_room) -> Room:
    """A fresh engine that must not dispatch yet."""
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.hear(DispatchPaused())
    return room


def state(room, name):
    seen = room.agent(name)
    return seen.state, seen.reason


def ends(room):
    return [(f.call, f.outcome.value, f.reason) for f in room.all_facts if isinstance(f, CallEnded)]


@pytest.mark.parametrize(
    "order",
    [
        [AgentAdopted("anna", AgentState.READY), QUEUED, RINGING],
        [RINGING, QUEUED, AgentAdopted("anna", AgentState.READY)],
        [QUEUED, RINGING, AgentAdopted("anna", AgentState.OFFERED)],
        [RINGING, AgentAdopted("anna", AgentState.READY), QUEUED],
    ],
)
def test_a_ringing_leg_goes_on_in_whatever_order_it_is_told(restarted, order):
    """No second offer on resume; the talk then counts for the caller with his old age."""
    restarted.hear(*order)
    assert brief(restarted.hear(DispatchResumed())) == []
    assert state(restarted, "anna") == (AgentState.OFFERED, "")
    restarted.hear(OfferAnswered(OLD), TalkStarted(OLD))
    assert restarted.established(CallAnswered) == [CallAnswered("c1", "general", "gold", "anna", OLD, 100.0)]
    restarted.hear(TalkEnded(OLD, caller_remains=False))
    assert state(restarted, "anna")[0] is AgentState.READY


@pytest.mark.parametrize("order", [[WHISPER, QUEUED], [QUEUED, WHISPER]])
def test_a_whisper_goes_on_until_its_adopted_deadline(restarted, order):
    restarted.hear(*order, DispatchResumed())
    assert state(restarted, "anna")[0] is AgentState.CONNECTING
    assert brief(restarted.wait(11.9)) == []
    assert brief(restarted.wait(0.1)) == [("cancel", "c1", "anna", "connect_timeout")]


def test_a_leg_adopted_without_a_deadline_gets_one(restarted):
    restarted.hear(OfferAdopted("a", "c1", "anna", OfferPhase.CONNECTING))
    restarted.hear(OfferAdopted("b", "c2", "bo", OfferPhase.DIALLING, 5.0))
    assert [restarted.agent(name).until - restarted.now for name in ("anna", "bo")] == [15, 23]


def test_a_leg_whose_caller_never_shows_up_is_hung_up_on_resume(restarted):
    restarted.hear(AgentAdopted("anna", AgentState.READY), RINGING)
    assert brief(restarted.hear(DispatchResumed())) == [("cancel", "c1", "anna", "orphan")]
    restarted.hear(OfferFailed(OLD, OfferCause.CANCELLED))
    assert state(restarted, "anna")[0] is AgentState.READY
    assert restarted.agent("anna").misses == 0


def test_a_caller_who_comes_after_his_leg_was_hung_up_waits(restarted):
    restarted.hear(RINGING, DispatchResumed(), QUEUED)
    assert brief(restarted.hear(OfferFailed(OLD, OfferCause.CANCELLED))) == [("offer", "c1", "anna")]


def test_a_caller_who_hangs_up_before_he_was_read_frees_the_agent(restarted):
    restarted.hear(RINGING)
    assert brief(restarted.hear(CallAbandoned("c1"))) == [("cancel", "c1", "anna", "caller_gone")]


def test_a_talk_that_begins_before_its_caller_was_read(restarted):
    """TalkStarted and even his hang-up may come before CallQueued."""
    restarted.hear(RINGING, TalkStarted(OLD), CallAbandoned("c1"))
    assert restarted.ignored() == ["unknown_call"]
    assert state(restarted, "anna")[0] is AgentState.TALKING
    assert brief(restarted.hear(DispatchResumed())) == []
    restarted.hear(QUEUED)
    assert [fact.wait_seconds for fact in restarted.established(CallAnswered)] == [100.0]
    restarted.hear(TalkEnded(OLD, caller_remains=False))
    assert ends(restarted) == [("c1", "answered", "talk_ended")]


def test_a_talk_that_ends_before_its_caller_was_read_frees_the_agent(restarted):
    restarted.hear(RINGING, TalkStarted(OLD), TalkEnded(OLD, caller_remains=True))
    assert state(restarted, "anna")[0] is AgentState.READY
    assert ends(restarted) == []


def test_an_adopted_talk_is_one_entry_and_no_second_answer(restarted):
    restarted.hear(TALK, TALK)
    assert restarted.ignored() == ["duplicate"]
    assert restarted.established(CallAnswered) == []
    assert [fact.resumed for fact in restarted.established(CallEntered)] == [True]
    restarted.hear(DispatchResumed(), TalkEnded(OLD, caller_remains=False))
    ended = restarted.established(CallEnded)
    assert [(fact.outcome.value, fact.wait_seconds) for fact in ended] == [("answered", 10.0)]


def test_an_adopted_talk_without_entry_time_waited_nothing_known(restarted):
    restarted.hear(TalkAdopted(OLD, "c1", "anna", "gone_queue", "gold", 950.0))
    assert restarted.engine.snapshot(restarted.now).queues["gone_queue"].talking == 1
    restarted.hear(TalkEnded(OLD, caller_remains=False))
    assert [fact.wait_seconds for fact in restarted.established(CallEnded)] == [0.0]


def test_an_adopted_talk_wins_over_what_the_engine_believed(make_room):
    """c1 waits and anna is being rung for c2: in truth these two talk. The other leg is hung up, c2 waits on."""
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.log_in("anna")
    room.queue("c2")
    room.queue("c1")
    assert brief(room.hear(TALK)) == [("cancel", "c2", "anna", "superseded")]
    assert room.calls() == ["c2"]
    assert [fact.call for fact in room.established(CallAnswered)] == ["c1"]
    room.hear(OfferFailed("o-00000001", OfferCause.CANCELLED))
    assert room.ignored() == ["late"]


def test_an_adopted_talk_takes_the_caller_out_of_another_offer(make_room):
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.log_in("bo")
    room.queue("c1")
    assert brief(room.hear(TALK)) == [("cancel", "c1", "bo", "superseded")]
    room.hear(OfferFailed("o-00000001", OfferCause.CANCELLED))
    assert state(room, "bo")[0] is AgentState.READY


def test_an_adopted_talk_ends_the_talks_it_contradicts(make_room):
    """anna talked to c2, c1 talked to bo: now anna talks to c1. Both old talks are over."""
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.log_in("anna", "bo")
    room.queue("c2")
    room.queue("c1")
    room.talk("o-00000001")
    room.talk("o-00000002")
    room.hear(TALK)
    assert ends(room) == [("c2", "answered", "superseded"), ("c1", "answered", "superseded")]
    assert state(room, "anna")[0] is AgentState.TALKING
    assert state(room, "bo")[0] is AgentState.READY


def test_an_offer_may_turn_out_to_talk_with_somebody_else(make_room):
    room = make_room(agents=(agent("anna"), agent("bo")))
    room.log_in("anna")
    room.queue("c2")
    room.hear(TalkAdopted("o-00000001", "c1", "bo", "general", "basic", 950.0))
    assert state(room, "bo")[0] is AgentState.TALKING
    assert room.agent("anna").call == "c2"


def test_an_adopted_talk_revives_an_offer_whose_entry_had_ended(make_room):
    room = make_room(agents=(agent("anna"),))
    room.log_in("anna")
    room.queue("c1")
    room.hear(CallAbandoned("c1"), TalkAdopted("o-00000001", "c1", "anna", "general", "basic", 1000.0))
    assert state(room, "anna")[0] is AgentState.TALKING


def test_an_agent_nobody_knows_may_talk_and_is_forgotten_after(restarted):
    restarted.hear(TalkAdopted(OLD, "c1", "stranger", "general", "gold", 950.0), DispatchResumed())
    assert state(restarted, "stranger")[0] is AgentState.TALKING
    restarted.hear(TalkEnded(OLD, caller_remains=False))
    assert "stranger" not in restarted.engine.snapshot(restarted.now).agents


@pytest.mark.parametrize(
    ("found", "why", "commands"),
    [
        (OfferAdopted("x", "c9", "stranger", OfferPhase.RINGING), "unknown_agent", 1),
        (OfferAdopted("x", "c9", "anna", OfferPhase.RINGING), "illegal", 1),
        (OfferAdopted("x", "c1", "bo", OfferPhase.RINGING), "illegal", 1),
        (OfferAdopted("x", "c9", "bo", OfferPhase.CANCELLING), "illegal", 1),
        (OfferAdopted("x", "c9", "bo", OfferPhase.TALKING), "illegal", 0),
        (RINGING, "duplicate", 0),
    ],
)
def test_a_leg_that_fits_nowhere_is_hung_up_unless_it_talks(restarted, found, why, commands):
    """anna rings for c1 already."""
    restarted.hear(RINGING)
    assert len(restarted.hear(found)) == commands
    assert restarted.ignored() == [why]


def test_a_leg_the_engine_took_for_dead_is_hung_up(room):
    room.log_in("anna")
    room.queue("c1")
    room.hear(CallAbandoned("c1"))
    room.wait(5)
    found = OfferAdopted("o-00000001", "c1", "anna", OfferPhase.RINGING)
    assert brief(room.hear(found)) == [("cancel", "c1", "anna", "superseded")]
    assert room.ignored() == ["late"]


def test_reading_the_channels_again_moves_a_known_offer_on(room):
    room.log_in("anna")
    room.queue("c1")
    for phase, expected in [
        (OfferPhase.RINGING, AgentState.OFFERED),
        (OfferPhase.CONNECTING, AgentState.CONNECTING),
    ]:
        room.hear(OfferAdopted("o-00000001", "c1", "anna", phase))
        assert (state(room, "anna")[0], room.ignored()) == (expected, [])


def test_a_leg_of_a_leaving_caller_is_hung_up(make_room):
    """His max wait passed while nobody was there to let him out."""
    room = make_room(quiet("general", max_wait_seconds=30), agents=(agent("anna"),))
    room.hear(DispatchPaused(), QUEUED)
    assert brief(room.hear(RINGING)) == [("cancel", "c1", "anna", "leaving")]
    room.hear(DispatchResumed())
    assert brief(room.hear(OfferFailed(OLD, OfferCause.CANCELLED))) == [("release", "c1", "max_wait", "voicemail")]


@pytest.mark.parametrize(
    ("adopted", "expected", "since"),
    [
        (AgentAdopted("anna", AgentState.READY, since=900.0), (AgentState.READY, ""), 900.0),
        (AgentAdopted("anna", AgentState.TALKING, since=900.0), (AgentState.READY, ""), 1000.0),  # his call has just been found gone
        (AgentAdopted("anna", AgentState.PAUSED, "lunch", 900.0), (AgentState.PAUSED, "lunch"), 900.0),
        (AgentAdopted("anna", AgentState.WRAP_UP, "", 900.0, 1005.0), (AgentState.WRAP_UP, ""), 900.0),
        (AgentAdopted("anna", AgentState.WRAP_UP, "", 900.0, 999.0), (AgentState.READY, ""), 999.0),  # since its deadline
        (AgentAdopted("anna", AgentState.BACKOFF, "busy", 900.0, 1005.0), (AgentState.BACKOFF, "busy"), 900.0),
        (AgentAdopted("anna", AgentState.BACKOFF, "busy", 900.0, 950.0), (AgentState.READY, ""), 950.0),
        (AgentAdopted("anna", AgentState.LOGGED_OUT, "", 900.0), (AgentState.LOGGED_OUT, ""), 900.0),
    ],
)
def test_agents_come_back_as_the_store_knew_them(restarted, adopted, expected, since):
    restarted.hear(adopted)
    assert state(restarted, "anna") == expected
    assert restarted.agent("anna").since == since
    restarted.hear(adopted)
    assert restarted.ignored() == ["late"]
    restarted.wait(10)
    resting = {AgentState.WRAP_UP: AgentState.READY, AgentState.BACKOFF: AgentState.READY}
    assert state(restarted, "anna")[0] is resting.get(expected[0], expected[0])


def test_idle_times_survive_a_restart(restarted):
    """bo has been idle longer, although he is adopted second; a future time is clamped."""
    restarted.hear(
        AgentAdopted("anna", AgentState.READY, since=9999.0), AgentAdopted("bo", AgentState.READY, since=800.0)
    )
    restarted.hear(DispatchResumed())
    assert brief(restarted.queue("c1")) == [("offer", "c1", "bo")]


def test_what_was_heard_live_wins_over_the_store(restarted):
    restarted.hear(AgentLoggedIn("anna"), AgentAdopted("anna", AgentState.PAUSED), AgentAdopted("x", AgentState.READY))
    assert restarted.ignored() == ["late", "unknown_agent"]
    assert state(restarted, "anna")[0] is AgentState.READY


def test_a_pause_in_the_store_takes_effect_after_the_adopted_talk(make_room):
    for order in (
        [TALK, AgentAdopted("anna", AgentState.PAUSED, "lunch", misses=2)],
        [AgentAdopted("anna", AgentState.PAUSED, "lunch", misses=2), TALK],
    ):
        room = make_room(agents=(agent("anna"),))
        room.hear(*order)
        assert state(room, "anna")[0] is AgentState.TALKING
        room.hear(TalkEnded(OLD, caller_remains=False))
        assert state(room, "anna") == (AgentState.PAUSED, "lunch")


def test_a_log_out_heard_before_the_adopted_talk_takes_effect_after_it(restarted):
    restarted.hear(AgentLoggedOut("anna"), TALK)
    restarted.hear(TalkEnded(OLD, caller_remains=False))
    assert state(restarted, "anna")[0] is AgentState.LOGGED_OUT


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (AgentAdopted("anna", AgentState.TALKING), AgentState.WRAP_UP),
        (AgentAdopted("anna", AgentState.PAUSED, "lunch"), AgentState.PAUSED),
    ],
)
def test_a_talk_that_ended_during_adoption_is_fresher_than_the_store(stored, expected):
    anna = agent("anna")
    room = Room(small_policy(agents=(type(anna)("anna", queues=("general",), wrapup_seconds=9),)))
    room.hear(DispatchPaused(), TALK, TalkEnded(OLD, caller_remains=False), stored)
    assert state(room, "anna")[0] is expected


def test_a_paused_engine_cancels_overdue_offers_but_makes_none(room):
    room.log_in("anna", "bo")
    room.queue("c1")
    room.hear(DispatchPaused())
    assert brief(room.wait(60)) == [("cancel", "c1", "anna", "no_answer")]
    assert brief(room.hear(DispatchResumed())) == [("offer", "c1", "bo")]


def test_a_wrap_up_in_the_store_is_older_than_an_adopted_leg_that_failed(restarted):
    """The leg fails before the store is heard: the back-off it left stands, the wrap-up before it does not come back."""
    restarted.hear(OfferAdopted(OLD, "c1", "anna", OfferPhase.DIALLING, 1012.0))
    restarted.hear(OfferFailed(OLD, OfferCause.UNREACHABLE))
    restarted.hear(AgentAdopted("anna", AgentState.WRAP_UP, "", 990.0, 1010.0))
    assert restarted.engine.snapshot(1000.0).agents["anna"].state is AgentState.BACKOFF
