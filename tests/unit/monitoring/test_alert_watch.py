"""The server's own watch: which conditions hold by the real engine's totals and facts, when alerts come and go, what they say."""

from collections import Counter

import pytest

from acd.config import Agent, Policy, Queue
from acd.engine import Engine
from acd.events import AgentLoggedIn, AgentPaused, CallAbandoned, CallQueued
from acd.facts import CallAnswered, CallEnded, Outcome
from acd.states import AgentState
from acd.totals import QueueTotals, Totals
from cti.clock import Clock
from cti.monitoring import AlertWatch, Counts, Figures, Health, Severity, catalogue, conditions, limits
from cti.monitoring.catalogue import DEFINITIONS, About

POLICY = Policy(
    queues={
        "billing": Queue("billing", label_zh="电费", label_en="Billing", service_level_seconds=20, service_level_target=0.8, wrapup_seconds=0, max_wait_seconds=600),
        "faults": Queue("faults", label_zh="故障", label_en="Faults"),
    },
    tiers={},
    agents={"anna": Agent("anna", queues=("billing",)), "bert": Agent("bert", queues=("faults",))},
)  # fmt: skip


class SetClock(Clock):
    """A clock that stands where it is put."""

    def __init__(self):
        super().__init__()
        self.at = 1000.0

    def now(self):
        return self.at

    def wall_ms(self):
        return 1_700_000_000_000 + int(self.at * 1000)


class Room:
    """A watch over a real engine and a server's health, looked at every 5 s of its own time."""

    def __init__(self):
        self.clock = SetClock()
        self.engine = Engine(POLICY, offer_prefix="t")
        self.health = Health(ami_up=True)
        self.attached = True
        self.watch = AlertWatch(self.clock, lambda: POLICY, self._totals, lambda: self.health)
        self.calls = 0

    def _totals(self, now):
        return self.engine.totals(now) if self.attached else None

    def tell(self, *events):
        for event in events:
            handled = self.engine.handle(event, self.clock.now())
            for fact in handled.facts:
                self.watch.told(fact, self.clock.now())

    def passes(self, seconds):
        """Let time pass, looking every 5 s."""
        end = self.clock.at + seconds
        while self.clock.at < end:
            self.clock.at = min(end, self.clock.at + 5)
            self.watch.look()

    def answered(self, waited, number=1):
        """Callers of billing who waited so long before they talked."""
        for _ in range(number):
            self.calls += 1
            call = f"c{self.calls}"
            self.watch.told(CallAnswered(call, "billing", "", "anna", f"o{self.calls}", waited), self.clock.at)
            self.watch.told(CallAnswered(call, "billing", "", "anna", f"p{self.calls}", waited + 1), self.clock.at)  # taken back at once
            self.watch.told(CallEnded(call, "billing", "", Outcome.ANSWERED, "", waited), self.clock.at)

    def hangs_up(self, waited, number=1):
        """Callers of faults who hang up after so long."""
        for _ in range(number):
            self.calls += 1
            self.watch.told(CallEnded(f"c{self.calls}", "faults", "", Outcome.ABANDONED, "", waited), self.clock.at)

    def names(self):
        return [(alert.name, alert.queue) for alert in self.watch.alerts()]


@pytest.fixture
def room():
    room = Room()
    room.tell(AgentLoggedIn("anna"))
    return room


def test_a_quiet_hotline_alarms_nobody(room):
    room.answered(3, 20)
    room.passes(600)
    assert room.watch.alerts() == []


def test_the_service_level_below_its_target_is_raised_after_its_time_and_stays_a_while(room):
    room.answered(3, 7)
    room.answered(25, 3)
    room.passes(115)
    assert room.names() == []
    room.passes(20)
    (alert,) = room.watch.alerts()
    assert (alert.name, alert.queue, alert.severity) == ("HotlineServiceLevelBelowTarget", "billing", Severity.CRITICAL)
    assert alert.summary_en == "The service level of Billing is 70.0% in the last 15 minutes, below its target"
    assert "电费" in alert.summary_zh
    assert "70.0%" in alert.summary_zh
    room.answered(3, 10)
    room.passes(200)
    assert room.names() == [("HotlineServiceLevelBelowTarget", "billing")]
    room.passes(110)
    assert room.names() == []


def test_few_calls_alarm_nobody(room):
    room.answered(25, limits.LEAST_CALLS - 1)
    room.passes(600)
    assert room.names() == []


def test_a_level_that_falls_towards_its_target_warns(room):
    room.answered(3, 40)
    room.passes(1200)
    room.answered(3, 17)
    room.answered(25, 3)
    room.passes(130)
    assert room.names() == [("HotlineServiceLevelAtRisk", "billing")]


def test_calls_older_than_a_quarter_of_an_hour_do_not_count(room):
    room.answered(25, 20)
    room.passes(130)
    assert room.names() == [("HotlineServiceLevelBelowTarget", "billing")]
    room.passes(900 + 300)
    assert room.names() == []


def test_abandonment_counts_no_short_ones(room):
    room.hangs_up(3, 30)
    room.passes(130)
    assert ("HotlineAbandonmentAboveTarget", "faults") not in room.names()
    room.hangs_up(7, 1)
    room.passes(130)
    assert ("HotlineAbandonmentAboveTarget", "faults") in room.names()


def test_whoever_waits_too_long_is_told_of_at_once(room):
    room.tell(CallQueued("c1", "faults", ""))
    room.passes(60)
    assert room.names() == []
    room.passes(60)
    assert room.names() == [("HotlineNobodyLoggedIn", "faults")]
    room.passes(350)
    found = {alert.name: alert for alert in room.watch.alerts()}
    assert found["HotlineLongestWait"].summary_en == "A caller of Faults has been waiting for 7 min 50 s"
    room.tell(CallAbandoned("c1"))
    room.passes(35)
    assert room.names() == []


def test_all_paused_is_raised_while_nobody_else_is_logged_in(room):
    room.tell(AgentPaused("anna", "break"))
    room.passes(70)
    assert room.names() == [("HotlineAllAgentsPaused", "billing")]


def test_without_an_engine_the_link_is_what_is_missing(room):
    room.attached, room.health.ami_up = False, False
    room.passes(15)
    assert room.names() == []
    room.passes(10)
    assert room.names() == [("HotlineAmiDown", None)]
    room.health.ami_up = True
    room.passes(5)
    assert room.names() == []


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ({"fallbacks": 1}, "HotlineFallbackUsed"),
        ({"drifts": 6}, "HotlineDrift"),
        ({"forged": 1}, "HotlineForgedEvents"),
        ({"store_failures": 1}, "HotlineStoreFailing"),
        ({"records_lost": 1}, "HotlineRecordsLost"),
        ({"record_failures": 2}, "HotlineRecordsNotWritten"),
        ({"flow_loops": 1}, "HotlineFlowLoop"),
        ({"flow_exits": 10, "flow_failures": 3}, "HotlineFlowErrors"),
        ({"backends": {"accounts": (10, 3)}}, "HotlineBackendErrors"),
        ({"marks": {"billing": (110, 530)}}, "HotlineSatisfactionFalling"),
        ({"loop_lag_seconds": 0.3}, "HotlineEventLoopLag"),
        ({"policy_refused": True}, "HotlineConfigurationRefused"),
        ({"flows_refused": True}, "HotlineConfigurationRefused"),
    ],
)
def test_the_servers_own_troubles_are_told_and_forgotten(room, what, name):
    room.health.marks = {"billing": (100, 500)}
    room.passes(3600 + 120)
    assert room.names() == []
    for field, value in what.items():
        setattr(room.health, field, value)
    room.passes(310)
    assert [alert.name for alert in room.watch.alerts()] == [name]
    room.health.loop_lag_seconds = 0.0
    room.health.policy_refused = room.health.flows_refused = False
    room.passes(3600 + 960)
    assert room.names() == []


@pytest.mark.parametrize(
    "what",
    [{"drifts": 5}, {"flow_exits": 2, "flow_failures": 2}, {"flow_exits": 100, "flow_failures": 5}, {"backends": {"accounts": (100, 20)}}, {"loop_lag_seconds": 0.25}],
)
def test_what_is_normal_is_silent(room, what):
    for field, value in what.items():
        setattr(room.health, field, value)
    room.passes(600)
    assert room.names() == []


def test_the_graver_come_first_and_each_is_logged_once(room, monkeypatch):
    said = []
    monkeypatch.setattr(room.watch, "log", type("Log", (), {"warning": staticmethod(lambda event, **known: said.append((event, known["alert"])))}))
    room.health.drifts = 6
    room.passes(10)
    room.health.ami_up = False
    room.passes(20)
    assert [alert.name for alert in room.watch.alerts()] == ["HotlineAmiDown", "HotlineDrift"]
    assert [alert.since_ms for alert in room.watch.alerts()] == [1_700_001_015_000, 1_700_001_005_000]
    room.health.ami_up = True
    room.passes(5)
    assert said == [("alert_raised", "HotlineDrift"), ("alert_raised", "HotlineAmiDown"), ("alert_cleared", "HotlineAmiDown")]


def test_every_alert_says_what_it_is_about():
    assert len({alert.name for alert in DEFINITIONS}) == len(DEFINITIONS)
    for alert in DEFINITIONS:
        for text in (alert.summary_en, alert.summary_zh):
            text.format(queue="q", backend="b", value="v")
            assert alert.about is About.HOTLINE or f"{{{alert.about}}}" in text, alert.name
            assert alert.about is not About.HOTLINE or "{queue}" not in text, alert.name
    assert all(alert in DEFINITIONS for alert in vars(catalogue).values() if isinstance(alert, catalogue.Definition))


@pytest.mark.parametrize(("waiting", "expected_seconds", "raised"), [(2, 30.0, True), (0, 30.0, False), (2, 15.0, False), (2, None, False)])
def test_who_would_enter_now_and_wait_too_long_is_foreseen(waiting, expected_seconds, raised):
    line = QueueTotals(Counter({"": waiting}), agents_by_state=Counter({AgentState.TALKING: 1}), expected_wait_seconds=expected_seconds)
    held = conditions(Totals({"billing": line}, Counter(), 0), POLICY, Figures(health=Health(ami_up=True)))
    assert [(one.alert.name, one.subject) for one in held] == ([("HotlineServiceLevelAtRisk", "billing")] if raised else [])


def test_where_everything_is_wrong_every_alert_is_raised_that_the_server_can_tell():
    """Two queues: one below its target, with callers waiting for ever; the other falling, its agents all paused."""
    totals = Totals(
        {
            "billing": QueueTotals(agents_by_state=Counter({AgentState.PAUSED: 2})),
            "faults": QueueTotals(Counter(gold=1), {"gold": 900.0}, agents_by_state=Counter({AgentState.LOGGED_OUT: 2})),
        },
        Counter(), 0,
    )  # fmt: skip
    figures = Figures(
        {"billing": Counts(answered=100, answered_in_time=85), "faults": Counts(answered=10, abandoned=10)},
        {"billing": Counts(answered=400, answered_in_time=380)},
        Health(
            fallbacks=1, drifts=6, forged=1, store_failures=1, records_lost=1, record_failures=1, flow_exits=9, flow_failures=9, flow_loops=1,
            backends={"accounts": (9, 9)}, marks={"billing": (110, 520)}, loop_lag_seconds=1.0, policy_refused=True,
        ),
        health_1h=Health(marks={"billing": (100, 500)}),
    )  # fmt: skip
    found = {one.alert.name: one.subject for one in conditions(totals, POLICY, figures)}
    assert set(found) == {alert.name for alert in DEFINITIONS if alert.in_server}
    for alert in DEFINITIONS:
        assert not alert.in_server or bool(found[alert.name]) == (alert.about is not About.HOTLINE), alert.name
    assert (found["HotlineServiceLevelAtRisk"], found["HotlineServiceLevelBelowTarget"], found["HotlineBackendErrors"]) == ("billing", "faults", "accounts")
