"""A call with the real flows on a twin of Asterisk's channel: menus, line, talk, and every way it can break."""

import asyncio

import pytest

from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown, OwnershipLost
from cti.backends.base import BackendTimeout
from cti.calls.start import Start
from cti.calls.state import ChannelPhase, ChannelState, decode_state
from ivr.commands import CallBackend
from tests.unit.cti.hotline import CUSTOMER, Hotline, interpreter
from tests.unit.cti.telephone import Telephone

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

WAITING = ChannelState(ChannelPhase.HOLD, "billing", "gold", 1_700_000_000_000, 0, "zh", 3).with_needs((("lang_zh", 1),))


async def to_the_line(hotline, keys="103"):
    """From the entry by menu into the waiting line."""
    await hotline.phone.hears("zh:main/menu")
    hotline.phone.press(keys[1:])
    await hotline.phone.comes_to("hold")
    await asyncio.sleep(0.1)
    hotline.phone.heard.clear()


async def test_a_balance_lookup_from_hello_to_goodbye():
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        await phone.hears("zh:main/welcome")
        await phone.hears("zh:main/menu")
        phone.press("1")
        await phone.hears("zh:balance/")
        await phone.hears("zh:main/menu")
        phone.press("#")
        await phone.hears("zh:phrases/goodbye")
        await hotline.ended()
        assert hotline.backend.operations() == ["customer_by_number", "balance"]
        assert hotline.records.begun == ["c1"]
        assert hotline.records.endings == [("c1", "completed", 16)]
        assert phone.place == "gone"
        assert hotline.queue.joined == []


async def test_a_stranger_chooses_his_language():
    async with Hotline.serving() as hotline:
        hotline.backend.replies["customer_by_number"] = {"found": False, "customer": None}
        await hotline.phone.hears("zh:main/ask_language")
        hotline.phone.press("2")
        await hotline.phone.hears("en:main/welcome")
        assert hotline.phone.language == "en"
        assert hotline.call.language == "en"
        assert hotline.records.known["language"] == "en"
        assert decode_state(hotline.phone.variables["ACD_STATE"]).language == "en"


async def test_a_key_stops_the_prompt_and_keys_typed_ahead_are_kept():
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        phone.slow = True
        await phone.hears("zh:main/welcome")
        phone.press("03")
        await phone.comes_to("hold")
        assert not any(heard.startswith("zh:main/menu") for heard in phone.heard)
        assert hotline.records.steps[-1].startswith("agent/")


async def test_a_needless_hash_after_the_pin_costs_no_prompt():
    """Asterisk stops the prompt at any key; when the key was not meant for it, the caller hears it again."""
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        phone.slow = True
        hotline.backend.replies["customer_by_number"] = {"found": False, "customer": None}
        await phone.hears("zh:main/ask_language")
        phone.press("11")
        await phone.hears("zh:identify/ask_account")
        phone.press("10000001")
        await phone.hears("zh:identify/ask_pin")
        phone.press("1234")
        await phone.hears("zh:balance/owing_until-1")
        phone.press("#")
        await phone.hears("zh:balance/owing_until-1")
        phone.prompt_ends()
        await phone.hears("zh:balance/payment-1")
        phone.press("#")  # this one counts
        await phone.hears("zh:phrases/goodbye")


async def test_a_key_in_a_gap_between_two_prompts_moves_the_channel():
    """Asterisk did not see it as the end of a prompt; the prompt that plays meanwhile must not go on."""
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        phone.slow = True
        await phone.hears("zh:main/welcome")
        running, phone._running = phone._running, (phone._running[0], "Playback")  # a key does not stop this one
        phone.press("1")
        await phone.hears("zh:balance/")
        assert ("Redirect", "hotline-in") in [(action, fields.get("Context")) for action, fields in phone.actions]
        assert running is not None


async def test_nobody_presses_anything():
    async with Hotline.serving() as hotline:
        await hotline.phone.hears("zh:main/menu", 60)
        await hotline.phone.hears("zh:phrases/no-key", 60)
        await hotline.phone.comes_to("hold", 120)
        assert hotline.queue.joined[0].queue == "general"


async def test_the_lease_is_renewed_in_menus_and_never_in_hold():
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        phone.slow = True
        await phone.hears("zh:main/welcome")
        before = len(phone.actions)
        await asyncio.sleep(5.5)
        assert ("AbsoluteTimeout", "15") in [(action, fields.get("Timeout")) for action, fields in phone.actions[before:]]
        phone.press("03")
        await phone.comes_to("hold")
        await asyncio.sleep(1)
        before = len(phone.actions)
        await asyncio.sleep(60)
        assert phone.actions[before:] == []


async def test_into_the_line_and_a_talk_and_the_survey():
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        await to_the_line(hotline)
        (request,) = hotline.queue.joined
        assert (request.queue, request.tier, request.needs, request.first) == ("general", "diamond", (("lang_zh", 1),), False)
        assert decode_state(phone.variables["ACD_STATE"]).phase is ChannelPhase.HOLD
        assert phone.variables["ACD_OFFER"] == ""
        assert phone.variables["ACD_SAY"] == "hotline/phrases/please-hold"
        hotline.call.talk_started()
        phone.press("*")
        assert ("leave", "c1", "menu") not in hotline.queue.told
        phone.back_from_talk()
        hotline.call.talk_over("e1", "agent01", 12.0, lost=False)
        await phone.hears("zh:survey/ask")
        phone.press("5")
        await phone.hears("zh:phrases/goodbye")
        await hotline.ended()
        survey = next(arguments for operation, arguments, _ in hotline.backend.asked if operation == "save_survey")
        assert (survey["agent"], survey["queue"], int(survey["score"])) == ("agent01", "general", 5)
        assert hotline.records.endings == [("c1", "completed", 16)]


async def test_a_caller_who_is_not_back_by_himself_is_fetched():
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        hotline.call.talk_started()
        hotline.call.talk_over("e1", "agent01", 12.0, lost=False)
        await hotline.phone.hears("zh:survey/ask", 10)


@pytest.mark.parametrize(("key", "reason"), [("*", "menu"), ("#", "voicemail")])
async def test_keys_lead_out_of_the_line(key, reason):
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        hotline.phone.press("7")
        hotline.phone.press(key)
        assert hotline.queue.told[-1] == ("leave", "c1", reason)
        assert hotline.queue.told.count(("leave", "c1", reason)) == 1
        hotline.call.released(reason)
        await hotline.phone.hears("zh:agent/ask_topic" if reason == "menu" else "zh:voicemail/")


async def test_who_comes_back_from_the_menu_keeps_his_entry_time():
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        first = hotline.queue.joined[0].entered_at
        await asyncio.sleep(30)
        hotline.phone.press("*")
        hotline.call.released("menu")
        await hotline.phone.hears("zh:agent/ask_topic")
        hotline.phone.press("1")
        await hotline.phone.comes_to("hold")
        await asyncio.sleep(0.1)
        assert [request.queue for request in hotline.queue.joined] == ["general", "billing"]
        assert hotline.queue.joined[1].entered_at == first


async def test_after_the_longest_wait_he_is_asked_for_a_message():
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        hotline.call.released("max_wait")
        await hotline.phone.hears("zh:agent/too_long")
        await hotline.phone.hears("zh:voicemail/")


async def test_a_reason_nobody_knows_is_an_error_not_an_end():
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        hotline.call.released("nonsense")
        await hotline.phone.hears("zh:phrases/system-error")


async def test_an_agent_lost_in_the_talk_brings_him_to_the_front():
    async with Hotline.serving() as hotline:
        phone = hotline.phone
        await to_the_line(hotline)
        hotline.call.talk_started()
        phone.back_from_talk()
        hotline.call.talk_over("e1", "agent01", 12.0, lost=True)
        await phone.hears("zh:phrases/agent-lost")
        await phone.comes_to("hold")
        await asyncio.sleep(0.1)
        assert [request.first for request in hotline.queue.joined] == [False, True]
        assert hotline.queue.joined[1].entered_at == hotline.queue.joined[0].entered_at


async def _fault_report(hotline):
    phone = hotline.phone
    await phone.hears("zh:main/menu")
    phone.press("211")
    await phone.hears("zh:fault/offer_message")


async def test_a_ticket_is_made_with_a_key_that_is_on_record_before():
    async with Hotline.serving() as hotline:
        await _fault_report(hotline)
        for _ in range(8):
            hotline.phone.press("1")
            await asyncio.sleep(8)
            hotline.phone.prompt_ends()
            if "create_ticket" in hotline.backend.operations():
                break
        (_, arguments, key) = next(asked for asked in hotline.backend.asked if asked[0] == "create_ticket")
        assert key
        assert arguments["area"] == "east"
        stored = await hotline.store.get_generation("sessions", "c1")
        again = interpreter().restore(stored[1], hotline.clock.now(), hotline.clock.civil())
        assert [command.idempotency_key for command in again.commands if isinstance(command, CallBackend)] == [key]


# ---- he hangs up


async def scenario(hotline):
    """Through menus, balance, line, talk and survey, to the end."""
    phone = hotline.phone
    await phone.hears("zh:main/menu")
    phone.press("1")
    await phone.hears("zh:balance/")
    await phone.hears("zh:main/menu")
    phone.press("03")
    await phone.comes_to("hold")
    await asyncio.sleep(0.1)
    hotline.call.talk_started()
    phone.back_from_talk()
    hotline.call.talk_over("e1", "agent01", 12.0, lost=False)
    await phone.hears("zh:survey/ask")
    phone.press("5")
    await hotline.ended()


async def _run_with(fault) -> Hotline:
    """The scenario with this fault; the driver gives up when the call is over."""
    async with Hotline.serving() as hotline:
        hotline.phone.fault = lambda number, action: fault(hotline, number, action)
        driver = asyncio.create_task(scenario(hotline))
        await asyncio.wait([driver, hotline.task], timeout=200, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([hotline.task], timeout=200)
        driver.cancel()
        await asyncio.gather(driver, return_exceptions=True)
        assert hotline.task.done(), "the call goes on for ever"
        return hotline


async def _actions_of_the_scenario() -> int:
    async with Hotline.serving() as hotline:
        await scenario(hotline)
        return len(hotline.phone.actions)


async def test_he_hangs_up_at_every_action():
    for at in range(1, await _actions_of_the_scenario() + 1):

        def hang_up(hotline, number, _action, at=at):
            if number == at:
                hotline.phone.hang_up()

        hotline = await _run_with(hang_up)
        assert hotline.task.exception() is None, f"at action {at}"
        ends = [cause for _, cause, _ in hotline.records.endings]
        wanted = [["abandoned"], ["completed"]] if hotline.records.begun else [[], ["abandoned"]]
        assert ends in wanted, f"at action {at}: {ends}"
        assert hotline.queue.told.count(("hung_up", "c1")) == 1
        assert not hotline.sessions._newest


async def test_the_link_is_lost_at_every_action_and_the_call_stays_open_for_the_next_server():
    for at in range(1, await _actions_of_the_scenario()):

        def cut(_hotline, number, _action, at=at):
            if number == at:
                raise LinkDown("cut")

        hotline = await _run_with(cut)
        assert hotline.task.exception() is None, f"at action {at}"
        assert hotline.records.endings == [], f"at action {at}: {hotline.phone.actions[at - 1]}"
        assert not hotline.records.begun or hotline.sessions._newest


@pytest.mark.parametrize("error", [ActionRefused("refused"), ActionTimeout("silent")], ids=["refused", "unanswered"])
async def test_an_action_that_fails_on_a_living_channel_never_leaves_the_caller_alone(error):
    """He goes on in his flow, or the dialplan's default queue has him, or the call was at its end."""
    for at in range(2, await _actions_of_the_scenario()):

        def fail(_hotline, number, _action, at=at):
            if number == at:
                raise error

        hotline = await _run_with(fail)
        assert hotline.task.exception() is None, f"at action {at}"
        looked_after = hotline.phone.place in ("default", "gone")
        assert looked_after, f"at action {at} {hotline.phone.actions[at - 1]}: he is left in {hotline.phone.place}"


async def test_a_lost_ownership_ends_more_than_the_call():
    def lose(_hotline, number, _action):
        if number == 5:
            raise OwnershipLost("taken over")

    hotline = await _run_with(lose)
    error = hotline.task.exception()
    assert isinstance(error, BaseExceptionGroup)
    assert error.subgroup(OwnershipLost) is not None
    assert hotline.records.endings == []


async def test_he_hangs_up_while_his_ticket_is_being_made():
    async with Hotline.serving() as hotline:
        hotline.backend.gate.clear()
        await asyncio.sleep(0.1)
        hotline.phone.hang_up()
        await asyncio.sleep(0.1)
        hotline.backend.gate.set()
        await hotline.ended()
        assert [cause for _, cause, _ in hotline.records.endings] == ["abandoned"]


async def test_a_recording_that_ends_with_the_hangup_is_kept():
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        hotline.phone.slow = True
        hotline.call.released("voicemail")
        async with asyncio.timeout(60):
            while not hotline.phone.recorded:
                hotline.phone.prompt_ends()
                await asyncio.sleep(0.5)
        await asyncio.sleep(4)
        hotline.phone.hang_up()
        await hotline.ended()
        assert "save_voicemail" in hotline.backend.operations()
        assert len(hotline.records.endings) == 1


# ---- its own failures


@pytest.mark.parametrize("operation", ["customer_by_number", "balance"])
async def test_a_backend_that_breaks_its_contract_sends_one_caller_to_the_default_queue(operation):
    async with Hotline.serving() as hotline:
        hotline.backend.replies[operation] = RuntimeError("a bug in a backend")
        if operation == "balance":
            await hotline.phone.hears("zh:main/menu")
            hotline.phone.press("1")
        await hotline.ended()
        assert hotline.task.exception() is None
        assert hotline.phone.place == "default"
        assert hotline.records.endings == []


async def test_a_backend_without_answer_is_a_way_of_the_flow():
    async with Hotline.serving() as hotline:
        hotline.backend.replies["balance"] = BackendTimeout("slow")
        await hotline.phone.hears("zh:main/menu")
        hotline.phone.press("1")
        await hotline.phone.hears("zh:balance/unavailable")


async def test_a_forged_entry_moves_nobody_and_leaves_no_record():
    """Somebody wrote an AsyncAGIStart of a channel that is none of ours: it does not take our command."""
    phone = Telephone(channel="PJSIP/director-00000007")
    async with Hotline.serving(phone=phone) as hotline:
        phone.place = "talk"
        await hotline.ended()
        assert [action for action, _ in phone.actions] == ["AGI"]
        assert phone.place == "talk"
        assert hotline.records.begun == []


# ---- found after a restart


async def _session_at(keys: str, prompt: str) -> dict:
    async with Hotline.serving() as hotline:
        await hotline.phone.hears("zh:main/menu")
        hotline.phone.press(keys)
        await hotline.phone.hears(prompt) if prompt else await hotline.phone.comes_to("hold")
        await asyncio.sleep(0.1)
        return hotline.sessions._newest["c1"][1]


async def test_a_caller_in_a_menu_hears_it_again():
    session = await _session_at("0", "zh:agent/ask_topic")
    state = ChannelState(ChannelPhase.IVR, language="zh", generation=4)
    async with Hotline.serving(Start("c1", Telephone().channel, "139", "", state, adopted=True, session=session)) as hotline:
        await hotline.phone.hears("zh:agent/ask_topic")
        hotline.phone.press("2")
        await hotline.phone.comes_to("hold")
        await asyncio.sleep(0.1)
        assert hotline.queue.joined[0].queue == "faults"
        assert "customer_by_number" not in hotline.backend.operations()
        assert hotline.records.begun == ["c1"]


async def test_a_caller_whose_session_is_lost_begins_again_in_his_language():
    state = ChannelState(ChannelPhase.IVR, language="en", generation=4)
    async with Hotline.serving(Start("c1", Telephone().channel, "139", "", state, adopted=True)) as hotline:
        hotline.backend.replies["customer_by_number"] = {"found": True, "customer": CUSTOMER}
        await hotline.phone.hears("en:main/welcome")


@pytest.mark.parametrize("with_session", [True, False])
async def test_a_waiting_caller_is_left_in_peace(with_session):
    session = await _session_at("01", "") if with_session else None
    phone = Telephone()
    phone.place = "hold"
    start = Start("c1", phone.channel, "139", "", WAITING, adopted=True, session=session, entered_at=-40.0, in_hold=True)
    async with Hotline.serving(start, phone) as hotline:
        await asyncio.sleep(30)
        moved = [action for action, fields in phone.actions if action != "Setvar" or fields["Variable"] not in ("CHANNEL(language)", "ACD_STATE")]
        assert moved == []
        assert hotline.queue.joined == []
        assert phone.place == "hold"
        hotline.call.talk_started()
        phone.back_from_talk()
        hotline.call.talk_over("e1", "agent01", 50.0, lost=False)
        if with_session:
            await phone.hears("zh:survey/ask")
        else:
            await hotline.ended()
            assert hotline.records.endings == [("c1", "completed", 16)]


async def test_a_waiting_caller_whose_session_is_lost_can_leave_and_starts_over():
    phone = Telephone()
    phone.place = "hold"
    start = Start("c1", phone.channel, "139", "", WAITING, adopted=True, entered_at=-40.0, in_hold=True)
    async with Hotline.serving(start, phone) as hotline:
        await asyncio.sleep(0.1)
        hotline.call.released("max_wait")
        await phone.hears("zh:main/welcome")


@pytest.mark.parametrize("with_session", [True, False])
async def test_a_talk_goes_on_and_ends_in_the_survey(with_session):
    session = await _session_at("01", "") if with_session else None
    phone = Telephone()
    phone.place = "talk"
    start = Start("c1", phone.channel, "139", "", WAITING, adopted=True, session=session, entered_at=-40.0, talking=("e1", "agent01"))
    async with Hotline.serving(start, phone) as hotline:
        await asyncio.sleep(30)
        assert {action for action, _ in phone.actions} <= {"Setvar"}
        assert phone.place == "talk"
        phone.back_from_talk()
        hotline.call.talk_over("e1", "agent01", 50.0, lost=False)
        if with_session:
            await phone.hears("zh:survey/ask")
        else:
            await hotline.ended()
            assert hotline.records.endings == [("c1", "completed", 16)]


async def test_whose_talk_ended_meanwhile_is_asked_how_it_was():
    session = await _session_at("01", "")
    start = Start("c1", Telephone().channel, "139", "", WAITING, adopted=True, session=session, served="e1")
    async with Hotline.serving(start) as hotline:
        await hotline.phone.hears("zh:survey/ask")
        assert hotline.queue.joined == []


async def test_who_hung_up_while_nobody_looked_has_one_end():
    phone = Telephone()
    phone.place = "gone"
    async with Hotline.serving(Start("c1", phone.channel, "139", "", ChannelState(ChannelPhase.IVR), adopted=True), phone) as hotline:
        await hotline.ended()
        assert len(hotline.records.endings) <= 1


async def test_taken_back_from_the_fallback():
    async with Hotline.serving() as hotline:
        await to_the_line(hotline)
        hotline.phone.variables["ACD_STATE"] = "1!fb!general!diamond!1!0!zh!3!"
        hotline.phone.place = "fallback"
        await hotline.call.take_back()
        assert hotline.phone.place == "hold"
        assert decode_state(hotline.phone.variables["ACD_STATE"]).phase is ChannelPhase.HOLD
