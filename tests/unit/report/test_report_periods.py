from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.report.periods import EARLIEST, LATEST, PeriodKind, period_of

HOUR_MS = 3_600_000
days = st.dates(EARLIEST, LATEST)


@pytest.mark.parametrize(
    ("kind", "first", "last", "name", "before"),
    [
        (PeriodKind.DAY, date(2026, 11, 22), date(2026, 11, 22), "2026-11-22", "2026-11-21"),
        (PeriodKind.WEEK, date(2026, 11, 16), date(2026, 11, 22), "2026-W47", "2026-W46"),
        (PeriodKind.MONTH, date(2026, 11, 1), date(2026, 11, 30), "2026-11", "2026-10"),
        (PeriodKind.QUARTER, date(2026, 10, 1), date(2026, 12, 31), "2026-Q4", "2026-Q3"),
    ],
)
def test_the_period_a_day_lies_in(kind, first, last, name, before):
    period = period_of(kind, date(2026, 11, 22))
    assert (period.first, period.last, period.name, period.before().name) == (first, last, name, before)


@given(st.sampled_from(PeriodKind), days)
def test_periods_follow_each_other_without_gap(kind, day):
    period = period_of(kind, day)
    assert period.first <= day <= period.last
    assert all(period_of(kind, each) == period for each in (period.first, period.last))
    assert (period.first - period.before().last).days == 1
    assert period.before().after() == period
    assert len(period.days) == (period.last - period.first).days + 1


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)])
def test_days_are_shorter_and_longer_where_clocks_are_changed(day, hours):
    since_ms, until_ms = period_of(PeriodKind.DAY, day).window(ZoneInfo("Europe/Berlin"))
    assert (until_ms - since_ms) / HOUR_MS == hours
