"""What a queue of Asterisk promises, held by ours: the cases of its test suite's apps/queues, with our line on the real Asterisk.

Each test names its case and says in our words what it is about. Not here, because there already: reload_queue_members as a
whole day's work in test_policy_reload.py, and what an agent may do with his caller in test_transfer.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import yaml

from cti.ami.session import AmiAccount, AmiSession
from cti.asterisk.options import ACTIONS_USER
from tests.rig.agents import ANSWERS, FORWARDS, RINGS
from tests.rig.demo import HOTLINE, gathered, record_of
from tests.rig.lines import Lines, agent_is, ask, call_of, log_in, number_shown, serve, served, waiting
from tests.rig.listener import Caller
from tests.rig.stage import Stage, open_stage, scene
from tests.rig.waiting import Deadline, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.gallery import Programs
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

SHORT = {"offer_timeout_seconds": 3, "max_wait_seconds": 8}
#: One line, and agents, for each scene, so that all can play side by side.
LINES = Lines(
    {
        "no_answer": SHORT, "all_paused": {"max_wait_seconds": 4}, "one_paused": SHORT, "forward": {}, "order": {"max_length": 2},
        "levels": {"needs": {"billing": 2}, "rings": [{"after_seconds": 60, "needs": {"billing": 1}}]}, "wrapup": {"wrapup_seconds": 6}, "members": {},
        "ringing": {"offer_timeout_seconds": 3}, "baseline": {}, "callee": {"wrapup_seconds": 2}, "redirect": {"wrapup_seconds": 2},
        "attended": {}, "blind": {"extension": "811"},
    },
    {
        "silent": {"queues": ["no_answer"], "max_misses": 0},
        "paused1": {"queues": ["all_paused"]}, "paused2": {"queues": ["all_paused"]},
        "half1": {"queues": ["one_paused"]}, "half2": {"queues": ["one_paused"], "max_misses": 0},
        "forward": {"queues": ["forward"]},
        "order": {"queues": ["order"]},
        "novice": {"queues": ["levels"], "skills": {"lang_zh": 1, "billing": 1}}, "expert": {"queues": ["levels"], "skills": {"lang_zh": 1, "billing": 3}},
        "slow": {"queues": ["wrapup"]}, "quick": {"queues": ["wrapup"], "wrapup_seconds": 1},
        "added": {"queues": []},
        "busy": {"queues": ["ringing"], "max_misses": 1}, "baseline": {"queues": ["baseline"]}, "callee": {"queues": ["callee"]},
        "redirect": {"queues": ["redirect"]}, "attended": {"queues": ["attended"]}, "blind": {"queues": ["blind"]},
    },
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lines(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with LINES.opened(programs, tmp_path_factory.mktemp("apps-queues")) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(lines: Site) -> AsyncIterator[HotlineServer]:
    async with served(lines, watch_config_seconds=0) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, lines: Site, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, lines, hotline) as stage:
        yield stage


def story(server: HotlineServer, call: str) -> list[str]:
    """What became of a call, in the order of the log."""
    kept = ("queue_entered", "offer_made", "offer_ended", "answered", "talk_finished", "queue_ended", "call_ended")
    return [entry["event"] + (f":{entry['result']}" if "result" in entry else "") for entry in server.logs(call=call) if entry["event"] in kept]


async def overflows(site: Site, server: HotlineServer, number: str, queue: str) -> str:
    """A caller waits in vain, hears so and hangs up; returns his call."""
    async with LINES.caller(site, number, queue) as caller:
        await caller.heard("agent/too_long-1", 40, language="zh")
    record = await record_of(server, number)
    assert (record["queue"], record["outcome"], record["agent"]) == (queue, "overflowed", None)
    return str(record["call"])


@scene
async def test_nobody_answers(site: Site, server: HotlineServer) -> None:
    """queue_no_answer: the one agent's phone rings and is taken back each time; the caller is let out when his time is up."""
    async with site.agents("silent", behaviour=RINGS) as farm:
        await log_in(server, "silent")
        call = await overflows(site, server, "13700003101", "no_answer")
        assert len(farm["silent"].calls) >= 2
        await eventually(lambda: all(phone.cancelled for phone in farm["silent"].calls), 10, "no phone rings on")
    told = story(server, call)
    assert told[:5] == ["queue_entered", "offer_made", "offer_ended:no_answer", "offer_made", "offer_ended:no_answer"]
    assert "answered" not in told
    assert told[-1] == "call_ended"


@scene
async def test_all_are_paused(site: Site, server: HotlineServer) -> None:
    """queue_all_paused_no_answer: nobody is rung, and the caller is let out."""
    async with site.agents("paused1", "paused2", behaviour=ANSWERS) as farm:
        await log_in(server, "paused1", "paused2")
        for agent in ("paused1", "paused2"):
            await ask(server, agent, "pause", {"reason": "lunch"})
        call = await overflows(site, server, "13700003201", "all_paused")
        assert farm.ledger() == []
    assert story(server, call) == ["queue_entered", "queue_ended", "call_ended"]


@scene
async def test_one_is_paused_and_the_other_does_not_answer(site: Site, server: HotlineServer) -> None:
    """queue_one_paused_no_answer: the paused one is not rung instead."""
    async with site.agents("half1", "half2", behaviour=RINGS) as farm:
        await log_in(server, "half1", "half2")
        await ask(server, "half1", "pause", {"reason": "lunch"})
        call = await overflows(site, server, "13700003301", "one_paused")
        assert farm["half1"].calls == []
        assert len(farm["half2"].calls) >= 2
    assert story(server, call)[:3] == ["queue_entered", "offer_made", "offer_ended:no_answer"]


@scene
async def test_a_phone_that_forwards_is_not_followed(site: Site, server: HotlineServer) -> None:
    """queue_member_forward: a phone answers 302. Asterisk's queue may follow it; ours must not: the forward could lead
    anywhere, even back into the hotline. It counts as a failure, and the caller waits for the agent."""
    async with site.agents("forward", behaviour=FORWARDS) as farm:
        await log_in(server, "forward")
        async with LINES.caller(site, "13700003401", "forward") as caller:
            await agent_is(server, "forward", "backoff")
            farm["forward"].behaviour = ANSWERS
            await caller.hears_voice("forward", 40)
            await caller.hangup()
        assert [record.final_status for record in farm.ledger()] == [302, 200]
    assert [event for event in site.asterisk.cel() if event.type == "ANSWER" and event.channel.startswith(f"Local/{HOTLINE}@")] == []
    assert [event.context for event in site.asterisk.cel() if event.channel.startswith(f"Local/{HOTLINE}@") and event.context != "hotline-nowhere"] == []


@scene
async def test_tiers_order_the_line_and_its_length_is_bounded(site: Site, server: HotlineServer) -> None:
    """position_priority_maxlen: who comes later with a head start stands before; the third finds the line of two full."""
    async with site.agents("order", behaviour=ANSWERS) as farm, LINES.caller(site, "13700003501", "order") as basic:
        await waiting(server, "order", 1)
        async with LINES.caller(site, "13700003502", "order", tier="gold") as gold:
            calls = await waiting(server, "order", 2)
            assert [call["call"] for call in calls] == [(await call_of(server, caller.who))["call"] for caller in (gold, basic)]
            async with LINES.caller(site, "13700003503", "order", tier="diamond") as refused:
                await refused.heard("agent/too_many-1", 40)
            assert (await record_of(server, refused.who))["outcome"] == "rejected_full"
            await ask(server, "order", "login")
            assert [number_shown(await serve(server, farm["order"])) for _ in range(2)] == [gold.who, basic.who]


def edit_agents(site_config: Path, change: Any) -> None:
    """Write agents.yaml anew, changed."""
    file = site_config / "agents.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(content["agents"])
    part = file.with_suffix(".part")
    part.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    part.replace(file)


async def reload(server: HotlineServer, change: Any, *, status: int = 200) -> str:
    """Change the agents and take the configuration; returns what the server says."""
    edit_agents(Path(str(server.settings["config_dir"])), change)
    reply = await server.api("POST", "/api/policy/reload", within=20)
    assert reply.status == status, reply
    return str(reply.body)


def level(agent: str, value: int, agents: dict[str, Any]) -> None:
    agents[agent]["skills"]["billing"] = value


@scene
async def test_levels_and_members_changed_under_waiting_callers(site: Site, server: HotlineServer) -> None:
    """set_penalty, queue_penalty_outside_range, reload_queue_members: our penalty is the level of a skill that each ring
    asks for. A novice is not rung in the first ring; by reload he becomes an expert and is rung at once. A level out of range
    is refused with its place, and changes nothing. An agent who is given a line is rung for who waits there already."""
    async with site.agents("novice", "added", behaviour=ANSWERS) as farm:
        await log_in(server, "novice", "added", "expert")
        await ask(server, "expert", "pause", {"reason": "lunch"})  # at work: a ring that nobody at work can satisfy is skipped
        async with LINES.caller(site, "13700003601", "levels") as levels, LINES.caller(site, "13700003602", "members") as members:
            await waiting(server, "levels", 1)
            await waiting(server, "members", 1)
            for wrong in (101, -1):
                said = await reload(server, functools.partial(level, "novice", wrong), status=409)
                assert "agents.yaml:" in said
                assert "100" in said or "1" in said
            assert farm.ledger() == []
            await reload(server, functools.partial(level, "novice", 2))
            await levels.hears_voice("novice", 40)
            assert farm["added"].calls == []
            await reload(server, lambda agents: agents["added"].update(queues=["members"]))
            await members.hears_voice("added", 40)


@scene
async def test_wrap_up_of_the_line_and_of_one_agent(site: Site, server: HotlineServer) -> None:
    """wrapup_time, wrapup_time_per_member: the line gives six seconds, the quick agent takes one; nobody is rung before."""
    async with site.agents("slow", "quick", behaviour=ANSWERS) as farm:

        async def serves(agent: str) -> None:
            for _ in range(2):
                await serve(server, farm[agent])

        await log_in(server, "slow", "quick")
        callers = [("13700003701", HOTLINE), ("13700003702", HOTLINE), ("13700003703", HOTLINE), ("13700003704", HOTLINE)]
        async with Caller.group(site.rig, callers) as group:
            for caller in group:
                await caller.heard("phrases/one-moment", 20)
                await caller.press("14" + LINES.keys["wrapup"])
            await gathered(serves("slow"), serves("quick"))
        for agent, wrapup_seconds in (("slow", 6.0), ("quick", 1.0)):
            first, second = (record for record in farm.ledger() if record.agent == agent)
            assert second.invited_at - (first.ended_at or 0) > wrapup_seconds - 0.1


@scene
async def test_who_is_on_the_phone_or_paused_is_not_rung(site: Site, server: HotlineServer) -> None:
    """ringinuse_and_pause: an agent whose phone is in a call of his own is not rung for the line; one who let it ring is
    paused, and is not rung until he says that he is back."""
    async with site.agents("busy", behaviour=RINGS) as farm:
        await log_in(server, "busy")
        own_call = Caller.call(site.rig, HOTLINE, "busy", username="busy", password=site.passwords["busy"])
        async with own_call as phone:
            await phone.heard("phrases/one-moment", 20)
            await busy_elsewhere(server, "busy")
            async with LINES.caller(site, "13700003801", "ringing") as caller:
                await waiting(server, "ringing", 1)
                assert farm["busy"].calls == []
                await phone.hangup()
                call = await farm["busy"].called(20)
                await eventually(lambda: call.cancelled, 10, "the phone rings no more")
                assert (await agent_is(server, "busy", "paused"))["reason"] == "missed_calls"
                assert len(farm["busy"].calls) == 1
                farm["busy"].behaviour = ANSWERS
                await ask(server, "busy", "ready")
                await caller.hears_voice("busy", 40)


async def busy_elsewhere(server: HotlineServer, agent: str) -> None:
    """Wait until the server has seen what the agent's phone does."""

    async def seen() -> bool:
        return bool((await server.api("GET", f"/api/agents/{agent}")).body["busy_elsewhere"])

    await eventually(seen, 20, f"{agent} busy elsewhere")


@scene
async def test_the_order_of_a_plain_call(site: Site, server: HotlineServer) -> None:
    """queue_baseline: joined, offered, answered, talked, ended; each once and in this order."""
    async with site.agents("baseline", behaviour=ANSWERS) as farm:
        await log_in(server, "baseline")
        async with LINES.caller(site, "13700003901", "baseline") as caller:
            await serve(server, farm["baseline"])
            await caller.heard("survey/ask-1", 40)
    record = await record_of(server, "13700003901")
    assert story(server, record["call"]) == ["queue_entered", "offer_made", "offer_ended:talked", "answered", "talk_finished", "queue_ended", "call_ended"]
    assert record["started_at_ms"] <= record["answered_at_ms"] <= record["ended_at_ms"]


@scene
async def test_the_agent_goes_on_when_the_caller_hangs_up(site: Site, server: HotlineServer) -> None:
    """queue_transfer_callee: in Asterisk the called agent may go on in the dialplan once the caller is gone. Ours goes to his
    wrap-up, and then on to the next caller."""
    async with site.agents("callee", behaviour=ANSWERS) as farm:
        await log_in(server, "callee")
        async with LINES.caller(site, "13700004001", "callee") as first:
            talk = await farm["callee"].talking()
            await first.hears_voice("callee", 40)
            async with LINES.caller(site, "13700004002", "callee") as second:
                await waiting(server, "callee", 1)
                await first.hangup()
                assert await talk.ended(10) == "asterisk"
                await agent_is(server, "callee", "wrap_up")
                await second.hears_voice("callee", 40)
        assert farm.double_offers() == []


@scene
async def test_a_caller_cannot_lead_his_agent_elsewhere(site: Site, server: HotlineServer) -> None:
    """transfer/caller_blind: a trunk that asks for a transfer of the talk is refused, whatever the number, and the talk goes on."""
    async with site.agents("blind", behaviour=ANSWERS) as farm:
        await log_in(server, "blind")
        async with LINES.caller(site, "13700004101", "blind", voice=True) as caller:
            talk = await farm["blind"].talking()
            await caller.hears_voice("blind", 40)
            for number in ("68001", "811", HOTLINE):
                assert await caller.refer(number) == 603
            await talk.hears_voice(caller.who, 20)
            await caller.hears_voice("blind", 20)
            await agent_is(server, "blind", "talking")
            assert len(farm["blind"].calls) == 1


@scene
async def test_a_caller_cannot_join_his_agent_to_another_call(site: Site, server: HotlineServer) -> None:
    """transfer/caller_attended: nor by a second call of his, with Replaces."""
    async with site.agents("attended", behaviour=ANSWERS) as farm:
        await log_in(server, "attended")
        async with LINES.caller(site, "13700004201", "attended", voice=True) as caller, Caller.call(site.rig, HOTLINE, "13700004202") as other:
            talk = await farm["attended"].talking()
            await caller.hears_voice("attended", 40)
            assert await caller.refer(HOTLINE, replaces=other) == 603
            await talk.hears_voice(caller.who, 20)
            assert other.alive


async def leaks(site: Site) -> dict[str, list[str]]:
    """What must be as before after a call: task processors by name, channels, bridges."""
    processors = sorted(line.split()[0] for line in (await site.asterisk.cli("core show taskprocessors")).splitlines() if line.strip() and "/" in line.split()[0])
    bridges = (await site.asterisk.cli("bridge show all")).splitlines()[1:]
    holding = [line.split()[0] for line in bridges if line and "holding" not in line]
    return {"processors": processors, "channels": await site.asterisk.channels(), "bridges": holding}


async def test_somebody_else_moves_our_caller(hotline: HotlineServer, lines: Site, stage: Stage) -> None:
    """redirect: the caller's channel is sent elsewhere in his talk, not by us. The agent is free once, the caller is taken back
    into his flow, his record is closed, and Asterisk is as before: no task processor, channel or bridge more."""
    del stage  # opened, so that all scenes are over by the order of the tests
    await lines.asterisk.no_channels(30)
    async with lines.agents("redirect", behaviour=ANSWERS) as farm:
        await log_in(hotline, "redirect")
        await one_redirected(lines, hotline, "13700004301")  # what Asterisk makes once and keeps
        before = await leaks(lines)
        before["processors"] = [name for name in before["processors"] if "/outsess/" not in name]  # the first call's goes half a minute after it
        await one_redirected(lines, hotline, "13700004302")
        await lines.asterisk.no_channels(30)

        async def same() -> bool:
            return await leaks(lines) == before

        with contextlib.suppress(Deadline):
            await eventually(same, 60, "nothing leaks", every=1.0)
        now = await leaks(lines)
        assert [(what, sorted(set(now[what]) ^ set(before[what]))) for what in now if now[what] != before[what]] == []
        assert len(farm["redirect"].calls) == 2
        assert farm.double_offers() == []


async def redirect(site: Site, channel: str, context: str) -> None:
    """Move a channel by AMI, as somebody else would."""
    up = asyncio.Event()

    async def is_up() -> None:
        up.set()

    options = site.options
    account = AmiAccount(options.ami_host, options.ami_port, ACTIONS_USER, options.ami_secrets.actions, "off")
    session = AmiSession(account, frozenset(), lambda _frame: None, is_up, lambda _reason: None)
    running = asyncio.create_task(session.run())
    try:
        await asyncio.wait_for(up.wait(), 10.0)
        await session.request("Redirect", [("Channel", channel), ("Context", context), ("Exten", "s"), ("Priority", "1")])
    finally:
        session.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def one_redirected(site: Site, server: HotlineServer, number: str) -> None:
    async with LINES.caller(site, number, "redirect") as caller:
        await caller.hears_voice("redirect", 40)
        call = (await call_of(server, number))["call"]
        (began,) = server.logs("call_began", call=call)
        await asyncio.sleep(1)  # a talk that ends as it begins is none
        await redirect(site, str(began["channel"]), "hotline-demo")
        await agent_is(server, "redirect", "wrap_up", 20)
        await caller.heard("survey/ask-1", 30)
        await caller.hangup()
    await agent_is(server, "redirect", "ready", 20)
    record = await record_of(server, number)
    assert (record["outcome"], record["agent"]) == ("answered", "redirect")
    assert story(server, call).count("talk_finished") == 1
