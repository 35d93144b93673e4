"""AMI bytes to frames: no chunk boundary and no malformed message upsets the splitter."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.frames import FRAME_LIMIT, SEPARATOR, FrameSplitter, parse_frame

RECORDING = Path(__file__).parent / "fixtures" / "events.ami"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHINESE = "Event: UserEvent\r\nText: 您的余额是一百二十三元\r\nName: Zoë 👍".encode()


def split(*chunks: bytes) -> list[str]:
    splitter = FrameSplitter()
    return [text for chunk in chunks for text in splitter.feed(chunk)]


def test_every_split_in_two_of_chinese_and_forged_text_gives_the_same_frames():
    stream = BANNER + CHINESE + SEPARATOR + b"Event: A\r\nB: c" + SEPARATOR + b"Response: Success" + SEPARATOR
    whole = split(stream)
    assert whole == [CHINESE.decode(), "Event: A\r\nB: c", "Response: Success"]
    for at in range(len(stream) + 1):
        assert split(stream[:at], stream[at:]) == whole, f"cut at byte {at}"


def test_one_byte_at_a_time():
    stream = BANNER + CHINESE + SEPARATOR
    assert split(*(stream[at : at + 1] for at in range(len(stream)))) == [CHINESE.decode()]


@given(cuts=st.lists(st.integers(min_value=1, max_value=20_000), max_size=60))
def test_a_recorded_stream_is_the_same_however_it_is_cut(cuts):
    stream = RECORDING.read_bytes()[:60_000]
    chunks, at = [], 0
    for cut in [*cuts, len(stream)]:
        chunks.append(stream[at : at + cut])
        at += cut
    assert split(*chunks) == split(stream)


def test_the_recorded_stream_gives_every_message_that_was_sent():
    stream = RECORDING.read_bytes()
    texts = split(stream)
    assert len(texts) == stream.count(SEPARATOR)
    assert sum(text.startswith("Event: ") for text in texts) == len(re.findall(rb"\r\nEvent: ", stream))
    assert not any(parse_frame(text).forged for text in texts if "Event: VarSet" in text and "ACD_STATE" in text)


def test_a_second_blank_line_does_not_swallow_the_next_message():
    """Seen on 22.10.1: TestEvent (a key stops a prompt) ends with two."""
    assert split(BANNER + b"Event: TestEvent\r\nControl: Break\r\n\r\n\r\nEvent: Hangup\r\nCause: 16" + SEPARATOR) == [
        "Event: TestEvent\r\nControl: Break", "Event: Hangup\r\nCause: 16",
    ]


def test_the_banner_is_kept_and_a_stream_without_one_is_read_all_the_same():
    splitter = FrameSplitter()
    assert list(splitter.feed(BANNER + b"Response: Success" + SEPARATOR)) == ["Response: Success"]
    assert splitter.banner == "Asterisk Call Manager/11.0.0"
    other = FrameSplitter()
    assert list(other.feed(b"Response: Success\r\nActionID: 1" + SEPARATOR)) == ["Response: Success\r\nActionID: 1"]
    assert other.banner == ""


def test_a_greeting_without_end_does_not_fill_the_memory():
    splitter = FrameSplitter()
    for _ in range(8):
        assert list(splitter.feed(b"x" * FRAME_LIMIT)) == []
    assert len(splitter._buffer) <= 2 * FRAME_LIMIT


@pytest.mark.parametrize("chunk", [1000, 65_536, 10 * FRAME_LIMIT])
@pytest.mark.parametrize("size", [FRAME_LIMIT + 1, FRAME_LIMIT * 2, FRAME_LIMIT * 3 + 17])
def test_an_over_long_message_is_dropped_and_counted_and_the_next_one_is_read(size, chunk):
    stream = BANNER + b"Event: Long\r\nA: " + b"x" * size + SEPARATOR + b"Event: Next" + SEPARATOR
    splitter = FrameSplitter()
    texts = [text for at in range(0, len(stream), chunk) for text in splitter.feed(stream[at : at + chunk])]
    assert texts == ["Event: Next"]
    assert splitter.dropped == 1
    assert len(splitter._buffer) < FRAME_LIMIT


def test_an_over_long_message_may_end_between_two_reads():
    splitter = FrameSplitter()
    assert list(splitter.feed(BANNER + b"x" * (FRAME_LIMIT + 10) + b"\r\n\r")) == []
    assert list(splitter.feed(b"\nEvent: Next" + SEPARATOR)) == ["Event: Next"]
    assert splitter.dropped == 1


def test_a_message_of_just_the_limit_passes():
    splitter = FrameSplitter()
    assert [len(text) for text in splitter.feed(BANNER + b"x" * FRAME_LIMIT + SEPARATOR)] == [FRAME_LIMIT]
    assert splitter.dropped == 0


def test_bad_utf8_and_nul_stay_inside_their_value():
    (text,) = split(BANNER + b"Event: A\r\nBad: \xff\xfe\xe4\xbd\r\nNul: a\0b\r\nGood: c" + SEPARATOR)
    headers = parse_frame(text).headers
    assert headers["Good"] == "c"
    assert headers["Nul"] == "a\0b"
    assert set(headers["Bad"]) == {"\ufffd"}


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("A: b", "A", "b"), ("A:b", "A", "b"), ("A: ", "A", ""), ("A:", "A", ""), ("A:  b", "A", " b"), ("A: b: c", "A", "b: c"),
        ("(null): x", "(null)", "x"), ("A: " + "\u4f60", "A", "\u4f60"),
    ],
)
def test_a_header_line(line, name, value):
    assert parse_frame(f"Event: X\r\n{line}").headers == {"Event": "X", name: value}


@pytest.mark.parametrize("line", ["no colon here", "", "\t"])
def test_a_line_without_colon_is_nothing(line):
    assert parse_frame(f"Event: X\r\n{line}\r\nA: b").headers == {"Event": "X", "A": "b"}


def test_channel_variables_are_gathered_with_equal_signs_kept():
    frame = parse_frame("Event: X\r\nChanVariable: ACD_CALL=c1\r\nChanVariable: ACD_STATE=a=b=c\r\nChanVariable: EMPTY=\r\nChanVariable: ODD")
    assert frame.variables == {"ACD_CALL": "c1", "ACD_STATE": "a=b=c", "EMPTY": "", "ODD": ""}
    assert "ChanVariable" not in frame.headers
    assert not frame.forged


@pytest.mark.parametrize("name", ["Event", "Uniqueid", "Channel", "ActionID", "Response", "CommandId"])
def test_a_header_that_occurs_once_in_real_messages_occurs_twice_in_forged_ones(name):
    frame = parse_frame(f"Event: Hangup\r\nUniqueid: 1.1\r\nChannel: a\r\n{name}: first\r\n{name}: second")
    assert frame.forged


def test_the_first_value_of_a_doubled_header_counts_and_harmless_doubles_are_no_forgery():
    frame = parse_frame("Event: X\r\nParkingLot: a\r\nParkingLot: b")
    assert frame.headers["ParkingLot"] == "a"
    assert not frame.forged


def test_a_second_call_id_inside_one_message_is_forged():
    """A caller who writes `ChanVariable: ACD_CALL=…` into his number must not overrule the channel's own."""
    frame = parse_frame("Event: Hangup\r\nChanVariable: ACD_CALL=cmine\r\nChanVariable: ACD_CALL=cother")
    assert frame.forged


@given(st.text(max_size=400))
def test_no_text_makes_the_parser_fail(text):
    parse_frame(text)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_make_the_splitter_fail(chunks):
    split(*chunks)
