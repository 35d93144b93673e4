"""What can be spoken, and in which languages."""

from enum import StrEnum

Ids = tuple[str, ...]
"""Prompt ids in the order they are played."""


class Language(StrEnum):
    """A language the hotline speaks; the value is Asterisk's CHANNEL(language) and the sounds folder."""

    ZH = "zh"
    EN = "en"


class Kind(StrEnum):
    """How a value is to be read aloud."""

    NUMBER = "number"
    """A whole or decimal number: 105 is 一百零五."""

    DIGITS = "digits"
    """A string of digits, one by one: an account number."""

    MONEY = "money"
    """Whole cents (fen): 1234 is 十二元三角四分."""

    DATE = "date"
    """An ISO date, month (2026-10) or date-time, of which the date is read."""

    TIME = "time"
    """An ISO time or date-time, read to the minute as written (no time zone arithmetic)."""

    DURATION = "duration"
    """Seconds, read as days, hours, minutes and seconds."""

    PHONE = "phone"
    """A telephone number in groups; Chinese reads 1 as 幺 here and only here."""

    TICKET = "ticket"
    """Letters and digits, one by one, in groups: F-20261121-0007."""


class SpeechError(ValueError):
    """A value that cannot be spoken as the kind asked for; the text says what was expected."""
