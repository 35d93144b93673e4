"""Text messages: how many short messages a text makes, and which numbers can get one."""

import re

MOST_SEGMENTS = 10
"""Longer texts are not sent: something went into them that was not meant."""
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM_ALONE, _GSM_JOINED = 160, 153
_WIDE_ALONE, _WIDE_JOINED = 70, 67
_SEPARATORS = re.compile(r"[\s().-]+")
_NUMBER = re.compile(r"\+?[0-9]{5,15}")


def segments(text: str) -> int:
    """Return how many short messages a text makes (3GPP TS 23.038 and 23.040).

    160 characters of the GSM alphabet fit into one, 153 into each of several; its extended ones count twice. A single character
    beyond it, such as any Chinese one, makes the text UCS-2: 70 alone, 67 in each of several.
    """
    if set(text) <= _BASIC | _EXTENDED:
        return _count([2 if letter in _EXTENDED else 1 for letter in text], _GSM_ALONE, _GSM_JOINED)
    return _count([2 if ord(letter) > 0xFFFF else 1 for letter in text], _WIDE_ALONE, _WIDE_JOINED)


def receiver(written: str) -> str:
    """Return a telephone number without separators, or nothing when it is none (withheld, a name, too short)."""
    bare = _SEPARATORS.sub("", written)
    return bare if _NUMBER.fullmatch(bare) else ""


def _count(widths: list[int], alone: int, joined: int) -> int:
    """Return the number of messages; a character of width 2 is never cut in two."""
    if sum(widths) <= alone:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > joined:
            count, used = count + 1, 0
        used += width
    return count
