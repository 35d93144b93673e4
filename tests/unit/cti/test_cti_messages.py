"""Typed messages, from events that a real Asterisk 22 sent (fixtures/record.py), and from damaged ones."""

import re
from pathlib import Path

import pytest

from cti.ami.frames import Frame, FrameSplitter, parse_frame
from cti.ami.messages import (
    EVENT_NAMES,
    AgiEnded,
    AgiExecuted,
    AgiStarted,
    Booted,
    BridgeEntered,
    BridgeLeft,
    ChannelHungUp,
    ChannelRinging,
    ChannelUp,
    DigitReceived,
    OriginateFailed,
    ShutDown,
    VariableSet,
    parse_agi_result,
    parse_channel_row,
    parse_event,
)

HERE = Path(__file__).parent / "fixtures"
CALLER = "PJSIP/trunk-00000000"


def frames(name: str) -> list[Frame]:
    return [parse_frame(text) for text in FrameSplitter().feed((HERE / name).read_bytes())]


@pytest.fixture(scope="module")
def events():
    return [event for frame in frames("events.ami") if not frame.forged and (event := parse_event(frame)) is not None]


@pytest.fixture(scope="module")
def nonce(events):
    return next(event.nonce for event in events if isinstance(event, AgiStarted))


def of(events, kind, nonce=None):
    return [event for event in events if isinstance(event, kind) and (nonce is None or event.nonce == nonce)]


def test_login(events):
    (booted,) = of(events, Booted)
    assert booted.uptime_seconds >= 0


def test_a_caller_enters_the_flow_and_comes_back_after_his_talk(events, nonce):
    first, again = of(events, AgiStarted, nonce)
    assert (first.channel, first.caller_number, first.context) == (CALLER, "13912345678", "hotline-in")
    assert first.called_number == "95598"
    assert first.nonce.startswith("c")
    assert len(first.nonce) == 24
    assert first.variables["ACD_STATE"].startswith("1!new!")
    assert again.variables["ACD_OFFER"].startswith("talk-")
    assert again.variables["ACD_STATE"].startswith("1!hold!general!basic!")


def test_commands_are_answered_with_their_id(events, nonce):
    done = of(events, AgiExecuted, nonce)
    assert done[0].command_id == f"{nonce}.1.1"
    assert {event.result for event in done} <= {0, 48, 49, 50, 51, -1}
    assert len({event.command_id for event in done}) == len(done)


def test_keys_arrive_once_each_and_stay_out_of_the_representation(events, nonce):
    digits = of(events, DigitReceived, nonce)
    assert [event.digit for event in digits] == ["1", "0", "3"]
    assert "digit" not in repr(digits[0])


def test_leaving_and_waiting_and_talking(events, nonce):
    assert of(events, AgiEnded, nonce)
    entered = of(events, BridgeEntered, nonce)
    assert [event.holding for event in entered] == [True, False]
    assert entered[1].bridge in {event.bridge for event in of(events, BridgeEntered) if event.nonce.startswith("o")}
    assert [event.holding for event in of(events, BridgeLeft, nonce)][:1] == [True]


def test_the_refused_leg_and_the_answered_one(events):
    legs = list(dict.fromkeys(event.nonce for event in of(events, ChannelHungUp) if event.nonce.startswith("o")))
    assert len(legs) == 2
    refused, answered = legs
    assert [event.cause for event in of(events, ChannelHungUp, refused)] == [17]
    assert not of(events, ChannelUp, refused)
    assert of(events, ChannelRinging, answered)
    assert of(events, ChannelUp, answered)
    assert [event.cause for event in of(events, ChannelHungUp, answered)] == [16]
    (failed,) = of(events, OriginateFailed)
    assert failed.action_id == "e000001-00000001"


def test_only_our_own_variables_are_told(events, nonce):
    told = of(events, VariableSet, nonce)
    assert {event.name for event in told} <= {"ACD_CALL", "ACD_STATE", "ACD_OFFER", "ACD_NEXT", "ACD_SAY"}
    assert any(event.name == "ACD_OFFER" and event.value.startswith("talk-") for event in told)


def test_what_the_forging_caller_wrote_is_known_as_forged():
    """His number held `Event: Hangup` of the first caller's channel; Asterisk put it raw into events of his own."""
    forged = [frame for frame in frames("events.ami") if frame.headers.get("Uniqueid") == "1.0"]
    assert {frame.headers["Channel"] for frame in forged} == {CALLER}
    assert len(forged) >= 1
    assert all(frame.forged for frame in forged)


def test_every_event_of_our_channels_carries_the_nonce(events):
    kinds = (AgiStarted, AgiExecuted, AgiEnded, DigitReceived, BridgeEntered, ChannelUp, ChannelRinging)
    ours = [event for event in of(events, kinds) if event.channel.startswith("PJSIP/")]
    assert len(ours) > 20
    assert [event for event in ours if event.nonce[:1] not in ("c", "o")] == []


@pytest.fixture(scope="module")
def rows():
    found: dict[str, list] = {}
    for frame in frames("actions.ami"):
        if frame.headers.get("Event") == "CoreShowChannel":
            found.setdefault(frame.headers["ActionID"], []).append(parse_channel_row(frame))
    return found


def test_the_list_of_channels_while_waiting(rows):
    (caller,) = rows["waiting"]
    assert (caller.channel, caller.state, caller.context, caller.application) == (CALLER, "Up", "hotline-hold", "BridgeWait")
    assert caller.nonce.startswith("c")
    assert caller.bridge
    assert caller.caller_number == "13912345678"
    assert caller.duration_seconds >= 1


def test_the_list_of_channels_while_ringing_and_talking(rows):
    ringing = next(row for row in rows["whisper"] if row.nonce.startswith("o"))
    assert (ringing.state, ringing.application, ringing.context, ringing.bridge) == ("Ringing", "AppDial2", "hotline-phones", "")
    caller, leg = rows["talking"]
    assert caller.bridge == leg.bridge != ""
    assert caller.variables["ACD_OFFER"] == "talk-" + leg.variables["ACD_OFFER"]


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("200%20result%3D0%0A", (0, "")), ("200%20result%3D49%20%28timeout%29%0A", (49, "timeout")), ("200%20result%3D-1%0A", (-1, "")),
        ("200%20result%3D1%20%28%E4%BD%A0%E5%A5%BD%29%0A", (1, "你好")), ("510%20Invalid%20or%20unknown%20command%0A", (-1, "")), ("", (-1, "")),
        ("200%20result%3D%0A", (-1, "")), ("HANGUP%0A", (-1, "")), ("%zz%", (-1, "")), ("200 result=x", (-1, "")),
    ],
)
def test_results_of_agi_commands(encoded, expected):
    assert parse_agi_result(encoded) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Event: Nobody", "", "Response: Success", "Event: DTMFEnd\r\nDigit: 1\r\nDirection: Sent", "Event: Newstate\r\nChannelStateDesc: Down",
        "Event: VarSet\r\nVariable: RTPAUDIOQOS\r\nValue: x", "Event: OriginateResponse\r\nResponse: Success",
    ],
)
def test_what_says_nothing_to_us_is_nothing(text):
    assert parse_event(parse_frame(text)) is None


def test_asterisk_sends_exactly_the_events_that_are_parsed():
    """manager.conf filters at the source; an event that is missing there would never come."""
    template = (Path(__file__).resolve().parents[3] / "deploy" / "asterisk" / "manager.conf").read_text(encoding="utf-8")
    assert set(re.findall(r"^eventfilter\(name\((\w+)\)", template, re.MULTILINE)) == EVENT_NAMES


@pytest.mark.parametrize("name", ["AsyncAGIStart", "AsyncAGIExec", "AsyncAGIEnd", "Hangup", "BridgeEnter", "BridgeLeave", "FullyBooted", "Shutdown"])
def test_an_event_without_any_headers_is_still_typed(name):
    event = parse_event(parse_frame(f"Event: {name}"))
    assert event is not None
    assert isinstance(event, Booted | ShutDown) or (event.channel, event.nonce) == ("", "")


def test_numbers_that_are_none_are_zero():
    hung_up = parse_event(parse_frame("Event: Hangup\r\nCause: sixteen"))
    assert hung_up.cause == 0
    row = parse_channel_row(parse_frame("Event: CoreShowChannel\r\nDuration: nonsense"))
    assert row.duration_seconds == 0
    assert parse_channel_row(parse_frame("Event: CoreShowChannel\r\nDuration: 01:02:03")).duration_seconds == 3723
