"""The rig's own tests: on a real Asterisk with a tiny static dialplan, before anything of ours is believed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cti.provision.asterisk import find_asterisk
from cti.provision.tools import find_tool
from tests.rig.agents import ANSWERS, BUSY, DEAF, RINGS, AgentFarm, Behaviour
from tests.rig.fault_proxy import Direction, FaultProxy
from tests.rig.forged import forged_hangup
from tests.rig.ledger import cel_calls
from tests.rig.listener import Caller, Rig
from tests.rig.load import Plan, run_load
from tests.rig.prompts import PromptIndex
from tests.rig.tiny import tiny_asterisk, write_sounds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.asterisk import AsteriskServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

AGENTS = ("agent1", "agent2")
PASSWORD = "correct-horse"
DIALPLAN = """
[in]
exten => 100,1,Answer()
 same => n,Set(CHANNEL(language)=zh)
 same => n,Playback(hotline/main/welcome-1&hotline/main/menu-1)
 same => n,Set(CHANNEL(language)=en)
 same => n,Playback(hotline/main/welcome-1&hotline/main/menu-1&hotline/main/menu-1)
 same => n,Hangup()
exten => 101,1,Answer()
 same => n,Set(CHANNEL(language)=zh)
 same => n,Read(KEYS,hotline/main/menu-1,5,,1,5)
 same => n,GotoIf($["${KEYS}" = "1234"]?good)
 same => n,Playback(hotline/main/welcome-1)
 same => n,Hangup()
 same => n(good),Set(CHANNEL(language)=en)
 same => n,Playback(hotline/main/welcome-1)
 same => n,Hangup()
exten => 102,1,Ringing()
 same => n,Wait(20)
exten => 103,1,Answer()
 same => n,BridgeWait(hold,participant,m(default)S(1))
 same => n,Wait(1)
 same => n,BridgeWait(hold,participant,m(default)S(10))
exten => 104,1,Hangup(17)
exten => 105,1,Answer()
 same => n,Dial(PJSIP/agent1,2,g)
 same => n,Set(CHANNEL(language)=${IF($["${DIALSTATUS}" = "BUSY"]?en:zh)})
 same => n,Playback(hotline/main/welcome-1)
 same => n,Hangup()
exten => 106,1,Answer()
 same => n,Dial(PJSIP/agent2,10,A(hotline/main/menu-1))
 same => n,Hangup()

[agents]
exten => *81,1,Answer()
 same => n,Set(CHANNEL(language)=en)
 same => n,Playback(hotline/main/menu-1)
 same => n,Hangup()
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsteriskServer]:
    folder = tmp_path_factory.mktemp("tiny")
    server = tiny_asterisk(find_asterisk(), folder, DIALPLAN, agents=AGENTS, password=PASSWORD)
    write_sounds(folder)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="module")
def rig(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    folder = asterisk.etc.parent
    prompts = PromptIndex.of_folder(folder / "sounds")
    prompts.add_music(folder / "moh")
    return Rig(asterisk.sip_address, find_tool("sipp"), tmp_path_factory.mktemp("sipp"), prompts)


@pytest_asyncio.fixture(loop_scope="module")
async def farm(rig: Rig) -> AsyncIterator[AgentFarm]:
    async with AgentFarm.open(rig, dict.fromkeys(AGENTS, 0)) as agents:
        await agents.register(dict.fromkeys(AGENTS, PASSWORD))
        yield agents


async def test_prompts_are_named_in_order_with_their_language(rig: Rig) -> None:
    async with Caller.call(rig, "100") as caller:
        assert await caller.ended(10) == "asterisk"
        assert caller.prompts == [
            ("zh", "main/welcome-1"),
            ("zh", "main/menu-1"),
            ("en", "main/welcome-1"),
            ("en", "main/menu-1"),
            ("en", "main/menu-1"),
        ]


async def test_digits_arrive_and_stop_the_prompt(rig: Rig) -> None:
    async with Caller.call(rig, "101") as caller:
        menu = await caller.heard("main/menu-1", language="zh")
        await caller.press("1234#")
        await caller.heard("main/welcome-1", language="en")
        assert not menu.whole


async def test_the_caller_hangs_up(rig: Rig, asterisk: AsteriskServer) -> None:
    async with Caller.call(rig, "103", from_number="13800000007") as caller:
        await caller.hears_music()
        await caller.hangup()
        assert caller.ended_by == "self"
    await asterisk.no_channels(5)
    ends = [event for event in asterisk.cel() if event.type == "HANGUP" and event.caller_number == "13800000007"]
    assert [event.channel in event.extra for event in ends] == [True]


async def test_the_caller_cancels_before_the_answer(rig: Rig, asterisk: AsteriskServer) -> None:
    async with Caller.call(rig, "102", wait=False) as caller:
        await caller.ringing()
        await caller.cancel()
        assert caller.ended_by == "refused"
    await asterisk.no_channels(5)


async def test_a_refused_call(rig: Rig) -> None:
    async with Caller.call(rig, "104", wait=False) as caller:
        assert await caller.ended() == "refused"
        assert caller.dialogue.final_status == 486


async def test_gaps_in_the_music_are_measured(rig: Rig) -> None:
    async with Caller.call(rig, "103") as caller:
        await caller.hears_music()
        assert caller.longest_gap_seconds() < 0.5
        await caller.ear_quiet(0.3)
        await caller.hears_music()
        assert 0.8 < caller.longest_gap_seconds() < 1.5
        assert caller.heard_ids == ["music/song"]  # it goes on where it stopped
        caller.measure_from_now()
        assert caller.longest_gap_seconds() < 0.5


async def test_who_vanishes_says_nothing_any_more(rig: Rig, asterisk: AsteriskServer) -> None:
    async with Caller.call(rig, "103") as caller:
        await caller.hears_music()
        caller.vanish()
        sent = len(caller.dialogue.messages)
        assert len(await asterisk.channels()) == 1
        assert len(caller.dialogue.messages) == sent
        await asterisk.cli("channel request hangup all")
    await asterisk.no_channels(5)


async def test_caller_and_agent_hear_each_other_and_the_agent_hears_his_whisper(
    rig: Rig, farm: AgentFarm, asterisk: AsteriskServer
) -> None:
    farm["agent2"].behaviour = ANSWERS
    async with Caller.call(rig, "106", "13800000033", voice=True) as caller:
        talk = await farm["agent2"].talking()
        await talk.heard_whole("main/menu-1")
        await talk.hears_voice(caller.who)
        await caller.hears_voice("agent2")
        await talk.hangup()
        assert await caller.ended() == "asterisk"
        assert talk.ended_by == "self"
    await asterisk.no_channels(5)
    seen = cel_calls(asterisk.cel())["13800000033"]
    assert (seen.channels, seen.ended, seen.agents) == (1, 1, ["agent2"])


@pytest.mark.parametrize(("behaviour", "language", "status"), [(BUSY, "en", 486), (RINGS, "zh", 487), (DEAF, "zh", 0)])
async def test_agents_behave_as_told(
    rig: Rig,
    farm: AgentFarm,
    behaviour: Behaviour,
    language: str,
    status: int,
) -> None:
    farm["agent1"].behaviour = behaviour
    async with Caller.call(rig, "105") as caller:
        call = await farm["agent1"].called()
        await caller.heard("main/welcome-1", language=language)
        assert call.dialogue.final_status == status
        assert farm.double_offers() == []
        assert [record.agent for record in farm.ledger()] == ["agent1"]


async def test_an_agent_hangs_up_after_a_while(rig: Rig, farm: AgentFarm) -> None:
    farm["agent1"].behaviour = Behaviour(answer_after=0.1, talk=0.3)
    async with Caller.call(rig, "105") as caller:
        await caller.hears_voice("agent1")
        await caller.heard("main/welcome-1", language="zh")
    (record,) = farm.ledger()
    assert record.ended_at is not None
    assert record.answered_at is not None
    assert 0.25 < record.ended_at - record.answered_at < 1


async def test_an_agent_calls_a_feature_code(rig: Rig) -> None:
    async with Caller.call(rig, "*81", "agent1", username="agent1", password=PASSWORD) as caller:
        await caller.heard_whole("main/menu-1", language="en")
        assert await caller.ended() == "asterisk"


async def test_load_is_written_down_call_by_call(rig: Rig, asterisk: AsteriskServer) -> None:
    async def four_keys(caller: Caller) -> None:
        await caller.heard("main/menu-1")
        await caller.press("1234#")
        await caller.heard("main/welcome-1", language="en")

    plans = [Plan(f"139000000{n:02d}", "101", four_keys) for n in range(20)]
    outcomes = await run_load(rig, plans, rate=20, within=20)
    assert [outcome.error for outcome in outcomes] == [""] * 20
    assert {outcome.ended_by for outcome in outcomes} == {"asterisk"}
    ended = [
        event.caller_number
        for event in asterisk.cel()
        if event.type == "CHAN_END" and event.caller_number.startswith("139")
    ]
    assert sorted(ended) == [plan.from_number for plan in plans]


async def test_a_forged_caller_number_reaches_asterisk_decoded(rig: Rig, asterisk: AsteriskServer) -> None:
    """The attack is real on this Asterisk: without our defences complete lines of the caller's stand in its events."""
    forged = forged_hangup("PJSIP/trunk-00000099", "1.99")
    async with Caller.call(rig, "103", from_number=forged) as caller:
        await caller.hears_music()
    numbers = {event.caller_number for event in asterisk.cel()}
    assert any(
        "\r\n\r\nEvent: Hangup\r\nChannel: PJSIP/trunk-00000099\r\nUniqueid: 1.99" in number for number in numbers
    )


@pytest_asyncio.fixture(loop_scope="module")
async def echo() -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def _said(port: int, text: bytes, within: float = 0.3) -> bytes:
    """What the far side answers until it closes or falls silent."""
    heard = b""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text)
        async with asyncio.timeout(within):
            while data := await reader.read(1000):
                heard += data
    except TimeoutError:
        heard += b"|silence"
    except OSError:
        heard += b"|reset"
    with contextlib.suppress(OSError):
        writer.transport.abort()
        await writer.wait_closed()
    return heard


async def test_the_proxy_spoils_a_link_as_told(echo: int) -> None:
    async with FaultProxy(echo) as proxy:
        assert await _said(proxy.port, b"hello") == b"hello|silence"
        proxy.cut_after(Direction.TO_CLIENT, 3)
        assert await _said(proxy.port, b"hello") == b"hel|reset"
        proxy.freeze(Direction.TO_SERVER)
        assert await _said(proxy.port, b"hello") == b"|silence"
        proxy.thaw()
        proxy.repeat_next(b"two")
        assert (
            await _said(proxy.port, b"one\r\n\r\ntwo\r\n\r\nthree\r\n\r\n")
            == b"one\r\n\r\ntwo\r\n\r\ntwo\r\n\r\nthree\r\n\r\n|silence"
        )
        proxy.refuse()
        assert await _said(proxy.port, b"hello") in (b"", b"|reset")
