"""What a scrape of a large floor costs: how long Prometheus waits, and how long calls do.

The server's own HTTP side answers a scraper in another process, as in production. Between two scrapes the engine lives through what a
busy quarter of a minute brings. The event loop is watched by a timer each millisecond: how late it comes is what a call would wait.
"""

import asyncio
import statistics
import sys
import time

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, generate_latest

from cti.http import serving
from cti.metrics.page import media_type, wanted_form
from cti.metrics.series import Form
from tests.bench.report import percentile, report, table
from tests.support.synthetic_floor import Floor, floor_policy

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
QUEUES, TIERS, AGENTS = 50, 4, 500
SCRAPES, CALLS_BETWEEN = 40, 90
ACCEPT = {Form.TEXT: "text/plain", Form.OPEN: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
SCRAPER = """
import http.client, sys, time
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
for line in sys.stdin:
    began = time.perf_counter()
    connection.request("GET", "/metrics", headers={"Accept": line.strip()})
    body = connection.getresponse().read()
    print(time.perf_counter() - began, len(body), flush=True)
"""


class Lateness:
    """While it is open: the greatest lateness of a timer each millisecond (`worst`), and the most CPU time that went by between two
    of them (`busy`): what the loop's own work took, where the machine gave the core to somebody else meanwhile. Seconds."""

    async def __aenter__(self):
        self.worst = self.busy = 0.0
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0.01)
        self.worst = self.busy = 0.0
        return self

    async def __aexit__(self, *_):
        await asyncio.sleep(0.005)
        self._task.cancel()

    async def _watch(self):
        while True:
            due, used = time.perf_counter() + 0.001, time.thread_time()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, time.perf_counter() - due)
            self.busy = max(self.busy, time.thread_time() - used)


async def measured(scraper, form):
    """Seconds a scrape took, bytes it brought, how long the loop stood still meanwhile, and how long by its own work."""
    async with Lateness() as lateness:
        scraper.stdin.write(f"{ACCEPT[form]}\n".encode())
        seconds, size = (await asyncio.wait_for(scraper.stdout.readline(), 60)).split()
    return float(seconds), int(size), lateness.worst, lateness.busy


def app_of(metrics):
    async def page(request):
        form = wanted_form(request.headers["Accept"])
        return web.Response(body=await metrics.page(form), headers={"Content-Type": media_type(form)})

    app = web.Application()
    app.router.add_get("/metrics", page)
    return app


def usual_library(series):
    """Seconds the usual library takes for so many counters at once, on the loop's thread."""
    registry = CollectorRegistry()
    counter = Counter("hotline_queue_calls_ended", "As many.", ("queue", "tier", "outcome"), registry=registry)
    for number in range(series):
        counter.labels(f"queue{number % 50}", f"tier{number % 4}", f"outcome{number}").inc()
    began = time.perf_counter()
    generate_latest(registry)
    return time.perf_counter() - began


def row(name, scrapes):
    seconds, sizes, late, busy = zip(*scrapes, strict=True)
    figures = [figure for values in (seconds, late, busy) for figure in (statistics.median(values), percentile(values, 0.95))]
    return (name, f"{sizes[-1] / 1e6:.1f} MB", *(f"{figure * 1000:.1f} ms" for figure in (*figures, max(busy))))


async def test_a_scrape_of_a_large_floor():
    floor = Floor(floor_policy(QUEUES, TIERS, AGENTS), seconds_between_calls=0.16)
    floor.calls(4000)
    async with serving(app_of(floor.metrics), "127.0.0.1", 0) as port:
        scraper = await asyncio.create_subprocess_exec(sys.executable, "-c", SCRAPER, str(port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        try:
            first = {form: [await measured(scraper, form)] for form in Form}
            later = {form: [] for form in Form}
            idle = []
            for number in range(SCRAPES):
                floor.calls(CALLS_BETWEEN, first=4000 + number * CALLS_BETWEEN)
                form = Form(number % 2)
                later[form].append(await measured(scraper, form))
                async with Lateness() as lateness:
                    await asyncio.sleep(0.05)
                idle.append(lateness.worst)
        finally:
            scraper.terminate()
            await scraper.wait()
    assert floor.metrics.expected_count() - 2 * QUEUES <= floor.metrics.count() <= floor.metrics.expected_count(), "forecasts may be absent"
    report(
        "scrape",
        f"{QUEUES} queues, {TIERS} tiers, {AGENTS} agents: {floor.metrics.count():,} series; {CALLS_BETWEEN} calls between two scrapes.\n\n"
        + table(
            ("scrape", "page", "answered in, median", "p95", "loop late by, median", "p95", "held by its own work, median", "p95", "worst"),
            row("the first, text", first[Form.TEXT]),
            row("the first, OpenMetrics", first[Form.OPEN]),
            row("later, text", later[Form.TEXT]),
            row("later, OpenMetrics", later[Form.OPEN]),
        )
        + f"\n\nWithout a scrape the same watch finds the loop late by {statistics.median(idle) * 1000:.1f} ms (p95 {percentile(idle, 0.95) * 1000:.1f} ms). "
        + f"prometheus_client takes {usual_library(floor.metrics.count()) * 1000:.0f} ms for as many counters, all of it on the loop.",
    )
