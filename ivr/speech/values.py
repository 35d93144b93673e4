"""Reading values handed to speech: every doubt is a SpeechError that says what was expected.

Values come from flow expressions and back ends, so numbers may arrive as int, float, Decimal or text.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from ivr.speech.kinds import Kind, SpeechError

LARGEST = 10**12
"""The largest number (and the largest amount in whole currency units) that has words, either sign."""

LONGEST = 64
"""The longest string that is read symbol by symbol; as long as a session's digit buffer."""

MOST_DECIMALS = 6
CENTS_PER_UNIT = 100
GROUP = 4

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9](\.[0-9]+)?)?")
_DIGITS = re.compile(r"[0-9]+")
_PHONE = re.compile(r"\+?[0-9]+")
_MOBILE = re.compile(r"(86)?(1[0-9]{2})([0-9]{4})([0-9]{4})")
_PHONE_SEPARATORS = re.compile(r"[\s().-]+")
_TICKET = re.compile(r"[A-Za-z0-9]+([-_/ ]+[A-Za-z0-9]+)*")
_TICKET_SEPARATORS = re.compile(r"[-_/ ]+")
_TICKET_RUNS = re.compile(r"[0-9]+|[A-Z]+")


class Number(NamedTuple):
    """A decimal number taken apart for reading."""

    negative: bool
    whole: int
    decimals: str
    """Digits after the point without trailing zeros; empty for a whole number."""


class Day(NamedTuple):
    """A date, or a month when `day` is None."""

    year: int
    month: int
    day: int | None


class Span(NamedTuple):
    """A duration taken apart; every part but `days` is below the next unit."""

    days: int
    hours: int
    minutes: int
    seconds: int


def number(value: object) -> Number:
    """Read a number of at most six decimals between -10^12 and 10^12."""
    amount = _decimal(Kind.NUMBER, value)
    if abs(amount) > LARGEST:
        raise SpeechError(f"number: {_shown(value)} is beyond 10^12, the largest number that has words")
    whole, _, decimals = format(abs(amount), "f").partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > MOST_DECIMALS:
        raise SpeechError(f"number: {_shown(value)} has more than {MOST_DECIMALS} decimals; round it first")
    return Number(negative=amount < 0, whole=int(whole), decimals=decimals)


def money(value: object) -> tuple[bool, int, int]:
    """Read whole cents: (negative, currency units, cents below one unit)."""
    amount = _decimal(Kind.MONEY, value)
    if amount != amount.to_integral_value():
        raise SpeechError(f"money: {_shown(value)} is not whole cents; ¥12.30 is written 1230")
    if abs(amount) > LARGEST * CENTS_PER_UNIT:
        raise SpeechError(f"money: {_shown(value)} cents is beyond 10^12 currency units")
    units, cents = divmod(abs(int(amount)), CENTS_PER_UNIT)
    return amount < 0, units, cents


def day(value: object) -> Day:
    """Read an ISO date (2026-11-21), month (2026-11) or date-time; years 1000 to 9999."""
    if isinstance(value, date):
        found = Day(value.year, value.month, value.day)
    elif isinstance(value, str) and _MONTH.fullmatch(value):
        found = Day(int(value[:4]), int(value[5:]), None)
    else:
        found = _written_day(value)
    if found.year < 1000:
        raise SpeechError(f"date: the year of {_shown(value)} is below 1000 and has no reading")
    return found


def clock(value: object) -> tuple[int, int]:
    """Read an ISO time (15:20 or 15:20:05) or date-time: (hour 0-23, minute); seconds are not spoken."""
    if isinstance(value, datetime | time):
        return value.hour, value.minute
    if isinstance(value, str):
        if found := _CLOCK.fullmatch(value):
            return int(found[1]), int(found[2])
        moment = _moment(value)
        if moment and len(value) > len("2026-11-21"):
            return moment.hour, moment.minute
    raise SpeechError(f"time: {_shown(value)} is not a time of day; write it like 15:20")


def span(value: object) -> Span:
    """Read a duration in seconds, not negative, rounded to whole seconds (half a second goes up)."""
    amount = _decimal(Kind.DURATION, value)
    if amount < 0:
        raise SpeechError(f"duration: {_shown(value)} is negative; a duration is in seconds from zero up")
    if amount > LARGEST:
        raise SpeechError(f"duration: {_shown(value)} seconds is beyond 10^12")
    minutes, seconds = divmod(int(amount + Decimal("0.5")), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return Span(days, hours, minutes, seconds)


def digits(value: object) -> str:
    """Read a string of digits; an int is taken as it is written (it has lost leading zeros)."""
    return _symbols(Kind.DIGITS, value, _DIGITS, "only digits 0-9")


def phone(value: object) -> tuple[bool, tuple[str, ...]]:
    """Read a telephone number: (it starts with +, groups of digits as they are spoken).

    A Chinese mobile number is grouped 3-4-4 after its country code; any other in fours, the shorter group first.
    """
    written = _PHONE_SEPARATORS.sub("", value) if isinstance(value, str) else value
    plain = _symbols(Kind.PHONE, written, _PHONE, "digits with an optional leading +")
    bare = plain.removeprefix("+")
    first = len(bare) % GROUP
    mobile = _MOBILE.fullmatch(bare)
    groups = mobile.groups() if mobile else (bare[:first], *_fours(bare[first:]))
    return bare != plain, tuple(group for group in groups if group)


def ticket(value: object) -> tuple[str, ...]:
    """Read a ticket number: groups of upper-case letters or of at most four digits, as they are spoken."""
    plain = _symbols(Kind.TICKET, value, _TICKET, "letters A-Z and digits, parted by - _ / or blanks")
    parts = _TICKET_SEPARATORS.split(plain.upper())
    runs = (run for part in parts for run in _TICKET_RUNS.findall(part))
    return tuple(group for run in runs for group in ((run,) if run.isalpha() else _fours(run)))


def _fours(run: str) -> Iterator[str]:
    return (run[start : start + GROUP] for start in range(0, len(run), GROUP))


def _decimal(kind: Kind, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise SpeechError(f"{kind}: {_shown(value)} is not a number")
    text = value.strip() if isinstance(value, str) else _plain(value)
    if not _NUMBER.fullmatch(text):
        raise SpeechError(f"{kind}: {_shown(value)} is not a number; write it like 1234 or -12.5")
    return Decimal(text)


def _plain(value: float | Decimal) -> str:
    """Write a number without exponent; infinity and NaN stay words, which no number pattern takes."""
    return format(Decimal(str(value)), "f")


def _written_day(value: object) -> Day:
    moment = _moment(value) if isinstance(value, str) else None
    if moment is None:
        raise SpeechError(f"date: {_shown(value)} is not a date; write it like 2026-11-21 or 2026-11")
    return Day(moment.year, moment.month, moment.day)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _symbols(kind: Kind, value: object, pattern: re.Pattern[str], expected: str) -> str:
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not pattern.fullmatch(written):
        raise SpeechError(f"{kind}: {_shown(value)} cannot be spelt out; expected {expected}")
    if len(written) > LONGEST:
        raise SpeechError(f"{kind}: {len(written)} symbols are too many to read aloud; at most {LONGEST}")
    return written


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:40] + "…"
