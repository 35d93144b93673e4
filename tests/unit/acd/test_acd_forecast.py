"""How long will he wait: the line played forward, and when callers may be told."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import mean

import pytest
from acd_room import agent, quiet

from acd.chance import Chance
from acd.commands import Announce
from acd.config import Agent, ForecastRules, Ring, SkillNeed
from acd.events import AgentBusyElsewhere, AgentPaused, CallAbandoned, TalkEnded
from acd.facts import CallAnswered, CallEnded, Outcome
from acd.forecast import Accuracy, Expected, Forecast
from acd.outlook import Busy, Party, Waiter, play

O1 = "o-00000001"
MEAN = 100.0
#: a hundred talks as an exponential distribution of mean 100 s has them
TALKS = tuple(-MEAN * math.log(1 - (number + 0.5) / 100) for number in range(100))


def told(room):
    """The announcements of the next seconds."""
    return [command for command in room.wait(5) if isinstance(command, Announce)]


# ---- the play


def middle(waits):
    ordered = sorted(waits)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.9)]


def party(count, able, **changes):
    waiting = [Waiter(f"c{place}", (2.0, float(place)), 0.0) for place in range(1, count + 1)]
    return Party("general", ((0.0, frozenset(able)),), TALKS, 0.0, waiting=waiting, **changes)


@pytest.mark.parametrize(("place", "agents", "likely", "longest"), [(1, 5, 13.9, 46.1), (5, 5, 93.4, 159.9), (20, 10, 196.7, 258.9)])
def test_all_busy_agents_of_no_memory_serve_as_erlang_says(place, agents, likely, longest):
    """The wait at place n with s busy agents is Erlang distributed of n stages at rate s / mean talk: its median and 90 % point."""
    busy = [Busy(None, 0.0, TALKS) for _ in range(agents)]
    waits = play([party(place, range(agents))], busy, 2000, Chance(7))[f"c{place}"]
    assert middle(waits) == (pytest.approx(likely, rel=0.1), pytest.approx(longest, rel=0.1))


def test_long_talks_are_nearer_their_end_when_talks_are_alike():
    """Talks that all take 100 s, begun 90 s ago: ten seconds to go, and then a hundred."""
    line = party(2, [0])
    line.talks = (100.0,)
    waits = play([line], [Busy(None, 90.0, (100.0,), 5.0)], 3, Chance(1))
    assert waits == {"c1": [15.0] * 3, "c2": [115.0] * 3}


def test_impatient_callers_ahead_make_room():
    line = party(20, [0], impatience_per_second=1 / 30)
    patient = middle(play([party(20, [0])], [Busy(0.0)], 200, Chance(3))["c20"])[0]
    impatient = middle(play([line], [Busy(0.0)], 200, Chance(3))["c20"])[0]
    assert impatient < patient / 4


def test_later_callers_with_a_head_start_pass():
    """Whoever comes in the next 305 s stands before him: at one in 200 s that is 1.5 callers of 100 s each in the mean."""
    alone = mean(play([party(5, [0])], [Busy(0.0)], 2000, Chance(3))["c5"])
    passed = mean(play([party(5, [0], later=((0.5 / MEAN, -300.0),))], [Busy(0.0)], 2000, Chance(3))["c5"])
    assert alone == pytest.approx(4 * MEAN, rel=0.05)
    assert passed - alone == pytest.approx(1.5 * MEAN, rel=0.15)


def test_a_wider_ring_brings_an_idle_agent_in():
    line = party(1, [0])
    line.rings = ((0.0, frozenset({0})), (40.0, frozenset({0, 1})))
    line.waiting[0].waited_seconds = 15.0
    assert play([line], [Busy(300.0), Busy(0.0)], 1, Chance(1)) == {"c1": [25.0]}


def test_who_only_asks_takes_no_agent_away_and_who_cannot_be_served_is_left_out():
    line = party(2, [0])
    line.waiting[0].serves_nobody = True
    assert play([line, Party("x", ((0.0, frozenset()),), TALKS, 0.0, waiting=[Waiter("never", (2.0, 0.0), 0.0)])], [Busy(3.0)], 2, Chance(1)) == {
        "c1": [3.0, 3.0], "c2": [3.0, 3.0], "never": [],
    }  # fmt: skip


# ---- in the engine


def one_talk(room, seconds=60.0):
    """Somebody talks, so that there is something to go by."""
    room.log_in("anna")
    room.queue("first")
    room.talk(O1)
    room.wait(seconds)
    room.hear(TalkEnded(O1, caller_remains=False))


def expected(room, call):
    return room.engine.explain(call, room.now).standing.expected_wait_seconds


def test_no_data_or_nobody_at_work_no_forecast(make_room):
    room = make_room(quiet("general", wrapup_seconds=20), agents=(agent("anna"),))
    room.queue("c0")
    assert expected(room, "c0") is None
    room.hear(CallAbandoned("c0"))
    assert room.engine.snapshot(room.now).queues["general"].expected_wait_seconds is None
    one_talk(room)
    room.wait(20)
    room.hear(AgentPaused("anna", "lunch"))
    room.queue("c1")
    assert expected(room, "c1") is None


def test_who_stands_where_waits_how_long(make_room):
    """Talks of 60 s and wrap-up of 20 s, one agent who has just begun to wrap up."""
    room = make_room(quiet("general", wrapup_seconds=20), agents=(Agent("anna", queues=("general",)),))
    one_talk(room)
    room.queue("c1")
    room.queue("c2")
    room.queue("gold", tier="gold")
    assert [expected(room, call) for call in ("gold", "c1", "c2")] == [20, 100, 180]
    snapshot = room.engine.snapshot(room.now).queues["general"]
    assert (snapshot.expected_wait_seconds, snapshot.longest_expected_seconds) == (260, 260)


def test_an_agent_on_another_line_counts_as_one_who_has_just_begun(make_room):
    room = make_room(quiet("general", wrapup_seconds=20), agents=(agent("anna"),))
    one_talk(room)
    room.wait(20)
    room.hear(AgentBusyElsewhere("anna", busy=True))
    room.queue("c1")
    assert expected(room, "c1") == 60


def test_skills_and_rings_are_looked_ahead(make_room):
    """The expert is busy; after 30 s anybody may help, and somebody is idle."""
    skilled = Agent("anna", queues=("general",), skills={"billing": 2})
    room = make_room(
        quiet("general", needs=(SkillNeed("billing"),), rings=(Ring(30.0, ()),), wrapup_seconds=20), agents=(skilled, agent("bo"))
    )
    one_talk(room)
    room.log_in("bo")
    room.queue("c1")
    room.queue("c2")
    assert [expected(room, call) for call in ("c1", "c2")] == [20, 30]


def test_looking_changes_nothing_that_callers_are_told(make_room):
    """Two engines hear the same; one is looked at all the time."""
    rules = quiet("general", announce_first_seconds=5, announce_frequency_seconds=5, wrapup_seconds=20)
    said = []
    for looked_at in (False, True):
        room = make_room(rules, agents=(agent("anna"),), forecast=ForecastRules(least_calls=0))
        one_talk(room)
        heard = []
        for number in range(8):
            room.queue(f"c{number}")
            if looked_at:
                room.engine.snapshot(room.now)
                room.engine.explain(f"c{number}", room.now)
            heard += told(room)
        said.append(heard)
    assert said[0] == said[1]
    assert any(command.expected_wait_seconds for command in said[0])


def test_behind_those_who_are_played_it_is_told_in_proportion(make_room):
    room = make_room(quiet("general", wrapup_seconds=20), agents=(agent("anna"),))
    one_talk(room)
    for number in range(400):
        room.queue(f"c{number}")
    assert expected(room, "c399") == pytest.approx(expected(room, "c59") * 400 / 60)


# ---- may it be told


def test_callers_are_told_only_while_forecasts_come_true(make_room):
    """The first one is remembered, not told: nothing is known yet. Then it came true, and the next one hears a range."""
    queue = quiet("general", announce_first_seconds=5, announce_frequency_seconds=0, wrapup_seconds=20)
    room = make_room(queue, agents=(Agent("anna", queues=("general",)),), forecast=ForecastRules(least_calls=1))
    one_talk(room)
    room.queue("c1")
    assert [(command.position, command.expected_wait_seconds) for command in told(room)] == [(1, None)]
    room.wait(15)
    room.talk("o-00000002")
    assert room.engine.snapshot(room.now).queues["general"].forecast == Accuracy(1, pytest.approx(0.0))
    room.queue("c2")
    said = told(room)
    assert said == [Announce("c2", "general", 1, 75.0, 75.0)]


def test_a_forecast_that_was_wrong_silences_the_next():
    forecast = Forecast(4)
    rules = ForecastRules(window_calls=4, least_calls=2, median_error=0.3)
    assert not forecast.trusted("general", rules)
    assert forecast.trusted("general", replace(rules, least_calls=0))
    for number, waited in enumerate((100, 110, 190, 200, 50)):
        forecast.promise(f"c{number}", 100.0, 1000.0)
        forecast.promise(f"c{number}", 1.0, 1001.0)  # told again later: the first time counts
        forecast.told(CallAnswered(f"c{number}", "general", "basic", "anna", "o", float(waited)), 1000.0 + waited)
        if number == 1:
            assert forecast.trusted("general", rules)
    assert forecast.accuracy("general") == Accuracy(4, pytest.approx((90 / 190 + 0.5) / 2))
    assert not forecast.trusted("general", rules)


def test_a_caller_who_gave_up_says_nothing_about_the_forecast():
    forecast = Forecast()
    forecast.promise("c1", 100.0, 0.0)
    forecast.told(CallEnded("c1", "general", "basic", Outcome.ABANDONED, "waiting", 30.0), 30.0)
    assert forecast.accuracy("general") is None
    assert forecast.impatience_per_second("general") == pytest.approx(1 / 30)


def test_windows_are_bounded():
    forecast = Forecast()
    room_seconds = Expected(1.0, 2.0)
    assert room_seconds.likely_seconds < room_seconds.longest_seconds
    assert forecast.talk_seconds("general") == ()
    assert forecast.wrapup_seconds("general", 12.0) == 12.0
    assert forecast.arrivals_per_second("general", "gold", 5.0) == 0.0
