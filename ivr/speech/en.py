"""English: values as ids of prompts.

Readings chosen, where English leaves a choice:
- numbers have no "and" inside (one hundred twenty-three), so that the "and" of an amount is heard as such;
- years are read in pairs (twenty twenty-six, nineteen oh five, two thousand five);
- clock time is read in twelve hours with a.m. or p.m.; 0:00 is midnight, 12:00 noon;
- zero in telephone numbers is "zero", never "oh".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ivr.speech import values
from ivr.speech.joining import letters, one_by_one, sign, with_pauses
from ivr.speech.kinds import Ids, Kind

ZERO = "say/n-0"
SCALES = ((10**12, "say/trillion"), (10**9, "say/billion"), (10**6, "say/million"), (10**3, "say/thousand"))


def number(value: object) -> Ids:
    """Speak a number: -12.05 is minus twelve point zero five."""
    negative, whole, decimals = values.number(value)
    point = ("say/point", *one_by_one(decimals)) if decimals else ()
    return (*sign(negative=negative), *_cardinal(whole), *point)


def digits(value: object) -> Ids:
    """Speak digits one by one."""
    return one_by_one(values.digits(value))


def money(value: object) -> Ids:
    """Speak cents: twelve yuan and thirty fen; what is zero is left out."""
    negative, units, cents = values.money(value)
    whole = _counted(units, "money") if units or not cents else ()
    part = _counted(cents, "money-part") if cents else ()
    bridge = ("say/and",) if whole and part else ()
    return (*sign(negative=negative), *whole, *bridge, *part)


def date(value: object) -> Ids:
    """Speak a date: November twenty-first, twenty twenty-six; a month without the day."""
    year, month, day = values.day(value)
    return (f"say/month-{month}", *((f"say/day-{day}",) if day else ()), *_year(year))


def time(value: object) -> Ids:
    """Speak a time of day: three twenty p.m., eight a.m., noon."""
    hour, minute = values.clock(value)
    if minute == 0 and hour in (0, 12):
        return ("say/noon" if hour else "say/midnight",)
    minutes = () if minute == 0 else _two_digits(minute)
    return (f"say/n-{hour % 12 or 12}", *minutes, "say/pm" if hour >= 12 else "say/am")


def duration(value: object) -> Ids:
    """Speak seconds: one hour two minutes and five seconds; zero is zero seconds."""
    parts = [
        _counted(count, unit)
        for count, unit in zip(values.span(value), ("days", "hours", "minutes", "seconds"), strict=True)
        if count
    ]
    if not parts:
        return _counted(0, "seconds")
    *firsts, last = parts
    bridge = ("say/and",) if firsts else ()
    return (*(spoken for part in firsts for spoken in part), *bridge, *last)


def phone(value: object) -> Ids:
    """Speak a telephone number in groups, digit by digit."""
    international, groups = values.phone(value)
    plus = ("say/plus",) if international else ()
    return plus + with_pauses(one_by_one(group) for group in groups)


def ticket(value: object) -> Ids:
    """Speak letters and digits one by one in groups."""
    groups = values.ticket(value)
    return with_pauses(letters(group) if group.isalpha() else one_by_one(group) for group in groups)


SPEAKERS: Mapping[Kind, Callable[[object], Ids]] = MappingProxyType(
    {
        Kind.NUMBER: number,
        Kind.DIGITS: digits,
        Kind.MONEY: money,
        Kind.DATE: date,
        Kind.TIME: time,
        Kind.DURATION: duration,
        Kind.PHONE: phone,
        Kind.TICKET: ticket,
    }
)


def _cardinal(whole: int) -> Ids:
    return _words(whole) or (ZERO,)


def _counted(count: int, unit: str) -> Ids:
    return (*_cardinal(count), f"say/{unit}-one" if count == 1 else f"say/{unit}")


def _words(whole: int) -> Ids:
    """Words of a number, none for zero."""
    for scale, name in SCALES:
        if whole >= scale:
            return (*_words(whole // scale), name, *_words(whole % scale))
    if whole >= 100:
        return (f"say/hundreds-{whole // 100}", *_words(whole % 100))
    return (f"say/n-{whole}",) if whole else ()


def _two_digits(below_hundred: int) -> Ids:
    """Minutes and the years of a century: oh five, twenty-six."""
    return ("say/oh", f"say/n-{below_hundred}") if below_hundred < 10 else (f"say/n-{below_hundred}",)


def _year(year: int) -> Ids:
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return _words(year)
    if rest == 0:
        return (f"say/n-{century}", "say/hundred")
    return (f"say/n-{century}", *_two_digits(rest))
