"""A real Prometheus with the shipped configuration scrapes a working server, and counts what happened."""

import asyncio
import time

import aiohttp
import pytest

from acd.events import (
    AgentLoggedIn,
    AgentReadied,
    CallAbandoned,
    CallQueued,
    OfferAnswered,
    OfferRinging,
    TalkEnded,
    TalkStarted,
)
from cti.http import make_app, serving
from ivr.state import Trace
from tests.rig.prometheus import PATIENCE_SECONDS, Prometheus, promtool
from tests.unit.web.hotline import TOKEN, Hotline

pytestmark = [pytest.mark.asyncio, pytest.mark.acceptance]


async def serve_calls(hotline, deadline):
    """A call every tenth of a second through everything that counts, until cancelled."""
    number = 0
    while time.monotonic() < deadline:
        number += 1
        call, tier = f"c{number}", ("basic", "diamond")[number % 2]
        hotline.metrics.call_began()
        hotline.metrics.ivr_stepped(Trace("main", "menu", "menu", 0.0, "choice"))
        hotline.metrics.ami_action("Redirect", 0.002)
        hotline.metrics.backend_called("sql", "balance", "ok", 0.01)
        hotline.tell(
            CallQueued(call, "billing", tier), CallQueued(f"{call}b", "repair", tier), CallAbandoned(f"{call}b")
        )
        offer = hotline.offers[-1]
        await asyncio.sleep(0.1)
        hotline.tell(
            OfferRinging(offer), OfferAnswered(offer), TalkStarted(offer), TalkEnded(offer, caller_remains=False)
        )
        hotline.tell(AgentReadied("anna"))
        hotline.metrics.ivr_exited("main", "completed")
        hotline.metrics.call_ended("completed", "answered")


@pytest.fixture
def hotline():
    hotline = Hotline()
    hotline.metrics.ami_link(events=True, actions=True)
    hotline.tell(AgentLoggedIn("anna"))
    return hotline


async def test_prometheus_counts_what_happened(tmp_path, hotline):
    async with serving(make_app(hotline.deps), "127.0.0.1", 0) as port, Prometheus(tmp_path, port) as prometheus:
        entered = 'sum by (tier) (hotline_queue_calls_entered_total{queue="repair"})'
        assert set((await prometheus.eventually(entered, bool)).values()) == {0}
        hotline.tell(CallQueued("c1", "repair", "diamond"), CallQueued("c2", "repair", "diamond"), CallAbandoned("c2"))
        counted = await prometheus.eventually(entered, lambda answer: sum(answer.values()) >= 2)
        assert counted == {(("tier", "basic"),): 0, (("tier", "diamond"),): 2}
        waiting = await prometheus.eventually("hotline_queue_calls_waiting == 1", bool)
        assert [dict(series)["tier"] for series in waiting] == ["diamond"]
        longest = 'hotline_queue_longest_wait_seconds{queue="repair",tier="diamond"}'
        first = sum((await prometheus.ask(longest)).values())
        later = await prometheus.eventually(longest, lambda answer: sum(answer.values()) >= first + 1)
        assert sum(later.values()) < PATIENCE_SECONDS
        bucket = 'hotline_queue_wait_seconds_bucket{queue="repair",tier="diamond",outcome="abandoned",le="20.0"}'
        assert sum((await prometheus.ask(bucket)).values()) == 1


async def test_promtool_finds_no_fault(hotline):
    await serve_calls(hotline, time.monotonic() + 0.15)
    async with (
        serving(make_app(hotline.deps), "127.0.0.1", 0) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
        client.get("/metrics") as answer,
    ):
        page = await answer.read()
    assert page.count(b"hotline_queue_wait_seconds_bucket") > 100
    assert await promtool("check", "metrics", given=page) == (0, "")
    assert TOKEN.encode() not in page
