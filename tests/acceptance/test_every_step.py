"""Every step type in a real call, in Chinese and in English: what is heard, prompt by prompt, and what the keys do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from ivr.flows import load_flows
from ivr.fragments import INCLUDE
from ivr.known import Known
from ivr.steps import FORMS
from tests.rig.agents import ANSWERS
from tests.rig.callee import OUTSIDE, number_called
from tests.rig.demo import check_heard, gathered, record_of, said
from tests.rig.gallery import CARD, LANGUAGES, PIN, enter, in_both, served, visitor
from tests.rig.lines import ask, log_in
from tests.rig.recordings import speaks, voice_seconds
from tests.rig.stage import Stage, open_stage, scene
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.agents import AgentCall
    from tests.rig.callee import Callee
    from tests.rig.gallery import Gallery
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

LONG = 60.0  # every value once, with room for a busy machine


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(gallery: Gallery) -> AsyncIterator[HotlineServer]:
    async with served(gallery) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(request: pytest.FixtureRequest, gallery: Gallery, hotline: HotlineServer) -> AsyncIterator[Stage]:
    async with open_stage(request, gallery, hotline) as stage:
        yield stage


def told_in(language: str) -> list[tuple[str, str]]:
    """The room `told`, word for word."""
    values = [
        ("money", 1234), ("number", 205), ("digits", "10"), ("date", "2026-10-01"), ("time", "15:20"), ("duration", 62),
        ("phone", "95598"), ("ticket", "2026"), ("phrase", "area-east"),
    ]  # fmt: skip
    parts: list[object] = []
    for number, value in enumerate(values, 1):
        parts += [f"told/values-{number}", f"phrases/{value[1]}" if value[0] == "phrase" else value]
    row = ["phrases/one-moment", "told/in_a_row-part2-1", "phrases/area-west", "told/in_a_row-part3-1"]
    return said(language, *parts, *row)


@scene
async def test_all_that_can_be_told(gallery: Gallery, server: HotlineServer) -> None:
    """say, play, branch, set, goto, hours, call: every kind of value, word for word."""

    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language) as caller:
            begun = len(caller.prompts)
            await enter(caller, "told")
            await caller.heard("told/in_a_row-*", LONG)
            await caller.press("#")  # cannot stop what is said; passes over what can be stopped, and answers the next question
            await caller.heard_whole("phrases/goodbye", LONG)
            assert await caller.ended() == "asterisk"
            check_heard(caller, [*caller.prompts[:begun], *told_in(language), *said(language, "phrases/goodbye")])
        assert (await record_of(server, number))["outcome"] == "self_service"

    await in_both(visit, "1360000010")


@scene
async def test_all_that_can_be_asked(gallery: Gallery, server: HotlineServer) -> None:
    """menu, collect, confirm, survey, language, report: wrong and right keys, no mark lost."""

    async def visit(number: str, language: str) -> None:
        other = LANGUAGES[LANGUAGES.index(language) - 1]
        async with visitor(gallery, number, language) as caller:
            begun = len(caller.prompts)
            await enter(caller, "asked")
            for question, keys in (
                ("digits-1", "12#"), ("digits-1", "1204#"), ("right-1", "2"), ("digits-1", "90071"), ("right-1", "1"), ("mark-1", "7"), ("mark-1", "4"),
            ):  # fmt: skip
                await caller.heard(f"asked/{question}", 20, language)
                await caller.press(keys)
            await caller.heard_whole("asked/changed-1", 20, other)
            await caller.heard("main/rooms-1", 20, language)
            wrong = [name for name in caller.prompts[begun:] if name[1].startswith("asked/_defaults-invalid")]
            assert wrong == [(language, "asked/_defaults-invalid-1")] * 2
        assert (await record_of(server, number))["survey_score"] == 4

    await in_both(visit, "1360000020")


@scene
async def test_what_nobody_may_read(gallery: Gallery, server: HotlineServer) -> None:
    """Secure collect, lookup, http, report: a wrong PIN, then the right one, a card, and a ticket read back."""

    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language) as caller:
            await enter(caller, "secret")
            for question, keys in (("account-1", "10203040"), ("pin-1", "1111111111"), ("pin-1", PIN), ("card-1", CARD)):
                await caller.heard(f"secret/{question}", 20, language)
                await caller.press(keys)
            done = await caller.heard("secret/done-1", 20, language)
            await caller.heard("main/rooms-1", LONG, language)
            (ticket,) = server.rows("SELECT ticket FROM tickets WHERE caller = ?", number)
            told = said(language, "secret/done-1", ("ticket", ticket["ticket"]), "main/rooms-1")
            check_heard(caller, [*caller.prompts[: caller.heard_so_far.index(done)], *told])
        assert [asked.arguments["pin"] for asked in gallery.company.requests("bank", number)] == ["1111111111", PIN]
        assert [asked.arguments["card"] for asked in gallery.company.requests("shop", number)] == [{"number": CARD}]

    await in_both(visit, "1360000030")


@scene
async def test_a_message_is_the_callers_voice(gallery: Gallery, server: HotlineServer) -> None:
    """record: ended by the flow's own key, kept by a report, its length read back."""

    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language, voice=True) as caller:
            await enter(caller, "message")
            await caller.heard_whole("message/speak-1", 20, language)
            await speaks(caller, 3.0)
            await caller.press("*")
            await caller.heard("message/told-*", 20, language)
            await caller.heard("main/rooms-1", 20, language)
        (message,) = server.rows("SELECT * FROM messages WHERE caller = ?", number)
        assert (message["language"], message["seconds"] in (3, 4, 5)) == (language, True)
        assert voice_seconds(server, message["recording"], caller) > 2

    await in_both(visit, "1360000040")


@scene
async def test_in_line_with_a_person_and_after(gallery: Gallery, server: HotlineServer) -> None:
    """queue: both guides are rung by language, both sides hear each other, and the talk has a mark."""
    async with gallery.site.agents("guide_zh", "guide_en", behaviour=ANSWERS) as guides:
        await log_in(server, "guide_zh", "guide_en")

        async def visit(number: str, language: str) -> None:
            guide = guides[f"guide_{language}"]
            async with visitor(gallery, number, language, voice=True) as caller:
                await enter(caller, "line")
                call = await guide.talking(20)
                await gathered(caller.hears_voice(guide.name, 20), call.hears_voice(number, 20))
                await speaks(caller, 2.0)  # a talk that ends as it begins is none
                await call.hangup()
                await caller.heard("line/rate-1", 20, language)
                await caller.press("5")
                await caller.heard_whole("phrases/goodbye", 20, language)
            record = await record_of(server, number)
            assert (record["agent"], record["survey_score"], record["tier"]) == (guide.name, 5, "gold")

        await in_both(visit, "1360000050")


@scene
async def test_what_others_serve(gallery: Gallery, server: HotlineServer) -> None:
    """include, http, sms: a typed reply told, a text message sent once, and every other way out."""

    async def visit(number: str, language: str) -> None:
        async with visitor(gallery, number, language) as caller:
            await enter(caller, "services")
            for exhibit, answer in (("12", "services/texted-1"), ("12", "services/limited-1"), ("99", "services/unknown-1")):
                await caller.heard("pick/ask-1", LONG, language)
                await caller.press(f"{exhibit}#")
                await caller.heard("pick/right-1", 20, language)
                await caller.press("1")
                await caller.heard_whole(answer, LONG, language)
            await caller.heard("main/rooms-1", 20, language)
            told = said(language, "services/told-1", ("money", 250), "services/told-2", ("date", "2026-10-01"))
            place = caller.prompts.index((language, "services/told-1"))
            check_heard(caller, [*caller.prompts[:place], *told, *caller.prompts[place + len(told) :]])
        (text,) = server.rows("SELECT * FROM sms_outbox WHERE number = ?", number)
        assert (text["text"], text["language"]) == ({"zh": "展品12，门票2.50元。", "en": "Exhibit 12, ticket CNY 2.50."}[language], language)

    await in_both(visit, "1360000060")


async def rung(callee: Callee, number: str) -> AgentCall:
    """The call that reached the outside under this number, once it is answered."""

    def found() -> AgentCall | None:
        return next((call for call in callee.calls if number_called(call) == number), None)

    call: AgentCall = await eventually(found, 40, f"{number} is called; so far {callee.numbers}")
    await call.answered(20)
    return call


@scene
async def test_put_through_and_called_back(gallery: Gallery, server: HotlineServer) -> None:
    """dial and callback: an office outside, and a promise that is kept, in the caller's language."""
    async with (
        gallery.site.callee(ANSWERS) as outside,
        gallery.site.agents("back_zh", "back_en", behaviour=ANSWERS) as agents,
    ):

        async def put_through(number: str, language: str) -> None:
            async with visitor(gallery, number, language, voice=True) as caller:
                await enter(caller, "outside")
                office = await rung(outside, {"zh": "68001", "en": "68002"}[language])
                await office.heard("outside/office-announce-1", 20, language)
                await gathered(caller.hears_voice(OUTSIDE, 20), office.hears_voice(number, 20))
                await office.hangup()
                await caller.heard("outside/talked-1", 20, language)

        async def called_back(number: str, language: str) -> None:
            async with visitor(gallery, number, language) as caller:
                await enter(caller, "back")
                await caller.heard("back/ask-1", 20, language)
                await caller.press("1")
                await caller.heard_whole("back/promised-1", 20, language)
                assert await caller.ended() == "asterisk"
            await ask(server, f"back_{language}", "login")
            agent = await agents[f"back_{language}"].talking(40)
            await agent.heard("phrases/whisper-callback", 20)
            customer = await rung(outside, number)
            await customer.heard("phrases/callback-press", 30, language)
            await customer.press("1")
            await gathered(agent.hears_voice(OUTSIDE, 20), customer.hears_voice(agent.agent, 20))
            await customer.hangup()
            assert await agent.ended(20) == "asterisk"

        await gathered(in_both(put_through, "1360000070"), in_both(called_back, "1360000080"))


async def test_no_step_type_is_missing(gallery: Gallery, hotline: HotlineServer) -> None:
    """After all of the above: whatever the language offers was walked by a real call, in each language."""
    wanted = set(FORMS) - {INCLUDE}  # the steps of a fragment are walked under their own names
    there = {step.kind for flow in load_flows(gallery.flows, Known()).flows.values() for step in flow.steps.values()}
    assert there == wanted, "the gallery lacks these step types, or has unknown ones"
    for language in LANGUAGES:
        trails = hotline.rows("SELECT trail FROM call_records WHERE language = ?", language)
        steps = [step for row in trails for step in json.loads(row["trail"])]
        assert {step["type"] for step in steps} == wanted, language
        assert "exhibit__right" in {step["step"] for step in steps}, f"{language}: nobody walked an included step"


async def test_the_dialplan_was_in_order(gallery: Gallery, hotline: HotlineServer) -> None:
    """After all of the above: nothing on the way lacked an application or lost its way."""
    assert gallery.site.asterisk.dialplan_faults() == []
