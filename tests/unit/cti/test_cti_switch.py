"""The typed door to Asterisk: what it refuses to send, and what it sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.errors import ActionRefused, UnsafeValue
from cti.ami.frames import parse_frame
from cti.ami.switch import GLOBAL_HEARTBEAT, GLOBAL_OWNER, Switch, exec_command, safe_value
from tests.unit.cti.requester import Requester

CHANNEL = "PJSIP/trunk-00000001"


@pytest.fixture
def asked():
    return Requester()


@pytest.fixture
def switch(asked):
    return Switch(asked)


@pytest.mark.parametrize("name", ["ACD_STATE", "ACD_OFFER", "ACD_NEXT", "ACD_SAY", "ACD_LEG_OWNER", "CHANNEL(language)"])
@pytest.mark.asyncio
async def test_our_variables_are_set_on_a_channel(switch, asked, name):
    await switch.set_variable(CHANNEL, name, "1!hold!billing!gold!5!0!zh!1!lang_zh:1")
    assert asked.sent == [("Setvar", {"Channel": CHANNEL, "Variable": name, "Value": "1!hold!billing!gold!5!0!zh!1!lang_zh:1"})]


@pytest.mark.parametrize("name", ["ACD_CALL", "ACD_OWNER", "ACD_HB", "SHELL(rm)", "GLOBAL(ACD_OWNER)", "", "CDR(x)"])
@pytest.mark.asyncio
async def test_other_variables_are_not(switch, asked, name):
    with pytest.raises(UnsafeValue):
        await switch.set_variable(CHANNEL, name, "1")
    assert asked.sent == []


@pytest.mark.asyncio
async def test_without_a_channel_a_global_would_be_set_or_read(switch, asked):
    with pytest.raises(UnsafeValue):
        await switch.set_variable("", "ACD_OFFER", "1")
    with pytest.raises(UnsafeValue):
        await switch.get_variable("", "CHANNEL(endpoint)")
    with pytest.raises(UnsafeValue):
        await switch.hang_up("")
    with pytest.raises(UnsafeValue):
        await switch.redirect("", "hotline-in")
    with pytest.raises(UnsafeValue):
        await switch.renew_lease("", 15)
    with pytest.raises(UnsafeValue):
        await switch.agi("", "NOOP", "1")
    assert asked.sent == []


@pytest.mark.parametrize("channel", ["/.*/", "/PJSIP.*/", "/./"])
@pytest.mark.asyncio
async def test_a_pattern_in_place_of_a_channel_would_hang_up_many(switch, asked, channel):
    """Asterisk's Hangup takes /regular expressions/ for a channel."""
    with pytest.raises(UnsafeValue):
        await switch.hang_up(channel)
    assert asked.sent == []


@pytest.mark.parametrize("value", ["a,b", '"', "$", "${GLOBAL(X)}", "a\r\nb", "\n", "a\0", "(", ")", "a|b", "中", "a\\b", "`", "<", "{"])
@pytest.mark.asyncio
async def test_unsafe_values_are_refused(switch, asked, value):
    with pytest.raises(UnsafeValue):
        await switch.set_variable(CHANNEL, "ACD_SAY", value)
    with pytest.raises(UnsafeValue):
        await switch.originate("PJSIP/agent01", "id", "c", 5, "x", {"ACD_WHISPER": value}, "1")
    with pytest.raises(UnsafeValue):
        await switch.set_global(GLOBAL_HEARTBEAT, value)
    assert asked.sent == []


@given(st.text(max_size=40))
def test_a_value_that_passes_holds_nothing_that_the_dialplan_would_read(text):
    try:
        value = safe_value(text)
    except UnsafeValue:
        return
    assert not set(value) & set(",\"'$(){}[]\\|`<>\r\n\0%")
    assert value.isascii()


@pytest.mark.parametrize("name", ["X", "ACD_CALL", "", "acd_owner"])
@pytest.mark.asyncio
async def test_foreign_globals_are_neither_set_nor_read(switch, asked, name):
    with pytest.raises(UnsafeValue):
        await switch.set_global(name, "1")
    with pytest.raises(UnsafeValue):
        await switch.get_global(name)
    assert asked.sent == []


@pytest.mark.asyncio
async def test_our_globals(switch, asked):
    asked.answers["Getvar"] = [[parse_frame("Response: Success\r\nValue: 000001:ab")], [parse_frame("Response: Success")]]
    await switch.set_global(GLOBAL_OWNER, "000001:ab")
    assert await switch.get_global(GLOBAL_OWNER) == "000001:ab"
    assert await switch.get_global(GLOBAL_HEARTBEAT) == ""
    assert [headers for _, headers in asked.sent] == [{"Variable": "ACD_OWNER", "Value": "000001:ab"}, {"Variable": "ACD_OWNER"}, {"Variable": "ACD_HB"}]


@pytest.mark.parametrize(
    "device",
    [
        "PJSIP/a&PJSIP/b", "PJSIP/a,30,TtU(evil)", "PJSIP/a\r\nApplication: System", "Local/s@hotline-in/n", "a", "", "PJSIP/", "/a", "PJSIP/a b", "PJSIP/a/sip:x",
        "PJSIP/a\n",
    ],
)
@pytest.mark.asyncio
async def test_devices_that_would_ring_somebody_else_are_refused(switch, asked, device):
    with pytest.raises(UnsafeValue):
        await switch.originate(device, "acd-1", "hotline-connect", 20, "x", {}, "1")
    assert asked.sent == []


@pytest.mark.asyncio
async def test_an_originate_names_everything(switch, asked):
    await switch.originate("PJSIP/agent01", "acd-e1", "hotline-connect", 20, '"gold" <139>', {"ACD_CALL": "o1", "ACD_OFFER": "e1"}, "e1")
    action, headers = asked.sent[0]
    assert action == "Originate"
    assert headers["Channel"] == "PJSIP/agent01"
    assert headers["ChannelId"] == "acd-e1"
    assert headers["Timeout"] == "20000"
    assert headers["Async"] == "true"
    assert asked.action_ids == ["e1"]
    assert [value for name, value in asked.raw[0] if name == "Variable"] == ["ACD_CALL=o1", "ACD_OFFER=e1"]
    assert not {"Application", "Data", "Codecs"} & headers.keys()


@pytest.mark.asyncio
async def test_who_is_gone_already_needs_no_hanging_up(switch, asked):
    asked.answers["Hangup"] = [ActionRefused("No such channel")]
    await switch.hang_up(CHANNEL)


@pytest.mark.asyncio
async def test_a_lease_is_never_cleared_by_a_small_number(switch, asked):
    for seconds in (0, -3, 1):
        await switch.renew_lease(CHANNEL, seconds)
    assert [headers["Timeout"] for _, headers in asked.sent] == ["1", "1", "1"]


@pytest.mark.asyncio
async def test_the_database_of_endings(switch, asked):
    asked.answers["DBGetTree"] = [
        [
            parse_frame("Event: DBGetTreeResponse\r\nKey: /hotline-ended/29/c1\r\nVal: 5!16!!1!ivr"),
            parse_frame("Event: DBGetTreeResponse\r\nKey: /hotline-ended/29/c2\r\nVal: "), parse_frame("Event: Other"),
        ],
        ActionRefused("Database entry not found"),
    ]
    assert await switch.database("hotline-ended") == {"29/c1": "5!16!!1!ivr", "29/c2": ""}
    assert await switch.database("hotline-ended") == {}


def test_a_dialplan_application_as_agi_line():
    assert exec_command("Playback", "hotline/a&hotline/b") == 'EXEC Playback "hotline/a&hotline/b"'
    assert exec_command("Background", "x", "", "zh") == 'EXEC Background "x,,zh"'
