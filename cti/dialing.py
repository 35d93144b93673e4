"""Which numbers may be dialled, for what, and how: an allow-list. What is not on it is never dialled.

The same list is written into the dialplan (`cti.asterisk.outside`), which refuses by itself what is not on it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from ivr.events import DialOutcome

MOST_DIGITS = 20
#: One place of a pattern: a digit, X (any), Z (1-9), N (2-9) or a set such as [3-9].
PATTERN = r"(?:[0-9XZN]|\[[0-9](?:-[0-9])?(?:[0-9](?:-[0-9])?)*\]){1,20}"
_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
#: What people put between digits.
_SEPARATORS = str.maketrans("", "", " -.()/\t\u00a0")


#: By the dialplan's word. A call that was declined is told from one that failed by its cause alone.
_STATUSES = {
    "ANSWER": DialOutcome.ANSWERED, "BUSY": DialOutcome.BUSY, "FULL": DialOutcome.BUSY, "NOANSWER": DialOutcome.NO_ANSWER,
    "CHANUNAVAIL": DialOutcome.UNREACHABLE, "CONGESTION": DialOutcome.UNREACHABLE, "REFUSED": DialOutcome.NOT_ALLOWED,
}  # fmt: skip
_REJECTED = 21


class Purpose(StrEnum):
    """What a number is dialled for."""

    DIAL = "dial"  #: a caller is put through by the step `dial`
    CALLBACK = "callback"  #: a caller who asked for it is called back
    TRANSFER = "transfer"  #: an agent leads his caller there, or asks there before


@dataclass(frozen=True, slots=True)
class Numbering:
    """How numbers are brought into the one form that is compared and dialled.

    Attributes:
        country_code: of numbers written as +<code>… or <international_prefix><code>….
        international_prefix: what is dialled before a foreign country's code.
        national_prefix: what is dialled before a number of this country that came with its code, "" for nothing.
        without_prefix: patterns of national numbers that are dialled without it: mobile numbers.

    """

    country_code: str = "86"
    international_prefix: str = "00"
    national_prefix: str = "0"
    without_prefix: tuple[str, ...] = ("1[3-9]XXXXXXXXX",)

    def normal(self, number: str) -> str:
        """The number as it is dialled, digits only; "" if it is none.

        `+86 138-0013-8001` becomes `13800138001`, `+86 10 6789 0123` becomes `01067890123`, `+49 …` becomes `0049…`.
        """
        digits = number.strip().translate(_SEPARATORS)
        if re.match(r"\+[0-9]", digits):
            digits = self.international_prefix + digits[1:]
        if not re.fullmatch(rf"[0-9]{{1,{MOST_DIGITS}}}", digits):
            return ""
        own = self.international_prefix + self.country_code
        return self._national(digits[len(own) :]) if digits.startswith(own) else digits

    def _national(self, number: str) -> str:
        if not number or any(matches(pattern, number) for pattern in self.without_prefix):
            return number
        return self.national_prefix + number


@dataclass(frozen=True, slots=True)
class Rule:
    """Numbers that may be dialled.

    Attributes:
        name: unique; also part of the name of a dialplan context.
        numbers: patterns, each for the whole number.
        purposes: what for.
        device: what is dialled, with `{number}` for the number.
        ring_seconds: how long it may ring at most.
        talk_seconds: how long a talk may last at most.
        max_calls: so many calls by this rule at once, 0 for as many as `Dialing.max_calls` lets.
        label_zh: what people call these numbers.
        label_en: the same in English.

    """

    name: str
    numbers: tuple[str, ...]
    purposes: frozenset[Purpose]
    device: str
    ring_seconds: int
    talk_seconds: int
    max_calls: int = 0
    label_zh: str = ""
    label_en: str = ""

    def has(self, number: str) -> bool:
        """Whether a number in its normal form is one of this rule's."""
        return any(matches(pattern, number) for pattern in self.numbers)


@dataclass(frozen=True, slots=True)
class Dialing:
    """The whole list. Without rules, as from a configuration without `dialing.yaml`, nothing may be dialled.

    Attributes:
        rules: the first that has a number counts.
        never: patterns of numbers that no rule can allow.
        numbering: how numbers are brought into the form that is compared.
        caller_number: the number shown to whoever is called, "" for what the trunk sets.
        max_calls: so many calls to the outside at once.

    """

    rules: tuple[Rule, ...] = ()
    never: tuple[str, ...] = ()
    numbering: Numbering = Numbering()
    caller_number: str = ""
    max_calls: int = 0

    def normal(self, number: str) -> str:
        """The form in which a number is compared and dialled; "" if it is no number."""
        return self.numbering.normal(number)

    def allows(self, number: str, purpose: Purpose = Purpose.DIAL) -> Rule | None:
        """The rule by which a number, however written, may be dialled for this; None if it may not."""
        normal = self.normal(number)
        if not normal or any(matches(pattern, normal) for pattern in self.never):
            return None
        return next((rule for rule in self.rules if purpose in rule.purposes and rule.has(normal)), None)


def matches(pattern: str, number: str) -> bool:
    """Whether a pattern fits the whole number."""
    expression = "".join(_CLASSES.get(place, place) for place in pattern)
    return re.fullmatch(expression, number) is not None


def order(rule: Rule, number: str, *, ring_seconds: int = 0, talk_seconds: int = 0, music: bool = False, mark: str = "") -> str:
    """What a channel's OUT_ORDER says, so that the dialplan's `hotline-outside` dials a number.

    Args:
        rule: of `Dialing.allows`.
        number: in its normal form.
        ring_seconds: at most so long, 0 for the rule's own time; longer than the rule's is cut to it.
        talk_seconds: the same for the talk.
        music: whoever waits hears music, not ringing.
        mark: small letters and digits that come back with the result, to tell it from an earlier one's.

    """
    ring = min(ring_seconds or rule.ring_seconds, rule.ring_seconds)
    talk = min(talk_seconds or rule.talk_seconds, rule.talk_seconds)
    return f"{rule.name}!{number}!{ring}!{talk}!{'music' if music else 'ring'}!{mark}"


@dataclass(frozen=True, slots=True)
class Result:
    """What OUT_RESULT says of an order: how it went, Q.850 `cause`, length of the talk, and the order's mark."""

    outcome: DialOutcome
    cause: int = 0
    talk_seconds: int = 0
    mark: str = ""


def read_result(text: str) -> Result:
    """Read OUT_RESULT; an unknown or damaged one is an error, an empty one too, without a mark."""
    status, cause, seconds, mark = (*text.split(":"), "", "", "", "")[:4]
    number = int(cause) if cause.isdecimal() else 0
    outcome = _STATUSES.get(status, DialOutcome.ERROR)
    if outcome is DialOutcome.UNREACHABLE and number == _REJECTED:
        outcome = DialOutcome.REJECTED
    return Result(outcome, number, int(seconds) if seconds.isdecimal() else 0, mark)
