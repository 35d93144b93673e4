"""Opening hours: a weekly plan, holidays with make-up workdays, dates of their own, and a switch. The time is handed in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from ivr.document import Finding, Node, Scalar, Table, did_you_mean
from ivr.hours_lint import DAYS, calendar_end, week_holes
from ivr.reader import Reader

CLOSED = "closed"
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\s*-\s*([01][0-9]|2[0-4]):([0-5][0-9])\Z")
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `start` to before `end`, in minutes of the day. An end at or before the start is on the next day."""

    start: int
    end: int

    def holds(self, minute: int) -> bool:
        """Return whether a minute counted from the beginning of the span's own day lies in it."""
        end = self.end if self.end > self.start else self.end + _DAY_MINUTES
        return self.start <= minute < end


@dataclass(frozen=True, slots=True)
class Plan:
    """When something is open.

    Attributes:
        zone: the time zone of its clock.
        weekly: spans by weekday (Monday is 0).
        dates: spans of single dates; these win over everything but `override`.
        country: country code of the public holidays it keeps, or empty for none.
        override: `open` or `closed` whatever the clock says, or empty.

    """

    zone: ZoneInfo
    weekly: Mapping[int, tuple[Span, ...]]
    dates: Mapping[date, tuple[Span, ...]]
    country: str = ""
    override: str = ""

    def is_open(self, moment: datetime) -> bool:
        """Return whether it is open at this moment (with its zone)."""
        if self.override:
            return self.override == "open"
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, before = local.date(), local.date() - timedelta(days=1)
        return any(span.holds(minute) for span in self.spans(today)) or any(
            span.holds(minute + _DAY_MINUTES) for span in self.spans(before)
        )

    def spans(self, day: date) -> tuple[Span, ...]:
        """Return the spans that begin on this day. A make-up workday on a weekend is served like a Monday."""
        if day in self.dates:
            return self.dates[day]
        if self.country:
            calendar = _calendar(self.country, day.year)
            if day in calendar:
                return ()
            if day.weekday() >= 5 and calendar.is_working_day(day):
                return self.weekly.get(0, ())
        return self.weekly.get(day.weekday(), ())


@cache
def _calendar(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=year)


def read_plans(node: Node, findings: list[Finding], today: date | None = None) -> dict[str, Plan]:
    """Read the hours file: `version`, `zone`, `holidays`, `dates` for all plans, and `plans`.

    Faults become findings; a plan that cannot be read is closed. With `today`, holes in the week
    and a calendar that ends soon are warned of.
    """
    reader = Reader(node, findings, "the hours file")
    reader.integer("version", 1, 1, 1)
    zone = _read_zone(reader)
    country = _read_country(reader)
    shared = _read_dates(reader)
    if today is not None and country:
        findings.extend(calendar_end(country, today, list(shared), reader.at("holidays")))
    plans = reader.child("plans", required=True)
    reader.finish()
    entries = plans.entries() if plans else []
    read = {name.text: _read_plan(name.text, body, zone, country, shared, findings) for name, body in entries}
    for name, body in entries if today is not None else ():
        if isinstance(body, Table) and read[name.text].weekly:
            findings.extend(week_holes(read[name.text].weekly, body.at("weekly")))
    return read


def _read_plan(
    name: str,
    node: Node,
    zone: ZoneInfo,
    country: str,
    shared: Mapping[date, tuple[Span, ...]],
    findings: list[Finding],
) -> Plan:
    reader = Reader(node, findings, f'plan "{name}"')
    weekly = _read_weekly(reader)
    keeps_holidays = reader.flag("holidays", default=bool(country))
    plan = Plan(
        zone=zone,
        weekly=weekly,
        dates={**(shared if keeps_holidays else {}), **_read_dates(reader)},
        country=country if keeps_holidays else "",
        override=reader.choice("override", ("open", CLOSED), ""),
    )
    reader.finish()
    return plan


def _read_zone(reader: Reader) -> ZoneInfo:
    name = reader.text("zone", "Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        reader.report(reader.at("zone"), "unknown-zone", f'no time zone "{name}"', "write e.g. Asia/Shanghai or UTC")
        return ZoneInfo("UTC")


def _read_country(reader: Reader) -> str:
    country = reader.text("holidays", "")
    known = list(holidays.list_supported_countries())
    if country and country not in known:
        cure = did_you_mean(country, known) or "write a country code, e.g. CN"
        reader.report(reader.at("holidays"), "unknown-country", f'no holidays of "{country}"', cure)
        return ""
    return country


def _read_weekly(reader: Reader) -> dict[int, tuple[Span, ...]]:
    weekly: dict[int, tuple[Span, ...]] = {}
    child = reader.child("weekly", required=True)
    for key, _ in child.entries() if child else ():
        spans = _read_spans(child, key.text) if child else ()
        for day in _days(reader, key):
            if day in weekly:
                reader.report(key, "duplicate-day", f"{DAYS[day]} stands here again", "name each day once")
            weekly[day] = spans
    return weekly


def _days(reader: Reader, key: Scalar) -> list[int]:
    first, _, last = key.text.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        reader.report(key, "bad-day", f'"{key.text}" is no day', "write mon, tue … or mon-fri")
        return []
    start, end = DAYS.index(first), DAYS.index(last or first)
    return list(range(start, end + 1)) if start <= end else [*range(start, 7), *range(end + 1)]


def _read_dates(reader: Reader) -> dict[date, tuple[Span, ...]]:
    dates: dict[date, tuple[Span, ...]] = {}
    child = reader.child("dates")
    for key, _ in child.entries() if child else ():
        spans = _read_spans(child, key.text) if child else ()
        try:
            dates[date.fromisoformat(key.text)] = spans
        except ValueError:
            reader.report(key, "bad-date", f'"{key.text}" is no date', "write it like 2026-10-01")
    return dates


def _read_spans(reader: Reader, key: str) -> tuple[Span, ...]:
    scalars = reader.texts(key)
    if len(scalars) == 1 and scalars[0].text == CLOSED:
        return ()
    return tuple(span for scalar in scalars if (span := _span(reader, scalar)))


def _span(reader: Reader, scalar: Scalar) -> Span | None:
    found = _SPAN.match(scalar.text)
    if found:
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if start != end and end <= _DAY_MINUTES:
            return Span(start, end)
    reader.report(scalar, "bad-hours", f'"{scalar.text}" is no span of hours', 'write "09:00-18:00" or closed')
    return None
