"""Examining where traces are to go: is the library there, and does a collector take what is sent?"""

import asyncio
import importlib.util
import urllib.error
import urllib.request

from cti.doctor.finding import Finding
from cti.settings import TracingSettings
from cti.tracing.opening import traces_url

_LIBRARY = "opentelemetry.exporter.otlp.proto.http"
_SUBJECT = "traces"


async def examine_traces(settings: TracingSettings) -> list[Finding]:
    """One finding where traces are wanted, none where they are not. An empty batch is sent."""
    if not settings.endpoint:
        return []
    if not _installed():
        return [Finding(_SUBJECT, "tracing.endpoint is set, but OpenTelemetry is not installed", "pip install 'hotline-acd[otel]', or empty the entry")]
    return [await asyncio.to_thread(_sent, traces_url(settings.endpoint), settings.timeout_seconds)]


def _installed() -> bool:
    try:
        return importlib.util.find_spec(_LIBRARY) is not None
    except ModuleNotFoundError:
        return False


def _sent(url: str, seconds: float) -> Finding:
    request = urllib.request.Request(url, data=b"", headers={"Content-Type": "application/x-protobuf"})  # noqa: S310 the pattern of the setting allows http alone
    try:
        urllib.request.urlopen(request, timeout=seconds).close()  # noqa: S310
    except (urllib.error.URLError, OSError) as error:
        return Finding(_SUBJECT, f"{url}: {error}", "start the collector, or mend tracing.endpoint; calls go on without it, their traces are dropped")
    return Finding(_SUBJECT, f"{url} takes them")
