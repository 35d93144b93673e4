"""What a review of the server's attachment found: it is run whole here, against an Asterisk that only answers actions."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.ami.errors import ActionTimeout
from cti.ami.frames import parse_frame
from cti.ami.messages import AgiExecuted, AgiStarted
from cti.app import Room, Server
from cti.board.figures import DayFigures
from cti.clock import Clock
from cti.config import Loaded, load_policy
from cti.dialing import Dialing
from cti.flow_versions import FlowVersions
from cti.metrics import Configured, Metrics, Readings
from cti.policy_in_force import PolicyInForce
from cti.records.ledger import Ledger
from cti.settings import Settings
from cti.store.opening import open_store
from ivr.flows import load_flows
from tests.unit.cti.callback_room import callback_desk
from tests.unit.cti.hotline import LoopClock, idle_contacts
from tests.unit.cti.requester import Globals

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

PROJECT = Path(__file__).resolve().parents[3]


class Records:
    """A record writer that only listens."""

    def __init__(self):
        self.finished = {}

    def begin(self, call, **_known):
        pass

    update = begin

    def finish(self, call, **known):
        self.finished.setdefault(call, known)

    async def flush(self, _within):
        return True


class Exchange(Globals):
    """Asterisk's answers: `rows` to CoreShowChannels, each action after `seconds`; `endings` is its family of ended calls."""

    def __init__(self, **values):
        super().__init__(**values)
        self.rows, self.seconds, self.up = [], 0.0, True

    async def request(self, action, headers=(), *, is_list=False, action_id=None, timeout_seconds=5.0):
        await asyncio.sleep(self.seconds)
        answer = await super().request(action, headers, is_list=is_list, action_id=action_id, timeout_seconds=timeout_seconds)
        if action == "Getvar" and "Channel" in dict(headers):
            return [parse_frame("Response: Success\r\nValue: agent01")]
        return list(self.rows) if action == "CoreShowChannels" else answer


@contextlib.asynccontextmanager
async def attached(exchange: Exchange) -> AsyncIterator[tuple[Server, "asyncio.Task[None]", Records]]:
    """A server with its one attachment running."""
    policy, flows, clock, records = load_policy(PROJECT / "config"), load_flows(PROJECT / "flows"), LoopClock(), Records()
    readings = Readings(totals=lambda _now: None, now=clock.now, live_calls=lambda: 0)
    metrics = Metrics(policy, Configured(version="0", flow_version=flows.version), readings)

    async def unknown(_call):
        return False

    async def nothing():
        return []

    ledger = Ledger(records, metrics, clock, unknown, nothing, idle_contacts(clock))
    accounts = {"events_secret": "x", "actions_secret": "x"}
    settings = Settings(ami=accounts, http={"token": "x"})
    store = open_store("memory:")
    versions = FlowVersions(flows, {}, read=dict, load=lambda _texts: flows, store=store, metrics=metrics)
    in_force = PolicyInForce(Loaded(policy, {}, ()), read=lambda: Loaded(policy, {}, ()), check=lambda _policy: None, metrics=metrics)
    server = Server(Room(settings, in_force, versions, clock, store, {}, ledger, metrics, Dialing(), callback_desk(clock, policy), DayFigures(Clock(), lambda: policy)))
    server.events_link = server.actions_link = exchange
    task = asyncio.create_task(server._attach())
    try:
        yield server, task, records
    finally:
        task.cancel()
        await asyncio.wait([task])
        await store.close()


def shown(nonce, channel, acd_state, ticket="", context="hotline-hold", application="BridgeWait", bridge=""):
    """A row as CoreShowChannels sends it."""
    lines = [
        "Event: CoreShowChannel", f"Channel: {channel}", f"Uniqueid: u-{nonce}", "ChannelStateDesc: Up", f"Context: {context}", "Exten: s",
        f"Application: {application}", f"BridgeId: {bridge}", "Duration: 00:01:00", "CallerIDNum: 139",
        f"ChanVariable: ACD_CALL={nonce}", f"ChanVariable: ACD_STATE={acd_state}", f"ChanVariable: ACD_OFFER={ticket}",
    ]
    return parse_frame("\r\n".join(lines))


async def test_taking_back_hundreds_of_callers_does_not_trip_the_fence():
    exchange = Exchange()
    exchange.seconds = 0.02
    exchange.rows = [
        shown(f"c{number}", f"PJSIP/trunk-{number:08x}", "1!fb!billing!gold!1700000000000!2!zh!5!", context="hotline-fallback", application="Queue")
        for number in range(300)
    ]
    async with attached(exchange) as (server, task, _):
        await asyncio.wait([task], timeout=20.0)
        assert not task.done(), task.exception()
        assert len(server.live_calls()) == 300


async def test_globals_wiped_by_a_reload_are_no_other_owner():
    exchange = Exchange()
    async with attached(exchange) as (_, task, _):
        await asyncio.wait([task], timeout=3.0)
        owner = exchange.values["ACD_OWNER"]
        exchange.values.clear()
        await asyncio.wait([task], timeout=3.0)
        assert not task.done(), task.exception()
        assert exchange.values["ACD_OWNER"] == owner


async def test_one_caller_who_cannot_be_adopted_keeps_nobody_else_out():
    exchange = Exchange()
    waits = "1!hold!billing!gold!1700000000000!2!zh!5!"
    exchange.rows = [
        shown("c1", "PJSIP/trunk-00000001", "1!fb!billing!go,ld!1700000000000!2!zh!5!", context="hotline-fallback", application="Queue"),
        shown("c2", "PJSIP/trunk-00000002", waits),
    ]
    async with attached(exchange) as (server, task, _):
        await asyncio.wait([task], timeout=12.0)
        assert not task.done(), task.exception()
        assert [call.call for call in server.live_calls()] == ["c2"]


async def test_a_phone_of_another_language_ends_no_attachment():
    """`language=de` is set on the endpoint of a foreign Asterisk; the number of callers is spoken by *47."""
    exchange = Exchange()
    async with attached(exchange) as (server, task, _):
        await asyncio.wait([task], timeout=1.0)
        event = AgiStarted("PJSIP/agent01-00000001", "u1", "f1", {"ACD_CALL": "f1"}, "1001", "*47", "hotline-feature", "de")
        server._live.dispatcher.event(event)
        for _ in range(100):
            for sent in exchange.actions("AGI"):
                done = AgiExecuted("PJSIP/agent01-00000001", "u1", "f1", {"ACD_CALL": "f1"}, sent["CommandID"], 0, "")
                server._live.dispatcher.event(done)
            await asyncio.sleep(0.01)
        assert any("agent-waiting" in sent["Command"] for sent in exchange.actions("AGI"))
        assert not task.done(), task.exception()


async def test_sessions_of_calls_that_ended_while_the_link_was_down_are_forgotten():
    exchange = Exchange()
    exchange.rows = [shown("c2", "PJSIP/trunk-00000002", "1!hold!billing!gold!1700000000000!2!zh!5!")]
    async with attached(exchange) as (server, task, _):
        server.sessions.save("c1", 3, {"form": 1})
        server.sessions.save("c2", 3, {"form": 1})
        await asyncio.wait([task], timeout=8.0)
        assert await server.sessions.load("c1") is None
        assert await server.sessions.load("c2") is not None


async def test_of_a_long_silence_the_newest_events_are_kept(monkeypatch):
    """The actions' link was away for hours while the events' link went on: hang-ups of now matter, those of then do not."""
    monkeypatch.setattr("cti.app.BUFFER_LIMIT", 3)
    exchange = Exchange()
    async with attached(exchange) as (server, _, _):
        for number in range(5):
            server._frame(parse_frame(f"Event: Hangup\r\nChannel: PJSIP/trunk-{number}\r\nChanVariable: ACD_CALL=c{number}"))
        assert [frame.variables["ACD_CALL"] for frame in server._heard] == ["c2", "c3", "c4"]


async def test_ends_that_asterisk_does_not_tell_in_time_end_no_attachment():
    exchange = Exchange()
    exchange.answers["DBGetTree"] = [ActionTimeout("no answer to DBGetTree within 30 s")]
    async with attached(exchange) as (_, task, _):
        await asyncio.wait([task], timeout=5.0)
        assert not task.done(), task.exception()
        await asyncio.wait([task], timeout=60.0)
        assert exchange.actions("DBGetTree").count({"Family": "hotline-ended"}) == 2
