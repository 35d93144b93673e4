"""Which kind of value is it? For people who type one; flows always name the kind."""

import re

from ivr.speech.kinds import Kind

_AMOUNT = re.compile(r"(-?)[¥￥]\s*(-?)([0-9][0-9,]*)(?:\.([0-9]{1,2}))?")
_KINDS = (
    (Kind.DATE, re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")),
    (Kind.TIME, re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")),
    (Kind.PHONE, re.compile(r"\+[0-9 -]{6,}|1[3-9][0-9]{9}|0[0-9]{2,3}-[0-9]{7,8}")),
    (Kind.NUMBER, re.compile(r"[+-]?(0|[1-9][0-9]*)(\.[0-9]+)?")),
    (Kind.DIGITS, re.compile(r"[0-9]+")),
    (Kind.TICKET, re.compile(r"(?=.*[0-9])[A-Za-z0-9]+([-_/][A-Za-z0-9]+)*")),
)


def guess(written: str) -> tuple[Kind, str] | None:
    """Return the kind of a value as people write it, and the value as `speak` wants it; None for mere words.

    ¥1,234.50 is money (123450 cents), 2026-11-21 a date, 15:20 a time, 13800138000 a telephone number, 105 a number,
    0105 digits, F-20261121-7 a ticket.
    """
    written = written.strip()
    if amount := _AMOUNT.fullmatch(written):
        before, after, units, cents = amount.groups()
        sign = "-" if before or after else ""
        return Kind.MONEY, f"{sign}{units.replace(',', '')}{(cents or '').ljust(2, '0')}"
    return next(((kind, written) for kind, pattern in _KINDS if pattern.fullmatch(written)), None)
