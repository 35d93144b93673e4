"""What agents did, written down: over a database that is away, a kill, an adoption; on a real SQLite file."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import select

from acd.config import Agent, Policy, Queue
from acd.engine import Engine
from acd.events import (
    AgentAdopted,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentUnpaused,
    CallQueued,
    OfferAnswered,
    OfferRinging,
    TalkAdopted,
    TalkEnded,
    TalkStarted,
)
from acd.states import AgentState
from cti.database.engine import Database
from cti.database.migrate import migrate
from cti.database.models import AgentStateRow
from cti.records.agent_states import AgentStateWriter, Span, spans_between

pytestmark = pytest.mark.asyncio

POLICY = Policy(queues={"line": Queue("line", wrapup_seconds=10.0)}, agents={"anna": Agent("anna", queues=("line",)), "bert": Agent("bert")})
READY, PAUSED, TALKING, WRAP_UP = AgentState.READY, AgentState.PAUSED, AgentState.TALKING, AgentState.WRAP_UP
DAY = 86_400


class FakeClock:
    """Engine seconds that stand still; the wall clock began at 1,000,000 ms when they were 1000."""

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

    def __init__(self, url, clock, policy=POLICY, **keywords):
        self.clock = clock
        self.engine = Engine(policy, offer_prefix=f"e{clock.now():g}-")
        self.database = Database(url)
        self.writer = AgentStateWriter(self.database, clock, **{"kept_days": 400, **keywords})
        self.offers = []

    def tell(self, *events, after=0.0):
        self.clock.time += after
        for event in events:
            handled = self.engine.handle(event, self.clock.time)
            for fact in handled.facts:
                self.writer.told(fact, self.clock.time)
            self.offers += [command.offer for command in handled.commands if hasattr(command, "offer")]

    def adopt(self, *events):
        self.writer.unsettle()
        self.tell(*events)
        self.writer.settle(self.engine.snapshot(self.clock.time).agents.values())

    def talk(self, seconds):
        self.tell(CallQueued(f"c{len(self.offers)}", "line", ""))
        offer = self.offers[-1]
        self.tell(OfferRinging(offer), OfferAnswered(offer), TalkStarted(offer), after=1.0)
        self.tell(TalkEnded(offer, caller_remains=False), after=seconds)


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture
def clock():
    return FakeClock()


@asynccontextmanager
async def process(url, clock, *adopted, **keywords):
    process = Process(url, clock, **keywords)
    try:
        process.adopt(*adopted)
        yield process
    finally:
        await process.database.close()


async def spans(url, agent="anna"):
    database = Database(url)
    try:
        return [(span.state, span.reason, span.from_ms, span.until_ms) for span in await spans_between(database, 0, 10**12, agent)]
    finally:
        await database.close()


async def test_each_state_is_written_with_its_begin_and_end(url, clock):
    async with process(url, clock) as server:
        server.tell(AgentLoggedIn("anna"))
        server.tell(AgentPaused("anna", "lunch"), after=10.0)
        server.tell(AgentPaused("anna", "training"), after=20.0)
        server.tell(AgentUnpaused("anna"), after=30.0)
        server.tell(AgentLoggedOut("anna"), after=40.0)
        server.tell(AgentLoggedIn("anna"), after=50.0)
        assert await server.writer.write()
        assert server.writer.pending == 0
    assert await spans(url) == [
        (READY, "", 1_000_000, 1_010_000), (PAUSED, "lunch", 1_010_000, 1_030_000), (PAUSED, "training", 1_030_000, 1_060_000),
        (READY, "", 1_060_000, 1_100_000), (READY, "", 1_150_000, None),
    ]  # fmt: skip
    assert await spans(url, "bert") == []


async def test_a_talk_is_one_row_after_the_ringing(url, clock):
    async with process(url, clock) as server:
        server.tell(AgentLoggedIn("anna"))
        server.talk(60.0)
        await server.writer.write()
    told = await spans(url)
    assert [row[0].value for row in told] == ["offered", "talking", "wrap_up"], "what lasted no time is replaced"
    assert told[1][2:] == (1_001_000, 1_061_000)


async def test_over_a_kill_an_agent_in_the_same_state_goes_on_in_the_same_row(url, clock):
    async with process(url, clock) as killed:
        killed.tell(AgentLoggedIn("anna"), AgentPaused("anna", "lunch"))
        await killed.writer.write()
    clock.time += 500.0
    async with process(url, clock, AgentAdopted("anna", PAUSED, "lunch", since=1000.0)) as server:
        await server.writer.write()
        assert await spans(url) == [(PAUSED, "lunch", 1_000_000, None)]
        server.tell(AgentUnpaused("anna"), after=1.0)
        await server.writer.write()
    assert await spans(url) == [(PAUSED, "lunch", 1_000_000, 1_501_000), (READY, "", 1_501_000, None)]


async def test_over_a_kill_the_stores_later_state_closes_the_open_row_when_it_began(url, clock):
    async with process(url, clock) as killed:
        killed.tell(AgentLoggedIn("anna"))
        await killed.writer.write()
        killed.tell(AgentPaused("anna", "lunch"), after=30.0)  # told to the store, not written to the database
    clock.time += 500.0
    async with process(url, clock, AgentAdopted("anna", PAUSED, "lunch", since=1030.0)) as server:
        await server.writer.write()
    assert await spans(url) == [(READY, "", 1_000_000, 1_030_000), (PAUSED, "lunch", 1_030_000, None)]


@pytest.mark.parametrize(("since", "until_ms"), [(1200.0, 1_200_000), (None, 1_500_000), (900.0, 1_000_000)])
async def test_over_a_kill_a_log_out_closes_the_open_row(url, clock, since, until_ms):
    async with process(url, clock) as killed:
        killed.tell(AgentLoggedIn("anna"))
        await killed.writer.write()
    clock.time += 500.0
    events = [] if since is None else [AgentAdopted("anna", AgentState.LOGGED_OUT, "logged_out", since=since)]
    async with process(url, clock, *events) as server:
        await server.writer.write()
    assert [row[3] for row in await spans(url)] in ([until_ms], []), "never open, never ending before it began"
    assert await spans(url) != [] or until_ms == 1_000_000


async def test_over_a_kill_a_wrap_up_ends_at_its_deadline(url, clock):
    async with process(url, clock) as killed:
        killed.tell(AgentLoggedIn("anna"))
        killed.talk(60.0)
        await killed.writer.write()
    clock.time += 500.0
    async with process(url, clock, AgentAdopted("anna", WRAP_UP, "", since=1061.0, until=1071.0)) as server:
        await server.writer.write()
    assert (await spans(url))[-2:] == [(WRAP_UP, "", 1_061_000, 1_071_000), (READY, "", 1_071_000, None)]


async def test_a_talk_that_is_adopted_is_the_same_talk(url, clock):
    async with process(url, clock) as killed:
        killed.tell(AgentLoggedIn("anna"), CallQueued("c1", "line", ""))
        (offer,) = killed.offers
        killed.tell(OfferRinging(offer), OfferAnswered(offer), TalkStarted(offer), after=1.0)
        await killed.writer.write()
    clock.time += 30.0
    async with process(url, clock, AgentAdopted("anna", READY), TalkAdopted(offer, "c1", "anna", "line", "", 1001.0)) as server:
        await server.writer.write()
        assert [row for row in await spans(url) if row[0] is TALKING] == [(TALKING, "", 1_001_000, None)]
        server.tell(TalkEnded(offer, caller_remains=False), after=5.0)
        await server.writer.write()
        assert [row for row in await spans(url) if row[0] is TALKING] == [(TALKING, "", 1_001_000, 1_036_000)]
        # the link is lost and comes back: another engine, the same writer
        server.engine = Engine(POLICY, offer_prefix="again-")
        server.adopt(AgentAdopted("anna", WRAP_UP, "", since=1036.0, until=1046.0))
        await server.writer.write()
    assert (await spans(url))[-1] == (WRAP_UP, "", 1_036_000, None)


async def test_whoever_was_removed_meanwhile_is_closed(url, clock):
    async with process(url, clock) as killed:
        killed.tell(AgentLoggedIn("anna"), AgentLoggedIn("bert"))
        await killed.writer.write()
    clock.time += 500.0
    async with process(url, clock, AgentAdopted("bert", READY, since=1000.0), policy=replace(POLICY, agents={"bert": Agent("bert")})) as server:
        await server.writer.write()
    assert await spans(url, "anna") == [(READY, "", 1_000_000, 1_500_000)]
    assert await spans(url, "bert") == [(READY, "", 1_000_000, None)]


async def test_a_database_that_is_away_loses_nothing(url, clock, tmp_path):
    away = tmp_path / "away.db"
    async with process(f"sqlite:///{away}", clock) as server:  # no tables yet: nothing can be written
        server.tell(AgentLoggedIn("anna"))
        server.tell(AgentPaused("anna", "lunch"), after=10.0)
        assert not await server.writer.write()
        assert server.writer.pending > 0
        server.tell(AgentUnpaused("anna"), after=20.0)
        await migrate(f"sqlite:///{away}")
        assert await server.writer.write()
    expected = [(READY, "", 1_000_000, 1_010_000), (PAUSED, "lunch", 1_010_000, 1_030_000), (READY, "", 1_030_000, None)]
    assert await spans(f"sqlite:///{away}") == expected


async def test_more_changes_than_may_wait_drop_the_oldest(url, clock):
    async with process(url, clock, limit=3) as server:
        for reason in "abcde":
            server.tell(AgentLoggedIn("anna"), AgentPaused("anna", reason), after=1.0)
        assert (server.writer.pending, server.writer.lost) == (3, 5)
        await server.writer.write()
    assert [row[1] for row in await spans(url)] == ["c", "d", "e"]


async def test_writing_again_changes_nothing(url, clock):
    async with process(url, clock) as server:
        server.tell(AgentLoggedIn("anna"))
        server.tell(AgentPaused("anna", "lunch"), after=10.0)
        server.tell(AgentLoggedOut("anna"), after=10.0)
        server.tell(AgentLoggedIn("anna"), after=10.0)
        again = tuple(server.writer._pending)
        await server.writer.write()
        once = await spans(url)
        server.writer._pending.extend(again)
        await server.writer.write()
    assert await spans(url) == once


async def test_old_rows_are_swept_out(url, clock):
    async with process(url, clock, kept_days=2) as server:
        server.tell(AgentLoggedIn("anna"), AgentLoggedIn("bert"))
        server.tell(AgentLoggedOut("anna"), after=60.0)
        await server.writer.write()
        clock.time += 3 * DAY
        await server.writer.write()
        async with server.database.reading() as session:
            left = list((await session.execute(select(AgentStateRow.agent))).scalars())
    assert left == ["bert"], "who is logged in so long keeps his row"


async def test_it_runs_by_itself_and_closes(url, clock):
    async with process(url, clock) as server:
        running = asyncio.create_task(server.writer.run())
        server.tell(AgentLoggedIn("anna"))
        async with asyncio.timeout(20):
            while not await spans(url):  # each look is a query, so the writer has its turn
                pass
        running.cancel()
        await asyncio.wait([running])
        server.tell(AgentPaused("anna", "lunch\ud800"), after=1.0)
        assert await server.writer.close(5.0) == 0
    assert [row[:2] for row in await spans(url)] == [(READY, ""), (PAUSED, "lunch?")]


async def test_spans_are_those_that_touch(url, clock):
    async with process(url, clock) as server:
        server.tell(AgentLoggedIn("anna"))
        server.tell(AgentPaused("anna", "lunch"), after=10.0)
        await server.writer.write()
        everything = [Span("anna", READY, "", 1_000_000, 1_010_000), Span("anna", PAUSED, "lunch", 1_010_000, None)]
        assert await spans_between(server.database, 1_010_000, 2_000_000) == everything
        assert await spans_between(server.database, 1_010_001, 2_000_000) == everything[1:]
        assert await spans_between(server.database, 0, 1_010_000) == everything[:1]
        assert await spans_between(server.database, 0, 2_000_000, "bert") == []
