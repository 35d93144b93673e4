"""Spans of real flows on a twin of Asterisk's channel: what they are, what they never say, and a collector that is away."""

import json
import sys
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import ValidationError

from acd.facts import CallAnswered, CallEntered, OfferEnded, OfferResult
from cti.backends.base import BackendTimeout
from cti.clock import Clock
from cti.records.ledger import Ledger
from cti.settings import TracingSettings
from cti.tracing import NoSpans, TracingUnavailable, open_tracing
from cti.tracing.opening import traces_url
from cti.tracing.requests import TracedBackend
from cti.tracing.spans import CallIds, OpenSpans, trace_id
from tests.unit.cti.hotline import Hotline, LoopClock, idle_contacts
from tests.unit.cti.test_cti_keeping import Metrics, Writer

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


class Traced:
    """Spans into memory."""

    def __init__(self, clock):
        self.exporter = InMemorySpanExporter()
        ids = CallIds()
        provider = TracerProvider(id_generator=ids, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.spans = OpenSpans(provider, ids, clock)

    def named(self, name):
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def every(self):
        return self.exporter.get_finished_spans()


class TracedHotline(Hotline):
    """A call whose ledger and backends are traced."""

    def __init__(self, phone=None):
        super().__init__(phone)
        self.traced = Traced(self.clock)
        self.ledger = Ledger(Writer(), Metrics(), self.clock, self._unknown, self._nothing, idle_contacts(self.clock), self.traced.spans)
        backends = {name: TracedBackend(name, backend, self.traced.spans) for name, backend in self.services.backends.items()}
        self.services = replace(self.services, records=self.ledger, backends=backends)

    async def _unknown(self, _call):
        return False

    async def _nothing(self):
        return []


async def balance_call(hotline):
    await hotline.phone.hears("zh:main/menu")
    hotline.phone.press("1")
    await hotline.phone.hears("zh:balance/")
    await hotline.phone.hears("zh:main/menu")
    hotline.phone.press("#")
    await hotline.ended()


async def test_a_call_has_a_span_and_each_step_and_request_a_child():
    async with TracedHotline.serving() as hotline:
        await balance_call(hotline)
        traced = hotline.traced
    (call,) = traced.named("call")
    assert call.context.trace_id == trace_id("c1")
    assert (call.parent, call.attributes["hotline.call"], call.attributes["hotline.outcome"]) == (None, "c1", "self_service")
    children = [span for span in traced.every() if span is not call]
    assert {span.parent.span_id for span in children} == {call.context.span_id}
    assert {span.context.trace_id for span in children} == {call.context.trace_id}
    assert all(span.start_time <= span.end_time for span in children)
    menu = traced.named("main/menu")[0]
    assert (menu.attributes["hotline.step_type"], menu.attributes["hotline.result"]) == ("menu", "choice")
    assert [span.attributes["hotline.result"] for span in (*traced.named("accounts.customer_by_number"), *traced.named("accounts.balance"))] == ["ok", "ok"]


async def test_what_goes_wrong_shows():
    async with TracedHotline.serving() as hotline:
        hotline.backend.replies["balance"] = BackendTimeout("too late")
        await hotline.phone.hears("zh:main/menu")
        hotline.phone.press("1")
        await hotline.phone.hears("zh:balance/unavailable")
        (asked,) = hotline.traced.named("accounts.balance")
    assert (asked.status.status_code, asked.attributes["hotline.result"]) == (StatusCode.ERROR, "timeout")
    assert asked.events == (), "no text of the failure, which may hold what was asked"


async def test_no_span_tells_a_number_a_pin_or_a_name():
    async with TracedHotline.serving() as hotline:
        hotline.backend.replies["customer_by_number"] = {"found": False, "customer": None}
        phone = hotline.phone
        await phone.hears("zh:main/ask_language")
        phone.press("1")
        await phone.hears("zh:main/menu")
        phone.press("1")
        await phone.hears("zh:identify/ask_account")
        phone.press("10000001")
        await phone.hears("zh:identify/ask_pin")
        phone.press("4711")
        await phone.hears("zh:balance/owing_until-1")
        hotline.call.hung_up(16)
        await hotline.ended()
        text = "\n".join(span.to_json() for span in hotline.traced.every())
    assert "verify_pin" in text, "the steps were traced"
    for secret in ("4711", "10000001", "13800138001", "95598", "张伟", json.dumps("张伟").strip('"')):
        assert secret not in text


async def test_an_offer_is_a_child_and_what_the_line_says_is_on_the_call():
    clock = LoopClock()
    traced = Traced(clock)
    spans = traced.spans
    spans.began("c1", adopted=False, flow_version="v")
    spans.told(CallEntered("c1", "billing", "gold", resumed=False), 1.0)
    spans.told(CallAnswered("c1", "billing", "gold", "anna", "o1", 12.0), 13.0)
    spans.told(OfferEnded("o1", "c1", "anna", "billing", OfferResult.TALKED, 65.0), clock.now())
    spans.told(OfferEnded("o2", "nobody", "anna", "billing", OfferResult.BUSY, 1.0), clock.now())
    spans.ended("c1", "answered")
    spans.ended("c1", "answered")
    (offer,), (call,) = traced.named("offer"), traced.named("call")
    assert (offer.end_time - offer.start_time, offer.attributes["hotline.result"], offer.parent.span_id) == (65_000_000_000, "talked", call.context.span_id)
    assert (call.attributes["hotline.queue"], call.attributes["hotline.tier"], call.attributes["hotline.wait_seconds"]) == ("billing", "gold", 12.0)
    assert "anna" not in offer.to_json() + call.to_json()


async def test_after_a_kill_the_spans_stand_in_the_same_trace():
    first, second = Traced(LoopClock()), Traced(LoopClock())
    first.spans.began("c1", adopted=False, flow_version="v")
    first.spans.told(OfferEnded("o1", "c1", "anna", "billing", OfferResult.BUSY, 3.0), 1.0)  # then the process is killed
    second.spans.began("c2", adopted=False, flow_version="v")
    second.spans.began("c1", adopted=True, flow_version="v")
    second.spans.ended("c1", "answered")
    second.spans.ended("c2", "answered")
    (offer,), (call,) = first.named("offer"), [span for span in second.named("call") if span.attributes["hotline.call"] == "c1"]
    assert (offer.context.trace_id, call.attributes["hotline.adopted"]) == (call.context.trace_id, True)
    assert len({span.context.trace_id for span in second.named("call")}) == 2


async def test_a_call_found_again_after_a_lost_link_goes_on_with_its_span():
    traced = Traced(LoopClock())
    traced.spans.began("c1", adopted=False, flow_version="v")
    traced.spans.began("c1", adopted=True, flow_version="v")
    traced.spans.ended("c1", "lost")
    (call,) = traced.named("call")
    assert call.attributes["hotline.adopted"] is False


async def test_nothing_is_traced_unless_an_address_is_given():
    assert isinstance(open_tracing(TracingSettings(), Clock(), "1"), NoSpans)
    nobody = NoSpans()
    nobody.began("c1", adopted=False, flow_version="v")
    with nobody.request("c1", "accounts", "balance"):
        nobody.ended("c1", "answered")
    await nobody.close(1.0)


@pytest.mark.parametrize(("given", "used"), [("http://h:4318", "http://h:4318/v1/traces"), ("http://h:4318/", "http://h:4318/v1/traces"), ("https://h/own/path", "https://h/own/path")])
async def test_the_usual_path_is_added_to_an_address_without_one(given, used):
    assert traces_url(given) == used
    assert TracingSettings(endpoint=given).endpoint == given


@pytest.mark.parametrize("entry", [{"endpoint": "collector:4318"}, {"share": 1.5}, {"queue_spans": 0}, {"port": 4318}])
async def test_settings_that_mean_nothing_are_refused(entry):
    with pytest.raises(ValidationError):
        TracingSettings(**entry)


async def test_a_library_that_is_not_installed_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TracingUnavailable, match=r"pip install 'hotline-acd\[otel\]'"):
        open_tracing(TracingSettings(endpoint="http://127.0.0.1:4318"), Clock(), "1")
