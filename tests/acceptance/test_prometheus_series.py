"""What a real Prometheus makes of the page: exemplars with call ids, as many series as the formula says, and resets after a restart."""

import asyncio
import socket
import time

import pytest

from acd.events import AgentLoggedIn, CallAbandoned, CallQueued, OfferAnswered, OfferRinging, TalkEnded, TalkStarted
from cti.http import make_app, serving
from tests.rig.ports import free_port
from tests.rig.prometheus import PATIENCE_SECONDS, Prometheus
from tests.unit.web.hotline import Hotline

pytestmark = [pytest.mark.asyncio, pytest.mark.acceptance]


async def exemplars(prometheus, expression):
    """Exemplars of the last minutes as (labels of the series, call id, value), once there are any."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        data = await prometheus.api("query_exemplars", query=expression, start=str(time.time() - 600), end=str(time.time() + 60))
        if data:
            return [(found["seriesLabels"], one["labels"]["call_id"], float(one["value"])) for found in data for one in found["exemplars"]]
        assert time.monotonic() < deadline, f"no exemplar of {expression}"
        await asyncio.sleep(0.1)


async def test_exemplars_and_the_number_of_series_come_through(tmp_path):
    hotline = Hotline()
    hotline.tell(AgentLoggedIn("anna"), CallQueued("c0ffee01", "billing", "diamond"), CallQueued("c0ffee02", "repair", "basic"), CallAbandoned("c0ffee02"))
    offer = hotline.offers[-1]
    hotline.tell(OfferRinging(offer), OfferAnswered(offer), TalkStarted(offer), TalkEnded(offer, caller_remains=False))
    async with (
        serving(make_app(hotline.deps), "127.0.0.1", 0) as port,
        Prometheus(tmp_path, port, features=["exemplar-storage"]) as prometheus,
    ):
        found = await exemplars(prometheus, "hotline_queue_wait_seconds_bucket")
        assert {(labels["queue"], labels["outcome"], call) for labels, call, _ in found} == {
            ("billing", "answered", "c0ffee01"),
            ("repair", "abandoned", "c0ffee02"),
        }
        assert [call for _, call, _ in await exemplars(prometheus, "hotline_talk_seconds_bucket")] == ["c0ffee01"]
        counted = await prometheus.eventually('count({__name__=~"hotline_.*"})', bool)
        assert set(counted.values()) == {hotline.metrics.count()}
        assert (await prometheus.ask('count({call_id!=""})')) == {}, "a call id is in no series"


async def test_counters_of_a_restarted_server_are_taken_for_reset(tmp_path):
    """As after `kill -9`: the next process counts from zero, its adopted callers as resumed, and nothing is counted twice."""
    port, first = free_port(socket.SOCK_STREAM), Hotline()
    asked = 'increase(hotline_queue_calls_entered_total{queue="repair",tier="basic"}[2m])'
    entered = 'hotline_queue_calls_entered_total{queue="repair",tier="basic"}'
    async with Prometheus(tmp_path, port) as prometheus:
        async with serving(make_app(first.deps), "127.0.0.1", port):
            await prometheus.eventually(entered, lambda answer: set(answer.values()) == {0.0})
            first.tell(*(CallQueued(f"c{number}", "repair", "basic") for number in range(7)))
            await prometheus.eventually(entered, lambda answer: set(answer.values()) == {7.0})
            began = await prometheus.ask("hotline_start_time_seconds")
        second = Hotline()
        async with serving(make_app(second.deps), "127.0.0.1", port):
            second.tell(*(CallQueued(f"c{number}", "repair", "basic", entered_at=second.clock.now() - 9.0) for number in range(7)))
            await prometheus.eventually(entered, lambda answer: set(answer.values()) == {0.0})
            second.tell(*(CallQueued(f"n{number}", "repair", "basic") for number in range(2)))
            await prometheus.eventually(entered, lambda answer: set(answer.values()) == {2.0})
            later = await prometheus.eventually("hotline_start_time_seconds", bool)
            assert min(later.values()) > max(began.values())
            resets = await prometheus.ask('resets(hotline_queue_calls_entered_total{queue="repair",tier="basic"}[2m])')
            assert set(resets.values()) == {1.0}
            # 7 and 2; `increase` spreads what it saw over its window, so it tells a little more
            (grown,) = (await prometheus.ask(asked)).values()
            assert 9.0 <= grown < 9.0 + 9.0
            resumed = await prometheus.ask('hotline_queue_calls_resumed_total{queue="repair",tier="basic"}')
            assert set(resumed.values()) == {7.0}
