"""How many series there are, what they are after a reload, and what they say of agents' time and of calls in exemplars."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from acd.config import Agent, PauseReason, Queue, Tier
from acd.events import AgentLoggedIn, AgentPaused, CallQueued, OfferAnswered, OfferRinging, TalkEnded, TalkStarted
from acd.facts import AgentChanged, Outcome
from acd.states import AgentState
from cti.metrics.catalogue import DEFINITIONS, series
from cti.metrics.registry import Registry
from cti.metrics.series import Form
from cti.metrics.table import demo_names
from tests.support.synthetic_floor import Floor, floor_policy
from tests.unit.web.test_metrics import POLICY, Hotline

CALLS = 10_000


def lines_of(metrics):
    return [line for line in metrics.text().splitlines() if line.startswith("hotline_")]


def value_by_letters(formula, letters):
    """Reckon a formula as docs/metrics.md prints it."""
    product = 1
    for factor in re.sub(r"\(([A-Z]) \+ (\d+)\)", lambda found: str(letters[found[1]] + int(found[2])), formula).split(" · "):
        product *= letters[factor] if factor in letters else int(factor)
    return product


def test_after_ten_thousand_calls_the_series_are_as_many_as_the_formula_says():
    floor = Floor(floor_policy(queues=6, tiers=4, agents=40))
    floor.metrics.text()
    at_start = floor.metrics.count()
    floor.calls(CALLS)
    lines = lines_of(floor.metrics)
    letters = {"Q": 6, "T": 4, "V": 3, "P": 2, "R": 19, "S": 5, "F": 2, "D": 1, "O": 3, "W": 16}
    assert len(lines) == floor.metrics.count() == floor.metrics.expected_count()
    assert len(lines) == sum(value_by_letters(definition.formula(), letters) for definition in DEFINITIONS)
    sparse = sum(definition.sparse for definition in DEFINITIONS) * len(floor.policy.queues)
    assert at_start == len(lines) - sparse, "all but the forecasts were there before the first call"
    assert floor.outcomes == {*Outcome, "wrapup"}, "the calls had every outcome"


def test_a_person_is_in_no_series():
    floor = Floor(floor_policy(queues=2, tiers=2, agents=5))
    floor.calls(200)
    text = floor.metrics.text()
    assert not re.search(r"agent\d{3}|\bc\d+\b|139\d{8}", text)


def test_exemplars_name_the_call_and_stand_in_open_metrics_alone():
    hotline = Hotline()
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(CallQueued("call-1", "billing", "basic"))
    offer = hotline.offers[0]
    hotline.tell(OfferRinging(offer))
    hotline.tell(OfferAnswered(offer), after=3.0)
    hotline.tell(TalkStarted(offer))
    hotline.tell(TalkEnded(offer, caller_remains=False), after=40.0)
    assert "call-1" not in hotline.text()
    families = {family.name: family for family in parse_openmetrics(hotline.metrics.text(Form.OPEN))}
    for name, seconds in (("hotline_queue_wait_seconds", 3.0), ("hotline_talk_seconds", 40.0)):
        (exemplar,) = [sample.exemplar for sample in families[name].samples if sample.exemplar]
        assert (exemplar.labels, exemplar.value) == ({"call_id": "call-1"}, seconds)


def test_a_strange_call_id_makes_no_page_unreadable():
    hotline = Hotline()
    hotline.metrics.ivr_exited("main", "completed", seconds=1.0, call='a"b\\c\nd')
    hotline.metrics.ivr_exited("main", "abandoned", seconds=1.0, call="x" * 500)
    hotline.metrics.ivr_exited("main", "failed", seconds=1.0, call="c-1")
    exemplars = [
        sample.exemplar.labels
        for family in parse_openmetrics(hotline.metrics.text(Form.OPEN))
        for sample in family.samples
        if sample.exemplar
    ]
    assert exemplars == [{"call_id": "c-1"}]


def test_new_names_begin_at_zero_and_old_ones_go_after_the_next_reload():
    hotline = Hotline()
    hotline.tell(CallQueued("c1", "repair", "basic"))
    before = hotline.metrics.count()
    other = replace(
        POLICY,
        queues={"billing": POLICY.queues["billing"], "sales": Queue("sales", service_level_seconds=25.0)},
        tiers={"gold": Tier("gold"), **POLICY.tiers},
        pause_reasons={"tea": PauseReason("tea")},
        agents={"anna": Agent("anna", queues=("sales",))},
    )
    hotline.metrics.policy_loaded(other)
    assert hotline.value("hotline_queue_calls_entered_total", queue="sales", tier="gold") == 0
    assert hotline.value("hotline_queue_calls_entered_total", queue="repair", tier="basic") == 1, "its callers are still there"
    hotline.metrics.policy_loaded(other)
    assert hotline.value("hotline_queue_calls_entered_total", queue="repair", tier="basic") is None
    for _ in range(5):
        hotline.metrics.policy_loaded(POLICY)
        hotline.metrics.policy_loaded(other)
    hotline.metrics.policy_loaded(POLICY)
    hotline.metrics.policy_loaded(POLICY)
    assert hotline.metrics.count() == before, "however often it was reloaded"


def test_other_thresholds_begin_the_waits_again_with_their_bounds():
    hotline = Hotline()
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(CallQueued("c1", "billing", "basic"))
    hotline.serve(hotline.offers[0], ring=2.0)
    line = {"queue": "billing", "tier": "basic"}
    assert hotline.value("hotline_queue_wait_seconds_count", **line, outcome="answered") == 1
    queues = {**POLICY.queues, "repair": replace(POLICY.queues["repair"], service_level_seconds=33.0)}
    hotline.metrics.policy_loaded(replace(POLICY, queues=queues))
    assert hotline.value("hotline_queue_wait_seconds_count", **line, outcome="answered") == 0
    assert hotline.value("hotline_queue_wait_seconds_bucket", **line, outcome="answered", le="33.0") == 0
    assert hotline.value("hotline_queue_calls_answered_total", **line) == 1, "only the waits begin again"


def seconds(hotline, state, reason=""):
    return hotline.value("hotline_agent_state_seconds_total", state=state, reason=reason)


def test_agents_time_grows_while_a_state_lasts():
    hotline = Hotline(replace(POLICY, pause_reasons={"lunch": PauseReason("lunch")}))
    hotline.text()
    hotline.tell(AgentLoggedIn("anna"), after=10.0)
    hotline.now += 20.0
    assert (seconds(hotline, "logged_out"), seconds(hotline, "ready")) == (10.0 + 10.0 + 20.0, 20.0)
    hotline.tell(AgentPaused("anna", "lunch"), after=5.0)
    hotline.now += 7.0
    assert (seconds(hotline, "ready"), seconds(hotline, "paused", "lunch")) == (25.0, 7.0)
    assert hotline.value("hotline_queue_agent_state_seconds_total", queue="billing", state="paused") == 7.0
    total = sum(
        float(line.rpartition(" ")[2]) for line in lines_of(hotline.metrics) if line.startswith("hotline_agent_state_seconds_total")
    )
    assert total == 2 * 42.0, "each second of each agent counts once"


def test_an_engine_that_starts_anew_counts_no_second_twice():
    hotline = Hotline()
    hotline.text()
    hotline.tell(AgentLoggedIn("anna"), after=1.0)
    hotline.now += 10.0
    # after a lost link a new engine is told where agents stand: from logged out
    hotline.metrics.told(AgentChanged("anna", AgentState.LOGGED_OUT, AgentState.READY, "", 0.0), hotline.now)
    hotline.now += 10.0
    assert seconds(hotline, "ready") == 20.0


def test_a_counter_of_time_never_falls():
    floor = Floor(floor_policy(queues=3, tiers=2, agents=12))
    before = {}
    for round_ in range(40):
        floor.calls(25, first=25 * round_)
        now = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines_of(floor.metrics) if "state_seconds_total" in line}
        assert all(now[name] >= value for name, value in before.items())
        before = now


@pytest.mark.asyncio
async def test_a_page_made_in_slices_is_the_page_made_at_once():
    floor = Floor(floor_policy(queues=10, tiers=4, agents=50))
    floor.calls(100)
    for form in Form:
        assert (await floor.metrics.page(form)).decode().splitlines()[:5000] == floor.metrics.text(form).splitlines()[:5000]


def test_the_formula_of_the_demo_is_what_a_server_with_it_has():
    names = demo_names()
    registry = Registry(names)
    for definition in DEFINITIONS:
        (registry.distribution if definition.buckets else registry.number)(definition)
    sparse = [definition for definition in DEFINITIONS if definition.sparse]
    assert series(names) > 1000
    assert registry.count() + sum(definition.series(names) for definition in sparse) == series(names)


def test_a_wait_is_within_a_threshold_exactly_when_its_record_says_so():
    hotline = Hotline()
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(CallQueued("c1", "billing", "basic"))
    hotline.serve(hotline.offers[0], ring=25.0004)
    labels = {"queue": "billing", "tier": "basic", "outcome": "answered"}
    assert hotline.value("hotline_queue_wait_seconds_sum", **labels) == 25.0
    assert hotline.value("hotline_queue_wait_seconds_bucket", **labels, le="25.0") == 1


def test_the_counts_are_those_of_the_whole_snapshot():
    floor = Floor(floor_policy(queues=4, tiers=3, agents=15))
    for round_ in range(30):
        floor.calls(20, first=20 * round_)
        snapshot, totals = floor.engine.snapshot(floor.now), floor.engine.totals(floor.now)
        assert sum(queue.waiting + queue.talking + queue.callbacks for queue in snapshot.queues.values()) > 0
        for name, queue in snapshot.queues.items():
            counted = totals.queues[name]
            assert dict(counted.waiting_by_tier) == dict(queue.waiting_by_tier)
            assert counted.longest_wait_by_tier_seconds == {tier: wait for tier, wait in queue.longest_wait_by_tier_seconds.items() if wait > 0}
            assert (counted.talking, counted.callbacks) == (queue.talking, queue.callbacks)
            assert dict(counted.agents_by_state) == dict(queue.agents_by_state)
            assert counted.expected_wait_seconds == queue.expected_wait_seconds
            assert counted.forecast_error == (None if queue.forecast is None else queue.forecast.median_error)
        assert totals.agents == Counter((agent.state, agent.reason) for agent in snapshot.agents.values())
        assert totals.over_limit == sum(agent.over_limit for agent in snapshot.agents.values())
