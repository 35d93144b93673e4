"""Contact legs as they are written: by the routing engine's own facts, over kills and a database that is away."""

from contextlib import asynccontextmanager

import pytest

from acd.commands import OfferCall
from acd.config import Agent, CallbackRules, Policy, Queue, SkillNeed, Tier
from acd.engine import Engine
from acd.events import (
    AgentAdopted,
    AgentLoggedIn,
    AgentReadied,
    CallAbandoned,
    CallbackRequested,
    CallLeaveRequested,
    CallQueued,
    DispatchPaused,
    DispatchResumed,
    LeaveReason,
    OfferAdopted,
    OfferAnswered,
    OfferCause,
    OfferFailed,
    OfferRinging,
    TalkAdopted,
    TalkEnded,
    TalkStarted,
    TimePassed,
)
from acd.facts import CallbackEnded, CallbackOutcome, Outcome
from acd.states import AgentState, OfferPhase
from cti.asterisk.leading import COLLEAGUES
from cti.database import Database, migrate
from cti.dialing import Purpose, Rule
from cti.leading import Target
from cti.records.contact_writer import ContactWriter
from cti.records.contacts import Attempt, LegKind, legs_between, legs_of
from ivr.events import DialOutcome

pytestmark = pytest.mark.asyncio

POLICY = Policy(
    queues={
        "line": Queue("line", needs=(SkillNeed("power", 2),), wrapup_seconds=10.0, max_wait_seconds=300.0, overflow="spare", offer_timeout_seconds=15.0),
        "spare": Queue("spare", callback=CallbackRules()),
    },
    agents={
        "anna": Agent("anna", queues=("line",), skills={"power": 5, "zh": 3}, extension="801"),
        "bert": Agent("bert", queues=("spare",)),
    },
    tiers={"gold": Tier("gold", head_start_seconds=60.0)},
)
LEADS = {
    "801": Target(rule=Rule(COLLEAGUES, ("801",), frozenset({Purpose.TRANSFER}), "PJSIP/801", 30, 1800), number="801"),
    "6800": Target(rule=Rule("office", ("6800",), frozenset({Purpose.TRANSFER}), "PJSIP/6800@out", 30, 1800), number="6800"),
    "900": Target(queue="spare"),
}


class FakeClock:
    """Engine seconds that stand still; UTC milliseconds are a thousand of them."""

    def __init__(self):
        self.time = 1000.0

    def now(self):
        return self.time

    def wall_ms(self):
        return self.to_wall_ms(self.time)

    def to_wall_ms(self, monotonic):
        return round(monotonic * 1000)


class Process:
    """A server's engine and writer; another one on the same database is the next server."""

    def __init__(self, url, clock):
        self.clock, self.database = clock, Database(url)
        self.writer = ContactWriter(self.database, clock, policy=lambda: POLICY, leads=LEADS.get)
        self.attach()

    def attach(self):
        """Begin anew with Asterisk."""
        self.engine = Engine(POLICY, offer_prefix=f"e{self.clock.now():g}-")
        self.writer.listening(self.engine, lambda _call: "zh")
        self.offers = []

    def tell(self, *events, after=0.0):
        self.clock.time += after
        for event in events:
            handled = self.engine.handle(event, self.clock.time)
            for fact in handled.facts:
                self.writer.told(fact, self.clock.time)
            self.offers += [command.offer for command in handled.commands if isinstance(command, OfferCall)]

    def talk(self, *, ring=3.0):
        offer = self.offers[-1]
        self.tell(OfferRinging(offer))
        self.tell(OfferAnswered(offer), TalkStarted(offer), after=ring)
        return offer

    def settle(self):
        agents = self.engine.snapshot(self.clock.time).agents.values()
        self.writer.settle(self.engine.entries(), [agent.name for agent in agents if agent.state is AgentState.WRAP_UP])


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture
def clock():
    return FakeClock()


@asynccontextmanager
async def serving(url, clock):
    server = Process(url, clock)
    try:
        yield server
    finally:
        await server.database.close()


async def written(server):
    assert await server.writer.flush(5)
    assert server.writer.pending == 0
    return await legs_between(server.database, 0, 10**12)


async def only(server):
    (leg,) = await written(server)
    return leg


async def test_a_talk_with_all_its_times(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"))
        server.tell(CallQueued("c1", "line", "gold", (SkillNeed("zh", 1),)), after=10.0)
        (first,) = server.offers
        server.tell(OfferRinging(first))
        server.tell(OfferFailed(first, OfferCause.NO_ANSWER), after=5.0)
        server.tell(AgentReadied("anna"), after=20.0)
        second = server.talk()
        server.tell(TalkEnded(second, caller_remains=True), after=60.0)
        server.tell(AgentReadied("anna"), after=7.0)
        server.writer.scored("c1", 5)
        server.writer.over("c1", hung_up=False)
        leg = await only(server)
    assert (leg.leg, leg.call, leg.number, leg.kind, leg.queue, leg.tier, leg.language) == ("c1-1", "c1", 1, LegKind.QUEUE, "line", "gold", "zh")
    assert (leg.skills_asked, leg.skills_given, leg.agent) == ({"power": 2, "zh": 1}, {"power": 5, "zh": 3}, "anna")
    assert (leg.entered_at_ms, leg.rang_at_ms, leg.answered_at_ms) == (1_010_000, 1_035_000, 1_038_000)
    assert (leg.talk_ended_at_ms, leg.ended_at_ms, leg.wrapup_ended_at_ms) == (1_098_000, 1_098_000, 1_105_000)
    assert (leg.wait_ms, leg.ring_ms, leg.talk_ms, leg.wrapup_ms) == (28_000, 3000, 60_000, 7000)
    assert (leg.offers, leg.misses, leg.outcome, leg.reason, leg.survey_score) == (2, 1, "answered", "caller_remains", 5)
    assert leg.attempts == (Attempt(first, "anna", 1_010_000, 5000, "no_answer"), Attempt(second, "anna", 1_035_000, 3000, "talked"))
    assert leg.position == 1


async def test_clocks_that_differ_by_a_millisecond_put_nothing_before_its_time(url, clock, monkeypatch):
    async with serving(url, clock) as server:
        readings = iter(range(1_000_010, 1_000_000, -1))
        monkeypatch.setattr(clock, "to_wall_ms", lambda _now: next(readings))
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        server.talk(ring=0.0)
        leg = await only(server)
    assert leg.entered_at_ms <= leg.rang_at_ms <= leg.answered_at_ms


async def test_those_who_give_up_leave_their_place_and_their_wait(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c0", "line", ""))
        server.talk()
        server.tell(CallQueued("c1", "line", ""), CallQueued("c2", "line", ""))
        server.tell(CallAbandoned("c1"), after=12.5)
        server.tell(CallAbandoned("c2"), after=1.0)
        legs = {leg.call: leg for leg in await written(server)}
    assert [(legs[call].position, legs[call].position_at_end, legs[call].wait_ms) for call in ("c1", "c2")] == [(1, 1, 12_500), (2, 1, 13_500)]
    assert (legs["c1"].outcome, legs["c1"].ended_at_ms, legs["c1"].answered_at_ms) == ("abandoned", 1_015_500, None)
    assert legs["c0"].ended_at_ms is None


async def test_who_overflows_has_a_leg_in_each_line_and_keeps_his_age(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), AgentLoggedIn("bert"), CallQueued("c0", "line", ""))
        server.talk()
        server.tell(CallQueued("c1", "line", ""))
        server.tell(TimePassed(), after=300.0)
        server.talk(ring=2.0)
        legs = await legs_of(server.database, "c1") if await server.writer.flush(5) else []
    assert [(leg.number, leg.queue, leg.outcome, leg.reason, leg.wait_ms) for leg in legs] == [
        (1, "line", "overflowed", "max_wait", 300_000),
        (2, "spare", None, None, 302_000),
    ]
    assert (legs[1].entered_at_ms, legs[1].agent) == (1_303_000, "bert")


async def test_who_goes_to_the_menu_and_comes_back_stays_in_his_leg_and_who_stays_away_has_left(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c0", "line", ""))
        server.talk()
        server.tell(CallQueued("c1", "line", ""))
        server.tell(CallLeaveRequested("c1", LeaveReason.MENU), after=5.0)
        server.tell(CallQueued("c1", "line", "", entered_at=1003.0), after=5.0)
        server.tell(CallLeaveRequested("c1", LeaveReason.MENU), after=5.0)
        server.tell(TimePassed(), after=200.0)
        leg = (await legs_of(server.database, "c1"))[0] if await server.writer.flush(5) else None
    assert (leg.number, leg.outcome, leg.reason, leg.wait_ms) == (1, "left_queue", "away_expired", 15_000)


async def test_a_caller_who_waits_through_a_kill_goes_on_with_his_leg(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        (first,) = server.offers
        server.tell(OfferFailed(first, OfferCause.REJECTED), after=1.0)
        await written(server)
    clock.time += 30.0
    async with serving(url, clock) as server:
        server.writer.found("c1")
        server.tell(
            DispatchPaused(), AgentAdopted("anna", AgentState.READY, "", 0.0, None, 0), CallQueued("c1", "line", "", entered_at=1000.0), DispatchResumed()
        )
        server.settle()
        server.talk()
        server.tell(TalkEnded(server.offers[-1], caller_remains=False), after=20.0)
        leg = await only(server)
    assert (leg.leg, leg.entered_at_ms, leg.answered_at_ms, leg.wait_ms, leg.talk_ms) == ("c1-1", 1_000_000, 1_034_000, 34_000, 20_000)
    assert (leg.offers, leg.misses, leg.position, leg.outcome) == (2, 1, 1, "answered")


@pytest.mark.parametrize(("away", "wrapup_ms"), [(3.0, 7_000), (30.0, 10_000)])
async def test_a_wrap_up_that_outlasts_a_kill_or_ends_in_it_is_known(url, clock, away, wrapup_ms):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        offer = server.talk()
        server.tell(TalkEnded(offer, caller_remains=False), after=20.0)
        await written(server)
    clock.time += away
    async with serving(url, clock) as server:
        state = (AgentState.WRAP_UP, clock.time - away + 10.0) if away < 10.0 else (AgentState.READY, None)
        server.tell(DispatchPaused(), AgentAdopted("anna", state[0], "", clock.time - away, state[1], 0), DispatchResumed())
        server.settle()
        await written(server)
        if away < 10.0:
            server.tell(AgentReadied("anna"), after=4.0)
        leg = await only(server)
    assert (leg.wrapup_ms, leg.wrapup_ended_at_ms) == (wrapup_ms, 1_023_000 + wrapup_ms)


async def test_a_talk_that_goes_on_through_a_kill_is_measured_from_its_true_begin(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        offer = server.talk()
        await written(server)
    clock.time += 30.0
    async with serving(url, clock) as server:
        server.writer.found("c1")
        server.tell(DispatchPaused(), TalkAdopted(offer, "c1", "anna", "line", "", 1000.0, 1000.0), DispatchResumed())
        server.settle()
        await written(server)
        server.tell(TalkEnded(offer, caller_remains=False), after=27.0)
        server.writer.over("c1", hung_up=True)
        server.tell(AgentReadied("anna"), after=5.0)
        leg = await only(server)
    assert (leg.answered_at_ms, leg.talk_ended_at_ms, leg.talk_ms, leg.wait_ms, leg.ring_ms) == (1_003_000, 1_060_000, 57_000, 3000, 3000)
    assert (leg.outcome, leg.wrapup_ms, leg.offers) == ("answered", 5000, 1)


async def test_a_ringing_phone_that_is_found_again_is_one_offer(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        (offer,) = server.offers
        await written(server)
    clock.time += 4.0
    async with serving(url, clock) as server:
        server.writer.found("c1")
        server.tell(DispatchPaused(), CallQueued("c1", "line", "", entered_at=1000.0), OfferAdopted(offer, "c1", "anna", OfferPhase.RINGING), DispatchResumed())
        server.tell(OfferAnswered(offer), TalkStarted(offer), after=2.0)
        leg = await only(server)
    assert (leg.attempts, leg.ring_ms, leg.wait_ms) == ((Attempt(offer, "anna", 1_000_000, 6000, "talked"),), 6000, 6000)


async def test_a_talk_of_whose_begin_the_kill_left_nothing_began_with_the_ringing(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        await written(server)
        offer = server.talk()  # and killed before it is written
    async with serving(url, clock) as server:
        server.writer.found("c1")
        server.tell(DispatchPaused(), TalkAdopted(offer, "c1", "anna", "line", "", 1000.0, 1000.0), DispatchResumed(), after=10.0)
        server.tell(TalkEnded(offer, caller_remains=False), after=27.0)
        leg = await only(server)
    assert (leg.answered_at_ms, leg.talk_ms, leg.outcome, leg.agent) == (1_000_000, 40_000, "answered", "anna")


async def test_calls_that_ended_unseen_are_closed_as_asterisk_noted_them(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"))
        for call in ("talked", "gave-up", "fell", "vanished", "lives"):
            server.tell(CallQueued(call, "line", ""), after=1.0)
        (offer,) = server.offers
        await written(server)
    clock.time += 60.0
    async with serving(url, clock) as server:
        server.tell(DispatchPaused(), CallQueued("lives", "line", "", entered_at=1005.0), DispatchResumed())
        server.settle()
        server.writer.over_unseen("talked", 1_050_000, outcome=Outcome.ABANDONED, talk=f"talk-{offer}:anna")
        server.writer.over_unseen("gave-up", 1_022_000, outcome=Outcome.ABANDONED, talk="")
        server.writer.over_unseen("fell", 1_033_000, outcome=Outcome.OVERFLOWED, talk="")
        server.writer.keep_only({"lives"})
        legs = {leg.call: leg for leg in await written(server)}
    assert {call: (leg.outcome, leg.ended_at_ms, leg.wait_ms) for call, leg in legs.items()} == {
        "talked": ("answered", 1_050_000, 0),
        "gave-up": ("abandoned", 1_022_000, 20_000),
        "fell": ("overflowed", 1_033_000, 30_000),
        "vanished": ("lost", 1_065_000, 61_000),
        "lives": (None, None, None),
    }
    assert (legs["talked"].agent, legs["talked"].answered_at_ms, legs["talked"].talk_ms) == ("anna", 1_001_000, 49_000)


async def test_a_talk_that_began_and_ended_while_nobody_looked_is_known_by_its_ticket(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        (offer,) = server.offers
        await written(server)
    clock.time += 30.0
    async with serving(url, clock) as server:
        server.writer.found("c1")
        server.settle()
        server.writer.talked_unseen("c1", offer, "anna")
        await written(server)
        server.writer.over("c1", hung_up=False)
        leg = await only(server)
    assert (leg.outcome, leg.agent, leg.answered_at_ms, leg.ended_at_ms, leg.wrapup_ms) == ("answered", "anna", 1_000_000, 1_030_000, 0)


async def test_a_talk_that_ended_while_nobody_looked_is_closed_though_its_caller_lives_on(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        server.talk()
        await written(server)
    clock.time += 30.0
    async with serving(url, clock) as server:
        server.writer.found("c1")
        server.settle()
        server.writer.scored("c1", 4)
        server.writer.over("c1", hung_up=False)
        leg = await only(server)
    assert (leg.outcome, leg.talk_ended_at_ms, leg.talk_ms, leg.survey_score) == ("answered", 1_033_000, 30_000, 4)


async def test_a_lost_link_goes_on_with_the_same_leg(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c0", "line", ""), CallQueued("c1", "line", ""))
        server.attach()
        server.tell(DispatchPaused(), CallQueued("c1", "line", "", entered_at=1000.0), DispatchResumed(), after=5.0)
        server.tell(CallAbandoned("c1"), after=5.0)
        server.writer.keep_only({"c1"})
        legs = {leg.leg: leg for leg in await written(server)}
    assert {leg: (one.outcome, one.wait_ms) for leg, one in legs.items()} == {"c0-1": ("lost", 10_000), "c1-1": ("abandoned", 10_000)}


async def test_the_end_that_the_calls_task_told_first_gives_way_to_the_engines(url, clock):
    async with serving(url, clock) as server:
        server.tell(CallQueued("c1", "line", "", first=True))
        server.writer.over("c1", hung_up=True)
        assert (await only(server)).outcome == "abandoned"
        server.tell(CallAbandoned("c1"), after=0.1)
        assert (await only(server)).ended_at_ms == 1_000_100
        assert not server.writer._hearing._legs  # what is over is forgotten


async def test_who_hung_up_is_told_by_how_the_call_ended_when_both_ends_are_told_together(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"))
        for call, comes_back in (("c1", False), ("c2", True)):
            server.tell(AgentReadied("anna"), CallQueued(call, "line", ""), after=1.0)
            server.tell(TalkEnded(server.talk(), caller_remains=True), after=10.0)
            if comes_back:
                server.writer.went_on(call)
            server.writer.over(call, hung_up=True)
        assert [leg.reason for leg in await written(server)] == ["caller_hung_up", "caller_remains"]


async def test_a_phone_that_rings_on_after_its_caller_is_counted_to_him(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        server.tell(CallAbandoned("c1"), after=4.0)
        server.writer.over("c1", hung_up=True)
        server.tell(OfferFailed(server.offers[-1], OfferCause.CALLER_GONE), after=0.1)
        leg = await only(server)
    assert (leg.attempts, leg.misses) == ((Attempt(server.offers[-1], "anna", 1_000_000, 4100, "caller_gone"),), 0)


async def test_put_through_and_led_on(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", "gold"))
        server.writer.dialling("c0", rule="branch")
        clock.time += 8.0
        server.writer.dialled("c0", rule="branch", outcome=DialOutcome.BUSY, talk_seconds=0.0)
        server.writer.dialled("c0", rule="", outcome=DialOutcome.NOT_ALLOWED, talk_seconds=0.0)
        offer = server.talk()
        server.tell(TalkEnded(offer, caller_remains=True), after=10.0)
        for number in ("801", "900", "6800"):
            server.writer.led("c1", to=number, attended=False)
            clock.time += 30.0
            if number != "900":
                server.writer.dialled("c1", rule="", outcome=DialOutcome.ANSWERED, talk_seconds=20.0)
        server.writer.led("c1", to="", attended=True)
        clock.time += 5.0
        server.writer.led_back("c1")
        server.writer.over("c1", hung_up=False)
        legs = [leg for leg in await written(server) if leg.kind is not LegKind.QUEUE]
    told = [(leg.leg, leg.kind.value, leg.queue, leg.target, leg.agent, leg.outcome, leg.wait_ms, leg.talk_ms) for leg in legs]
    assert told == [
        ("c0-1", "outside", "", "branch", None, "busy", 8000, None),
        ("c0-2", "outside", "", None, None, "not_allowed", 0, None),
        ("c1-2", "transfer", "line", "801", "anna", "answered", 10_000, 20_000),
        ("c1-3", "transfer", "line", "office", None, "answered", 10_000, 20_000),
        ("c1-4", "transfer", "line", None, None, "answered", 0, 5000),
    ]


async def test_a_talk_outside_that_outlives_a_kill(url, clock):
    async with serving(url, clock) as server:
        server.writer.dialling("c1", rule="branch")
        await written(server)
    clock.time += 60.0
    async with serving(url, clock) as server:
        server.writer.found("c1")
        server.writer.dialled("c1", rule="", outcome=DialOutcome.ANSWERED, talk_seconds=55.0)
        leg = await only(server)
    assert (leg.target, leg.outcome, leg.answered_at_ms, leg.talk_ms, leg.wait_ms) == ("branch", "answered", 1_005_000, 55_000, 5000)


async def test_a_callback_is_a_leg_that_waits_through_kills_and_hangups(url, clock):
    request = CallbackRequested("k1", "13800138000", "spare", "gold", (), entered_at=900.0, instead_of="c1", fresh=True)
    async with serving(url, clock) as server:
        server.tell(request)
        await written(server)
    async with serving(url, clock) as server:
        server.writer.keep_only(set())
        server.writer.told(CallbackEnded("k1", "spare", "gold", CallbackOutcome.CALLED_BACK, "unseen", 160.0, 1), 1060.0)
        leg = await only(server)
    assert (leg.kind, leg.entered_at_ms, leg.outcome, leg.ended_at_ms, leg.wait_ms) == (LegKind.CALLBACK, 1_000_000, "called_back", 1_060_000, 160_000)


async def test_what_a_dead_database_does_not_take_is_kept_and_written_later(tmp_path, clock):
    file = tmp_path / "hotline.db"
    file.write_bytes(b"no database " * 1000)
    async with serving(f"sqlite:///{file}", clock) as server:
        server.tell(CallQueued("c1", "line", "", first=True))
        assert not await server.writer.flush(1)
        server.tell(CallAbandoned("c1"), after=9.0)
        assert (server.writer.pending, server.writer.lost, server.writer.failures) == (1, 0, 1)
        file.unlink()
        await migrate(f"sqlite:///{file}")
        assert (await only(server)).wait_ms == 9000


async def test_writing_again_changes_nothing(url, clock):
    async with serving(url, clock) as server:
        server.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        server.talk()
        before = await written(server)
        for leg in server.writer._hearing._legs["c1"]:
            leg.number = None  # as if the write's fate were unknown
            server.writer._touched(leg)
        assert await written(server) == before


async def test_beyond_the_limit_the_oldest_is_dropped_and_counted(url, clock):
    async with serving(url, clock) as server:
        server.writer._limit = 3
        for number in range(5):
            server.tell(CallQueued(f"c{number}", "line", "", first=True))
        assert (server.writer.pending, server.writer.lost) == (3, 2)
        assert len(await written(server)) == 3


async def test_one_that_the_database_refuses_takes_no_other_along(url, clock):
    async with serving(url, clock) as server:
        server.tell(CallQueued("c1", "line", "", first=True), CallQueued("c2", "line", "", first=True))
        server.writer._hearing._legs["c1"][0].learn(skills_asked={"power": object()})
        (leg,) = await written(server)
    assert (leg.call, server.writer.lost) == ("c2", 1)
