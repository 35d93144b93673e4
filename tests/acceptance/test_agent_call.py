"""From the line to an agent and on to the survey, on the real Asterisk: who is rung, what each hears, and every way out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from ivr.speech import speak
from tests.rig.agents import ANSWERS, BUSY, DECLINES, RINGS
from tests.rig.demo import check_heard, gathered, ids, record_of, said
from tests.rig.lines import Lines, agent_is, ask, call_of, log_in, number_shown, serve, served, waiting
from tests.rig.listener import Caller
from tests.rig.recordings import voice_seconds
from tests.rig.stage import Stage, open_stage, scene
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.agents import AgentFarm, Behaviour
    from tests.rig.gallery import Programs
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

RELAX_SECONDS = 6
WRAPUP_SECONDS = 4
#: One line, and agents, for each scene, so that all can play side by side.
LINES = Lines(
    {
        "skilled": {"needs": {"billing": 2}, "rings": [{"after_seconds": RELAX_SECONDS, "needs": {"billing": 1}}]},
        "tiers": {},
        "idle": {},
        "billing": {"needs": {"billing": 1}},  # the whisper knows its name
        "told": {"announce_first_seconds": 3, "announce_frequency_seconds": 5},
        "general": {},
        "to_voicemail": {},
        "patience": {"max_wait_seconds": 4},
        "short": {"max_length": 1},
        "wrapping": {"wrapup_seconds": WRAPUP_SECONDS},
        "pausing": {},
        "featured": {},
        "first": {},
        "second": {},
        "missing": {"offer_timeout_seconds": 3},
        "busy": {},
        "declines": {},
        "nowhere": {},
    },
    {
        "expert_zh": {"skills": {"lang_zh": 1, "billing": 3}, "queues": ["skilled"]},
        "expert_en": {"skills": {"lang_en": 1, "billing": 3}, "queues": ["skilled"]},
        "novice": {"skills": {"lang_zh": 1, "billing": 1}, "queues": ["skilled"]},
        "tiers": {"queues": ["tiers"]},
        "idle1": {"queues": ["idle"]},
        "idle2": {"queues": ["idle"]},
        "idle3": {"queues": ["idle"]},
        "whisper": {"skills": {"lang_en": 1, "billing": 1}, "queues": ["billing"]},
        "told": {"queues": ["told"]},
        "general": {"queues": ["general"]},
        "nobody": {"queues": ["to_voicemail", "patience", "short"]},
        "wrapping": {"queues": ["wrapping"]},
        "pausing": {"queues": ["pausing"]},
        "feature": {"queues": ["featured"]},
        "both": {"queues": ["first", "second"]},
        "missing": {"queues": ["missing"], "max_misses": 2},
        "helping": {"queues": ["missing"]},
        "busy": {"queues": ["busy"]},
        "declines": {"queues": ["declines"]},
        "nowhere": {"queues": ["nowhere"]},
    },
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lines(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with LINES.opened(programs, tmp_path_factory.mktemp("lines")) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(lines: Site) -> AsyncIterator[HotlineServer]:
    async with served(lines) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, lines: Site, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, lines, hotline) as stage:
        yield stage


@scene
async def test_skill_and_language_choose_the_agent(site: Site, server: HotlineServer) -> None:
    """Experts of the caller's language first; who knows less is asked once the caller has waited."""
    async with site.agents("expert_zh", "expert_en", "novice", behaviour=ANSWERS) as farm:
        await log_in(server, "novice", "expert_en", "expert_zh")
        async with (
            LINES.caller(site, "13700000101", "skilled") as first,
            LINES.caller(site, "13700000102", "skilled", language="en") as english,
        ):
            await farm["expert_zh"].talking()
            async with LINES.caller(site, "13700000103", "skilled") as patient:
                await farm["novice"].talking(20)
                await gathered(first.hears_voice("expert_zh", 20), english.hears_voice("expert_en", 20), patient.hears_voice("novice", 20))

        assert (await record_of(server, patient.who))["wait_ms"] >= RELAX_SECONDS * 1000
    assert [len(farm[name].calls) for name in ("expert_zh", "expert_en", "novice")] == [1, 1, 1]


@scene
async def test_tiers_are_a_head_start_and_not_more(site: Site, server: HotlineServer) -> None:
    """Diamond and gold pass the basic caller; silver, six seconds ahead, came too late for that."""
    numbers = {"basic": "13700000201", "silver": "13700000202", "gold": "13700000203", "diamond": "13700000204"}
    async with site.agents("tiers", behaviour=ANSWERS) as farm, LINES.caller(site, numbers["basic"], "tiers"):
        await eventually(lambda: _waited(server, "tiers", 7), 20, "the basic caller has waited", every=0.2)
        async with (
            LINES.caller(site, numbers["silver"], "tiers", tier="silver"),
            LINES.caller(site, numbers["gold"], "tiers", tier="gold"),
            LINES.caller(site, numbers["diamond"], "tiers", tier="diamond"),
        ):
            calls = await waiting(server, "tiers", 4)
            order = ["diamond", "gold", "basic", "silver"]
            assert [call["tier"] for call in calls] == order
            await log_in_quietly(server, "tiers")
            served = [number_shown(await serve(server, farm["tiers"])) for _ in range(4)]
            assert served == [numbers[tier] for tier in order]


async def _waited(server: HotlineServer, queue: str, seconds: float) -> bool:
    return bool((await waiting(server, queue, 1))[0]["waited_seconds"] > seconds)


@scene
async def test_the_agent_idle_longest_is_next(site: Site, server: HotlineServer) -> None:
    names = ("idle1", "idle2", "idle3")
    async with site.agents(*names, behaviour=ANSWERS) as farm:
        await log_in(server, *names)
        served = []
        for n in range(4):
            async with LINES.caller(site, f"1370000030{n}", "idle") as caller:
                await serve(server, farm[await _rung(farm, n + 1)])
                await caller.heard("survey/ask-1", 30)
            served.append((await record_of(server, caller.who))["agent"])
        assert served == ["idle1", "idle2", "idle3", "idle1"]
        assert farm.double_offers() == []


async def _rung(farm: AgentFarm, count: int) -> str:
    """Wait for the so-maniest call to any of the farm's phones; returns whose it is."""
    await eventually(lambda: len(farm.ledger()) >= count, 20, f"call {count}")
    return farm.ledger()[count - 1].agent


@scene
async def test_whisper_then_talk_then_survey(site: Site, server: HotlineServer) -> None:
    """The agent hears tier, queue, language and wait before a sound of the caller; both hear each other; the score is kept."""
    number = "13700000401"
    async with (
        site.agents("whisper", behaviour=ANSWERS) as farm,
        LINES.caller(site, number, "billing", tier="gold", language="en", voice=True) as caller,
    ):
        (call,) = await waiting(server, "billing", 1)
        await caller.hears_music()
        waited_seconds = (await waiting(server, "billing", 1))[0]["waited_seconds"]
        await log_in_quietly(server, "whisper")
        talk = await farm["whisper"].talking()
        assert number_shown(talk) == number
        await gathered(talk.hears_voice(number, 20), caller.hears_voice("whisper", 20))
        check_whisper(talk, "gold", "billing", "en", waited_seconds)
        assert not any(name.startswith("phrases/whisper") for name in ids(caller))
        state = await agent_is(server, "whisper", "talking")
        assert state["call"] == call["call"]
        await asyncio.sleep(1)  # they talk: a talk that ends as it begins would be none
        await talk.hangup()
        await caller.heard("survey/ask-1", language="en")
        await caller.press("5")
        await caller.heard_whole("phrases/goodbye", language="en")
        assert await caller.ended() == "asterisk"
    record = await record_of(server, number)
    told = (record["outcome"], record["queue"], record["agent"], record["tier"], record["language"], record["survey_score"])
    assert told == ("answered", "billing", "whisper", "gold", "en", 5)
    assert record["started_at_ms"] < record["answered_at_ms"] < record["ended_at_ms"]
    assert record["talk_ms"] >= 1000
    assert record["wait_ms"] >= waited_seconds * 1000
    (survey,) = server.rows("SELECT * FROM surveys WHERE call = ?", record["call"])
    assert (survey["agent"], survey["queue"], survey["score"]) == ("whisper", "billing", 5)


async def log_in_quietly(server: HotlineServer, agent: str) -> None:
    """Log in an agent who may be rung at once."""
    await ask(server, agent, "login")


def check_whisper(talk: Caller, tier: str, queue: str, language: str, waited_seconds: float) -> None:
    """Assert the exact whisper, and that the caller's voice came after it."""
    phrases = [f"phrases/whisper-{word}" for word in (f"tier-{tier}", f"queue-{queue}", f"language-{language}", "waited")]
    heard = [name for _, name in talk.prompts[len(phrases) :]]
    spoken = [list(speak("duration", round(waited_seconds) + more, "zh")) for more in range(4)]
    assert heard in spoken
    check_heard(talk, said("zh", *phrases, *heard))
    voices = [n for n, h in enumerate(talk.heard_so_far) if h.name.id.startswith("voice/")]
    assert voices[0] == len(talk.prompts)


@scene
async def test_place_and_expected_wait_are_announced(site: Site, server: HotlineServer) -> None:
    """Once a talk has shown how long they take; the music goes on afterwards."""
    async with site.agents("told", behaviour=ANSWERS) as farm:
        await log_in(server, "told")
        async with LINES.caller(site, "13700000501", "told") as caller:
            await serve(server, farm["told"])
            await caller.heard("survey/ask-1", 30)
        async with LINES.caller(site, "13700000502", "told") as talking:
            await talking.hears_voice("told", 30)
            async with LINES.caller(site, "13700000503", "told") as next_one:
                await waiting(server, "told", 1)
                async with LINES.caller(site, "13700000504", "told", language="en") as after:
                    await next_one.heard("phrases/queue-next", 40, language="zh")
                    await next_one.heard("phrases/queue-wait-under-minute", language="zh")
                    await next_one.hears_music()
                    await after.heard("phrases/queue-position", 40, language="en")
                    await after.heard("say/n-2")
                    await after.heard("phrases/queue-wait-under-minute")
                    await after.hears_music()


@scene
async def test_star_leads_to_the_menu_and_keeps_the_callers_age(site: Site, server: HotlineServer) -> None:
    async with site.agents("general", behaviour=ANSWERS) as farm, LINES.caller(site, "13700000601", "general") as first:
        await waiting(server, "general", 1)
        async with LINES.caller(site, "13700000602", "general") as second:
            await waiting(server, "general", 2)
            await first.press("*")
            await first.heard("agent/ask_topic-1")
            (left,) = await waiting(server, "general", 1)
            assert left["call"] == (await call_of(server, second.who))["call"]
            await first.press("3")
            calls = await waiting(server, "general", 2)
            assert [call["call"] for call in calls] == [(await call_of(server, c.who))["call"] for c in (first, second)]
            assert calls[0]["waited_seconds"] > calls[1]["waited_seconds"]
            await log_in_quietly(server, "general")
            assert [number_shown(await serve(server, farm["general"])) for _ in range(2)] == [first.who, second.who]


@scene
async def test_hash_leads_to_voicemail(site: Site, server: HotlineServer) -> None:
    """One ends his message by key, the other by hanging up: both messages are kept, with the caller's own sound."""

    async def leave(number: str, *, hang_up: bool) -> None:
        async with LINES.caller(site, number, "to_voicemail", voice=True) as caller:
            await caller.hears_music()
            await caller.press("#")
            await caller.heard_whole("phrases/voicemail-ask")
            begun = time.monotonic()
            await eventually(lambda: time.monotonic() - begun > 3, 5, "three seconds are spoken")
            if hang_up:
                await caller.hangup()
            else:
                await caller.press("#")
                await caller.heard("phrases/voicemail-thanks")
                assert await caller.ended(15) == "asterisk"
        record = await record_of(server, number)
        (message,) = server.rows("SELECT * FROM messages WHERE caller = ?", number)
        assert (message["queue"], message["language"]) == ("to_voicemail", "zh")
        assert message["seconds"] >= 2
        assert voice_seconds(server, message["recording"], caller) > 2
        assert (record["queue"], record["outcome"], record["agent"]) == ("to_voicemail", "voicemail", None)

    await gathered(leave("13700000701", hang_up=False), leave("13700000702", hang_up=True))


@scene
async def test_who_waits_too_long_and_who_finds_the_line_full(site: Site, server: HotlineServer) -> None:
    async def too_long() -> None:
        async with LINES.caller(site, "13700000801", "patience") as caller:
            await caller.heard("agent/too_long-1", 20, language="zh")
            await caller.heard("phrases/voicemail-ask")
        record = await record_of(server, "13700000801")
        assert (record["queue"], record["outcome"]) == ("patience", "overflowed")
        assert 4000 <= record["wait_ms"] < 6000

    async def too_many() -> None:
        async with LINES.caller(site, "13700000901", "short"):
            await waiting(server, "short", 1)
            async with LINES.caller(site, "13700000902", "short", tier="diamond", language="en") as refused:
                await refused.heard("agent/too_many-1", language="en")
                await refused.heard("phrases/voicemail-ask", language="en")
            assert len(await waiting(server, "short", 1)) == 1
        assert (await record_of(server, "13700000902"))["outcome"] == "rejected_full"

    await gathered(too_long(), too_many())


@scene
async def test_wrap_up_lasts_as_configured_or_until_the_agent_is_ready(site: Site, server: HotlineServer) -> None:
    async with site.agents("wrapping", behaviour=ANSWERS) as farm:
        await log_in(server, "wrapping")
        async with (
            LINES.caller(site, "13700001001", "wrapping"),
            LINES.caller(site, "13700001002", "wrapping"),
            LINES.caller(site, "13700001003", "wrapping"),
        ):
            for _ in range(2):
                await serve(server, farm["wrapping"])
                view = await agent_is(server, "wrapping", "wrap_up", 20)
                assert 0 < view["ends_in_seconds"] <= WRAPUP_SECONDS
            await ask(server, "wrapping", "ready")
            await farm["wrapping"].called(5)
        first, second, third = farm.ledger()
        assert WRAPUP_SECONDS - 0.1 < second.invited_at - (first.ended_at or 0) < WRAPUP_SECONDS + 1
        assert third.invited_at - (second.ended_at or 0) < WRAPUP_SECONDS - 1


@scene
async def test_pause_with_a_reason_and_ready_again(site: Site, server: HotlineServer) -> None:
    async with site.agents("pausing", behaviour=ANSWERS) as farm:
        await log_in(server, "pausing")
        assert (await ask(server, "pausing", "pause", {"reason": "lunch"}))["reason"] == "lunch"
        async with LINES.caller(site, "13700001101", "pausing") as caller:
            await waiting(server, "pausing", 1)
            call = (await call_of(server, caller.who))["call"]
            why = (await server.api("GET", f"/api/calls/{call}")).body["explanation"]["standing"]["ineligible"]
            assert [reason for agent, reason in why.items() if agent == "pausing"] == ["paused: lunch"]
            assert farm["pausing"].calls == []
            await ask(server, "pausing", "unpause")
            talk = await farm["pausing"].talking()
            await caller.hears_voice("pausing", 20)
            asked = await ask(server, "pausing", "pause", {"reason": "meeting"})  # after the talk, then
            assert (asked["state"], asked["next_state"]) == ("talking", "paused")
            await talk.hangup()
            assert (await agent_is(server, "pausing", "paused"))["reason"] == "meeting"
        await ask(server, "pausing", "logout")
        await agent_is(server, "pausing", "logged_out")
        assert len(farm["pausing"].calls) == 1


@scene
async def test_feature_codes_from_the_agents_phone(site: Site, server: HotlineServer) -> None:
    async def dial(code: str) -> list[str]:
        async with Caller.call(
            site.rig, code, "feature", username="feature", password=site.passwords["feature"]
        ) as phone:
            await phone.ended(15)
            return ids(phone)

    async def total() -> int:
        return sum(queue["waiting"] for queue in (await server.api("GET", "/api/queues")).body["queues"])

    assert await dial("*45") == ["phrases/agent-logged-in"]
    await agent_is(server, "feature", "ready")
    assert await dial("*46") == ["phrases/agent-paused"]
    assert (await agent_is(server, "feature", "paused"))["reason"] == "break"
    before = await total()
    told = await dial("*47")
    after = await total()
    assert told[0] == "phrases/agent-waiting"
    least, most = sorted((before, after))
    assert told[1:] in [list(speak("number", n, "zh")) for n in range(max(0, least - 3), most + 4)]  # other scenes go on
    assert await dial("*46") == ["phrases/agent-ready"]
    await agent_is(server, "feature", "ready")
    assert await dial("*45") == ["phrases/agent-logged-out"]
    await agent_is(server, "feature", "logged_out")


@scene
async def test_one_agent_serves_several_lines_by_score(site: Site, server: HotlineServer) -> None:
    async with (
        site.agents("both", behaviour=ANSWERS) as farm,
        LINES.caller(site, "13700001401", "first") as basic,
    ):
        await waiting(server, "first", 1)
        async with LINES.caller(site, "13700001402", "second", tier="diamond") as diamond:
            await waiting(server, "second", 1)
            await log_in_quietly(server, "both")
            assert [number_shown(await serve(server, farm["both"])) for _ in range(2)] == [diamond.who, basic.who]


@scene
async def test_missed_calls_pause_the_agent_until_he_is_ready(site: Site, server: HotlineServer) -> None:
    async with site.agents("missing", "helping", behaviour=RINGS) as farm:
        await log_in(server, "missing")
        async with LINES.caller(site, "13700001501", "missing") as caller:
            for _ in range(2):
                call = await farm["missing"].called(10)
                await eventually(lambda call=call: call.cancelled, 6, "the phone is not rung any more")
            view = await agent_is(server, "missing", "paused")
            assert (view["reason"], view["misses"]) == ("missed_calls", 2)
            farm["helping"].behaviour = ANSWERS
            await log_in_quietly(server, "helping")
            assert number_shown(await serve(server, farm["helping"])) == caller.who
            await caller.heard("survey/ask-1", 20)
        await ask(server, "helping", "logout")
        await agent_is(server, "helping", "logged_out")
        farm["missing"].behaviour = ANSWERS
        assert (await ask(server, "missing", "ready"))["misses"] == 0
        async with LINES.caller(site, "13700001502", "missing") as caller:
            assert number_shown(await serve(server, farm["missing"])) == caller.who
        assert len(farm["missing"].calls) == 3


@scene
async def test_phones_that_fail_are_left_alone_for_a_while(site: Site, server: HotlineServer) -> None:
    """Busy, declining, not registered: each has its reason and its time; then the same caller is offered again."""

    async def fails(name: str, number: str, behaviour: Behaviour, reason: str) -> None:
        async with site.agents(name, behaviour=behaviour) as farm:
            await log_in(server, name)
            async with LINES.caller(site, number, name) as caller:
                view = await agent_is(server, name, "backoff")
                assert view["reason"] == reason
                assert 3 < view["ends_in_seconds"] <= 5
                farm[name].behaviour = ANSWERS
                await caller.hears_voice(name, 30)
            failed, answered = farm.ledger()
            assert 4.5 < answered.invited_at - failed.invited_at < 8

    async def nobody_there() -> None:
        await log_in(server, "nowhere")
        async with LINES.caller(site, "13700001603", "nowhere") as caller:
            assert (await agent_is(server, "nowhere", "backoff"))["reason"] == "unreachable"
            async with site.agents("nowhere", behaviour=ANSWERS):
                await caller.hears_voice("nowhere", 30)
                await caller.hangup()

    await gathered(
        fails("busy", "13700001601", BUSY, "busy"),
        fails("declines", "13700001602", DECLINES, "rejected"),
        nobody_there(),
    )


async def test_each_call_had_one_end(hotline: HotlineServer) -> None:
    """After all of the above."""
    records = hotline.rows("SELECT caller_number, outcome FROM call_records WHERE ended_at_ms IS NOT NULL")
    assert len({record["caller_number"] for record in records}) == len(records) > 25
    outcomes = {"answered", "abandoned", "voicemail", "overflowed", "rejected_full", "left_queue"}
    assert {record["outcome"] for record in records} <= outcomes
