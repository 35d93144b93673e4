"""What a review of the calls' side found: kills in a row, forged starts, prompts that must not outlive a move."""

import asyncio

import pytest

from cti.calls.call import Start
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
