"""What a plan of opening hours may have wrong though it can be read: holes in the week, a calendar that ends soon."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

import holidays

from ivr.document import Finding, Position, Severity

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORT_HOLE_MINUTES = 15
SOON_DAYS = 60
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_YEARS_BACK = 3


class SpanLike(Protocol):
    """Open from `start` to before `end`, in minutes of the day."""

    @property
    def start(self) -> int:
        """First minute."""

    @property
    def end(self) -> int:
        """Minute after the last."""


def week_holes(weekly: Mapping[int, Sequence[SpanLike]], place: Position) -> Iterator[Finding]:
    """Yield warnings about weekdays that are not written, and about holes of a few minutes between spans."""
    missing = [name for day, name in enumerate(DAYS) if day not in weekly]
    if missing:
        cure = f"write {missing[0]}: closed, if that is meant"
        yield place.finding("hours-hole", f"nothing is said of {', '.join(missing)}", cure, Severity.WARNING)
    for end, start in _gaps(weekly):
        between = f"{_clock(end)} to {_clock(start)}"
        cure = "let the spans meet, e.g. 00:00-24:00"
        yield place.finding("hours-hole", f"closed for a moment, {between}", cure, Severity.WARNING)


def calendar_end(country: str, today: date, dates: Sequence[date], place: Position) -> Iterator[Finding]:
    """Yield a warning when make-up workdays are known for no year that is needed within SOON_DAYS.

    Args:
        country: code of the country; one without make-up workdays has nothing to end.
        today: the day of the check.
        dates: dates the hours file gives itself; one in the year in question shows that somebody has looked.
        place: where the country is written.

    """
    wanted = (today + timedelta(days=SOON_DAYS)).year
    years = range(today.year - _YEARS_BACK, wanted + 1)
    known = [year for year in years if _has_workdays(country, year)]
    if not known or known[-1] >= wanted or any(day.year == wanted for day in dates):
        return
    message = f"make-up workdays of {country} are known up to {known[-1]} only"
    cure = f"update the package holidays, or write the days of {wanted} under dates:"
    yield place.finding("holidays-end", message, cure, Severity.WARNING)


def _has_workdays(country: str, year: int) -> bool:
    """Return whether make-up workdays of this year are known; the library's set holds strays of other years, too."""
    days = holidays.country_holidays(country, years=year).weekend_workdays
    return any(day.year == year for day in days)


def _gaps(weekly: Mapping[int, Sequence[SpanLike]]) -> Iterator[tuple[int, int]]:
    """Yield end and start of neighbouring spans with a short hole between them, in minutes of the week."""
    spans = sorted(
        (day * _DAY + span.start, day * _DAY + span.end + (0 if span.end > span.start else _DAY))
        for day, several in weekly.items()
        for span in several
    )
    if not spans:
        return
    latest = spans[0][1]
    for start, end in [*spans[1:], (spans[0][0] + _WEEK, spans[0][1] + _WEEK)]:
        if 0 < start - latest <= SHORT_HOLE_MINUTES:
            yield latest % _WEEK, start % _WEEK
        latest = max(latest, end)


def _clock(minute: int) -> str:
    return f"{DAYS[minute // _DAY]} {minute % _DAY // 60:02}:{minute % 60:02}"
