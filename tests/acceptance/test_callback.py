"""Callbacks on the real Asterisk: promised, made in order of place, tried again, given up, joined by who rings in, and killed at every stage."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import yaml

from tests.rig.agents import ANSWERS, BUSY, MANUAL, RINGS, AgentFarm
from tests.rig.callee import OUTSIDE, number_called
from tests.rig.demo import gathered
from tests.rig.listener import Caller
from tests.rig.server import PROJECT
from tests.rig.site import Site
from tests.rig.stages import HOTLINE, fresh_numbers, login, logout
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from tests.rig.agents import AgentCall
    from tests.rig.callee import Callee
    from tests.rig.server import HotlineServer
    from tests.rig.site import Sound

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

AGENT, QUEUE = "agent01", "general"
RULES = {"attempts": 3, "pause_seconds": 1, "expiry_seconds": 600, "ring_seconds": 20, "answer_seconds": 30}
#: Sentences that are spoken already, one for each thing a caller may hear.
OFFER, ASK, CONFIRM, PROMISED, REFUSED, CHOICE = "agent-waiting", "agent-paused", "agent-unknown", "agent-ready", "agent-logged-out", "not-a-choice"


def _say(phrase: str) -> dict[str, str]:
    return {"phrase": phrase}


FLOW: dict[str, Any] = {
    "version": 1, "flow": "main", "start": "ask", "safe_exit": "bye", "vars": {"number": "text"},
    "defaults": {
        "on_timeout": {"say": _say("no-key"), "next": "ask"}, "on_invalid": {"say": _say("no-key"), "next": "ask"}, "on_error": "refused",
    },
    "steps": {
        "ask": {"type": "menu", "say": _say(CHOICE), "retries": 5, "choices": {"1": "offer", "2": "wait"}},
        "offer": {
            "type": "callback", "queue": QUEUE, "tier": "basic", "needs": ["lang_zh"], "number": "number", "say": _say(OFFER),
            "ask_number": _say(ASK), "confirm": _say(CONFIRM), "outcomes": {"accepted": "promised", "declined": "wait"},
        },
        "wait": {
            "type": "queue", "queue": QUEUE, "tier": "basic", "needs": ["lang_zh"], "keys": {"2": "callback"},
            "outcomes": {"served": "bye", "callback": "offer"}, "on_error": "bye",
        },
        "promised": {"type": "hangup", "say": _say(PROMISED)},
        "refused": {"type": "hangup", "say": _say(REFUSED)},
        "bye": {"type": "hangup", "say": _say("goodbye")},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("callback-flows")
    shutil.copy(PROJECT / "flows" / "hours.yaml", folder)
    phrases = yaml.safe_load((PROJECT / "flows" / "phrases.yaml").read_text(encoding="utf-8"))
    for name in [name for name in phrases["phrases"] if name.startswith(("whisper-tier", "whisper-queue", "whisper-language"))]:
        del phrases["phrases"][name]  # short whispers, for the tests' time
    (folder / "phrases.yaml").write_text(yaml.safe_dump(phrases, allow_unicode=True), encoding="utf-8")
    (folder / "main.yaml").write_text(yaml.safe_dump(FLOW, allow_unicode=True), encoding="utf-8")
    return folder


def configured(folder: Path, **rules: Any) -> str:
    """The demo's configuration, with these rules for callbacks, and agents who need no time after a talk."""
    shutil.copytree(PROJECT / "config", folder)
    queues = yaml.safe_load((PROJECT / "config" / "queues.yaml").read_text(encoding="utf-8"))
    queues["defaults"] |= {"wrapup_seconds": 0, "callback": RULES | rules}
    (folder / "queues.yaml").write_text(yaml.safe_dump(queues, allow_unicode=True), encoding="utf-8")
    return str(folder)


@contextlib.asynccontextmanager
async def serving(site: Site, flows: Path, folder: Path, **rules: Any) -> AsyncIterator[HotlineServer]:
    async with site.running(flows_dir=str(flows), config_dir=configured(folder / "config", **rules)) as server:
        yield server
    await site.clear()
    assert server.tracebacks() == []


@pytest_asyncio.fixture(loop_scope="session")
async def hotline(site: Site, flows: Path, tmp_path: Path) -> AsyncIterator[HotlineServer]:
    async with serving(site, flows, tmp_path) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def callee(site: Site) -> AsyncIterator[Callee]:
    async with site.callee() as callee:
        yield callee


@pytest_asyncio.fixture(loop_scope="session")
async def agents(site: Site) -> AsyncIterator[AgentFarm]:
    async with site.agents(AGENT, behaviour=ANSWERS) as agents:
        yield agents


def caller_from(site: Site, number: str = "") -> Any:
    return Caller.call(site.rig, HOTLINE, number or fresh_numbers(1)[0], voice=True)


async def promised(site: Site) -> str:
    """Somebody asks to be called back on the number he calls from; returns that."""
    (number,) = fresh_numbers(1)
    async with caller_from(site, number) as caller:
        await chooses(caller, "1")
        await accepts(caller)
    return number


async def chooses(caller: Caller, key: str) -> None:
    await caller.heard(f"phrases/{CHOICE}", 20.0)
    await caller.press(key)


async def accepts(caller: Caller) -> None:
    await caller.heard(f"phrases/{OFFER}", 20.0)
    await caller.press("1")
    await caller.heard(f"phrases/{PROMISED}", 20.0)
    await caller.ended(20.0)


async def takes(call: AgentCall) -> None:
    """The customer hears who calls, and takes the call."""
    await call.heard("phrases/callback-hello", 20.0, "zh")
    await call.heard("phrases/callback-press", 20.0)
    await call.press("1")


async def talk(agent: AgentCall, customer: AgentCall) -> None:
    await gathered(agent.hears_voice(OUTSIDE, 20.0), customer.hears_voice(AGENT, 20.0))


async def called_back(agents: AgentFarm, callee: Callee) -> tuple[AgentCall, AgentCall]:
    """The next callback comes to a talk: the agent's side of it, and the customer's."""
    agent = await agents[AGENT].talking(30.0)
    await agent.heard("phrases/whisper-callback", 20.0)
    customer = await callee.talking(30.0)
    await takes(customer)
    await talk(agent, customer)
    return agent, customer


async def record_of(hotline: HotlineServer, number: str, outcome: str, within: float = 30.0) -> dict[str, Any]:
    """The record of the callback to this number; the call that asked for it has one, too."""

    async def found() -> dict[str, Any] | None:
        records = (await hotline.api("GET", "/api/records?limit=200")).body["records"]
        return next((r for r in records if r["caller_number"] == number and r["outcome"] == outcome), None)

    return dict(await eventually(found, within, f"a record {outcome} of {number}"))


async def line(hotline: HotlineServer) -> list[dict[str, Any]]:
    return list((await hotline.api("GET", f"/api/queues/{QUEUE}")).body["calls"])


async def counted(hotline: HotlineServer, outcome: str) -> float:
    return (await hotline.metrics()).value("hotline_callbacks_ended_total", queue=QUEUE, tier="basic", outcome=outcome)


async def test_called_back_in_order_of_place(site: Site, hotline: HotlineServer, callee: Callee, agents: AgentFarm) -> None:
    callee.behaviour = ANSWERS
    first, second = await promised(site), await promised(site)
    await login(hotline, AGENT)
    agent, customer = await called_back(agents, callee)
    assert number_called(customer) == first
    await customer.hangup()
    assert await agent.ended(20.0) == "asterisk"
    agent, customer = await called_back(agents, callee)
    assert number_called(customer) == second
    await agent.hangup()
    assert await customer.ended(20.0) == "asterisk"
    for number in (first, second):
        record = await record_of(hotline, number, "called_back")
        assert (record["agent"], record["queue"]) == (AGENT, QUEUE)
        assert record["talk_ms"] > 0
    assert await counted(hotline, "called_back") == 2
    assert (await hotline.metrics()).value("hotline_callbacks_promised_total", queue=QUEUE, tier="basic") == 2
    metrics = await hotline.metrics()
    assert metrics.value("hotline_queue_calls_abandoned_total", queue=QUEUE, tier="basic") == 0
    assert metrics.value("hotline_queue_calls_entered_total", queue=QUEUE, tier="basic") == 0
    assert len(callee.calls) == 2


async def test_busy_twice_and_then_reached(site: Site, hotline: HotlineServer, callee: Callee, agents: AgentFarm) -> None:
    """Each attempt that fails frees the agent at once."""
    callee.behaviour = BUSY
    number = await promised(site)
    await login(hotline, AGENT)
    for _ in range(2):
        assert number_called(await callee.called(60.0)) == number
    callee.behaviour = ANSWERS
    agent, customer = await _third(agents, callee)
    await agent.hangup()
    await customer.ended(20.0)
    record = await record_of(hotline, number, "called_back")
    assert [step["result"] for step in record["trail"]] == ["busy", "busy"]
    assert [number_called(call) for call in callee.calls] == [number] * 3
    assert (await hotline.metrics()).value("hotline_callback_attempts_failed_total", queue=QUEUE, reason="busy") == 2


async def _third(agents: AgentFarm, callee: Callee) -> tuple[AgentCall, AgentCall]:
    """The agent was rung for two attempts before."""
    for _ in range(2):
        await agents[AGENT].called(20.0)
    return await called_back(agents, callee)


@pytest.mark.long
async def test_given_up_after_a_machine_and_a_busy_line(site: Site, flows: Path, tmp_path: Path, callee: Callee, agents: AgentFarm) -> None:
    """A machine that answers presses no key: the attempt has failed."""
    async with serving(site, flows, tmp_path, attempts=2) as hotline:
        callee.behaviour = ANSWERS
        number = await promised(site)
        await login(hotline, AGENT)
        machine = await callee.talking(60.0)
        callee.behaviour = BUSY
        assert await machine.ended(90.0) == "asterisk"
        record = await record_of(hotline, number, "callback_failed", 60.0)
        assert [step["result"] for step in record["trail"]] == ["not_taken", "busy"]
        assert len(callee.calls) == 2
        assert await counted(hotline, "callback_failed") == 1


async def test_expired_without_an_agent(site: Site, flows: Path, tmp_path: Path, callee: Callee) -> None:
    async with serving(site, flows, tmp_path, expiry_seconds=2) as hotline:
        number = await promised(site)
        record = await record_of(hotline, number, "callback_expired")
        assert record["agent"] is None
        assert await counted(hotline, "callback_expired") == 1
    assert callee.calls == []


async def test_without_a_store_nothing_is_offered(site: Site, flows: Path, tmp_path: Path) -> None:
    dead = {"store_url": "redis://127.0.0.1:1/0", "flows_dir": str(flows), "config_dir": configured(tmp_path / "config")}
    async with site.running(**dead), caller_from(site) as caller:
        await chooses(caller, "1")
        await caller.heard(f"phrases/{REFUSED}", 30.0)
        assert not [heard for heard in caller.heard_ids if OFFER in heard]
    await site.clear()


async def test_who_rings_in_takes_his_place_and_is_not_called(site: Site, hotline: HotlineServer, callee: Callee, agents: AgentFarm) -> None:
    callee.behaviour = ANSWERS
    number = await promised(site)
    async with caller_from(site) as other, caller_from(site, number) as himself:
        await chooses(other, "2")
        await other.hears_music(30.0)
        await chooses(himself, "2")
        await himself.hears_music(30.0)
        await eventually(lambda: _waiting(hotline, 2), 20.0, "both in line")
        await login(hotline, AGENT)
        agent = await agents[AGENT].talking(30.0)
        await gathered(himself.hears_voice(AGENT, 20.0), agent.hears_voice(himself.who, 20.0))
        await logout(hotline, AGENT)
        await agent.hangup()
        await record_of(hotline, number, "callback_rang_in")
    assert callee.calls == []


async def _waiting(hotline: HotlineServer, count: int) -> bool:
    return len([call for call in await line(hotline) if not call["callback"]]) == count


async def test_a_key_while_waiting_keeps_the_place(site: Site, hotline: HotlineServer, callee: Callee, agents: AgentFarm) -> None:
    callee.behaviour = ANSWERS
    (number,) = fresh_numbers(1)
    async with caller_from(site, number) as tired, caller_from(site) as patient:
        await chooses(tired, "2")
        await tired.hears_music(30.0)
        await chooses(patient, "2")
        await patient.hears_music(30.0)
        await tired.press("2")
        await accepts(tired)
        assert [call["callback"] for call in await line(hotline)] == [True, False]
        await login(hotline, AGENT)
        agent, customer = await called_back(agents, callee)
        assert number_called(customer) == number
        await logout(hotline, AGENT)
        await agent.hangup()
    record = await record_of(hotline, number, "callback")
    assert record["queue"] == QUEUE
    await record_of(hotline, number, "called_back")


async def test_killed_at_every_stage_never_twice_and_never_lost(site: Site, hotline: HotlineServer, callee: Callee, agents: AgentFarm) -> None:
    """Before an agent is found, while his phone rings, while the customer's rings, in the talk: one call each."""
    callee.behaviour, agents[AGENT].behaviour = RINGS, MANUAL
    number = await promised(site)
    await hotline.restart()
    await login(hotline, AGENT)
    agent = await agents[AGENT].called(30.0)
    agent.ring()
    await hotline.restart()
    await eventually(lambda: _adopted(hotline), 20.0, "the leg adopted")
    agent.answer()
    customer = await callee.called(30.0)
    await hotline.restart()
    customer.answer()
    await takes(customer)
    await talk(agent, customer)
    await hotline.restart()
    await talk(agent, customer)
    await agent.hangup()
    assert await customer.ended(20.0) == "asterisk"
    assert (await record_of(hotline, number, "called_back"))["agent"] == AGENT
    assert [number_called(call) for call in callee.calls] == [number]
    assert len(agents[AGENT].calls) == 1


def _adopted(hotline: HotlineServer) -> bool:
    return any(entry.get("legs") == 1 for entry in hotline.logs("adopted"))


async def test_what_happened_while_nobody_looked(site: Site, hotline: HotlineServer, callee: Callee, agents: AgentFarm) -> None:
    """A busy customer counts as an attempt, a talk as the end, though both came while the server was dead."""
    callee.behaviour = RINGS
    number = await promised(site)
    await login(hotline, AGENT)
    busy = await callee.called(30.0)
    await hotline.kill9()
    busy.refuse(486)
    await busy.ended(20.0)
    callee.behaviour = ANSWERS
    await hotline.start()
    await agents[AGENT].called(20.0)
    agent, customer = await called_back(agents, callee)
    await hotline.kill9()
    await customer.hangup()
    await agent.ended(20.0)
    await hotline.start()
    record = await record_of(hotline, number, "called_back")
    assert record["agent"] == AGENT
    assert record["trail"][0]["result"] == "busy"
    assert [number_called(call) for call in callee.calls] == [number, number]
    await eventually(lambda: _forgotten(site), 30.0, "Asterisk's notes deleted")


async def _forgotten(site: Site) -> bool:
    return "0 results found" in await site.asterisk.cli("database show hotline-callback")


@pytest.mark.long
async def test_the_demo_without_a_carrier_calls_its_own_caller_back(
    asterisk_install: AsteriskInstall, sipp: Tool, sound: Sound, flows: Path, tmp_path: Path
) -> None:
    """What the README says of the first try: the agent rings, then the caller's own phone."""
    site = Site(
        asterisk_install, sipp, sound, tmp_path / "demo", config=PROJECT / "config", flows=PROJECT / "flows", rtp_timeout_seconds=10, carrier=False
    )
    await site.asterisk.start()
    try:
        async with (
            serving(site, flows, tmp_path) as hotline,
            AgentFarm.open(site.rig, {AGENT: 0, "caller": 0}, ANSWERS) as farm,
        ):
            await farm.register({name: site.phones[name] for name in (AGENT, "caller")})
            async with caller_from(site, "13800138001") as caller:
                await chooses(caller, "1")
                await accepts(caller)
            await login(hotline, AGENT)
            agent = await farm[AGENT].talking(30.0)
            phone = await farm["caller"].talking(60.0)
            await takes(phone)
            await gathered(agent.hears_voice("caller", 20.0), phone.hears_voice(AGENT, 20.0))
            await phone.hangup()
            assert await agent.ended(20.0) == "asterisk"
            await record_of(hotline, "13800138001", "called_back")
    finally:
        await site.asterisk.stop()
