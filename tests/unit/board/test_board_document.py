"""The board's document: what stands in it, and what each role sees of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from acd.config import Agent, PauseReason, Policy, Queue, Team, Tier
from acd.engine import Engine
from acd.events import AgentLoggedIn, CallQueued, OfferAnswered, OfferRinging, TalkStarted
from cti.board.building import IVR_CALLS_SHOWN, LINE_SHOWN, CallOnBoard, Knowledge, build
from cti.board.document import AlertBoard, Label, Links
from cti.board.figures import Minute
from cti.board.viewing import seen_by
from cti.kpi import LegTally
from cti.users.roles import Role, Viewer

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICY = Policy(
    queues={"billing": Queue("billing", "账单", "Billing", service_level_target=0.8), "repair": Queue("repair")},
    tiers={"basic": Tier("basic"), "gold": Tier("gold", 60, "金", "Gold")},
    agents={
        "anna": Agent("anna", "Anna", queues=("billing",), team="day"),
        "bert": Agent("bert", "Bert", queues=("billing",), team="day"),
        "carl": Agent("carl", "Carl", queues=("repair",), team="night"),
    },
    teams={"day": Team("day", "白班", "Day", "anna"), "night": Team("night", "夜班", "Night")},
    pause_reasons={"lunch": PauseReason("lunch", "午餐", "Lunch")},
)
MANAGER, DISPLAY = Viewer("boss", Role.OPERATIONS_MANAGER), Viewer("", Role.DISPLAY)
LEADER, AGENT = Viewer("lea", Role.TEAM_LEADER, "day"), Viewer("anna", Role.AGENT, "day", "en")


@pytest.fixture
def knowledge():
    """Anna talks with talks1; waits1 waits for billing, waits2 for repair; ivr1 is in a menu."""
    engine = Engine(POLICY, offer_prefix="t")
    now, offers = 100.0, []
    for event in (AgentLoggedIn("anna"), CallQueued("talks1", "billing", "gold")):
        offers += [command.offer for command in engine.handle(event, now).commands if hasattr(command, "offer")]
    for event in (OfferRinging(offers[0]), OfferAnswered(offers[0]), TalkStarted(offers[0])):
        engine.handle(event, 110.0)
    engine.handle(CallQueued("waits1", "billing", "gold"), 120.0)
    engine.handle(CallQueued("waits2", "repair", "basic"), 125.0)
    sums = LegTally(offered=10, answered=8, answered_in_time=6, abandoned=2, abandoned_in_time=1, short_abandoned=1, answered_wait_ms=80_000)
    return Knowledge(
        at=AT, version="1.2.3", ready=True, links=Links(ami=True, database=False, store=True), snapshot=engine.snapshot(130.0), policy=POLICY,
        calls=[CallOnBoard("talks1", "billing"), CallOnBoard("waits1", "billing"), CallOnBoard("waits2", "repair"), CallOnBoard("ivr1", "", "main", "menu", 7)],
        today={"billing": sums}, recent={}, trend=(AT, [Minute(1, 1, 0, 2, None), Minute(2, 1, 1, 3, 0.5)]),
        alerts=[AlertBoard(name="A", severity="warning", summary=Label(zh="一", en="one"), since=AT, queue="billing")],
    )  # fmt: skip


def test_the_document_says_how_things_stand(knowledge):
    board = json.loads(build(knowledge).model_dump_json())
    billing, repair = board["queues"]
    assert (billing["label"], billing["waiting"], billing["longest_wait_seconds"], billing["talking"]) == ({"zh": "账单", "en": "Billing"}, 1, 10, 1)
    assert (billing["service_level_today"], billing["service_level_now"], billing["service_level_target"]) == (0.7, None, 0.8)
    assert (billing["abandonment_today"], billing["asa_today_seconds"], billing["offered_today"]) == (pytest.approx(1 / 9), 10, 10)
    assert (billing["agents"]["talking"], billing["agents"]["logged_out"]) == (1, 1)
    assert billing["tiers"][1] == {"tier": "gold", "label": {"zh": "金", "en": "Gold"}, "waiting": 1, "longest_wait_seconds": 10}
    assert (repair["label"], repair["offered_today"], repair["service_level_today"]) == ({"zh": "repair", "en": "repair"}, 0, None)
    anna, bert, _ = board["agents"]
    assert (anna["state"], anna["queue"], anna["call"], anna["team"], anna["since_seconds"]) == ("talking", "billing", "talks1", "day", 20)
    assert (bert["state"], bert["queue"], bert["call"], bert["since_seconds"]) == ("logged_out", None, None, None)
    assert [(place["call"], place["queue"], place["tier"], place["position"]) for place in board["line"]] == [
        ("waits1", "billing", "gold", 1), ("waits2", "repair", "basic", 1),
    ]  # fmt: skip
    assert board["ivr"] == {"active": 1, "flows": [{"flow": "main", "calls": 1}], "calls": [{"call": "ivr1", "flow": "main", "step": "menu", "seconds": 7}]}
    assert board["trend"] == {
        "every_seconds": 60, "from": "2026-11-20T12:00:00Z", "offered": [1, 2], "answered": [1, 1], "abandoned": [0, 1], "waiting": [2, 3],
        "service_level": [None, 0.5],
    }  # fmt: skip
    assert board["alerts"][0]["summary"] == {"zh": "一", "en": "one"}
    assert board["links"] == {"ami": True, "database": False, "store": True}
    assert board["teams"][0] == {"name": "day", "label": {"zh": "白班", "en": "Day"}}
    assert board["pause_reasons"] == [{"name": "lunch", "label": {"zh": "午餐", "en": "Lunch"}}]


def test_without_an_engine_the_lines_are_empty_and_the_day_is_still_told(knowledge):
    board = build(replace(knowledge, snapshot=None, ready=False))
    assert (board.ready, board.agents, board.line) == (False, [], [])
    assert [(queue.waiting, queue.offered_today) for queue in board.queues] == [(0, 10), (0, 0)]


def test_of_many_callers_in_flows_the_longest_in_their_step_are_shown(knowledge):
    calls = [CallOnBoard(f"c{n}", "", "main" if n % 3 else "other", "s", float(n)) for n in range(IVR_CALLS_SHOWN + 50)]
    ivr = build(replace(knowledge, calls=calls)).ivr
    assert (ivr.active, len(ivr.calls), ivr.calls[0].call) == (150, IVR_CALLS_SHOWN, "c149")
    assert [(load.flow, load.calls) for load in ivr.flows] == [("main", 100), ("other", 50)]


def test_of_very_many_in_line_those_who_wait_longest_are_shown_in_order(knowledge):
    engine = Engine(POLICY, offer_prefix="t")
    for number in range(LINE_SHOWN + 100):
        engine.handle(CallQueued(f"c{number}", "repair" if number % 4 else "billing", "basic"), float(number))
    line = build(replace(knowledge, snapshot=engine.snapshot(1000.0))).line
    assert len(line) == LINE_SHOWN
    assert {place.call for place in line} == {f"c{number}" for number in range(LINE_SHOWN)}
    assert [(place.queue, place.position) for place in line] == sorted((place.queue, place.position) for place in line)


def ids(board):
    return {
        *(agent.call for agent in board.agents), *(place.call for place in board.line), *(call.call for call in board.ivr.calls),
    } - {None}  # fmt: skip


@pytest.mark.parametrize(
    ("viewer", "agents", "steered", "calls"),
    [
        (MANAGER, "anna bert carl", "anna bert carl", "talks1 waits1 waits2 ivr1"),
        (DISPLAY, "anna bert carl", "", ""),
        (LEADER, "anna bert", "anna bert", "talks1 waits1"),
        (AGENT, "anna bert", "anna", "talks1"),
        (Viewer("carl", Role.AGENT, "night"), "carl", "carl", ""),
        (Viewer("stranger", Role.AGENT), "", "", ""),
        (Viewer("nobody's", Role.TEAM_LEADER), "", "", ""),
    ],
)
def test_a_role_sees_what_it_may(knowledge, viewer, agents, steered, calls):
    seen = seen_by(build(knowledge), viewer, POLICY)
    assert {agent.name for agent in seen.agents} == set(agents.split())
    assert {agent.name for agent in seen.agents if agent.may_steer} == set(steered.split())
    assert ids(seen) == set(calls.split())
    assert (seen.role, seen.name, seen.language) == (viewer.role, viewer.name, viewer.language)
    assert [(place.queue, place.position) for place in seen.line] == [("billing", 1), ("repair", 1)]
    assert [queue.offered_today for queue in seen.queues] == [10, 0]


def test_no_callers_number_is_in_the_document(knowledge):
    for part in (type(build(knowledge)), *type(build(knowledge)).__subclasses__()):
        assert "caller" not in part.model_fields
    assert "13800" not in build(knowledge).model_dump_json()
