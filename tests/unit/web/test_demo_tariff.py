"""The demo's price service: a period for every moment, and the moment it ends."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cti.http.demo import PRICES_CENTS, tariff_at

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("at", "period", "until", "then"),
    [
        ("2026-11-21T00:00", "valley", "2026-11-21T07:00:00+08:00", "flat"),
        ("2026-11-21T06:59:59", "valley", "2026-11-21T07:00:00+08:00", "flat"),
        ("2026-11-21T07:00", "flat", "2026-11-21T10:00:00+08:00", "peak"),
        ("2026-11-21T20:30", "peak", "2026-11-21T21:00:00+08:00", "flat"),
        ("2026-11-21T23:30", "valley", "2026-11-22T07:00:00+08:00", "flat"),
    ],
)
def test_the_price_by_time_of_day(at, period, until, then):
    told = tariff_at(datetime.fromisoformat(at).replace(tzinfo=ZONE))
    assert told == {
        "now": {"period": period, "price_cents": PRICES_CENTS[period]},
        "until": until,
        "next": {"period": then, "price_cents": PRICES_CENTS[then]},
    }
