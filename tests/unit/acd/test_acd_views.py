"""What can be seen from outside: snapshot, explanation, story, forecast; and what the parts promise."""

from __future__ import annotations

import pytest
from acd_room import agent, brief, quiet

from acd.config import SkillNeed
from acd.eligibility import Reason, why_not
from acd.errors import InvalidTransition, UnknownCall
from acd.events import (
    AgentBusyElsewhere,
    AgentPaused,
    CallAbandoned,
    CallLeaveRequested,
    CallQueued,
    LeaveReason,
    OfferCause,
    OfferFailed,
    TalkEnded,
)
from acd.records import AgentRecord
from acd.states import AGENT_MOVES, CALL_MOVES, AgentState, CallState
from acd.timers import Timer, Timers

O1 = "o-00000001"


def test_a_snapshot_counts_what_a_wallboard_shows(make_room):
    room = make_room(quiet("general"), quiet("faults"), agents=(agent("anna"), agent("bo"), agent("chen", "faults")))
    room.log_in("anna")
    room.queue("talking")
    room.talk(O1)
    room.queue("c-gold", tier="gold")
    room.wait(10)
    room.queue("c-basic")
    room.queue("away")
    room.hear(CallLeaveRequested("away", LeaveReason.MENU))
    room.wait(5)
    snapshot = room.engine.snapshot(room.now)
    general = snapshot.queues["general"]
    assert (general.waiting, general.talking, general.away, general.longest_wait_seconds) == (2, 1, 1, 15)
    assert general.waiting_by_tier == {"gold": 1, "basic": 1}
    assert general.longest_wait_by_tier_seconds == {"gold": 15, "basic": 5}
    assert general.agents_by_state == {AgentState.TALKING: 1, AgentState.LOGGED_OUT: 1}
    assert [(c.call, c.position, c.waited_seconds) for c in general.calls] == [("c-gold", 1, 15), ("c-basic", 2, 5)]
    assert snapshot.queues["faults"].waiting == 0
    anna = snapshot.agents["anna"]
    assert (anna.state, anna.call, anna.offer, anna.seconds_in_state) == (AgentState.TALKING, "talking", O1, 15)
    assert snapshot.dispatching


def test_one_agent_is_seen_as_the_wallboard_sees_him(make_room):
    room = make_room(quiet("general"), agents=(agent("anna"),))
    room.log_in("anna")
    room.queue("c1")
    room.talk(O1)
    assert room.engine.agent("anna", room.now + 5) == room.engine.snapshot(room.now + 5).agents["anna"]
    assert room.engine.agent("anna", room.now + 5).seconds_in_state == 5
    assert room.engine.agent("nobody", room.now) is None


def test_looking_does_not_let_time_pass(make_room):
    room = make_room(quiet("general", max_wait_seconds=30))
    room.queue("c1")
    before = room.engine.snapshot(room.now).version
    later = room.engine.snapshot(room.now + 100)
    assert later.queues["general"].longest_wait_seconds == 100
    assert later.version == before
    assert room.engine.explain("c1", room.now + 100).standing.waited_seconds == 100
    assert room.engine.next_deadline() == 1030
    room.engine.check_invariants()


def test_an_explanation_gives_a_reason_for_every_agent(make_room):
    staff = (
        agent("elsewhere", "other"),
        agent("unskilled"),
        agent("beginner", meter=1),
        agent("paused", meter=2),
        agent("out", meter=2),
        agent("phoning", meter=2),
        agent("talking", meter=2),
        agent("rung", meter=2),
        agent("failing", meter=2),
    )
    room = make_room(quiet("general"), quiet("other"), agents=staff)
    room.log_in("failing")
    room.queue("c0")
    room.hear(OfferFailed(O1, OfferCause.BUSY), CallAbandoned("c0"))
    room.log_in("talking")
    room.queue("c1")
    room.talk("o-00000002")
    room.log_in("rung")
    room.queue("c2")
    room.log_in("elsewhere", "unskilled", "beginner", "paused", "phoning")
    room.hear(AgentPaused("paused", "lunch"), AgentBusyElsewhere("phoning", busy=True))
    room.hear(CallQueued("me", "general", "gold", needs=(SkillNeed("meter", 2),)))
    room.wait(5)
    standing = room.engine.explain("me", room.now).standing
    assert standing.eligible == ()
    assert {name: (gap.reason, gap.detail) for name, gap in standing.ineligible.items()} == {
        "elsewhere": (Reason.NOT_IN_QUEUE, "general"),
        "unskilled": (Reason.SKILL_MISSING, "meter"),
        "beginner": (Reason.SKILL_TOO_LOW, "meter 1 < 2"),
        "paused": (Reason.PAUSED, "lunch"),
        "out": (Reason.LOGGED_OUT, ""),
        "phoning": (Reason.BUSY_ELSEWHERE, ""),
        "talking": (Reason.TALKING, ""),
        "rung": (Reason.RESERVED, "being rung"),
        "failing": (Reason.BACKOFF, ""),
    }
    assert (standing.score, standing.waited_seconds, standing.head_start_seconds, standing.position) == (125, 5, 120, 1)


def test_a_decision_remembers_who_was_chosen_over_whom(make_room):
    room = make_room(agents=(agent("anna"), agent("bo"), agent("chen", "faults"), agent("ding")))
    room.log_in("anna", "bo", "ding")
    room.hear(AgentPaused("ding", "lunch"))
    room.wait(7)
    room.queue("c1", tier="gold")
    decision = room.engine.explain("c1", room.now).decision
    assert (decision.offer, decision.chosen, decision.score, decision.ring) == (O1, "anna", 120, 0)
    assert decision.ranked == (("anna", (1000.0,)), ("bo", (1000.0,)))
    assert {name: gap.reason for name, gap in decision.ineligible.items()} == {
        "chen": Reason.NOT_IN_QUEUE,
        "ding": Reason.PAUSED,
    }


def test_an_ended_call_is_still_explained_and_an_unknown_one_is_not(room):
    room.log_in("anna")
    room.queue("c1")
    room.talk(O1)
    room.hear(TalkEnded(O1, caller_remains=False))
    explanation = room.engine.explain("c1", room.now)
    assert (explanation.state, explanation.standing, explanation.decision.chosen) == (CallState.ENDED, None, "anna")
    with pytest.raises(UnknownCall, match="never-seen"):
        room.engine.explain("never-seen", room.now)


def test_a_story_tells_events_commands_and_facts_in_order(room):
    room.queue("c1")
    room.wait(3)
    room.hear(CallAbandoned("c1"))
    assert [str(line).split("(")[0] for line in room.engine.story("c1")] == [
        "1000.000 CallQueued",
        "1000.000 CallEntered",
        "1003.000 CallAbandoned",
        "1003.000 CallEnded",
    ]
    assert room.engine.story("never-seen") == ()


def test_stories_are_bounded(room):
    for number in range(2100):
        room.hear(CallQueued(f"c{number}", "general", "basic"), CallAbandoned(f"c{number}"))
    assert room.engine.story("c99") == ()
    assert room.engine.story("c100")
    room.queue("long")
    for _ in range(300):
        room.hear(CallQueued("long", "general", "basic"))
    assert len(room.engine.story("long")) == 200


def test_a_refused_entry_leaves_no_open_story(room):
    for number in range(2100):
        room.queue(f"c{number}", "nowhere")
    assert room.engine.story("c0") == ()


def test_timers_fire_in_order_move_and_are_compacted():
    timers = Timers()
    for _ in range(1000):
        timers.set(Timer.OFFER, "x", 5.0)
    timers.set(Timer.OFFER, "y", 3.0)
    timers.set(Timer.AGENT, "y", 4.0)
    timers.cancel(Timer.AGENT, "y")
    timers.cancel(Timer.AGENT, "never armed")
    assert len(timers) < 100
    assert (timers.next(), timers.at(Timer.OFFER, "x"), timers.at(Timer.AGENT, "y")) == (3.0, 5.0, None)
    assert [timers.pop_due(5.0) for _ in range(3)] == [(Timer.OFFER, "y"), (Timer.OFFER, "x"), None]
    assert timers.next() is None


def test_ended_calls_leave_nothing_behind(room):
    """Ten thousand callers come and hang up: the engine holds none of them."""
    for number in range(10_000):
        room.engine.handle(CallQueued(f"c{number}", "general", "basic"), room.now)
        room.engine.handle(CallAbandoned(f"c{number}"), room.now)
    world = room.engine._world
    assert not (world.calls)
    assert not (world.offers)
    assert not (list(world.matching.offerable()))
    assert len(world.timers) < 100


def test_an_illegal_move_is_refused_with_the_story(room):
    room.queue("c1")
    room.hear(CallLeaveRequested("c1", LeaveReason.MENU))
    world = room.engine._world
    with pytest.raises(InvalidTransition, match=r"c1: AWAY -> OFFERED(.|\n)*CallQueued"):
        world.move_call(world.calls["c1"], CallState.OFFERED)
    with pytest.raises(InvalidTransition, match="anna: LOGGED_OUT -> CANCELLING"):
        world.move_agent(world.agents["anna"], AgentState.CANCELLING)


def test_every_state_is_in_the_tables_and_none_moves_to_itself():
    for table, states in ((AGENT_MOVES, AgentState), (CALL_MOVES, CallState)):
        assert set(table) == set(states)
        assert all(state not in targets for state, targets in table.items())


BREAKS = {
    "dead offer": lambda world: setattr(world.agents["bo"], "offer", "gone"),
    "set of free agents": lambda world: world.free.pop("bo"),
    "nothing to finish": lambda world: setattr(world.agents["bo"], "after", "lunch"),
    "waits although": lambda world: world.move_call(world.calls["away"], CallState.WAITING),
    "dispatch can find": lambda world: setattr(world.calls["away"], "state", CallState.WAITING),
    "away deadline": lambda world: world.timers.cancel(Timer.AWAY, "away"),
    "max_wait is armed": lambda world: world.timers.set(Timer.MAX_WAIT, "away", 9999.0),
    "unhandled": lambda world: world.timers.set(Timer.AWAY, "away", world.now - 1),
    "may still talk": lambda world: setattr(world.calls["c1"], "round", None),
    "its agent is": lambda world: setattr(world.agents["anna"], "state", AgentState.TALKING),
    "its call is": lambda world: setattr(world.calls["c1"], "state", CallState.TALKING),
    "deadline is": lambda world: world.timers.cancel(Timer.OFFER, O1),
    "is an orphan": lambda world: setattr(world.offers[O1], "orphan", True),
    "his deadline": lambda world: world.timers.set(Timer.AGENT, "bo", 9999.0),
    "has ended": lambda world: setattr(world.calls["c1"], "state", CallState.ENDED),
    "holds the dead": lambda world: setattr(world.calls["away"], "round", "gone"),
    "nothing will release": lambda world: setattr(world.calls["away"], "state", CallState.LEAVING),
    "with round None": lambda world: setattr(world.calls["away"], "state", CallState.OFFERED),
    "the places of": lambda world: setattr(world.calls["c1"], "queue", quiet("moved")),
}


@pytest.mark.parametrize("message", BREAKS)
def test_each_broken_invariant_is_named_with_the_last_events(message):
    """anna is rung for c1, bo is free, `away` is in the menu; then one thing is bent by hand."""
    from acd_room import Room, small_policy

    room = Room(small_policy(agents=(agent("anna"), agent("bo"))))
    room.queue("away")
    room.hear(CallLeaveRequested("away", LeaveReason.MENU))
    room.log_in("anna")
    room.queue("c1")
    room.log_in("bo")
    BREAKS[message](room.engine._world)
    with pytest.raises(AssertionError, match=f"{message}(.|\n)*Last events:(.|\n)*CallQueued"):
        room.engine.check_invariants()


def test_the_one_rule_says_yes_only_to_a_free_and_able_agent():
    able = AgentRecord(agent("anna", meter=2), 1, state=AgentState.READY)
    assert why_not(able, quiet("general"), (SkillNeed("meter", 2),)) is None
    assert why_not(able, quiet("general"), (SkillNeed("meter", 3),)).reason is Reason.SKILL_TOO_LOW
    able.state = AgentState.WRAP_UP
    assert why_not(able, quiet("general"), ()).reason is Reason.WRAP_UP


def test_brief_covers_every_command(make_room):
    """The helper these tests speak through loses nothing."""
    room = make_room(quiet("general", announce_first_seconds=5, max_length=1), agents=(agent("anna"),))
    room.queue("c1")
    assert [
        kind
        for kind, *_ in brief(room.wait(5) + room.queue("c2") + room.log_in("anna") + room.hear(CallAbandoned("c1")))
    ] == ["announce", "release", "offer", "cancel"]
