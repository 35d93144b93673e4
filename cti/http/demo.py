"""The demo company's price service, for the `http` step of the demo: what a kilowatt hour costs now, by time of day.

Served at `/demo/tariff` when a service of backends.yaml is at `hotline:/demo`. The prices are invented.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

PATH = "/demo/tariff"
PRICES_CENTS = {"valley": 32, "flat": 62, "peak": 98}
#: The hour a period begins, in order.
_DAY = ((7, "flat"), (10, "peak"), (12, "flat"), (18, "peak"), (21, "flat"), (23, "valley"))


def add_demo(app: web.Application, civil: Callable[[], datetime]) -> None:
    """Serve the prices.

    Args:
        app: the application, not running yet.
        civil: gives the wall-clock time with its zone.

    """

    async def tariff(_request: web.Request) -> web.Response:
        return web.json_response(tariff_at(civil()))

    app.router.add_route("GET", PATH, tariff)


def tariff_at(now: datetime) -> dict[str, object]:
    """Return period and price now, until when (ISO 8601), and what comes then."""
    turns = _turns_around(now)
    begun = max(turn for turn in turns if turn <= now)
    until = min(turn for turn in turns if turn > now)
    return {"now": _price(turns[begun]), "until": until.isoformat(), "next": _price(turns[until])}


def _turns_around(now: datetime) -> dict[datetime, str]:
    """Return the moments of yesterday, today and tomorrow at which a period begins, with its name."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (midnight - timedelta(days=1), midnight, midnight + timedelta(days=1))
    return {day.replace(hour=hour): period for day in days for hour, period in _DAY}


def _price(period: str) -> dict[str, object]:
    return {"period": period, "price_cents": PRICES_CENTS[period]}
