"""The legs of callbacks: from the offer to a talk or to the reason why there was none, found after a kill, and lost ones hung up."""

import asyncio
import contextlib

import pytest
import pytest_asyncio

from acd.config import CallbackRules
from acd.events import CallbackRequested, OfferCause
from acd.facts import CallbackAttempted, CallbackEnded, CallbackOutcome, CallbackReached
from acd.states import AgentState
from cti.ami.errors import ActionRefused
from cti.ami.messages import VariableSet
from cti.control.adoption import read_channels
from cti.legs import Leg, LegPhase, Legs
from tests.unit.cti.channels import event, hung_up, joined, leg_state, ringing, row, up
from tests.unit.cti.test_cti_router import Auditor, policy, room_of

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]
RULES = CallbackRules(attempts=2, pause_seconds=60, ring_seconds=20)
NUMBER = "13800138001"


def variable(nonce, name, value="1"):
    return event(VariableSet, "PJSIP/agent01-1", nonce, name=name, value=value)


@contextlib.asynccontextmanager
async def ringing_agent():
    """One promise in the desk and in the line; its agent is being rung."""
    async with room_of(policy(callback=RULES)) as room:
        room.desk._link, room.desk._ready = _Link(), True
        await room.desk.promising._request(
            {"queue": "billing", "tier": "gold", "needs": {}, "number": NUMBER, "language": "en", "call": "c1"}, "c1/main/a/1"
        )
        (promise,) = room.desk.promises()
        room.callback = promise.callback
        room.router.tell(CallbackRequested(promise.callback, NUMBER, "billing", "gold"))
        await room.ready()
        yield room


@pytest_asyncio.fixture
async def room():
    async with ringing_agent() as room:
        yield room


class _Link:
    """No router beside: the test tells the engine itself."""

    def __init__(self) -> None:
        self.router = self

    def tell(self, event) -> None:
        pass

    def pulse(self):
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def state_of(self, _call):
        return None

    def entry_ms(self, _call):
        return 0


class _Phones:
    """Whoever else telephones is not looked at."""

    def __getattr__(self, _name):
        return lambda *_values, **_named: None


async def test_the_agents_leg_carries_the_order_and_no_ticket(room):
    assert [action for action, _ in room.wire.sent] == ["Originate"]
    headers = room.wire.sent[0][1]
    assert (headers["Channel"], headers["Context"], headers["ChannelId"]) == ("PJSIP/agent01", "hotline-callback", f"acd-{room.leg.offer}")
    variables = dict(value.split("=", 1) for name, value in room.wire.raw[0] if name == "Variable")
    assert variables["OUT_ORDER"].split("!")[:3] == ["customers", NUMBER, "20"]
    assert variables["OUT_SAY"] == "en:hotline/phrases/hello:hotline/phrases/press"
    assert variables["ACD_LEG_OWNER"] == "000001:ab"
    assert (variables["ACD_LEG_CALL"], variables["ACD_LEG_AGENT"]) == (room.callback, "agent01")
    assert variables["ACD_STATE"].endswith(f"!agent01:{room.callback}")


async def test_reached_and_talked(room):
    nonce = room.leg.nonce
    await room.hear(ringing(nonce), up(nonce), variable(nonce, "ACD_DIALLED"), joined(nonce))
    assert room.agent() is AgentState.TALKING
    await room.hear(hung_up(nonce, 16, "PJSIP/agent01-1"))
    assert [fact.agent for fact in room.facts.of(CallbackReached)] == ["agent01"]
    assert [fact.outcome for fact in room.facts.of(CallbackEnded)] == [CallbackOutcome.CALLED_BACK]
    assert room.desk.promises() == []


async def test_not_reached_frees_the_agent_at_once(room):
    nonce = room.leg.nonce
    await room.hear(up(nonce), variable(nonce, "ACD_DIALLED"), variable(nonce, "ACD_DIALLED"), variable(nonce, "ACD_RESULT", "BUSY:17:0:"))
    await room.hear(hung_up(nonce, 16, "PJSIP/agent01-1"))
    assert [(fact.attempt, fact.reason) for fact in room.facts.of(CallbackAttempted)] == [(1, "busy")]
    assert room.agent() is AgentState.READY
    assert [attempt.result for attempt in room.desk.promises()[0].attempts] == ["busy"]


async def test_a_number_that_may_not_be_dialled_any_more_ends_the_callback():
    async with ringing_agent() as room:
        nonce = room.leg.nonce
        await room.hear(up(nonce), variable(nonce, "ACD_DIALLED"), variable(nonce, "ACD_RESULT", "BUSY:17:0:"), hung_up(nonce, 16, "PJSIP/agent01-1"))
        room.desk._dialing = type(room.desk._dialing)()
        await asyncio.sleep(61)
        await room.settle()
        assert [fact.outcome for fact in room.facts.of(CallbackEnded)] == [CallbackOutcome.CANCELLED]
        assert len(room.wire.actions("Originate")) == 1


async def test_a_leg_that_asterisk_refuses_costs_no_attempt():
    async with room_of(policy(callback=RULES)) as room:
        room.desk._link, room.desk._ready = _Link(), True
        await room.desk.promising._request({"queue": "billing", "tier": "gold", "number": NUMBER, "language": "zh"}, "c1/main/a/1")
        room.wire.answers["Originate"] = [ActionRefused("no such endpoint")]
        room.router.tell(CallbackRequested(room.desk.promises()[0].callback, NUMBER, "billing", "gold"))
        await room.ready()
        assert room.facts.of(CallbackAttempted) == []
        assert room.agent() is AgentState.BACKOFF


@pytest.mark.parametrize(
    ("events", "cause", "detail"),
    [
        ([], OfferCause.UNREACHABLE, ""),
        ([ringing], OfferCause.NO_ANSWER, ""),
        ([up], OfferCause.HUNG_UP, ""),
        ([up, ("ACD_REFUSED", "1")], OfferCause.REFUSED, ""),
        ([up, ("ACD_DIALLED", "1")], OfferCause.HUNG_UP, "agent_hung_up"),
        ([up, ("ACD_DIALLED", "1"), ("ACD_RESULT", "NOANSWER:0:0:")], OfferCause.NOT_REACHED, "no_answer"),
        ([up, ("ACD_DIALLED", "1"), ("ACD_RESULT", "UNTAKEN")], OfferCause.NOT_REACHED, "not_taken"),
    ],
)
async def test_why_no_talk_came_of_a_leg(events, cause, detail):
    legs = Legs()
    legs.add(Leg("o1", "k1", "agent01", "billing", "n1", "u1", "", callback=True))
    for happens in events:
        legs.handle(variable("n1", *happens) if isinstance(happens, tuple) else happens("n1"), caller_remains=False)
    (failed,) = legs.handle(hung_up("n1", 16, "PJSIP/agent01-1"), caller_remains=False)
    assert (failed.cause, failed.detail) == (cause, detail)


@pytest.mark.parametrize(
    ("found", "phase"),
    [
        ({"state": "Ringing"}, LegPhase.RINGING),
        ({"state": "Up", "application": "Dial"}, LegPhase.ANSWERED),
        ({"state": "Up", "bridge": "b1"}, LegPhase.TALKING),
    ],
)
async def test_a_leg_found_after_a_kill_is_no_orphan_though_nobody_waits_for_it(found, phase):
    findings = read_channels([row("o1", ticket="e1", acd_state=leg_state("agent01", "k1"), **found)])
    (leg,) = findings.legs
    assert (leg.call, leg.offer, leg.phase, leg.callback) == ("k1", "e1", phase, True)
    assert findings.orphans == []


async def test_a_leg_that_nobody_knows_any_more_is_hung_up_by_the_auditor(room):
    drift: list[str] = []
    auditor = Auditor(room.switch, room.state, room.router, None, _Phones(), drift.append)
    rows = [
        row(room.leg.nonce, ticket=room.leg.offer, acd_state=leg_state("agent01", room.callback), state="Ringing"),
        row("o8", ticket="e8", acd_state=leg_state("agent02", "k8"), state="Up", application="Dial"),
        row("o9", ticket="e9", acd_state=leg_state("agent03", "k9"), state="Up", bridge="b1"),
    ]
    for _ in range(2):
        await auditor.round(rows)
    assert drift == ["orphan_leg"]
    assert len(room.wire.actions("Hangup")) == 1
