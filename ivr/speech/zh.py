"""Mandarin: values as ids of prompts.

Readings chosen, where Mandarin leaves a choice:
- 2 is 两 before 百, 千, 万, 亿 and measure words (两元, 两点, 两分钟) and 二 in 二十, in last place and after 零;
- 10 to 19 lose their 一 only at the very start (十二, but 一百一十二);
- one 零 stands for any run of zeros inside a number (10005: 一万零五);
- digits, tickets and years are read one by one with 一 and 零; telephone numbers with 幺 for 1;
- clock time is read in twelve hours after 凌晨 (0-5), 上午 (6-11), 中午 (12), 下午 (13-17) or 晚上 (18-23).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ivr.speech import values
from ivr.speech.joining import letters, one_by_one, sign, with_pauses
from ivr.speech.kinds import Ids, Kind

WAN = 10**4
YI = 10**8
ZERO = "say/n-0"


def number(value: object) -> Ids:
    """Speak a number: -12.05 is 负十二点零五."""
    negative, whole, decimals = values.number(value)
    point = ("say/point", *one_by_one(decimals)) if decimals else ()
    return (*sign(negative=negative), *_cardinal(whole), *point)


def digits(value: object) -> Ids:
    """Speak digits one by one: 一二三."""
    return one_by_one(values.digits(value))


def money(value: object) -> Ids:
    """Speak cents as 元, 角 and 分, leaving out what is zero; 零 stands for a missing 角 (十二元零五分)."""
    negative, units, cents = values.money(value)
    tenths, rest = divmod(cents, 10)
    spoken: Ids = ()
    if units or not cents:
        spoken += (*_counted(units), "say/money")
    if tenths:
        spoken += (*_counted(tenths), "say/money-tenth")
    if rest:
        bridge = bool(units) and not tenths
        spoken += (*_part(rest, after_zero=bridge), "say/money-part")
    return sign(negative=negative) + spoken


def date(value: object) -> Ids:
    """Speak a date: 二零二六年十一月二十一日; a month without the day."""
    year, month, day = values.day(value)
    return (*one_by_one(str(year)), "say/year", f"say/month-{month}", *((f"say/day-{day}",) if day else ()))


def time(value: object) -> Ids:
    """Speak a time of day: 下午三点零五分, 上午八点整."""
    hour, minute = values.clock(value)
    twelve = hour if hour <= 12 else hour - 12
    minutes = ("say/sharp",) if minute == 0 else (*_minute(minute), "say/minute-of-hour")
    return (_part_of_day(hour), f"say/hour-{twelve}", *minutes)


def duration(value: object) -> Ids:
    """Speak seconds: 一小时零五秒, 两分钟; zero is 零秒."""
    span = values.span(value)
    spoken: Ids = ()
    skipped = False
    for count, unit in zip(span, ("days", "hours", "minutes", "seconds"), strict=True):
        if count:
            spoken += (*_part(count, after_zero=skipped), f"say/{unit}")
        skipped = bool(spoken) and not count
    return spoken or (ZERO, "say/seconds")


def phone(value: object) -> Ids:
    """Speak a telephone number in groups with 幺 for 1."""
    international, groups = values.phone(value)
    plus = ("say/plus",) if international else ()
    spoken = [tuple("say/yao" if digit == "1" else f"say/n-{digit}" for digit in group) for group in groups]
    return plus + with_pauses(spoken)


def ticket(value: object) -> Ids:
    """Speak letters and digits one by one in groups."""
    groups = values.ticket(value)
    return with_pauses([letters(group) if group.isalpha() else one_by_one(group) for group in groups])


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
    return _grouped(whole, start=True) if whole else (ZERO,)


def _counted(count: int) -> Ids:
    """Count before a measure word or 万 and 亿: a lone 2 is 两."""
    return ("say/liang",) if count == 2 else _cardinal(count)


def _part(count: int, *, after_zero: bool) -> Ids:
    """Count of a smaller unit; after a left-out unit with 零, and then a lone 2 is 二."""
    return (ZERO, *_grouped(count, start=True)) if after_zero else _counted(count)


def _grouped(whole: int, *, start: bool) -> Ids:
    """Words of a positive number; `start`: nothing is spoken before it, so 十二 needs no 一."""
    for unit, name in ((YI, "say/yi"), (WAN, "say/wan")):
        if whole >= unit:
            high, low = divmod(whole, unit)
            head = ("say/liang",) if high == 2 else _grouped(high, start=start)
            return (*head, name, *_below(low, unit // 10))
    return _four_digits(whole, start=start)


def _four_digits(whole: int, *, start: bool) -> Ids:
    if whole >= 1000:
        return (f"say/thousands-{whole // 1000}", *_below(whole % 1000, 100))
    if whole >= 100:
        return (f"say/hundreds-{whole // 100}", *_below(whole % 100, 10))
    return (f"say/teen-{whole}",) if 10 <= whole <= 19 and not start else (f"say/n-{whole}",)


def _below(low: int, next_place: int) -> Ids:
    """Words of what follows a place; 零 first when the next place is empty."""
    if not low:
        return ()
    return (*((ZERO,) if low < next_place else ()), *_grouped(low, start=False))


def _minute(minute: int) -> Ids:
    return (ZERO, f"say/n-{minute}") if minute < 10 else (f"say/n-{minute}",)


def _part_of_day(hour: int) -> str:
    for end, part in ((6, "small-hours"), (12, "morning"), (13, "midday"), (18, "afternoon")):
        if hour < end:
            return f"say/{part}"
    return "say/evening"
