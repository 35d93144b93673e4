"""Opening hours: weekly plans, nights, holidays, make-up workdays, dates, overrides, zones."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.document import parse
from ivr.hours import read_plans

HEAD = "version: 1\nzone: Asia/Shanghai\nholidays: CN\n"


def plan(body: str, head: str = HEAD):
    findings = []
    plans = read_plans(parse(f"{head}plans: {{p: {body}}}", "hours.yaml"), findings)
    assert findings == []
    return plans["p"]


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def faults(text: str) -> list[str]:
    findings = []
    read_plans(parse(text, "hours.yaml"), findings)
    return [f"{f.line}:{f.column} {f.code}" for f in findings]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T08:59", False),
        ("2026-11-20T09:00", True),
        ("2026-11-20T11:59", True),
        ("2026-11-20T12:00", False),
        ("2026-11-20T14:00", True),
        ("2026-11-20T18:00", False),
        ("2026-11-21T10:00", True),
        ("2026-11-21T13:00", False),
        ("2026-11-22T10:00", False),
        ("2026-10-01T10:00", False),  # National Day, a Thursday
        ("2026-10-02T10:00", False),
        ("2026-10-10T14:00", True),  # a Saturday that is worked instead, like a Monday
        ("2026-10-17T14:00", False),  # an ordinary Saturday
    ],
)
def test_a_week_with_holidays_and_make_up_workdays(moment, is_open):
    assert (
        plan('{weekly: {mon-fri: ["09:00-12:00", "14:00-18:00"], sat: "09:00-12:00", sun: closed}}').is_open(at(moment))
        is is_open
    )


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T23:00", True),
        ("2026-11-21T05:59", True),
        ("2026-11-21T06:00", False),
        ("2026-11-20T21:59", False),
        ("2026-11-22T01:00", False),
    ],
)
def test_a_night_belongs_to_the_day_it_begins_on(moment, is_open):
    assert plan('{weekly: {fri: "22:00-06:00"}}').is_open(at(moment)) is is_open


def test_a_whole_day_has_24_hours():
    always = plan('{weekly: {mon-sun: "00:00-24:00"}, holidays: false}')
    assert all(always.is_open(at(moment)) for moment in ("2026-11-20T00:00", "2026-11-20T23:59", "2026-10-01T12:00"))


def test_a_week_may_wrap_around():
    wrapped = plan('{weekly: {sat-mon: "09:00-10:00"}}')
    assert [wrapped.is_open(at(f"2026-11-{day}T09:30")) for day in (20, 21, 22, 23, 24)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_dates_win_over_holidays_and_overrides_over_everything():
    shared = HEAD + 'dates: {"2026-10-01": "10:00-11:00", "2026-11-20": closed}\n'
    body = 'weekly: {mon-fri: "09:00-18:00"}'
    assert plan(f"{{{body}}}", shared).is_open(at("2026-10-01T10:30"))
    assert not plan(f"{{{body}}}", shared).is_open(at("2026-11-20T10:30"))
    assert plan(f"{{{body}, holidays: false}}", shared).is_open(at("2026-11-20T10:30")), "shared dates are holidays too"
    assert plan(f'{{{body}, dates: {{"2026-11-20": "10:00-11:00"}}}}', shared).is_open(at("2026-11-20T10:30"))
    assert plan(f"{{{body}, override: open}}").is_open(at("2026-11-22T03:00"))
    assert not plan(f"{{{body}, override: closed}}").is_open(at("2026-11-20T10:00"))


def test_the_clock_is_that_of_the_plans_zone():
    assert plan('{weekly: {fri: "09:00-10:00"}}').is_open(at("2026-11-20T01:30", "UTC"))
    berlin = plan('{weekly: {sun: "01:00-04:00"}}', "version: 1\nzone: Europe/Berlin\n")
    assert berlin.is_open(datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)), (
        "the hour that comes twice"
    )
    assert berlin.is_open(datetime(2026, 3, 29, 1, 30, tzinfo=ZoneInfo("UTC"))), "03:30 after the hour that is missing"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plans: {p: {weekly: {mon: 9-18}}}", ["1:27 bad-hours"]),
        ('plans: {p: {weekly: {mon: "09:00-09:00"}}}', ["1:27 bad-hours"]),
        ('plans: {p: {weekly: {mon: "09:00-24:30"}}}', ["1:27 bad-hours"]),
        ("plans: {p: {weekly: {mo: closed, mon-fry: closed}}}", ["1:22 bad-day", "1:34 bad-day"]),
        ("plans: {p: {weekly: {mon-fri: closed, wed: closed}}}", ["1:39 duplicate-day"]),
        ("plans: {p: {}}", ["1:12 missing-key"]),
        ("plans: {p: {weekly: {}, dates: {2026-13-01: closed}}}", ["1:33 bad-date"]),
        ("plans: {p: {weekly: {}, override: ajar}}", ["1:35 bad-value"]),
        ("zone: Mars/Olympus\nplans: {}", ["1:1 unknown-zone"]),
        ("holidays: XX\nplans: {}", ["1:1 unknown-country"]),
        ("plan: {}", ["1:1 missing-key", "1:1 unknown-key"]),
    ],
)
def test_faults_are_found_where_they_stand(text, expected):
    assert faults(text) == expected
