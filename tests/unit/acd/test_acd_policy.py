"""A changed configuration, taken in while calls wait and agents talk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from acd_room import TIERS, agent, brief, quiet, small_policy

from acd.config import Ring, SkillNeed, Tier
from acd.engine import Engine
from acd.errors import UnknownStrategy
from acd.events import CallLeaveRequested, LeaveReason, OfferCause, OfferFailed, PolicyReplaced, TalkEnded
from acd.states import AgentState

O1 = "o-00000001"
ANNA, BO = agent("anna"), agent("bo")


def replaced(*queues, agents=(ANNA, BO), **changes):
    return PolicyReplaced(small_policy(*queues, agents=agents, **changes))


def test_waiting_calls_keep_their_entry_times_and_get_the_new_head_starts(room):
    room.queue("basic")
    room.wait(60)
    room.queue("silver", tier="silver")
    assert room.calls() == ["basic", "silver"]
    room.hear(replaced(tiers={**TIERS, "silver": Tier("silver", 90)}))
    assert room.calls() == ["silver", "basic"]


def test_new_skills_and_agents_are_used_at_once(room):
    room.log_in("anna")
    room.queue("c1", needs=(SkillNeed("lang_zh"),))
    assert brief(room.hear(replaced(agents=(agent("anna", lang_zh=1), BO)))) == [("offer", "c1", "anna")]
    room.queue("c2")
    room.hear(replaced(agents=(ANNA, BO, agent("chen"))))
    assert brief(room.log_in("chen")) == [("offer", "c2", "chen")]


def test_a_new_max_wait_counts_from_the_entry(room):
    room.queue("c1")
    room.wait(50)
    room.hear(replaced(quiet("general", max_wait_seconds=60)))
    assert brief(room.wait(10)) == [("release", "c1", "max_wait", "voicemail")]


def test_rings_may_come_and_go(make_room):
    """The 30 s ring is dropped, then set to 40 s."""
    queue = quiet("general", needs=(SkillNeed("meter"),), rings=(Ring(30),))
    expert = agent("expert", meter=1)
    room = make_room(queue, agents=(expert, ANNA))
    room.log_in("anna")
    room.log_in("expert")
    room.queue("x")
    room.queue("c1")
    room.hear(replaced(replace(queue, rings=()), agents=(expert, ANNA)))
    assert brief(room.wait(12)) == []
    room.hear(replaced(replace(queue, rings=(Ring(22),)), agents=(expert, ANNA)))
    assert brief(room.wait(9.9)) == []
    assert brief(room.wait(0.1)) == [("offer", "c1", "anna")]


def test_an_agent_who_is_gone_finishes_his_talk(room):
    room.log_in("anna", "bo")
    room.queue("c1")
    room.talk(O1)
    room.hear(replaced(agents=()))
    assert list(room.engine.snapshot(room.now).agents) == ["anna"]
    room.hear(TalkEnded(O1, caller_remains=False))
    assert not room.engine.snapshot(room.now).agents


def test_an_agent_who_is_gone_and_comes_back_in_time_stays(room):
    room.log_in("anna")
    room.queue("c1")
    room.talk(O1)
    room.hear(replaced(agents=(BO,)), replaced())
    room.hear(TalkEnded(O1, caller_remains=False))
    assert room.agent("anna").state is AgentState.READY


def test_callers_of_a_queue_that_is_gone_are_let_out(make_room):
    """The waiting one at once, the offered one when his leg is dead, the one away and the talking one in peace."""
    room = make_room(
        quiet("old", overflow="callback"), quiet("general"), agents=(agent("anna", "old"), agent("bo", "old"))
    )
    room.log_in("anna", "bo")
    for call in ("talking", "offered", "away", "waiting"):
        room.queue(call, "old")
    room.talk(O1)
    room.hear(CallLeaveRequested("away", LeaveReason.MENU))
    assert brief(room.hear(replaced(agents=(agent("anna", "general"), agent("bo", "general"))))) == [
        ("cancel", "offered", "bo", "leaving"),
        ("release", "waiting", "no_queue", "callback"),
    ]
    failed = room.hear(OfferFailed("o-00000002", OfferCause.CANCELLED))
    assert brief(failed) == [("release", "offered", "no_queue", "callback")]
    room.hear(TalkEnded(O1, caller_remains=False))
    outcomes = {fact.call: fact.outcome.value for fact in room.all_facts if hasattr(fact, "outcome")}
    assert outcomes == {
        "away": "left_queue",
        "waiting": "overflowed",
        "offered": "overflowed",
        "talking": "answered",
    }


def test_a_policy_with_an_unknown_strategy_is_refused_with_the_known_ones(room):
    with pytest.raises(UnknownStrategy, match=r"astrology.*longest_idle, most_skilled"):
        Engine(small_policy(quiet("general", strategy="astrology")), offer_prefix="o-")
    before = room.engine.policy
    room.hear(replaced(quiet("general", strategy="astrology")))
    assert room.ignored() == ["illegal"]
    assert room.engine.policy is before
