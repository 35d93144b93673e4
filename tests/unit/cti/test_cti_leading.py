"""A caller whom his agent leads on: to a line, outside, to a colleague who was asked first; and after a kill."""

import asyncio
from dataclasses import replace

import pytest

from cti.calls.start import Start
from cti.calls.state import ChannelPhase, ChannelState, decode_state
from cti.config import load_policy
from cti.config.dialing import load_dialing
from cti.leading import Target, find_target
from tests.rig.server import PROJECT
from tests.unit.cti.hotline import Hotline
from tests.unit.cti.telephone import Telephone
from tests.unit.cti.test_cti_call import to_the_line

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

LEG = "PJSIP/agent01-00000002"
BEGUN = ("taken_over", "e1-led", "c1", "agent02", "general", "diamond")
OVER = ("take_over_ended", "e1-led")
WAITING = ChannelState(ChannelPhase.HOLD, "general", "diamond", 1000, 0, "zh", 6, "lang_zh:1")


async def led(hotline: Hotline, number: str, *, ticket: str = "talk-e1:agent01") -> None:
    """He talks, and his agent sends him to this number."""
    await to_the_line(hotline)
    hotline.call.talk_started()
    hotline.phone.variables |= {"LED_TO": f"{ticket}!{number}", "BRIDGEPEER": ""}
    hotline.phone.back_from_talk()
    hotline.call.talk_over("e1", "agent01", 12.0, lost=True, leg=LEG)


def there(hotline: Hotline) -> None:
    """The dialplan says that the other side has answered."""
    hotline.call.state_set(replace(hotline.call.state, phase=ChannelPhase.TALK).encode())


def taken_over(hotline: Hotline) -> list[tuple[str, ...]]:
    return [told for told in hotline.queue.told if told[0] in ("taken_over", "take_over_ended")]


async def session_in_line() -> dict:
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        return hotline.sessions._newest["c1"][1]


async def test_to_another_line_he_goes_first():
    async with Hotline.serving() as hotline:
        await led(hotline, "802")
        await asyncio.sleep(1)
        before, after = hotline.queue.joined
        assert (before.queue, before.first) == ("general", False)
        assert (after.queue, after.first, after.fresh, after.tier, after.needs) == ("faults", True, True, before.tier, before.needs)
        assert after.entered_at > before.entered_at
        state = decode_state(hotline.phone.variables["ACD_STATE"])
        assert (state.phase, state.queue, hotline.phone.variables["ACD_OFFER"]) == (ChannelPhase.HOLD, "faults", "")
        assert hotline.records.led_on == [("agent01", "802", False)]
        assert hotline.records.outcomes == [("general", "line", False)]


async def test_an_earlier_note_leads_nowhere():
    async with Hotline.serving() as hotline:
        await led(hotline, "802", ticket="talk-e0:agent01")
        await hotline.phone.hears("zh:phrases/agent-lost", 10)
        assert hotline.records.led_on == []


async def test_who_may_not_be_led_there_is_the_first_of_his_line():
    async with Hotline.serving() as hotline:
        await led(hotline, "0900123")
        await asyncio.sleep(1)
        assert [(request.queue, request.first) for request in hotline.queue.joined] == [("general", False), ("general", True)]
        assert "OUT_ORDER" not in hotline.phone.variables
        assert hotline.records.outcomes == [("general", "refused", False)]


async def test_to_somebody_outside_and_back_to_the_survey():
    async with Hotline.serving() as hotline:
        await led(hotline, "68001")
        await hotline.phone.comes_to("outside")
        assert hotline.phone.variables["OUT_ORDER"] == "branch!68001!30!1800!ring!e1"
        await asyncio.sleep(5)
        hotline.phone.back_from_outside("ANSWER:16:4")
        await hotline.phone.hears("zh:survey/ask")
        assert hotline.records.dialled_outside == [("branch", "answered", 4)]
        assert hotline.records.outcomes == [("general", "outside", False)]
        assert taken_over(hotline) == []


async def test_nobody_there_and_he_is_the_first_of_his_line():
    async with Hotline.serving() as hotline:
        await led(hotline, "68001")
        await hotline.phone.comes_to("outside")
        hotline.phone.back_from_outside("BUSY:17:0", mark="another")
        await asyncio.sleep(1)
        assert len(hotline.queue.joined) == 1
        hotline.phone.back_from_outside("BUSY:17:0")
        await hotline.phone.comes_to("hold")
        await asyncio.sleep(0.1)
        assert [(request.queue, request.first) for request in hotline.queue.joined] == [("general", False), ("general", True)]
        assert hotline.records.outcomes == [("general", "failed", False)]


async def test_a_colleague_has_a_talk_from_his_answer_to_the_end():
    async with Hotline.serving() as hotline:
        await led(hotline, "1002")
        await hotline.phone.comes_to("outside")
        assert taken_over(hotline) == []
        there(hotline)
        assert taken_over(hotline) == [BEGUN]
        hotline.phone.back_from_outside("ANSWER:16:4")
        await hotline.phone.hears("zh:survey/ask")
        assert taken_over(hotline) == [BEGUN, OVER]
        assert hotline.records.outcomes == [("general", "colleague", False)]


@pytest.mark.parametrize("answered", [True, False])
async def test_the_caller_hangs_up_where_he_was_led(answered):
    async with Hotline.serving() as hotline:
        await led(hotline, "1002")
        await hotline.phone.comes_to("outside")
        if answered:
            there(hotline)
        hotline.call.hung_up(16)
        await asyncio.sleep(1)
        assert taken_over(hotline) == ([BEGUN, OVER] if answered else [])
        assert hotline.records.outcomes == [("general", "colleague" if answered else "abandoned", False)]


async def test_a_colleague_who_was_asked_first_has_him_until_he_comes_back():
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        hotline.call.talk_started()
        hotline.phone.variables["BRIDGEPEER"] = "PJSIP/agent02-00000007"
        hotline.call.talk_over("e1", "agent01", 12.0, lost=True, leg=LEG)
        before = len(hotline.phone.actions)
        await asyncio.sleep(600)
        assert [action for action, _ in hotline.phone.actions[before:]] == ["Getvar"]
        hotline.phone.back_from_talk()
        await hotline.phone.hears("zh:survey/ask")
        assert hotline.records.led_on == [("agent01", "1002", True)]
        assert hotline.records.outcomes == [("general", "colleague", True)]
        assert taken_over(hotline) == [BEGUN, OVER]


def found(phone: Telephone, session: dict, phase: ChannelPhase, *, outside: bool) -> Start:
    phone.place = "outside" if outside else "agi"
    state = replace(WAITING, phase=phase)
    phone.variables["ACD_STATE"] = state.encode()
    return Start("c1", phone.channel, "139", "", state, adopted=True, session=session, served="e1", served_by="agent01", outside=outside)


async def test_a_restarted_server_leads_him_where_he_was_sent():
    phone = Telephone()
    phone.variables["LED_TO"] = "talk-e1:agent01!68001"
    async with Hotline.serving(found(phone, await session_in_line(), ChannelPhase.HOLD, outside=False), phone):
        await phone.comes_to("outside")
        assert phone.variables["OUT_ORDER"].startswith("branch!68001!")


@pytest.mark.parametrize("outside", [True, False], ids=["still there", "back already"])
async def test_a_restarted_server_puts_nobody_through_twice(outside):
    phone = Telephone()
    phone.variables["LED_TO"] = "talk-e1:agent01!68001"
    session = await session_in_line()
    start = found(phone, session, ChannelPhase.TALK if outside else ChannelPhase.TALKED, outside=outside)
    phone.variables["OUT_RESULT"] = "ERROR:0:0:e1" if outside else "ANSWER:16:5:e1"
    async with Hotline.serving(start, phone) as hotline:
        if outside:
            await asyncio.sleep(60)
            assert phone.place == "outside"
            phone.back_from_outside("ANSWER:16:5", mark="e1")
        await phone.hears("zh:survey/ask")
        assert "OUT_ORDER" not in phone.variables
        assert [outcome for _, outcome, _ in hotline.records.dialled_outside] == ["answered"]


async def test_a_restarted_server_leaves_him_with_the_colleague():
    phone = Telephone()
    phone.variables["BRIDGEPEER"] = "PJSIP/agent02-00000007"
    async with Hotline.serving(found(phone, await session_in_line(), ChannelPhase.HOLD, outside=True), phone) as hotline:
        await asyncio.sleep(60)
        assert not [fields for action, fields in phone.actions if action == "Redirect"]
        assert taken_over(hotline) == [BEGUN]
        phone.back_from_talk()
        await phone.hears("zh:survey/ask")
        assert taken_over(hotline) == [BEGUN, OVER]
        assert hotline.records.outcomes == []  # the server before this one told it


@pytest.mark.parametrize("talks", [True, False])
async def test_a_restarted_server_knows_the_colleague_who_has_him(talks):
    phone = Telephone()
    phone.variables["LED_TO"] = "talk-e1:agent01!1002"
    start = found(phone, await session_in_line(), ChannelPhase.TALK if talks else ChannelPhase.DIAL, outside=True)
    async with Hotline.serving(start, phone) as hotline:
        await asyncio.sleep(60)
        if not talks:
            assert taken_over(hotline) == []
            there(hotline)
        assert taken_over(hotline) == [BEGUN]
        phone.back_from_outside("ANSWER:16:5", mark="e1")
        await phone.hears("zh:survey/ask")
        assert taken_over(hotline) == [BEGUN, OVER]
        assert hotline.records.outcomes == ([] if talks else [("general", "colleague", False)])


async def test_what_a_number_means():
    policy, dialing = load_policy(PROJECT / "config"), load_dialing(PROJECT / "config")
    assert find_target("802", policy, dialing) == Target(queue="faults")
    colleague = find_target("1002", policy, dialing)
    assert colleague is not None
    assert colleague.rule is not None
    assert (colleague.rule.device, colleague.number) == ("PJSIP/agent02", "1002")
    office = find_target("68001", policy, dialing)
    assert office is not None
    assert office.rule is not None
    assert office.rule.name == "branch"
    for nobody in ("13800138001", "110", "9", ""):
        assert find_target(nobody, policy, dialing) is None
