"""Days, weeks, months and quarters of the hotline's time zone."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cti.records.agent_days import day_window

#: the days that may be asked for; nothing is recorded outside, and no calendar ends in between
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


class PeriodKind(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"  #: from Monday
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Period:
    """A period of civil days, the last one included."""

    kind: PeriodKind
    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """Return its days in order."""
        return tuple(self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    @property
    def name(self) -> str:
        """Return a short name that is the same for the same period: 2026-11-21, 2026-W47, 2026-11, 2026-Q4."""
        match self.kind:
            case PeriodKind.DAY:
                return self.first.isoformat()
            case PeriodKind.WEEK:
                year, week, _ = self.first.isocalendar()
                return f"{year}-W{week:02}"
            case PeriodKind.MONTH:
                return f"{self.first:%Y-%m}"
            case PeriodKind.QUARTER:
                return f"{self.first.year}-Q{(self.first.month + 2) // 3}"

    def before(self) -> "Period":
        """Return the period of the same kind that ends where this one begins."""
        return period_of(self.kind, self.first - timedelta(days=1))

    def after(self) -> "Period":
        """Return the next one."""
        return period_of(self.kind, self.last + timedelta(days=1))

    def window(self, zone: ZoneInfo) -> tuple[int, int]:
        """Return begin and end (not included), UTC milliseconds; days have 23 to 25 hours where clocks are changed."""
        return day_window(self.first, zone)[0], day_window(self.last, zone)[1]


def period_of(kind: PeriodKind, day: date) -> Period:
    """Return the period a day lies in."""
    match kind:
        case PeriodKind.DAY:
            return Period(kind, day, day)
        case PeriodKind.WEEK:
            first = day - timedelta(days=day.weekday())
            return Period(kind, first, first + timedelta(days=6))
        case PeriodKind.MONTH:
            return Period(kind, day.replace(day=1), _month_end(day))
        case PeriodKind.QUARTER:
            first = day.replace(month=day.month - (day.month - 1) % 3, day=1)
            return Period(kind, first, _month_end(first.replace(month=first.month + 2)))


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
