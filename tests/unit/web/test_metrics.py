"""What the metrics say after the engine lived through something, read by the official parser."""

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from acd.config import Agent, PauseReason, Policy, Queue, SkillNeed, Tier
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    AgentPaused,
    AgentReadied,
    AgentUnpaused,
    CallAbandoned,
    CallQueued,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkEnded,
    TalkStarted,
)
from cti.metrics import Configured, Metrics, Readings
from cti.metrics.catalogue import DEFINITIONS, Kind
from cti.metrics.series import Form
from cti.metrics.table import markdown
from ivr.state import Trace

POLICY = Policy(
    queues={
        "billing": Queue("billing", service_level_seconds=25.0, short_abandon_seconds=6.0, wrapup_seconds=8.0, max_wait_seconds=60.0),
        "repair": Queue("repair", needs=(SkillNeed("repair"),), max_length=1),
    },
    tiers={"basic": Tier("basic"), "diamond": Tier("diamond", 300.0)},
    agents={"anna": Agent("anna", queues=("billing",)), "bert": Agent("bert", queues=("billing",))},
)


def configured(**changes):
    known = {
        "flows": {"main": {"welcome": ("said", "ended", "hung_up"), "menu": ("choice", "timeout", "case")}},
        "marks": ("1", "2", "3", "4", "5"),
        "operations": [("sql", "balance")],
        "version": "1.2.3",
        "flow_version": "abc",
    }
    return Configured(**(known | changes))


class Hotline:
    """A real engine with its metrics."""

    def __init__(self, policy=POLICY):
        self.engine = Engine(policy, offer_prefix="t")
        self.now = 1000.0
        self.live = 0
        self.offers = []
        self.metrics = Metrics(
            policy,
            configured(),
            Readings(totals=self.engine.totals, now=lambda: self.now, live_calls=lambda: self.live),
        )

    def tell(self, event, after=0.0):
        self.now += after
        handled = self.engine.handle(event, self.now)
        for fact in handled.facts:
            self.metrics.told(fact, self.now)
        self.offers += [command.offer for command in handled.commands if hasattr(command, "offer")]
        return handled

    def serve(self, offer, ring=0.0, talk=30.0, end=None):
        self.tell(OfferRinging(offer))
        self.tell(OfferAnswered(offer), after=ring)
        self.tell(TalkStarted(offer))
        self.tell(end or TalkEnded(offer, caller_remains=False), after=talk)

    def text(self):
        return self.metrics.text()

    def value(self, name, **labels):
        found = [
            sample.value
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) <= 1, f"{name} {labels} is there {len(found)} times"
        return found[0] if found else None


@pytest.fixture
def hotline():
    return Hotline()


def test_series_of_all_queues_and_tiers_are_there_before_the_first_call(hotline):
    for queue in ("billing", "repair"):
        for tier in ("basic", "diamond"):
            line = {"queue": queue, "tier": tier}
            assert hotline.value("hotline_queue_calls_entered_total", **line) == 0
            assert hotline.value("hotline_queue_calls_waiting", **line) == 0
            assert hotline.value("hotline_queue_wait_seconds_count", **line, outcome="abandoned") == 0
            assert hotline.value("hotline_queue_calls_overflowed_total", **line, reason="full") == 0
    assert hotline.value("hotline_agents", state="logged_out") == 2
    assert hotline.value("hotline_ivr_exits_total", flow="main", outcome="completed") == 0
    assert hotline.value("hotline_build_info", version="1.2.3", flow_version="abc") == 1


def test_an_answered_call_is_counted_with_its_wait_talk_and_wrap_up(hotline):
    line = {"queue": "billing", "tier": "diamond"}
    hotline.tell(CallQueued("c1", "billing", "diamond"))
    hotline.tell(AgentLoggedIn("anna"), after=21.0)
    hotline.serve(hotline.offers[0], ring=3.0, talk=40.0)
    hotline.tell(AgentReadied("anna"), after=4.0)
    assert hotline.value("hotline_queue_calls_entered_total", **line) == 1
    assert hotline.value("hotline_queue_calls_answered_total", **line) == 1
    assert hotline.value("hotline_queue_calls_ended_total", **line, outcome="answered") == 1
    assert hotline.value("hotline_queue_wait_seconds_sum", **line, outcome="answered") == 24.0
    assert hotline.value("hotline_talk_seconds_sum", **line) == 40.0
    assert hotline.value("hotline_wrapup_seconds_sum", **line) == 4.0
    assert hotline.value("hotline_offers_total", queue="billing", result="talked") == 1


def test_each_queues_service_level_is_a_bucket_written_with_a_fraction(hotline):
    hotline.tell(CallQueued("c1", "billing", "basic"))
    hotline.tell(AgentLoggedIn("anna"), after=22.0)
    hotline.serve(hotline.offers[0], ring=1.0)
    labels = {"queue": "billing", "tier": "basic", "outcome": "answered"}
    assert hotline.value("hotline_queue_wait_seconds_bucket", **labels, le="20.0") == 0
    assert hotline.value("hotline_queue_wait_seconds_bucket", **labels, le="25.0") == 1


def test_each_queues_short_abandon_is_a_bucket_too(hotline):
    hotline.tell(CallQueued("c1", "billing", "basic"))
    hotline.tell(CallAbandoned("c1"), after=5.5)
    labels = {"queue": "billing", "tier": "basic", "outcome": "abandoned"}
    assert hotline.value("hotline_queue_wait_seconds_bucket", **labels, le="5.0") == 0
    assert hotline.value("hotline_queue_wait_seconds_bucket", **labels, le="6.0") == 1


def test_an_answer_taken_back_at_once_is_counted_once(hotline):
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(AgentLoggedIn("bert"))
    hotline.tell(CallQueued("c1", "billing", "basic"))
    first = hotline.offers[0]
    hotline.serve(first, ring=2.0, talk=0.1, end=OfferFailed(first, OfferCause.HUNG_UP))
    hotline.serve(hotline.offers[1], ring=5.0)
    line = {"queue": "billing", "tier": "basic"}
    assert hotline.offers[1] != first
    assert hotline.value("hotline_queue_calls_answered_total", **line) == 1
    assert hotline.value("hotline_queue_wait_seconds_sum", **line, outcome="answered") == 2.0
    assert hotline.value("hotline_offers_total", queue="billing", result="talked") == 2


def test_the_same_call_may_be_answered_again_after_its_entry_ended(hotline):
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(AgentLoggedIn("bert"))
    for number in range(2):
        hotline.tell(CallQueued("c1", "billing", "basic"))
        hotline.serve(hotline.offers[number])
    assert hotline.value("hotline_queue_calls_answered_total", queue="billing", tier="basic") == 2


def test_waiting_abandoned_and_overflowed_callers(hotline):
    basic, diamond = {"queue": "repair", "tier": "basic"}, {"queue": "repair", "tier": "diamond"}
    hotline.live = 3
    hotline.tell(CallQueued("c1", "repair", "basic"))
    hotline.tell(CallQueued("c2", "repair", "diamond"), after=5.0)
    assert hotline.value("hotline_queue_calls_waiting", **basic) == 1
    assert hotline.value("hotline_queue_longest_wait_seconds", **basic) == 5.0
    assert hotline.value("hotline_queue_longest_wait_seconds", **diamond) == 0
    assert hotline.value("hotline_queue_calls_overflowed_total", **diamond, reason="full") == 1
    assert hotline.value("hotline_calls_active") == 3
    assert hotline.value("hotline_ivr_active_calls") == 2
    hotline.tell(CallAbandoned("c1"), after=2.0)
    assert hotline.value("hotline_queue_calls_abandoned_total", **basic) == 1
    assert hotline.value("hotline_queue_wait_seconds_sum", **basic, outcome="abandoned") == 7.0
    assert hotline.value("hotline_queue_calls_waiting", **basic) == 0


def test_max_wait_overflows(hotline):
    hotline.tell(CallQueued("c1", "billing", "basic"))
    hotline.tell(CallQueued("c2", "billing", "basic"), after=61.0)
    line = {"queue": "billing", "tier": "basic"}
    assert hotline.value("hotline_queue_calls_overflowed_total", **line, reason="max_wait") == 1


def test_a_caller_taken_over_is_resumed_not_entered_again(hotline):
    hotline.tell(CallQueued("c1", "billing", "basic", entered_at=hotline.now - 30.0))
    line = {"queue": "billing", "tier": "basic"}
    assert hotline.value("hotline_queue_calls_entered_total", **line) == 0
    assert hotline.value("hotline_queue_calls_resumed_total", **line) == 1
    assert hotline.value("hotline_queue_longest_wait_seconds", **line) == 30.0


def test_agents_are_counted_by_state(hotline):
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(CallQueued("c1", "billing", "basic"))
    assert hotline.value("hotline_queue_agents", queue="billing", state="offered") == 1
    assert hotline.value("hotline_queue_agents", queue="billing", state="logged_out") == 1
    assert hotline.value("hotline_queue_agents", queue="repair", state="offered") == 0
    hotline.tell(OfferFailed(hotline.offers[0], OfferCause.BUSY))
    assert hotline.value("hotline_agents", state="backoff") == 1
    assert hotline.value("hotline_offers_total", queue="billing", result="busy") == 1


def test_paused_agents_are_counted_by_listed_reasons():
    hotline = Hotline(replace(POLICY, pause_reasons={"lunch": PauseReason("lunch", limit_seconds=60.0), "break": PauseReason("break")}))
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(AgentPaused("anna", "lunch"))
    hotline.tell(AgentLoggedIn("bert"))
    hotline.tell(AgentPaused("bert", "a word of an earlier configuration"))

    def paused():
        return {reason: hotline.value("hotline_agents_paused", reason=reason) for reason in ("lunch", "break", "missed_calls", "other")}

    assert paused() == {"lunch": 1, "break": 0, "missed_calls": 0, "other": 1}
    assert hotline.value("hotline_agents_pause_over_limit") == 0
    hotline.now += 61.0
    assert hotline.value("hotline_agents_pause_over_limit") == 1
    hotline.metrics.policy_loaded(replace(POLICY, pause_reasons={"tea": PauseReason("tea")}))
    assert hotline.value("hotline_agents_paused", reason="tea") == 0
    hotline.tell(AgentUnpaused("anna"))
    assert (paused()["lunch"], hotline.value("hotline_agents_pause_over_limit")) == (0, 0)


def test_strange_names_go_to_other(hotline):
    hotline.tell(CallQueued("c1", "billing", "13800138000"))
    hotline.metrics.ivr_stepped(Trace("main", "13800138001", "menu", 0.0, "choice"))
    hotline.metrics.ivr_stepped(Trace("13800138002", "menu", "menu", 0.0, "choice"))
    hotline.metrics.ivr_exited("13800138003", "completed")
    hotline.metrics.backend_called("13800138004", "13800138005", "13800138006", 0.1)
    assert hotline.value("hotline_queue_calls_entered_total", queue="billing", tier="other") == 1
    assert hotline.value("hotline_queue_calls_waiting", queue="billing", tier="other") == 1
    assert hotline.value("hotline_ivr_steps_total", flow="main", step="other", result="choice") == 1
    assert hotline.value("hotline_ivr_steps_total", flow="other", step="other", result="choice") == 1
    assert "1380013800" not in hotline.text()


def test_words_nobody_foresaw_share_one_series(hotline):
    before = hotline.metrics.count()
    for number in range(100):
        hotline.metrics.ivr_stepped(Trace("main", "menu", "menu", 0.0, f"r{number}"))
        hotline.metrics.call_ended(f"c{number}", f"o{number}")
        hotline.metrics.forged(f"f{number}")
    assert hotline.value("hotline_ivr_steps_total", flow="main", step="menu", result="other") == 100
    assert hotline.value("hotline_calls_ended_total", cause="other") == 100
    assert hotline.metrics.count() == before + 4


def test_cases_of_a_branch_share_a_result(hotline):
    for number in (1, 2):
        hotline.metrics.ivr_stepped(Trace("main", "menu", "branch", 0.0, f"case {number}"))
    assert hotline.value("hotline_ivr_steps_total", flow="main", step="menu", result="case") == 2


def test_a_link_that_comes_back_is_a_reconnect(hotline):
    seen = []
    hotline.metrics.ami_link(actions=True)
    assert hotline.value("hotline_ami_up") == 0
    for up in (True, True, False, False, True):
        hotline.metrics.ami_link(events=up)
        assert hotline.value("hotline_ami_link_up", link="events") == int(up)
        assert hotline.value("hotline_ami_link_up", link="actions") == 1
        seen.append((hotline.value("hotline_ami_up"), hotline.value("hotline_ami_reconnects_total")))
    assert seen == [(1, 0), (1, 0), (0, 0), (0, 0), (1, 1)]


def test_the_other_hooks_count(hotline):
    metrics = hotline.metrics
    metrics.call_began()
    metrics.call_began(adopted=True)
    metrics.forged("no_nonce")
    metrics.drift("leg_vanished")
    metrics.fell_back()
    metrics.store_write_failed(3)
    metrics.backend_called("sql", "balance", "timeout", 2.0)
    assert hotline.value("hotline_calls_total") == 1
    assert hotline.value("hotline_calls_adopted_total") == 1
    assert hotline.value("hotline_forged_events_total", why="no_nonce") == 1
    assert hotline.value("hotline_drift_repaired_total", kind="leg_vanished") == 1
    assert hotline.value("hotline_fallback_total") == 1
    assert hotline.value("hotline_store_write_failures_total") == 3
    assert hotline.value("hotline_backend_calls_total", backend="sql", operation="balance", result="timeout") == 1


def test_an_unknown_event_is_counted_as_ignored(hotline):
    hotline.tell(CallAbandoned("nobody"))
    assert hotline.value("hotline_events_ignored_total", why="unknown_call") == 1


def test_without_an_engine_there_are_no_gauges_of_lines():
    metrics = Metrics(POLICY, configured(), Readings(totals=lambda _now: None, now=lambda: 0.0, live_calls=lambda: 0))
    text = metrics.text()
    assert "hotline_queue_calls_waiting{" not in text
    assert "hotline_calls_active 0.0" in text


def test_the_page_holds_what_the_catalogue_promises(hotline):
    hotline.metrics.ami_action("Ping", 0.001)
    hotline.metrics.ivr_stepped(Trace("main", "menu", "menu", 0.0, "choice"))
    hotline.tell(AgentLoggedIn("anna"))
    hotline.tell(CallQueued("c1", "billing", "basic"))
    families = {
        family.name: family for family in parse_openmetrics(hotline.metrics.text(Form.OPEN))
    }
    promised = {d.name.removesuffix("_total") if d.kind is Kind.COUNTER else d.name: d for d in DEFINITIONS}
    assert {name for name in families if name.startswith("hotline_")} == set(promised)
    for name, definition in promised.items():
        assert families[name].type == definition.kind.value
        for sample in families[name].samples:
            assert set(sample.labels) - {"le"} == set(definition.labels)


def test_the_table_in_the_manual_is_current():
    page = Path(__file__).parents[3] / "docs" / "metrics.md"
    assert page.read_text(encoding="utf-8") == markdown(), "run: python -m cti.metrics.table > docs/metrics.md"


def test_the_record_writers_counters_are_read_at_scrape():
    counts = [0, 0]
    readings = Readings(totals=lambda _now: None, now=lambda: 0.0, live_calls=lambda: 0, records=lambda: (counts[0], counts[1]))
    metrics = Metrics(POLICY, configured(), readings)
    counts[:] = [3, 5]
    text = metrics.text()
    assert "hotline_records_lost_total 3.0" in text
    assert "hotline_record_write_failures_total 5.0" in text


def test_what_the_watch_is_told_is_what_was_counted(hotline):
    metrics = hotline.metrics
    metrics.ami_link(events=True, actions=True)
    metrics.fell_back()
    metrics.drift("strayed")
    metrics.forged("no_nonce")
    metrics.store_write_failed(2)
    metrics.ivr_stepped(Trace("main", "menu", "menu", 0.0, "budget"))
    metrics.ivr_stepped(Trace("main", "menu", "menu", 0.0, "choice"))
    metrics.ivr_exited("main", "failed")
    metrics.ivr_exited("main", "completed")
    metrics.backend_called("sql", "balance", "ok", 0.01)
    metrics.backend_called("sql", "balance", "timeout", 2.0)
    metrics.policy_refused()
    metrics.flows_refused()
    health = metrics.health()
    assert (health.ami_up, health.policy_refused, health.flows_refused) == (True, True, True)
    assert (health.fallbacks, health.drifts, health.forged, health.store_failures) == (1, 1, 1, 2)
    assert (health.flow_loops, health.flow_exits, health.flow_failures, health.backends) == (1, 2, 1, {"sql": (2, 1)})
    metrics.policy_loaded(POLICY)
    metrics.flows_loaded("v2")
    metrics.ami_link(events=False)
    assert (metrics.health().ami_up, metrics.health().policy_refused, metrics.health().flows_refused) == (False, False, False)


def test_a_hang_up_in_a_step_is_told_apart_from_its_end(hotline):
    hotline.metrics.ivr_stepped(Trace("main", "welcome", "say", 0.0, "ended", {"outcome": "abandoned", "reason": "the caller hung up"}))
    hotline.metrics.ivr_stepped(Trace("main", "welcome", "say", 0.0, "ended", {"outcome": "completed", "reason": "done"}))
    assert hotline.value("hotline_ivr_steps_total", flow="main", step="welcome", result="hung_up") == 1
    assert hotline.value("hotline_ivr_steps_total", flow="main", step="welcome", result="ended") == 1
