"""Values as they are written, for text messages: amounts, dates, times, durations, in Chinese and English."""

from collections.abc import Callable, Mapping

from ivr.speech import values
from ivr.speech.kinds import Kind, Language, SpeechError

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS: Mapping[Language, tuple[str, str, str, str]] = {
    Language.ZH: ("天", "小时", "分钟", "秒"),
    Language.EN: (" d ", " h ", " min ", " s "),
}
LONGEST = {Kind.MONEY: "1234567.89元", Kind.DATE: "2026年12月31日", Kind.TIME: "23:59", Kind.DURATION: "23小时59分钟"}
"""A long value of the kinds whose length is known, for reckoning before there are values."""


def write(kind: Kind, value: object, language: Language | str) -> str:
    """Return the value as it is written.

    Args:
        kind: how it is to be read: money in whole cents, duration in seconds, date and time in ISO form.
        value: the value.
        language: of the reader.

    Raises:
        SpeechError: the value is not of this kind.

    """
    return _WRITERS[kind](value, Language(language))


def _money(value: object, language: Language) -> str:
    negative, units, cents = values.money(value)
    amount = f"{'-' if negative else ''}{units}.{cents:02d}"
    return f"{amount}元" if language is Language.ZH else f"CNY {amount}"


def _number(value: object, _language: Language) -> str:
    number = values.number(value)
    return f"{'-' if number.negative else ''}{number.whole}{'.' + number.decimals if number.decimals else ''}"


def _date(value: object, language: Language) -> str:
    day = values.day(value)
    if language is Language.ZH:
        return f"{day.year}年{day.month}月" + (f"{day.day}日" if day.day else "")
    return f"{day.day or ''} {_MONTHS[day.month - 1]} {day.year}".strip()


def _time(value: object, _language: Language) -> str:
    hour, minute = values.clock(value)
    return f"{hour:02d}:{minute:02d}"


def _duration(value: object, language: Language) -> str:
    span, units = values.span(value), _UNITS[language]
    parts = [f"{amount}{unit}" for amount, unit in zip(span, units, strict=True) if amount]
    return "".join(parts).strip() or f"0{units[-1]}".strip()


def _as_is(value: object, _language: Language) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SpeechError("only texts and whole numbers are written as they are")
    return str(value)


_WRITERS: Mapping[Kind, Callable[[object, Language], str]] = {
    Kind.MONEY: _money,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DURATION: _duration,
    Kind.DIGITS: _as_is,
    Kind.PHONE: _as_is,
    Kind.TICKET: _as_is,
}
