"""A caller put through to somebody outside: what the dialplan is told, every way back, hang-ups, kills, numbers that may not be dialled."""

import asyncio
from dataclasses import replace

import pytest

from cti.calls.start import Start
from cti.calls.state import ChannelPhase, ChannelState, decode_state
from cti.dialing import Dialing, Result, read_result
from ivr.events import DialOutcome
from tests.unit.cti.hotline import Hotline
from tests.unit.cti.telephone import Telephone

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

RINGING = ChannelState(ChannelPhase.DIAL, language="zh", generation=6)


async def to_outside(hotline: Hotline) -> None:
    """From the entry by menu to the office."""
    await hotline.phone.hears("zh:main/menu")
    hotline.phone.press("05")
    await hotline.phone.comes_to("outside")
    await asyncio.sleep(0.1)
    hotline.phone.heard.clear()


async def session_outside() -> dict:
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        return hotline.sessions._newest["c1"][1]


def adopted(session: dict | None, phone: Telephone, phase: ChannelPhase = ChannelPhase.DIAL, *, outside: bool = True) -> Start:
    phone.place = "outside" if outside else "agi"
    phone.variables["ACD_STATE"] = replace(RINGING, phase=phase).encode()
    return Start("c1", phone.channel, "139", "", replace(RINGING, phase=phase), adopted=True, session=session, outside=outside)


async def test_the_dialplan_gets_the_order_and_the_channel_says_so():
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        variables = hotline.phone.variables
        rule, number, ring, talk, hear, mark = variables["OUT_ORDER"].split("!")
        assert (rule, number, ring, talk, hear) == ("branch", "68001", "25", "900", "ring")
        assert mark.startswith("t")
        assert variables["OUT_SAY"] == "zh:hotline/agent/call_office-announce-1"
        state = decode_state(variables["ACD_STATE"])
        assert (state.phase, state.language) == (ChannelPhase.DIAL, "zh")


async def test_nothing_is_done_while_it_rings_and_while_he_talks():
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        before = len(hotline.phone.actions)
        hotline.phone.press("1#")
        await asyncio.sleep(60)
        hotline.phone.outside_talks()
        await asyncio.sleep(600)
        assert hotline.phone.actions[before:] == []
        assert not hotline.call.elsewhere("hotline-outside")


@pytest.mark.parametrize(
    ("said", "outcome", "heard"),
    [
        ("ANSWER:16:34", "answered", "zh:main/menu"),
        ("BUSY:17:", "busy", "zh:agent/office_busy"),
        ("FULL:0:0", "busy", "zh:agent/office_busy"),
        ("NOANSWER:0:", "no_answer", "zh:agent/office_no_answer"),
        ("NOANSWER:19:", "no_answer", "zh:agent/office_no_answer"),
        ("CHANUNAVAIL:21:", "rejected", "zh:agent/office_unreachable"),
        ("CHANUNAVAIL:1:", "unreachable", "zh:agent/office_unreachable"),
        ("CONGESTION:34:", "unreachable", "zh:agent/office_unreachable"),
        ("REFUSED:0:0", "not_allowed", "zh:agent/office_unreachable"),
        ("ERROR:0:0", "error", "zh:phrases/system-error"),
    ],
)
async def test_each_way_back_leads_on(said, outcome, heard):
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        hotline.phone.back_from_outside(said)
        await hotline.phone.hears(heard)
        assert hotline.records.dialled_outside == [("branch", outcome, 34 if outcome == "answered" else 0)]
        assert decode_state(hotline.phone.variables["ACD_STATE"]).phase is ChannelPhase.IVR
        await asyncio.sleep(0.2)
        assert hotline.phone.variables["lease"] == "15"


async def test_he_can_be_put_through_twice():
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        first = hotline.phone.variables["OUT_ORDER"]
        hotline.phone.back_from_outside("BUSY:17:")
        await hotline.phone.hears("zh:agent/ask_topic")
        hotline.phone.press("5")
        await hotline.phone.comes_to("outside")
        assert hotline.phone.variables["OUT_ORDER"] != first
        hotline.phone.back_from_outside("NOANSWER:0:")
        await hotline.phone.hears("zh:agent/office_no_answer")


async def test_an_entry_that_is_not_the_return_changes_nothing():
    """An event of an earlier entry may come late; the mark in the result tells."""
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        hotline.call.agi_started()
        await asyncio.sleep(1)
        assert hotline.phone.place == "outside"
        assert hotline.records.dialled_outside == []
        hotline.phone.back_from_outside("BUSY:17:")
        await hotline.phone.hears("zh:agent/office_busy")


async def test_a_number_that_is_not_listed_is_never_ordered():
    hotline = Hotline()
    hotline.services = replace(hotline.services, dialing=Dialing())
    hotline.start()
    await hotline.phone.hears("zh:main/menu")
    hotline.phone.press("05")
    await hotline.phone.hears("zh:agent/office_unreachable")
    assert hotline.records.dialled_outside == [("", "not_allowed", 0)]
    assert "OUT_ORDER" not in hotline.phone.variables
    hotline.phone.hang_up()
    await hotline.ended()


async def test_who_hangs_up_while_it_rings_has_given_up():
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        hotline.phone.hang_up()
        await hotline.ended()
        assert hotline.records.endings == [("c1", "abandoned", 16)]
        assert hotline.records.dialled_outside == []


async def test_who_hangs_up_in_the_talk_was_put_through():
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        hotline.phone.outside_talks()
        await asyncio.sleep(42)
        hotline.phone.hang_up()
        await hotline.ended()
        assert hotline.records.endings == [("c1", "completed", 16)]
        assert hotline.records.dialled_outside == [("branch", "answered", 42)]


# ---- found after a restart


@pytest.mark.parametrize("phase", [ChannelPhase.DIAL, ChannelPhase.TALK])
async def test_who_is_outside_is_left_there_and_comes_back_to_his_flow(phase):
    session = await session_outside()
    phone = Telephone()
    async with Hotline.serving(adopted(session, phone, phase), phone):
        await asyncio.sleep(30)
        assert {action for action, _ in phone.actions} <= {"Setvar"}
        assert "OUT_ORDER" not in phone.variables
        phone.back_from_outside("ANSWER:16:30", mark=session["token"])
        await phone.hears("zh:main/menu")


async def test_who_hangs_up_in_a_talk_that_was_adopted_was_put_through():
    phone = Telephone()
    async with Hotline.serving(adopted(await session_outside(), phone, ChannelPhase.TALK), phone) as hotline:
        await asyncio.sleep(20)
        phone.hang_up()
        await hotline.ended()
        assert hotline.records.endings == [("c1", "completed", 16)]


async def test_who_came_back_meanwhile_is_not_put_through_again():
    session = await session_outside()
    phone = Telephone()
    phone.variables["OUT_RESULT"] = f"BUSY:17::{session['token']}"
    async with Hotline.serving(adopted(session, phone, ChannelPhase.DIALED, outside=False), phone) as hotline:
        await phone.hears("zh:agent/office_busy")
        assert "OUT_ORDER" not in phone.variables
        assert hotline.records.dialled_outside == [("", "busy", 0)]


async def test_who_was_not_put_through_yet_is_now():
    """The kill came between the session and the order; what an earlier order brought is none of its business."""
    session = await session_outside()
    phone = Telephone()
    phone.variables["OUT_RESULT"] = "BUSY:17::t1"
    async with Hotline.serving(adopted(session, phone, outside=False), phone):
        await phone.comes_to("outside")
        assert phone.variables["OUT_ORDER"].startswith("branch!68001!")


@pytest.mark.parametrize("answered", [True, False])
async def test_whose_session_is_lost_starts_over_unless_he_has_talked(answered):
    phone = Telephone()
    async with Hotline.serving(adopted(None, phone), phone) as hotline:
        await asyncio.sleep(1)
        assert phone.place == "outside"
        phone.back_from_outside("ANSWER:16:9" if answered else "BUSY:17:", mark="t7")
        if answered:
            await hotline.ended()
            assert hotline.records.endings == [("c1", "completed", 16)]
        else:
            await phone.hears("zh:main/welcome")


async def test_one_whose_return_nobody_heard_of_is_fetched():
    async with Hotline.serving() as hotline:
        await to_outside(hotline)
        assert hotline.call.elsewhere("hotline-in")
        hotline.phone.place = "fallback"
        await hotline.call.take_back()
        await hotline.phone.hears("zh:phrases/system-error", 10)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", Result(DialOutcome.ERROR)),
        ("ANSWER:16:5:t3", Result(DialOutcome.ANSWERED, 16, 5, "t3")),
        ("CANCEL:0::t3", Result(DialOutcome.ERROR, mark="t3")),
        ("a:b:c:d:e", Result(DialOutcome.ERROR, mark="d")),
    ],
)
async def test_a_result_that_cannot_be_read_is_an_error(text, result):
    assert read_result(text) == result
