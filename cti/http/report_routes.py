"""The operations on reports: as a page for people and as a document."""

import asyncio
from datetime import date, timedelta

from aiohttp import web

from cti.http.deps import ApiDeps
from cti.http.models import ReportQuery
from cti.http.operations import JSON, operation
from cti.http.problems import Refusal
from cti.report.desk import ReportsDown, Wish
from cti.report.document import Document
from cti.report.index import index_page
from cti.report.page import Surroundings, page
from cti.report.periods import EARLIEST, LATEST, PeriodKind

PAGE = "text/html"


@operation("GET", "/reports", "reports", media=(PAGE,))
async def reports_page(deps: ApiDeps, query: ReportQuery) -> web.Response:
    """A page for people: which reports there are."""
    text = index_page(deps.clock.civil().date(), query.language, {name: (queue.label_zh, queue.label_en) for name, queue in deps.policy().queues.items()})
    return web.Response(text=text, content_type=PAGE)


@operation("GET", "/reports/{period}", "reports", media=(PAGE,), problems=(503,))
async def show_report_page(deps: ApiDeps, period: str, query: ReportQuery) -> web.Response:
    """A page for people: the report on the day, week, month or quarter that `date` lies in (yesterday if not given), for all queues or one.

    503 when the records cannot be read, or it takes too long.
    """
    wish = _wish(deps, period, query)
    text = await asyncio.to_thread(page, await _report(deps, wish), Surroundings(period, wish.day, query.queue))
    return web.Response(text=text, content_type=PAGE)


@operation("GET", "/api/reports/{period}", "reports", media=(JSON,), problems=(503,))
async def show_report(deps: ApiDeps, period: str, query: ReportQuery) -> web.Response:
    """The same as a document: every figure as `{now, before, target}` under its name in docs/kpi.md; durations are seconds."""
    return web.json_response(await _report(deps, _wish(deps, period, query)))


def _wish(deps: ApiDeps, period: str, query: ReportQuery) -> Wish:
    if period not in set(PeriodKind):
        raise Refusal(404, f"there are no reports on a {period!r}; on {', '.join(PeriodKind)} there are")
    day: date = query.date or deps.clock.civil().date() - timedelta(days=1)
    if not EARLIEST <= day <= LATEST:
        raise Refusal(422, f"date: name a day from {EARLIEST} to {LATEST}")
    if query.queue and query.queue not in deps.policy().queues:
        raise Refusal(404, f"there is no queue {query.queue!r}; GET /api/queues lists them")
    return Wish(PeriodKind(period), day, query.language, query.queue)


async def _report(deps: ApiDeps, wish: Wish) -> Document:
    try:
        return await deps.reports.report(wish)
    except ReportsDown as error:
        raise Refusal(503, f"the report cannot be made: {error}") from error
