"""How long a text takes to say: for the speaker's script, and to notice a recording of other words."""

import re

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z0-9]")
_PAUSE = re.compile(r"[,，。.;；、:：?!？！](?=.)")
_BASE_SECONDS = 0.2
_HAN_SECONDS = 0.23
_SPELT_SECONDS = 0.35  # a Latin letter or digit in a Chinese text, and a single letter anywhere
_LETTER_SECONDS = 0.075
_PAUSE_SECONDS = 0.25


def expected_seconds(text: str, language: str) -> float:
    """Return about how long a speaker of announcements takes for a text (measured on the synthetic voice: within a third, mostly)."""
    letters = len(_LATIN.findall(text))
    spelt = language == "zh" or letters == 1
    return (
        _BASE_SECONDS
        + _HAN_SECONDS * len(_HAN.findall(text))
        + (_SPELT_SECONDS if spelt else _LETTER_SECONDS) * letters
        + _PAUSE_SECONDS * len(_PAUSE.findall(text))
    )


def possible_seconds(text: str, language: str) -> tuple[float, float]:
    """Return the shortest and longest time in which somebody may have said these words."""
    expected = expected_seconds(text, language)
    return max(0.1, 0.45 * expected - 0.05), 1.9 * expected + 0.6
