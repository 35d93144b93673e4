"""A collector of traces on loopback that understands OTLP over HTTP, as far as a test needs it."""

import asyncio
import contextlib
from dataclasses import dataclass

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Received:
    """One span as it came over the wire."""

    name: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict
    seconds: float
    service: str


class Collector:
    """Use `async with collecting() as collector`; `spans` grows as they come."""

    def __init__(self):
        self.spans = []
        self.raw = b""
        self.url = ""
        self._came = asyncio.Condition()

    async def take(self, request):
        body = await request.read()
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _attributes(resource.resource.attributes).get("service.name", "")
            self.spans += [_received(span, service) for scope in resource.scope_spans for span in scope.spans]
        async with self._came:
            self._came.notify_all()
        return web.Response(body=b"", content_type="application/x-protobuf")

    async def until(self, fits, within=60.0):
        """The spans, once `fits(spans)`."""
        async with asyncio.timeout(within), self._came:
            await self._came.wait_for(lambda: fits(self.spans))
        return self.spans


@contextlib.asynccontextmanager
async def collecting():
    """A collector that listens."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def _received(span, service):
    seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
    return Received(span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), _attributes(span.attributes), seconds, service)
