"""What a review of the calls' side found: kills in a row, forged starts, prompts that must not outlive a move."""

import asyncio

import pytest

from cti.calls.start import Start
from cti.control.auditor import Auditor
from cti.control.phones import PhoneWatch
from cti.router import RouterState
from tests.unit.cti.channels import row
from tests.unit.cti.hotline import Hotline
from tests.unit.cti.telephone import Telephone

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


async def test_the_second_kill_finds_what_was_saved_after_the_first():
    """The channel tells the generation of its phase only; the store's is higher and must be gone on from."""
    phone = Telephone()
    async with Hotline.serving(phone=phone) as first:
        await phone.hears("zh:main/menu")
        phone.press("1")
        await phone.hears("zh:balance/")
        await first.sessions.flush()
        generation, session = await first.sessions.load("c1")
        state = first.call.state
        assert generation > state.generation
        first.task.cancel()
        await asyncio.wait([first.task])
        second = Hotline(phone)
        second.store, second.sessions._store = first.store, first.store  # a new process: its memory knows no session
        assert await second.sessions.load("c1") == (generation, session)
        second.start(Start("c1", phone.channel, "139", "", state, adopted=True, session=session, generation=generation))
        await phone.hears("zh:")
        await asyncio.sleep(1.0)
        await second.sessions.flush()
        stored = await first.store.get_generation("sessions", "c1")
        assert stored is not None
        assert stored[0] > generation
        second.task.cancel()
        await asyncio.wait([second.task])


async def test_a_session_that_the_store_did_not_show_does_not_win_over_what_came_after():
    phone = Telephone()
    async with Hotline.serving(phone=phone) as hotline:
        await phone.hears("zh:main/menu")
        await hotline.sessions.flush()
        ahead = (await hotline.sessions.load("c1"))[0]
        state = hotline.call.state
        hotline.task.cancel()
        await asyncio.wait([hotline.task])
        second = Hotline(phone)
        second.store, second.sessions._store = hotline.store, hotline.store
        second.start(Start("c1", phone.channel, "139", "", state, adopted=True))
        await phone.hears("zh:main/welcome")
        await second.sessions.flush()
        assert (await hotline.store.get_generation("sessions", "c1"))[0] > ahead
        second.task.cancel()
        await asyncio.wait([second.task])


async def audited(hotline, *rounds):
    """An auditor's rounds over the one call."""
    state = RouterState("000001:ab", calls={"c1": hotline.call})
    drift = []
    auditor = Auditor(hotline.services.switch, state, None, None, PhoneWatch(dict, drift.append), drift.append)
    for context, application, bridge in rounds:
        await auditor.round([row("c1", channel=hotline.phone.channel, context=context, application=application, bridge=bridge)])
    return drift


async def test_who_waits_but_sits_in_silence_is_sent_back_to_the_music():
    """His ticket said that he had talked, so the dialplan brought him back; the engine knows better."""
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        await phone.hears("zh:main/menu")
        phone.press("03")
        await phone.comes_to("hold")
        phone.variables["ACD_OFFER"] = "talk-e1"
        phone.starts()
        assert await audited(hotline, ("hotline-in", "AGI", ""), ("hotline-in", "AGI", "")) == ["taken_back"]
        assert phone.place == "hold"
        assert phone.variables["ACD_OFFER"] == ""


async def test_whom_the_dialplan_gave_up_on_while_his_task_lives_comes_back_to_his_flow():
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        await phone.hears("zh:main/menu")
        phone._leave_agi()
        phone.place = "hold"
        assert await audited(hotline, ("hotline-hold", "BridgeWait", "b1"), ("hotline-hold", "BridgeWait", "b1")) == ["taken_back"]
        await phone.comes_to("agi")
        assert hotline.queue.joined == []


async def test_who_is_where_he_should_be_is_left_there():
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        await phone.hears("zh:main/menu")
        assert await audited(hotline, *[("hotline-in", "AGI", "")] * 3) == []
        phone.press("03")
        await phone.comes_to("hold")
        assert await audited(hotline, *[("hotline-hold", "BridgeWait", "b1")] * 3) == []
        hotline.call.talk_started()
        assert await audited(hotline, *[("hotline-hold", "BridgeWait", "b1"), ("hotline-in", "AGI", "")] * 2) == []
