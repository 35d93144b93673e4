"""Who goes first, and to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from acd_room import agent, brief, quiet

from acd.commands import OfferCall
from acd.config import Agent, Ring, SkillNeed
from acd.events import (
    AgentBusyElsewhere,
    AgentLoggedOut,
    AgentPaused,
    AgentUnpaused,
    CallAbandoned,
    CallPlaced,
    CallQueued,
    DispatchPaused,
    DispatchResumed,
    TalkEnded,
)

ZH, METER = SkillNeed("lang_zh"), SkillNeed("meter", 2)


def test_first_come_first_served_within_a_tier(room):
    """c1 before c2 before c3; one agent frees up at a time."""
    for call in ("c1", "c2", "c3"):
        room.queue(call)
    assert brief(room.log_in("anna")) == [("offer", "c1", "anna")]
    assert brief(room.log_in("bo")) == [("offer", "c2", "bo")]
    assert brief(room.hear(CallAbandoned("c1"), CallAbandoned("c2"))) == [
        ("cancel", "c1", "anna", "caller_gone"),
        ("cancel", "c2", "bo", "caller_gone"),
    ]


def test_a_tier_is_a_head_start_in_seconds_and_no_more(room):
    """Diamond (300 s) passes the basic caller who came 299 s before, not the one who came 301 s before."""
    room.hear(CallQueued("basic-301", "general", "basic"), at=0)
    room.hear(CallQueued("basic-299", "general", "basic"), at=2)
    room.hear(CallQueued("gold", "general", "gold"), at=200)
    room.hear(CallQueued("diamond", "general", "diamond"), at=301)
    assert room.calls() == ["basic-301", "diamond", "basic-299", "gold"]
    assert brief(room.log_in("anna", "bo")) == [("offer", "basic-301", "anna"), ("offer", "diamond", "bo")]


def test_an_unknown_tier_has_no_head_start(room):
    room.queue("c1", tier="basic")
    room.queue("c2", tier="platinum")
    assert room.calls() == ["c1", "c2"]


def test_ties_go_by_sequence_then_by_entry(room):
    """Equal entry times: smaller sequence first, else who was told first."""
    room.queue("c1", sequence=7)
    room.queue("c2", sequence=3)
    room.queue("c3", sequence=7)
    assert room.calls() == ["c2", "c1", "c3"]


def test_a_queue_bonus_counts_against_other_queues(make_room):
    """faults has 60 s bonus: its caller passes one of general who came 59 s before, not 61 s before."""
    room = make_room(quiet("general"), quiet("faults", bonus_seconds=60), agents=(agent("anna", "general", "faults"),))
    room.hear(CallQueued("g-61", "general", "basic"), at=0)
    room.hear(CallQueued("g-59", "general", "basic"), at=2)
    room.hear(CallQueued("f", "faults", "basic"), at=61)
    assert brief(room.log_in("anna")) == [("offer", "g-61", "anna")]
    room.talk("o-00000001")
    assert brief(room.hear(TalkEnded("o-00000001", caller_remains=False))) == [("offer", "f", "anna")]


def test_first_reenters_before_everybody(room):
    """The caller whose agent's leg died is next, whatever the others' tier and age."""
    room.queue("diamond", tier="diamond")
    room.queue("cut-off", first=True, entered_at=room.now)
    assert room.calls() == ["cut-off", "diamond"]
    assert brief(room.log_in("anna")) == [("offer", "cut-off", "anna")]


def test_an_old_entry_time_is_kept_and_never_in_the_future(room):
    room.queue("young")
    room.queue("adopted", entered_at=room.now - 90)
    room.queue("clock-stepped", entered_at=room.now + 3600)
    assert room.calls() == ["adopted", "young", "clock-stepped"]
    room.wait(10)
    waited = [call.waited_seconds for call in room.engine.snapshot(room.now).queues["general"].calls]
    assert waited == [100, 10, 10]


def test_a_caller_who_is_not_placed_keeps_his_place_but_is_not_offered(room):
    room.log_in("anna")
    assert brief(room.queue("c1", placed=False)) == []
    assert brief(room.queue("c2")) == [("offer", "c2", "anna")]
    assert room.calls() == ["c1", "c2"]
    room.log_in("bo")
    assert brief(room.hear(CallPlaced("c1"))) == [("offer", "c1", "bo")]
    assert room.hear(CallPlaced("c1")) == []
    assert room.ignored() == ["duplicate"]


def test_the_longest_idle_agent_is_chosen(make_room):
    """anna, bo, chen log in at 0, 1, 2 s; anna talks and is idle again after them."""
    room = make_room(agents=tuple(agent(name) for name in ("anna", "bo", "chen")))
    for second, name in enumerate(("anna", "bo", "chen")):
        room.now = 1000.0 + second
        room.log_in(name)
    assert brief(room.queue("c1")) == [("offer", "c1", "anna")]
    room.talk("o-00000001")
    room.wait(5)
    room.hear(TalkEnded("o-00000001", caller_remains=False))
    order = [brief(room.queue(call))[0][2] for call in ("c2", "c3", "c4")]
    assert order == ["bo", "chen", "anna"]


def test_a_pause_starts_idle_time_anew_and_so_does_a_call_elsewhere(make_room):
    room = make_room(agents=tuple(agent(name) for name in ("anna", "bo", "chen")))
    room.log_in("anna", "bo", "chen")
    room.hear(AgentPaused("anna", "lunch"), AgentBusyElsewhere("bo", busy=True))
    room.wait(5)
    room.hear(AgentBusyElsewhere("bo", busy=False))
    room.wait(5)
    room.hear(AgentUnpaused("anna"))
    order = [brief(room.queue(call))[0][2] for call in ("c1", "c2", "c3")]
    assert order == ["chen", "bo", "anna"]


STAFF = (
    Agent("novice", skills={"meter": 1}, queues=("general",)),
    Agent("expert", skills={"meter": 5, "lang_zh": 3}, queues=("general",)),
    Agent("able", skills={"meter": 3}, queues=("general",)),
)


@pytest.mark.parametrize(
    ("strategy", "order"),
    [
        ("longest_idle", ["novice", "expert", "able"]),
        ("most_skilled", ["expert", "able", "novice"]),
        ("least_skilled", ["novice", "able", "expert"]),
        ("fewest_talks", ["novice", "expert", "able"]),
    ],
)
def test_each_strategy_ranks_its_own_way(make_room, strategy, order):
    """All three are idle equally long; the call needs meter at level 1."""
    room = make_room(quiet("general", strategy=strategy, needs=(SkillNeed("meter"),)), agents=STAFF)
    room.log_in("novice", "expert", "able")
    assert [brief(room.queue(call))[0][2] for call in ("c1", "c2", "c3")] == order


def test_fewest_talks_counts_talks(make_room):
    room = make_room(quiet("general", strategy="fewest_talks"), agents=(agent("anna"), agent("bo")))
    room.log_in("anna")
    room.queue("c1")
    room.talk("o-00000001")
    room.hear(TalkEnded("o-00000001", caller_remains=False))
    room.wait(100)
    room.log_in("bo")
    assert brief(room.queue("c2")) == [("offer", "c2", "bo")]


def test_skills_levels_and_queues_decide_who_may(make_room):
    """c-meter needs meter 2, c-zh needs Chinese: the later caller is served when the earlier cannot be."""
    anna = agent("anna", "general", meter=1, lang_zh=1)
    room = make_room(quiet("general"), quiet("other"), agents=(anna, agent("bo", "other", meter=9, lang_zh=9)))
    room.log_in("anna", "bo")
    assert brief(room.queue("c-meter", needs=(METER,))) == []
    assert brief(room.queue("c-zh", needs=(ZH,))) == [("offer", "c-zh", "anna")]


def test_extra_needs_join_the_queues_needs_at_the_higher_level(make_room):
    queue = quiet("general", needs=(SkillNeed("meter", 1),))
    room = make_room(queue, agents=(agent("anna", meter=1), agent("bo", meter=2)))
    room.log_in("anna", "bo")
    assert brief(room.queue("c1", needs=(METER, SkillNeed("meter", 1)))) == [("offer", "c1", "bo")]


def test_rings_widen_the_search_with_time(make_room):
    """Level 3 at once, level 2 after 10 s, anybody after 30 s (an expert is logged in, but paused)."""
    rings = (Ring(30), Ring(10, (SkillNeed("meter", 2),)))
    queue = quiet("general", needs=(SkillNeed("meter", 3),), rings=rings)
    staff = (agent("expert", meter=3), agent("able", meter=2), agent("novice"))
    room = make_room(queue, agents=staff)
    room.log_in("expert", "able", "novice")
    room.hear(AgentPaused("expert", "lunch"))
    room.queue("c1")
    room.queue("c2")
    assert brief(room.wait(9.9)) == []
    assert brief(room.wait(0.1)) == [("offer", "c1", "able")]
    assert brief(room.wait(19.9)) == []
    assert ("offer", "c2", "novice") in brief(room.wait(0.1))


def test_an_adopted_caller_searches_as_wide_as_his_age_allows(make_room):
    queue = quiet("general", needs=(METER,), rings=(Ring(10),))
    room = make_room(queue, agents=(agent("expert", meter=2), agent("novice")))
    room.log_in("expert", "novice")
    room.hear(AgentPaused("expert", "lunch"))
    assert brief(room.queue("c1", entered_at=room.now - 10)) == [("offer", "c1", "novice")]


def test_a_ring_nobody_logged_in_could_match_is_skipped_at_once(make_room):
    """No expert is logged in: the caller need not wait 30 s for the wider ring."""
    queue = quiet("general", needs=(METER,), rings=(Ring(30),))
    room = make_room(queue, agents=(agent("expert", meter=2), agent("novice")))
    room.log_in("novice")
    assert brief(room.queue("c1")) == [("offer", "c1", "novice")]


def test_a_skipped_ring_is_back_in_force_when_somebody_for_it_logs_in(make_room):
    queue = quiet("general", needs=(METER,), rings=(Ring(30),))
    room = make_room(queue, agents=(agent("expert", meter=2), agent("novice")))
    room.log_in("expert")
    room.hear(AgentPaused("expert", "lunch"))
    room.log_in("novice")
    assert brief(room.queue("c1")) == []
    assert brief(room.hear(AgentLoggedOut("expert"))) == [("offer", "c1", "novice")]


def test_nobody_logged_in_is_no_error(make_room):
    """Callers wait until max wait, then go to the overflow."""
    room = make_room(quiet("general", max_wait_seconds=60))
    room.queue("c1")
    assert brief(room.wait(59)) == []
    assert brief(room.wait(1)) == [("release", "c1", "max_wait", "voicemail")]


def test_an_agent_busy_elsewhere_is_not_offered(room):
    room.log_in("anna")
    room.hear(AgentBusyElsewhere("anna", busy=True))
    assert room.queue("c1") == []
    assert brief(room.hear(AgentBusyElsewhere("anna", busy=False))) == [("offer", "c1", "anna")]
    room.hear(AgentBusyElsewhere("anna", busy=False), AgentBusyElsewhere("nobody", busy=True))
    assert room.ignored() == ["duplicate", "unknown_agent"]


def test_nothing_is_offered_while_dispatch_is_paused(room):
    """On resume the order is by score, not by arrival."""
    room.hear(DispatchPaused())
    room.log_in("anna", "bo")
    room.queue("basic")
    assert room.queue("gold", tier="gold") == []
    assert brief(room.hear(DispatchResumed())) == [("offer", "gold", "anna"), ("offer", "basic", "bo")]
    room.hear(DispatchResumed(), DispatchPaused(), DispatchPaused())
    assert room.ignored() == ["duplicate", "duplicate"]
    assert not room.engine.dispatching


def test_the_offer_command_says_all_the_shell_needs(room):
    room.queue("c1", tier="silver")
    room.wait(12)
    assert room.log_in("anna") == [OfferCall("o-00000001", "c1", "anna", "general", "silver", 20.0, 12.0, "o-00000001")]


def test_time_going_backwards_counts_as_no_time(room):
    room.queue("c1")
    room.now -= 50
    room.queue("c2")
    room.now += 60
    waited = [call.waited_seconds for call in room.engine.snapshot(room.now).queues["general"].calls]
    assert waited == [10, 10]


def test_a_call_of_a_full_line_is_let_out_at_once(make_room):
    """max_length 2: the third is refused; adopted and re-entering callers never are."""
    room = make_room(quiet("general", max_length=2, overflow="callback"))
    room.queue("c1")
    room.queue("c2")
    assert brief(room.queue("c3")) == [("release", "c3", "full", "callback")]
    assert [(fact.outcome.value, fact.wait_seconds) for fact in room.facts if hasattr(fact, "outcome")] == [
        ("rejected_full", 0.0)
    ]
    assert room.queue("adopted", entered_at=room.now - 5) == []
    assert room.queue("cut-off", first=True) == []
    assert len(room.calls()) == 4


def test_a_call_for_an_unknown_queue_is_not_left_standing(room):
    assert brief(room.queue("c1", "nowhere")) == [("release", "c1", "no_queue", "")]
    assert room.ignored() == ["unknown_queue"]


def test_queueing_twice_changes_nothing(room):
    room.queue("c1")
    room.queue("c1", tier="diamond")
    assert room.ignored() == ["duplicate"]
    assert room.calls() == ["c1"]


def test_an_agents_several_queues_are_served_by_score(make_room):
    both = replace(agent("anna"), queues=("general", "faults"))
    room = make_room(quiet("general"), quiet("faults"), agents=(both,))
    room.queue("f1", "faults")
    room.wait(1)
    room.queue("g1", "general")
    assert brief(room.log_in("anna")) == [("offer", "f1", "anna")]
