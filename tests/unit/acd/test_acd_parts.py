"""The parts the engine matches with, each by itself: order, places, lots, and what a decision can still tell."""

from __future__ import annotations

import random

import pytest
from acd_room import Room, agent, brief, small_policy

from acd.chance import Chance
from acd.config import SkillNeed
from acd.eligibility import Ineligibility, Reason
from acd.events import AgentLoggedOut, CallAbandoned, CallQueued, PolicyReplaced
from acd.ordered import Ordered
from acd.roster import Roster


@pytest.mark.parametrize("seed", range(5))
def test_an_ordered_collection_equals_a_sorted_list(seed):
    """Blocks are cut and dropped on the way: 6,000 items come and go."""
    chance = random.Random(seed)
    ordered, plain = Ordered(), []
    for _ in range(6_000):
        if plain and chance.random() < (0.3 if len(plain) < 3_000 else 0.8):
            item = plain.pop(chance.randrange(len(plain)))
            ordered.remove(item)
        else:
            item = (chance.random(), chance.random())
            plain.append(item)
            ordered.add(item)
    plain.sort()
    assert list(ordered) == plain
    assert len(ordered) == len(plain)
    assert [ordered.index(item) for item in plain[::97]] == list(range(0, len(plain), 97))
    assert ordered.index((2.0, 0.0)) == len(plain)
    for item in plain:
        ordered.remove(item)
    assert (list(ordered), len(ordered), ordered.index((0.5, 0.5))) == ([], 0, 0)


def test_lots_are_the_published_sequence():
    """SplitMix64 from seed 1234567: the first three 64-bit outputs as published with the algorithm."""
    chance = Chance(1234567)
    published = (6457827717110365317, 3203168211198807973, 9817491932198370423)
    assert [chance.uniform() for _ in range(3)] == [(value >> 11) * 2.0**-53 for value in published]


def test_a_copy_of_the_roster_tells_what_was_and_shares_what_did_not_change():
    roster = Roster()
    for order in range(1, 200):
        roster.note(order, None)
    roster.note(7, Ineligibility(Reason.PAUSED, "lunch"))
    before = roster.copy()
    roster.note(7, None)
    roster.note(150, Ineligibility(Reason.TALKING))
    after = roster.copy()
    assert roster.then(before, 7) == Ineligibility(Reason.PAUSED, "lunch")
    assert (roster.then(after, 7), roster.then(before, 150)) == (None, None)
    assert roster.then(after, 150) == Ineligibility(Reason.TALKING)
    assert before[1] is after[1]


def test_a_roster_survives_more_pause_reasons_than_it_can_number():
    roster = Roster()
    for number in range(400):
        roster.note(1, Ineligibility(Reason.PAUSED, f"reason {number}"))
    assert roster.then(roster.copy(), 1) == Ineligibility(Reason.PAUSED)


def test_callers_with_needs_of_all_kinds_leave_nothing_behind():
    """Six thousand different needs come and go while agents are free; lines and searches are dropped on the way."""
    room = Room(small_policy(agents=(agent("anna", lang_zh=1), agent("bo"))))
    room.log_in("anna", "bo")
    room.queue("waits", needs=(SkillNeed("nobody_has_it"),))
    for number in range(6_000):
        call = f"c{number}"
        room.engine.handle(CallQueued(call, "general", "basic", needs=(SkillNeed(f"skill{number}"),)), room.now)
        room.engine.handle(CallAbandoned(call), room.now)
    world = room.engine._world
    assert len(world.matching._lines) <= 4096
    assert len(world.matching._searches) <= 4096
    room.engine.check_invariants()
    assert brief(room.queue("zh", needs=(SkillNeed("lang_zh"),))) == [("offer", "zh", "anna")]
    assert brief(room.queue("any")) == [("offer", "any", "bo")]
    room.hear(PolicyReplaced(small_policy(agents=(agent("anna"), agent("chen", nobody_has_it=1)))))
    assert brief(room.log_in("chen")) == [("offer", "waits", "chen")]


def test_an_agent_who_comes_and_goes_while_nobody_asks_leaves_nothing_behind():
    """A search that nobody needs any more only notes who is free: it must not remember every time."""
    room = Room(small_policy(agents=(agent("anna"),)))
    room.queue("c1")
    room.engine.handle(CallAbandoned("c1"), room.now)
    for _ in range(1_000):
        room.log_in("anna")
        room.engine.handle(AgentLoggedOut("anna"), room.now)
    pools = room.engine._world.agents["anna"].pools
    assert pools
    assert all(len(pool._noted) + len(pool._heap) < 200 for pool in pools)
    room.log_in("anna")
    assert brief(room.queue("c2")) == [("offer", "c2", "anna")]
