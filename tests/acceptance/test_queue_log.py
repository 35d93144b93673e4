"""Our queue_log against app_queue's own: the same calls through both, and each line's form compared field by field."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.rig.agents import ANSWERS, BUSY, RINGS
from tests.rig.demo import HOTLINE
from tests.rig.lines import Lines, agent_is, ask, log_in
from tests.rig.listener import Caller
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.rig.agents import AgentFarm
    from tests.rig.gallery import Programs
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

LINES = Lines({"line": {"max_wait_seconds": 300}}, {"anna": {"queues": ["line"]}})
MEMBER = "PJSIP/anna"
#: What each field is; the rest of a line is the event's own data.
PREFIX = (r"\d{10}", r"\S+", r"[\w-]+", r"[\w./-]+", r"[A-Z]+")
NUMBER, CHANNEL, EMPTY, PHONE = r"\d+", r"[\w.-]+", "", r"1370000\d{4}"
FORMS = {
    "QUEUESTART": (EMPTY,), "ADDMEMBER": (EMPTY,), "REMOVEMEMBER": (EMPTY,), "PAUSE": ("lunch",), "UNPAUSE": (EMPTY,),
    "ENTERQUEUE": (EMPTY, PHONE, "1"), "RINGNOANSWER": (NUMBER,), "RINGCANCELED": (NUMBER,), "CONNECT": (NUMBER, CHANNEL, NUMBER),
    "COMPLETECALLER": (NUMBER, NUMBER, "1"), "COMPLETEAGENT": (NUMBER, NUMBER, "1"), "ABANDON": ("1", "1", NUMBER),
}  # fmt: skip
#: Of whom or what an event tells: the member, or NONE.
OF_NOBODY = frozenset({"QUEUESTART", "ENTERQUEUE", "ABANDON"})
OF_NO_CALL = frozenset({"QUEUESTART", "PAUSE", "UNPAUSE"})
CALLS = (
    ["ENTERQUEUE", "RINGNOANSWER", "CONNECT", "COMPLETECALLER"], ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"], ["ENTERQUEUE", "RINGCANCELED", "ABANDON"],
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with LINES.opened(programs, tmp_path_factory.mktemp("queue-log")) as site:
        yield site


def lines_in(file: Path) -> list[list[str]]:
    """The lines written so far, as fields."""
    return [line.split("|") for line in file.read_text().splitlines()] if file.exists() else []


async def has(file: Path, word: str, count: int = 1) -> None:
    """Wait until the word was written so often."""
    await eventually(lambda: [fields[4] for fields in lines_in(file)].count(word) >= count, 40, f"{count} {word} in {file.name}")


async def three_calls(farm: AgentFarm, file: Path, enter: Callable[[str], contextlib.AbstractAsyncContextManager[Caller]]) -> None:
    """Not answered, then answered, and the caller hangs up; answered, and the agent hangs up; given up while a phone rings."""
    anna = farm["anna"]
    anna.behaviour = BUSY
    async with enter("13700005101") as caller:
        await has(file, "RINGNOANSWER")
        anna.behaviour = ANSWERS
        await has(file, "CONNECT", 1)
        await caller.hangup()
        await has(file, "COMPLETECALLER")
    async with enter("13700005102"):
        await has(file, "CONNECT", 2)
        await next(call for call in reversed(anna.calls) if call.dialogue.answered_at).hangup()
        await has(file, "COMPLETEAGENT")
    anna.behaviour = RINGS
    known = len(anna.calls)
    async with enter("13700005103") as caller:
        await eventually(lambda: len(anna.calls) > known, 30, "anna's phone rings")
        await caller.hangup()
        await has(file, "ABANDON")


async def ours(site: Site, file: Path) -> None:
    """The three calls through our line, and what an agent does."""
    async with site.running(queue_log_file=str(file)) as server, site.agents("anna", behaviour=ANSWERS) as farm:
        await log_in(server, "anna")
        await ask(server, "anna", "pause", {"reason": "lunch"})
        await agent_is(server, "anna", "paused")
        await ask(server, "anna", "unpause")
        await agent_is(server, "anna", "ready")
        await three_calls(farm, file, lambda number: LINES.caller(site, number, "line"))
        await ask(server, "anna", "logout")
        await has(file, "REMOVEMEMBER")


async def app_queues(site: Site, file: Path) -> None:
    """The same through the static queue, which serves while there is no server."""

    async def told(command: str, word: str) -> None:
        await site.asterisk.cli(command)
        await has(file, word)

    @contextlib.asynccontextmanager
    async def enter(number: str) -> AsyncIterator[Caller]:
        async with Caller.call(site.rig, HOTLINE, number) as caller:
            yield caller

    async with site.agents("anna", behaviour=ANSWERS) as farm:
        await told(f"queue pause member {MEMBER} queue hotline-fallback reason lunch", "PAUSE")
        await told(f"queue unpause member {MEMBER} queue hotline-fallback", "UNPAUSE")
        await three_calls(farm, file, enter)
        await told("queue add member PJSIP/other to hotline-fallback", "ADDMEMBER")
        await told("queue remove member PJSIP/other from hotline-fallback", "REMOVEMEMBER")


def check_forms(lines: list[list[str]]) -> None:
    """Each line is what its event's form says, field by field, and each call tells its story in order."""
    for fields in lines:
        word = fields[4]
        forms = (*PREFIX, *FORMS[word])
        assert len(fields) == len(forms), fields
        assert [field for field, form in zip(fields, forms, strict=True) if not re.fullmatch(form, field)] == [], fields
        assert (fields[3] == "NONE") is (word in OF_NOBODY), fields
        assert (fields[1] == "NONE") is (word in OF_NO_CALL) or word in ("ADDMEMBER", "REMOVEMEMBER"), fields
    calls: dict[str, list[str]] = {}
    for fields in lines:
        if fields[4] in {word for story in CALLS for word in story}:
            calls.setdefault(fields[1], []).append(fields[4])
    stories = [list(dict.fromkeys(story)) for story in calls.values()]  # the phone may have been tried more than once
    assert stories == list(CALLS)
    assert {fields[4] for fields in lines} == set(FORMS)


@pytest.mark.timeout(240)
async def test_our_lines_have_the_form_of_app_queues(site: Site, tmp_path: Path) -> None:
    theirs = site.asterisk.log_folder / "queue_log"
    await app_queues(site, theirs)
    check_forms(lines_in(theirs))
    await site.clear()
    own = tmp_path / "queue_log"
    await ours(site, own)
    check_forms(lines_in(own))
    by_caller = {fields[6]: int(fields[0]) for fields in lines_in(own) if fields[4] == "ENTERQUEUE"}
    assert list(by_caller) == ["13700005101", "13700005102", "13700005103"]
    assert sorted(by_caller.values()) == list(by_caller.values())
