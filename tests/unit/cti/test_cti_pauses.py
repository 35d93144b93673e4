"""Pauses that become too long: logged once each."""

from structlog.testing import capture_logs

from acd.config import Agent, PauseReason, Policy
from acd.engine import Engine
from acd.events import AgentAdopted, AgentLoggedIn, AgentPaused, AgentUnpaused
from acd.states import AgentState
from cti.pauses import PauseWatch

POLICY = Policy(agents={"anna": Agent("anna"), "bert": Agent("bert")}, pause_reasons={"tea": PauseReason("tea", limit_seconds=60.0), "lunch": PauseReason("lunch")})


class Room:
    """An engine, the watch, and a clock that stands still."""

    def __init__(self):
        self.time = 1000.0
        self.engine = Engine(POLICY, offer_prefix="t")
        self.watch = PauseWatch(self, lambda: self.engine)

    def now(self):
        return self.time

    def tell(self, *events):
        for event in events:
            for fact in self.engine.handle(event, self.time).facts:
                self.watch.told(fact, self.time)

    def logged_after(self, seconds):
        self.time += seconds
        with capture_logs() as logs:
            self.watch.look()
        return [(log["event"], log["agent"], log["reason"], log["paused_seconds"]) for log in logs]


def test_each_pause_that_is_too_long_is_logged_once():
    room = Room()
    room.tell(AgentLoggedIn("anna"), AgentPaused("anna", "tea"), AgentLoggedIn("bert"), AgentPaused("bert", "lunch"))
    assert room.logged_after(60.0) == []
    assert room.logged_after(1.0) == [("pause_over_limit", "anna", "tea", 61)]
    assert room.logged_after(1000.0) == []
    room.tell(AgentUnpaused("anna"), AgentPaused("anna", "tea"))
    assert room.logged_after(30.0) == []
    room.tell(AgentPaused("anna", "lunch"), AgentPaused("anna", "tea"))  # a new reason begins a new pause
    assert room.logged_after(59.0) == []
    assert room.logged_after(2.0) == [("pause_over_limit", "anna", "tea", 61)]
    room.tell(AgentUnpaused("anna"))
    assert room.logged_after(1000.0) == []


def test_a_pause_that_began_before_the_restart_counts_from_its_beginning():
    room = Room()
    room.tell(AgentAdopted("anna", AgentState.PAUSED, "tea", since=950.0))
    assert room.logged_after(11.0) == [("pause_over_limit", "anna", "tea", 61)]


def test_without_an_engine_nothing_is_said():
    room = Room()
    room.tell(AgentLoggedIn("anna"), AgentPaused("anna", "tea"))
    room.engine = None
    assert room.logged_after(100.0) == []
