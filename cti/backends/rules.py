"""The company's rules the SQL backend works by, and small readers of arguments shared by its operations."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from cti.backends.replies import without_control_characters

REPAIR_HOURS: Mapping[str, int] = {"diamond": 4, "gold": 8, "silver": 24, "basic": 48}

LONGEST_NATIONAL = 11
"""Digits of a number without country code."""


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """How the company works.

    Attributes:
        repair_hours: hours until a repair is due, by customer tier.
        zone: where days begin; ticket numbers start with the day there.
        country_code: digits taken off a caller's number that comes in international form.

    """

    repair_hours: Mapping[str, int] = field(default_factory=lambda: dict(REPAIR_HOURS))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    country_code: str = "86"

    def instant(self, at_ms: int) -> str:
        """Return UTC milliseconds as ISO 8601 in the company's zone, whole seconds."""
        return dt.datetime.fromtimestamp(at_ms // 1000, self.zone).isoformat()

    def day(self, at_ms: int) -> str:
        """Return the day as YYMMDD."""
        return dt.datetime.fromtimestamp(at_ms / 1000, self.zone).strftime("%y%m%d")

    def number_forms(self, number: str) -> tuple[str, ...]:
        """Return the forms a caller's number may be stored in: as sent, without 00, without the country code."""
        digits = re.sub(r"\D", "", number)
        bare = digits.removeprefix("00")
        national = bare.removeprefix(self.country_code) if len(bare) > LONGEST_NATIONAL else bare
        return tuple(dict.fromkeys(form for form in (digits, bare, national) if form))

    def written_number(self, number: str) -> str:
        """Return a number as it is dialled here: without the own country's code, `+` before another's; empty for none."""
        digits = re.sub(r"\D", "", number)
        abroad = number.strip().startswith("+") or digits.startswith("00")
        bare = digits.removeprefix("00") if abroad else digits
        if abroad and not bare.startswith(self.country_code):
            return f"+{bare}"
        return bare.removeprefix(self.country_code) if abroad or len(bare) > LONGEST_NATIONAL else bare


def text_of(arguments: Mapping[str, Any], name: str, limit: int) -> str | None:
    """Return an argument as clean text of at most `limit` characters; None when it lacks or is empty."""
    value = arguments.get(name)
    return None if value is None else str(without_control_characters(str(value)))[:limit] or None
