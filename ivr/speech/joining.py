"""Pieces both languages put together in the same way."""

from collections.abc import Iterable

from ivr.speech.kinds import Ids

PAUSE = "say/pause"


def sign(*, negative: bool) -> Ids:
    """Speak minus, or nothing."""
    return ("say/minus",) if negative else ()


def one_by_one(digits: str) -> Ids:
    """Speak each digit as a number of its own."""
    return tuple(f"say/n-{digit}" for digit in digits)


def letters(group: str) -> Ids:
    """Spell letters A-Z."""
    return tuple(f"say/letter-{letter.lower()}" for letter in group)


def with_pauses(groups: Iterable[Ids]) -> Ids:
    """Put a short pause between groups, so that the ear can keep them apart."""
    first, *others = groups
    return first + tuple(spoken for group in others for spoken in (PAUSE, *group))
