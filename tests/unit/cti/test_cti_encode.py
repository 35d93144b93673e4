"""Actions to bytes: what is sent has exactly the lines that were meant."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cti.ami.encode import LINE_LIMIT_BYTES, agi_quote, check_value, encode_action
from cti.ami.errors import UnsafeValue

NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20)
VALUES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)), max_size=200)
BREAKS = ["\r\n", "\n", "\r", "\0", "\r\nAction: Originate", "\n\nAction: Command"]


def asterisk_lines(data: bytes) -> list[str]:
    """As Asterisk reads an action: a line ends at LF, the CR before it falls away; an empty line ends the action."""
    text, end, after = data.decode().rpartition("\n\r\n")
    assert end
    assert after == ""
    return [line.removesuffix("\r") for line in text.split("\n")]


@given(NAMES, VALUES, st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_an_action_has_exactly_the_intended_lines(action, action_id, headers):
    lines = asterisk_lines(encode_action(action, action_id, headers))
    assert lines == [f"Action: {action}", f"ActionID: {action_id}", *(f"{name}: {value}" for name, value in headers)]


@pytest.mark.parametrize("poison", BREAKS)
@pytest.mark.parametrize("place", ["action", "action id", "name", "value"])
def test_line_breaks_and_nul_are_refused_everywhere(poison, place):
    poisoned = f"a{poison}b"
    parts = {
        "action": (poisoned, "1", [("A", "b")]), "action id": ("Ping", poisoned, [("A", "b")]),
        "name": ("Ping", "1", [(poisoned, "b")]), "value": ("Ping", "1", [("A", poisoned)]),
    }
    with pytest.raises(UnsafeValue):
        encode_action(*parts[place])


@given(VALUES, st.sampled_from(["\r", "\n", "\0"]), VALUES)
def test_no_value_with_a_break_passes(before, poison, after):
    with pytest.raises(UnsafeValue):
        check_value("A", before + poison + after)


def test_the_limit_of_a_line_counts_bytes_not_characters():
    assert check_value("A", "x" * (LINE_LIMIT_BYTES - 3))
    with pytest.raises(UnsafeValue):
        check_value("A", "x" * (LINE_LIMIT_BYTES - 2))
    with pytest.raises(UnsafeValue):
        check_value("A", "余" * 333)
    assert check_value("A", "余" * 332)


def parse_agi_arguments(line: str) -> list[str]:
    """Asterisk's own way (res_agi.c, parse_args), written anew: quotes toggle, a backslash takes the next character as it
    is, blanks outside quotes separate."""
    arguments: list[str] = []
    quoted = escaped = False
    blank = True
    for character in line:
        if escaped:
            arguments[-1] += character
            escaped = False
        elif character == "\\":
            if blank:
                arguments.append("")
                blank = False
            escaped = True
        elif character == '"':
            quoted = not quoted
            if quoted and blank:
                arguments.append("")
                blank = False
        elif character in " \t" and not quoted:
            blank = True
        else:
            if blank:
                arguments.append("")
                blank = False
            arguments[-1] += character
    return arguments


@given(st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), max_size=60), min_size=1, max_size=5))
def test_quoted_arguments_come_back_as_they_were(arguments):
    assert parse_agi_arguments("EXEC " + " ".join(map(agi_quote, arguments))) == ["EXEC", *arguments]


@given(st.text(max_size=30))
def test_control_characters_are_refused_in_agi_arguments(text):
    assume(any(ord(character) < 32 for character in text))
    with pytest.raises(UnsafeValue):
        agi_quote(text)
