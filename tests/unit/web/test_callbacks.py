"""Callbacks in the API and on the command line: listed with their place, taken back, refused where it is too late."""

import json

import pytest

from acd.events import AgentLoggedIn, CallbackDialled, CallbackRequested, OfferAnswered, TalkStarted
from acd.states import CallState
from cti.callbacks.promise import Attempt, Promise
from tests.unit.web.hotline import Hotline
from tests.unit.web.test_status_commands import running

pytestmark = pytest.mark.asyncio
PROMISE = Promise(
    "k1", "13800138001", "billing", "basic", (), "zh", 1_780_000_000_000, 1_780_000_000_000, 1_780_003_600_000, (Attempt("o1", 5, "anna", "busy"),)
)


@pytest.fixture
def hotline():
    hotline = Hotline()
    hotline.promises = [PROMISE]
    hotline.tell(CallbackRequested("k1", PROMISE.number, "billing", "basic", attempts=1, not_before=hotline.clock.now() + 60))
    return hotline


async def test_listed_with_place_and_what_holds_it_back(tmp_path, hotline):
    async with running(tmp_path, hotline) as terminal:
        code, output, _ = await terminal.run("callbacks", "list", "--json")
        table = (await terminal.run("callbacks", "list"))[1]
    assert code == 0
    (callback,) = json.loads(output)["callbacks"]
    assert (callback["number"], callback["position"], callback["attempts"], callback["results"]) == ("13800138001", 1, 1, ["busy"])
    assert callback["held_back"] == "a pause after the last attempt"
    assert callback["requested_at"].startswith("2026-05-28T")
    assert "13800138001" in table


async def test_taken_back(tmp_path, hotline):
    async with running(tmp_path, hotline) as terminal:
        code, output, _ = await terminal.run("callbacks", "cancel", "k1")
        unknown = await terminal.run("callbacks", "cancel", "k2")
    assert (code, output.strip()) == (0, "k1: cancelled; 13800138001 was dialled 1 times")
    assert hotline.engine.state_of("k1") is CallState.ENDED
    assert unknown[0] == 2
    assert "there is no callback 'k2'" in unknown[2]


async def test_too_late_once_they_talk_and_impossible_without_a_router(tmp_path):
    hotline = Hotline()
    hotline.promises = [PROMISE]
    hotline.tell(AgentLoggedIn("anna"), CallbackRequested("k1", PROMISE.number, "billing", "basic"))
    offer = hotline.offers[-1]
    hotline.tell(OfferAnswered(offer), CallbackDialled(offer), TalkStarted(offer))
    async with running(tmp_path, hotline) as terminal:
        code, _, errors = await terminal.run("callbacks", "cancel", "k1")
        assert code == 1
        assert "talk already" in errors
        hotline.attached = False
        assert (await terminal.run("callbacks", "cancel", "k1"))[0] == 1
        assert json.loads((await terminal.run("callbacks", "list", "--json"))[1])["callbacks"][0]["position"] is None


