"""Text messages: what one is, and what a gateway may be used for."""

import re
from dataclasses import dataclass
from enum import StrEnum

SEND_SMS = "send_sms"
"""The operation of every gateway."""
_MASK = re.compile(r"\+?(?:[0-9XZN]|\[[0-9]-[0-9]\]|\[[0-9]+\])+\.?")
_LETTERS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}


class Outcome(StrEnum):
    """What the flow learns."""

    SENT = "sent"
    NO_NUMBER = "no_number"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True)
class Message:
    """A text message to be carried. `key` names it: the same key is the same message."""

    key: str
    number: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SmsRules:
    """What a gateway may be used for.

    Attributes:
        numbers: masks of the numbers it sends to, as they are dialled here (`1[3-9]XXXXXXXXX`, `+1.`); none: to all.
        per_number: most messages to a number, or asked for by a caller, within `hours`.
        hours: the time they are counted over.

    """

    numbers: tuple[str, ...] = ()
    per_number: int = 5
    hours: float = 24

    def __post_init__(self) -> None:
        for mask in self.numbers:
            number_pattern(mask)

    def allows(self, number: str) -> bool:
        """Return whether it may send to this number."""
        return not self.numbers or any(number_pattern(mask).fullmatch(number) for mask in self.numbers)


def number_pattern(mask: str) -> re.Pattern[str]:
    """Return the pattern of a mask as Asterisk writes them: X is 0-9, Z 1-9, N 2-9, [3-9] one of these, a dot at the end the rest.

    Raises:
        ValueError: it is none.

    """
    if not _MASK.fullmatch(mask):
        raise ValueError(f'"{mask}" is no mask of numbers: write digits, X, Z, N, [3-9], and . for any rest')
    inside = "\\" * mask.startswith("+") + "".join(_LETTERS.get(letter, letter) for letter in mask.removesuffix("."))
    return re.compile(inside + ("[0-9]+" if mask.endswith(".") else ""))
