"""The router with the real engine: offers become legs, legs' events become routing; the auditor and the dispatcher beside it."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
import pytest_asyncio

from acd.config import Agent, HeadStartRule, Policy, Queue, SkillNeed, Tier
from acd.engine import Engine
from acd.events import AgentLoggedIn, CallAbandoned, CallQueued, DispatchPaused, DispatchResumed
from acd.facts import CallAnswered, CallEnded, OfferEnded, OfferMade, TalkFinished
from acd.states import AgentState
from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown
from cti.ami.messages import OriginateFailed
from cti.ami.switch import Switch
from cti.callbacks.ringing import Greeting
from cti.calls.ports import QueueRequest
from cti.calls.state import ChannelPhase, ChannelState, decode_state
from cti.control.auditor import Auditor
from cti.control.dispatcher import Dispatcher
from cti.control.phones import PhoneWatch
from cti.legs import LegPhase
from cti.router import Router, RouterState, Words
from tests.unit.cti.callback_room import callback_desk
from tests.unit.cti.channels import agi_ended, executed, hung_up, joined, leg_state, pressed, ringing, row, started, up
from tests.unit.cti.hotline import LoopClock
from tests.unit.cti.requester import Requester

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


class CallEar:
    """A call that only listens to its router."""

    def __init__(self, call: str = "c1", language: str = "zh") -> None:
        self.call, self.channel, self.caller, self.language = call, f"PJSIP/trunk-{call}", "13800138001", language
        self.gone = False
        self.state = ChannelState(ChannelPhase.HOLD, "billing", "gold", 5, 0, language)
        self.heard: list[tuple] = []

    def __getattr__(self, name: str):
        return lambda *values, **named: self.heard.append((name, *values, *named.values()))

    def hung_up(self, cause: int) -> None:
        self.gone = True
        self.heard.append(("hung_up", cause))


class Facts:
    def __init__(self) -> None:
        self.all: list = []

    def told(self, fact, now) -> None:
        self.all.append(fact)

    def of(self, kind):
        return [fact for fact in self.all if isinstance(fact, kind)]


def policy(agents=1, **queue):
    plain = {"announce_first_seconds": 0, "announce_frequency_seconds": 0, "wrapup_seconds": 0, "max_wait_seconds": 0} | queue
    return Policy(
        queues={"billing": Queue("billing", **plain)}, tiers={"gold": Tier("gold", 60), "basic": Tier("basic", 0)},
        agents={f"agent{n:02}": Agent(f"agent{n:02}", device=f"PJSIP/agent{n:02}", queues=("billing",), skills={"lang_zh": 2}) for n in range(1, agents + 1)},
    )


class Room:
    """A router and all around it, on the engine's own rules."""

    def __init__(self, rules: Policy) -> None:
        self.wire = Requester()
        self.facts = Facts()
        self.state = RouterState("000001:ab")
        self.clock = LoopClock()
        self.engine = Engine(rules, offer_prefix="e000001-")
        self.switch = Switch(self.wire)
        words = Words(
            lambda *said: ("phrases/whisper", f"phrases/{said[2]}"), lambda *said: ("phrases/callback", f"phrases/{said[2]}"),
            Greeting(("phrases/hello",), ("phrases/press",)), lambda *said: ("phrases/position", f"zh/n{said[1]}"),
        )  # fmt: skip
        self.desk = callback_desk(self.clock, rules)
        self.router = Router(self.engine, self.state, self.switch, self.clock, words, self.desk, (self.facts, self.desk))
        self.task = asyncio.create_task(self.router.run())

    def waits(self, call="c1", tier="gold", **changes) -> CallEar:
        ear = CallEar(call)
        self.state.calls[call] = ear
        self.router.join(QueueRequest(call, "billing", tier, (("lang_zh", 1),), None, 0, **changes))
        return ear

    async def ready(self, *agents: str) -> None:
        for agent in agents or ("agent01",):
            self.router.tell(AgentLoggedIn(agent))
        await self.settle()

    async def settle(self) -> None:
        await asyncio.sleep(0.01)
        assert not self.task.done() or self.task.exception() is None
        self.engine.check_invariants()

    async def hear(self, *events) -> None:
        for event in events:
            self.router.leg_event(event)
            await self.settle()

    @property
    def leg(self):
        (leg,) = self.state.legs.all()
        return leg

    def agent(self, name="agent01"):
        return self.engine.snapshot(self.clock.now()).agents[name].state


@contextlib.asynccontextmanager
async def room_of(rules):
    room = Room(rules)
    yield room
    room.task.cancel()
    await asyncio.wait([room.task])


@pytest_asyncio.fixture
async def room():
    async with room_of(policy()) as room:
        yield room


async def test_an_offer_gives_the_ticket_first_and_rings_the_agent_with_everything_the_gate_needs(room):
    call = room.waits()
    await room.ready()
    assert [action for action, _ in room.wire.sent] == ["Setvar", "Originate"]
    offer = room.leg.offer
    assert room.wire.sent[0][1] == {"Channel": call.channel, "Variable": "ACD_OFFER", "Value": offer}
    headers = room.wire.sent[1][1]
    assert (headers["Channel"], headers["Context"], headers["ChannelId"]) == ("PJSIP/agent01", "hotline-connect", f"acd-{offer}")
    variables = dict(value.split("=", 1) for name, value in room.wire.raw[1] if name == "Variable")
    assert variables["ACD_OFFER"] == variables["ACD_LEG_OFFER"] == offer
    assert variables["ACD_LEG_CALLER"] == call.channel
    assert variables["ACD_LEG_OWNER"] == "000001:ab"
    assert variables["ACD_WHISPER"] == "hotline/phrases/whisper&hotline/phrases/zh"
    state = decode_state(variables["ACD_STATE"])
    assert (state.phase, state.extra) == (ChannelPhase.LEG, "agent01:c1")
    assert room.agent() is AgentState.OFFERED


async def test_the_agent_is_rung_before_anybody_is_told_of_it(room):
    """Who keeps records, figures and states takes milliseconds when hundreds wait; the phone does not wait for them."""
    sent_when_told: dict[type, list[str]] = {}
    told = room.facts.told

    def listen(fact, now) -> None:
        sent_when_told[type(fact)] = [action for action, _ in room.wire.sent]
        told(fact, now)

    room.facts.told = listen
    room.waits()
    await room.ready()
    assert sent_when_told[OfferMade] == ["Setvar", "Originate"]


async def test_agents_rung_together_share_one_ticket_and_one_gets_the_caller():
    """The ticket is written once: again, it could overwrite that of a talk. Who rings is hung up, who has answered is refused by the gate."""
    async with room_of(policy(agents=3, ring_at_once=3)) as room:
        room.router.tell(DispatchPaused())
        call = room.waits()
        await room.ready("agent01", "agent02", "agent03")
        room.router.tell(DispatchResumed())
        await room.settle()
        assert [action for action, _ in room.wire.sent] == ["Setvar", "Originate", "Originate", "Originate"]
        first, second, third = room.state.legs.all()
        assert room.wire.sent[0][1] == {"Channel": call.channel, "Variable": "ACD_OFFER", "Value": first.offer}
        sent = [dict(value.split("=", 1) for name, value in raw if name == "Variable") for raw in room.wire.raw[1:]]
        assert [variables["ACD_LEG_OFFER"] for variables in sent] == [first.offer] * 3
        assert [variables["ACD_OFFER"] for variables in sent] == [leg.offer for leg in (first, second, third)]
        assert [variables["ACD_LEG_TALK"] for variables in sent] == [f"talk-{leg.offer}:{leg.agent}" for leg in (first, second, third)]
        assert [decode_state(variables["ACD_STATE"]).extra for variables in sent] == ["agent01:c1", f"agent02:c1:{first.offer}", f"agent03:c1:{first.offer}"]

        await room.hear(ringing(first.nonce), up(second.nonce), up(third.nonce), joined(third.nonce))
        hung_up_legs = [headers["Channel"] for action, headers in room.wire.sent if action == "Hangup"]
        assert hung_up_legs == [first.channel_id]
        assert (room.agent("agent03"), room.agent("agent02")) == (AgentState.TALKING, AgentState.CONNECTING)
        await room.hear(hung_up(first.nonce), hung_up(second.nonce))
        assert (room.agent("agent01"), room.agent("agent02")) == (AgentState.READY, AgentState.READY)
        assert [(fact.agent, fact.result.value) for fact in room.facts.of(OfferEnded)] == [("agent03", "talked"), ("agent01", "colleague"), ("agent02", "colleague")]


async def test_a_talk_from_offer_to_goodbye(room):
    call = room.waits()
    await room.ready()
    nonce, offer = room.leg.nonce, room.leg.offer
    await room.hear(ringing(nonce), up(nonce), joined(nonce))
    assert room.agent() is AgentState.TALKING
    assert ("talk_started",) in call.heard
    await asyncio.sleep(30)
    await room.hear(hung_up(nonce, 16, "PJSIP/agent01-1"))
    (over,) = [heard for heard in call.heard if heard[0] == "talk_over"]
    assert over[1:3] == (offer, "agent01")
    assert over[4:] == (False, "PJSIP/agent01-1")
    assert room.agent() is AgentState.READY
    assert [type(fact) for fact in room.facts.all if isinstance(fact, OfferMade | CallAnswered | OfferEnded | TalkFinished | CallEnded)].count(CallEnded) == 1
    assert room.facts.of(TalkFinished)[0].talk_seconds == pytest.approx(30, abs=0.1)


async def test_an_agent_lost_in_the_talk_is_told_as_such(room):
    call = room.waits()
    await room.ready()
    nonce = room.leg.nonce
    await room.hear(up(nonce), joined(nonce))
    await asyncio.sleep(30)
    await room.hear(hung_up(nonce, 127, "PJSIP/agent01-1"))
    assert [heard[4] for heard in call.heard if heard[0] == "talk_over"] == [True]


async def test_the_caller_hangs_up_while_it_rings(room):
    call = room.waits()
    await room.ready()
    nonce = room.leg.nonce
    await room.hear(ringing(nonce))
    call.gone = True
    room.router.hung_up("c1")
    await room.settle()
    assert room.wire.actions("Hangup") == [{"Channel": room.leg.channel_id, "Cause": "16"}]
    assert room.agent() is AgentState.CANCELLING
    await room.hear(hung_up(nonce, 16, "PJSIP/agent01-1"))
    assert room.agent() is AgentState.READY


async def test_who_is_gone_before_the_offer_goes_out_rings_nobody(room):
    call = room.waits()
    call.gone = True
    await room.ready()
    assert room.wire.actions("Originate") == []
    assert room.agent() is not AgentState.OFFERED


async def test_an_originate_that_is_refused_frees_the_agent_at_once(room):
    room.waits()
    room.wire.answers["Originate"] = [ActionRefused("no such context")] * 1000
    await room.ready()
    await asyncio.sleep(1)
    assert len(room.wire.actions("Originate")) == 1  # and not as fast as it can, for ever
    assert len(room.state.legs) == 0
    assert room.agent() is AgentState.BACKOFF
    assert room.facts.of(OfferEnded)


@pytest.mark.parametrize(("action", "error"), [("Setvar", ActionRefused("gone")), ("Setvar", ActionTimeout("silent")), ("Originate", ActionTimeout("silent"))])
async def test_an_offer_whose_leg_may_live_is_taken_back_and_waits_for_the_legs_end(room, action, error):
    room.waits()
    room.wire.answers[action] = [error]
    await room.ready()
    assert room.wire.actions("Hangup") == [{"Channel": room.leg.channel_id, "Cause": "16"}]
    assert room.facts.of(OfferEnded) == []
    first = room.leg
    await room.hear(hung_up(first.nonce, 16, "PJSIP/agent01-1"))
    assert [fact.offer for fact in room.facts.of(OfferEnded)] == [first.offer]
    assert room.leg is not first


async def test_a_leg_that_never_came_to_be_holds_its_agent_not_for_ever(room):
    room.waits()
    room.wire.answers["Originate"] = [ActionTimeout("silent")]
    await room.ready()
    first = room.leg.offer
    await asyncio.sleep(60)
    assert [fact.offer for fact in room.facts.of(OfferEnded)][:1] == [first]
    assert len(room.wire.actions("Originate")) > 1


async def test_a_lost_link_ends_the_router(room):
    room.wire.answers["Originate"] = [LinkDown("cut")]
    room.waits()
    room.router.tell(AgentLoggedIn("agent01"))
    await asyncio.wait([room.task], timeout=5)
    assert room.task.exception().subgroup(LinkDown) is not None


async def test_a_failed_originate_of_somebody_elses_action_is_nothing(room):
    room.waits()
    await room.ready()
    for forged in ("e000001-00000001", "", "x"):
        room.router.originate_failed(forged)
    await room.settle()
    assert room.agent() is AgentState.OFFERED
    room.router.originate_failed(room.leg.nonce)
    await room.settle()
    assert room.agent() is AgentState.BACKOFF


async def test_a_leg_that_comes_to_be_after_it_was_taken_back_is_hung_up(room):
    call = room.waits()
    await room.ready()
    leg = room.leg
    call.gone = True
    room.router.hung_up("c1")
    await room.settle()
    before = len(room.wire.actions("Hangup"))
    room.router.leg_event(ringing(leg.nonce))
    await room.settle()
    assert len(room.wire.actions("Hangup")) == before + 1


async def test_the_longest_wait_releases_him():
    async with room_of(policy(max_wait_seconds=30)) as room:
        call = room.waits()
        await asyncio.sleep(31)
        assert call.heard == [("released", "max_wait")]


async def test_a_key_releases_him_once(room):
    call = room.waits()
    await room.settle()
    room.router.ask_to_leave("c1", "menu")
    room.router.ask_to_leave("c1", "menu")
    await room.settle()
    assert call.heard == [("released", "menu")]


async def test_what_is_known_of_a_customer_counts_when_he_joins_and_after_a_restart():
    rules = replace(policy(), head_starts=(HeadStartRule("key_person", 200, equals=True),))
    async with room_of(rules) as room:
        room.waits("c1", customer={"key_person": True})
        room.waits("c2")
        await room.settle()
        room.router.recognise("c2", {"key_person": True})
        await room.settle()
        heads = [room.engine.explain(call, room.clock.now()).standing.head_start_seconds for call in ("c1", "c2")]
        assert heads == [260, 260]


async def test_announcements_go_to_the_channel_and_a_failed_one_harms_nobody():
    async with room_of(policy(announce_first_seconds=10, announce_frequency_seconds=20)) as room:
        call = room.waits()
        room.wire.answers["Setvar"] = [ActionRefused("gone")]
        await asyncio.sleep(31)
        said = [fields["Value"] for fields in room.wire.actions("Setvar") if fields["Variable"] == "ACD_SAY"]
        assert said == ["hotline/phrases/position&hotline/zh/n1"] * 2
        assert call.heard == []


async def test_the_pulse_ends_when_the_router_has_come_to_it(room):
    pulse = room.router.pulse()
    room.router.tell(CallQueued("c9", "billing", "gold", (SkillNeed("lang_zh"),)))
    await asyncio.wait_for(pulse, 1)


async def test_twenty_callers_and_five_agents_each_served_once():
    async with room_of(policy(agents=5)) as room:
        calls = [room.waits(f"c{n}", tier=("gold", "basic")[n % 2]) for n in range(20)]
        await room.ready(*(f"agent{n:02}" for n in range(1, 6)))
        for _ in range(20):
            for leg in room.state.legs.all():
                await room.hear(up(leg.nonce), joined(leg.nonce))
            await asyncio.sleep(5)
            for leg in room.state.legs.all():
                if leg.phase is LegPhase.TALKING:
                    await room.hear(hung_up(leg.nonce, 16, leg.channel))
        assert [sum(heard[0] == "talk_over" for heard in call.heard) for call in calls] == [1] * 20
        assert len(room.facts.of(CallEnded)) == 20
        assert len(room.wire.actions("Originate")) == 20


# ---- the dispatcher in front of it


class Desk:
    def __init__(self) -> None:
        self.calls: list = []

    def started(self, event) -> None:
        self.calls.append(event)

    def event(self, _event) -> bool:
        return False


class Front:
    """A dispatcher with a call c1 on its channel."""

    def __init__(self, room: Room) -> None:
        self.call = CallEar()
        room.state.calls["c1"] = self.call
        self.new: list = []
        self.forged: list[str] = []
        self.desk = Desk()
        self.dispatcher = Dispatcher(room.state, room.router, self.desk, self.new.append, self.forged.append)
        self.dispatcher.note_channel(self.call.channel, "c1")

    def hear(self, *events) -> None:
        for event in events:
            self.dispatcher.event(event)


@pytest.fixture
def front(room):
    return Front(room)


async def test_a_calls_own_events_reach_it(front):
    channel = front.call.channel
    front.hear(started("c1", channel), executed("c1", "c1.1.1", 0, channel), pressed("c1", "5", channel), agi_ended("c1", channel), hung_up("c1", 17, channel))
    assert [heard[0] for heard in front.call.heard] == ["agi_started", "agi_executed", "digit", "agi_ended", "hung_up"]
    assert front.forged == []


@pytest.mark.parametrize("make", [lambda n, c: pressed(n, "5", c), lambda n, c: hung_up(n, 16, c), agi_ended, started, up])
@pytest.mark.parametrize("nonce", ["", "cwrong", "c2"])
async def test_an_event_of_our_channel_without_its_nonce_is_forged(front, make, nonce):
    front.hear(make(nonce, front.call.channel))
    assert front.call.heard == []
    assert front.new == []
    assert front.forged == ["no_nonce"]


async def test_our_nonce_on_another_channel_does_nothing_to_the_call(front):
    front.hear(hung_up("c1", 16, "PJSIP/other-1"))
    assert front.call.heard == []


async def test_forged_events_of_a_leg_have_no_effect(room, front):
    room.waits("c2")
    await room.ready()
    nonce = room.leg.nonce
    front.hear(ringing(nonce, "PJSIP/agent01-1"))
    front.hear(hung_up("", 16, "PJSIP/agent01-1"), up("o999", "PJSIP/agent01-1"))
    await room.settle()
    assert front.forged == ["no_nonce", "no_nonce"]
    assert room.agent() is AgentState.OFFERED


async def test_new_calls_and_feature_calls_by_context_and_kind(front):
    front.hear(started("cnew", "PJSIP/t-9"), started("fnew", "PJSIP/a-9", "hotline-feature"))
    front.hear(started("cother", "PJSIP/x-1", "elsewhere"), started("", "PJSIP/x-2"), started("fx", "PJSIP/x-3"), started("cx", "PJSIP/x-4", "hotline-feature"))
    assert [event.nonce for event in front.new] == ["cnew"]
    assert [event.nonce for event in front.desk.calls] == ["fnew"]


async def test_a_failed_originate_is_handed_on(room, front):
    room.waits("c2")
    await room.ready()
    front.hear(OriginateFailed(room.leg.nonce))
    await room.settle()
    assert room.agent() is AgentState.BACKOFF


# ---- the auditor


class AttachmentEar:
    def __init__(self) -> None:
        self.adopted: list[str] = []

    async def adopt_caller(self, found) -> None:
        self.adopted.append(found.call)


class Audit:
    def __init__(self, room: Room) -> None:
        self.attachment = AttachmentEar()
        self.drift: list[str] = []
        self.auditor = Auditor(room.switch, room.state, room.router, self.attachment, PhoneWatch(dict, room.router.tell), self.drift.append)

    async def see(self, *rows, times=2) -> None:
        for _ in range(times):
            await self.auditor.round(list(rows))


@pytest.fixture
def audit(room):
    return Audit(room)


async def test_one_look_changes_nothing(room, audit):
    room.waits()
    await room.ready()
    await audit.see(times=1)
    await audit.see(row("c1"), row(room.leg.nonce, ticket=room.leg.offer, acd_state=leg_state("agent01", "c1")), times=1)
    await audit.see(times=1)
    assert audit.drift == []


async def test_a_call_that_is_not_there_twice_has_hung_up(room, audit):
    call = room.waits()
    await audit.see()
    assert call.heard == [("hung_up", 0)]
    assert audit.drift == ["call_vanished"]
    await audit.see()
    assert call.heard == [("hung_up", 0)]


async def test_a_leg_that_is_not_there_twice_frees_its_agent(room, audit):
    room.waits()
    await room.ready()
    await audit.see(row("c1", ticket=room.leg.offer))
    await room.settle()
    assert audit.drift == ["leg_vanished"]
    assert room.agent() in (AgentState.BACKOFF, AgentState.READY)
    assert len(room.state.legs) == 0


async def test_a_talk_that_is_not_there_twice_is_over(room, audit):
    call = room.waits()
    await room.ready()
    await room.hear(up(room.leg.nonce), joined(room.leg.nonce))
    await asyncio.sleep(10)
    await audit.see(row("c1"))
    await room.settle()
    assert [heard[4] for heard in call.heard if heard[0] == "talk_over"] == [True]
    assert room.agent() is AgentState.READY


async def test_an_orphan_leg_is_hung_up_and_an_unknown_caller_is_adopted(room, audit):
    await audit.see(row("o9", ticket="e9", acd_state=leg_state("agent01", "c9")), row("c5", acd_state="1!ivr!!!0!0!zh!1!"))
    assert sorted(audit.drift) == ["call_adopted", "orphan_leg"]
    assert audit.attachment.adopted == ["c5"]
    assert [fields["Channel"] for fields in room.wire.actions("Hangup")] == ["PJSIP/agent01-00000002"]


async def test_the_phone_of_an_orphan_leg_is_left_alone_while_it_stops_ringing(room, audit):
    await audit.see(row("o9", ticket="e9", acd_state=leg_state("agent01", "c9")))
    room.waits()
    await room.ready()
    assert room.wire.actions("Originate") == []
    await asyncio.sleep(0.5)
    assert len(room.wire.actions("Originate")) == 1


async def test_a_look_that_fails_is_only_a_look(room):
    """The auditor's own session comes and goes; the next round looks again."""
    answers = [LinkDown("the AMI link was lost"), ActionTimeout("no answer"), [row("c5", acd_state="1!ivr!!!0!0!zh!1!")], [row("c5", acd_state="1!ivr!!!0!0!zh!1!")]]
    attachment, looked = AttachmentEar(), asyncio.Event()

    async def look():
        if len(answers) == 1:
            looked.set()
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    auditor = Auditor(room.switch, room.state, room.router, attachment, PhoneWatch(dict, room.router.tell), lambda _kind: None, look=look)
    task = asyncio.create_task(auditor.run())
    await looked.wait()
    await room.settle()
    assert attachment.adopted == ["c5"]
    task.cancel()
    await asyncio.wait([task])


async def test_who_has_only_just_come_in_is_left_to_his_own_event(room, audit):
    await audit.see(row("c5", acd_state="1!new!!!5!0!!0!0", seconds=1))
    assert audit.drift == []
    await audit.see(row("c5", acd_state="1!new!!!5!0!!0!0", seconds=9))
    assert audit.attachment.adopted == ["c5"]


async def test_who_was_given_to_the_fallback_meanwhile_is_taken_back(room, audit):
    call = CallEar()
    call.take_back_times = 0

    async def take_back() -> None:
        call.take_back_times += 1

    call.take_back = take_back
    room.state.calls["c1"] = call
    await audit.see(row("c1", context="hotline-fallback", application="Queue", acd_state="1!fb!billing!gold!5!0!zh!1!"))
    assert call.take_back_times == 1
    await audit.see(row("c1", context="hotline-fallback", application="Queue", bridge="b1", acd_state="1!fb!billing!gold!5!0!zh!1!"))
    assert call.take_back_times == 1


async def test_abandoned_while_dispatch_is_paused(room):
    room.router.tell(DispatchPaused())
    room.waits()
    await room.ready()
    room.router.tell(CallAbandoned("c1"))
    await room.settle()
    assert room.wire.sent == []
    assert [fact.outcome.value for fact in room.facts.of(CallEnded)] == ["abandoned"]
