"""Spans on their way to a collector: over real HTTP, and to one that never answers."""

import asyncio
import socket
import sys
import time

from cti.clock import Clock
from cti.doctor.traces import examine_traces
from cti.settings import TracingSettings
from cti.tracing import open_tracing
from cti.tracing.spans import trace_id
from ivr.state import Trace
from tests.rig.ports import free_port
from tests.support.otlp_collector import collecting


def test_spans_reach_the_collector_before_the_server_leaves():
    async def serve():
        async with collecting() as collector:
            clock = Clock()
            spans = open_tracing(TracingSettings(endpoint=collector.url, service_name="hotline-a"), clock, "1.2.3")
            spans.began("c1", adopted=False, flow_version="v")
            spans.stepped("c1", Trace("main", "menu", "menu", clock.now(), "choice", {"key": "1"}), 2.5)
            spans.ended("c1", "self_service")
            await spans.close(10.0)
            return collector.spans

    menu, call = sorted(asyncio.run(serve()), key=lambda span: span.name, reverse=True)
    assert (call.name, call.trace_id, call.parent, call.service) == ("call", f"{trace_id('c1'):032x}", "", "hotline-a")
    assert (menu.name, menu.parent, round(menu.seconds, 3)) == ("main/menu", call.span_id, 2.5)


def test_a_share_of_the_calls_is_traced_whole_or_not_at_all():
    async def serve():
        async with collecting() as collector:
            spans = open_tracing(TracingSettings(endpoint=collector.url, share=0.25), Clock(), "1")
            for number in range(400):
                spans.began(f"c{number}", adopted=False, flow_version="v")
                spans.stepped(f"c{number}", Trace("main", "menu", "menu", 0.0, "choice"), 1.0)
                spans.ended(f"c{number}", "answered")
            await spans.close(20.0)
            return collector.spans

    spans = asyncio.run(serve())
    calls = {span.trace_id for span in spans if span.name == "call"}
    assert 40 < len(calls) < 180
    assert {span.trace_id for span in spans if span.name == "main/menu"} == calls


def test_a_collector_that_never_answers_keeps_nobody_waiting():
    """Calls go on though the queue of spans is full, and leaving takes no longer than it may."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = TracingSettings(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}", queue_spans=8, timeout_seconds=20)

        async def calls():
            spans = open_tracing(settings, Clock(), "1")
            began = time.monotonic()
            for number in range(500):
                spans.began(f"c{number}", adopted=False, flow_version="v")
                spans.ended(f"c{number}", "answered")
            told = time.monotonic()
            await spans.close(0.3)
            return told - began, time.monotonic() - told

        telling, leaving = asyncio.run(calls())
    assert telling < 10.0
    assert leaving < 10.0, "the collector may take 20 s, we do not"


def test_the_doctor_sends_an_empty_batch_and_says_what_it_heard(monkeypatch):
    async def examined(endpoint=""):
        return [(finding.well, finding.detail, finding.cure) for finding in await examine_traces(TracingSettings(endpoint=endpoint, timeout_seconds=1.0))]

    async def at_a_collector():
        async with collecting() as collector:
            return await examined(collector.url)

    assert asyncio.run(examined()) == []
    ((well, detail, _),) = asyncio.run(at_a_collector())
    assert well
    assert detail.endswith("/v1/traces takes them")
    ((well, _, cure),) = asyncio.run(examined(f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}"))
    assert (well, "start the collector" in cure) == (False, True)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    ((well, _, cure),) = asyncio.run(examined("http://127.0.0.1:9"))
    assert (well, "pip install 'hotline-acd[otel]'" in cure) == (False, True)
