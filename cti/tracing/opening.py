"""From settings to spans, or to none."""

from urllib.parse import urlsplit

from cti.clock import Clock
from cti.settings import TracingSettings
from cti.tracing.port import CallSpans, NoSpans

EXPORT_EVERY_SECONDS = 1.0
SPANS_AT_ONCE = 256


class TracingUnavailable(Exception):
    """Traces are wanted, but their library is not installed; the message tells the cure."""


def open_tracing(settings: TracingSettings, clock: Clock, version: str) -> CallSpans:
    """Return where spans are made; nothing is loaded when none are wanted.

    The exporter works in a thread of its own. While the collector is away spans queue up to `queue_spans`; then the oldest are
    dropped, with a warning in the log, and calls go on.

    Raises:
        TracingUnavailable: the extra `otel` is not installed.

    """
    if not settings.endpoint:
        return NoSpans()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 an extra, loaded only when wanted
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415

        from cti.tracing.spans import CallIds, OpenSpans  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise TracingUnavailable(
            f"tracing.endpoint is set, but {error.name} is not installed. Install the extra: pip install 'hotline-acd[otel]', or empty the entry."
        ) from error
    ids = CallIds()
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.share), resource=Resource.create({"service.name": settings.service_name, "service.version": version}),
        id_generator=ids, shutdown_on_exit=False,
    )  # fmt: skip
    exporter = OTLPSpanExporter(endpoint=traces_url(settings.endpoint), timeout=settings.timeout_seconds)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter, max_queue_size=settings.queue_spans, schedule_delay_millis=EXPORT_EVERY_SECONDS * 1000,
            max_export_batch_size=min(SPANS_AT_ONCE, settings.queue_spans),
        )
    )  # fmt: skip
    return OpenSpans(provider, ids, clock)


def traces_url(endpoint: str) -> str:
    """The address spans are sent to: the usual path is added to one without a path."""
    return endpoint if urlsplit(endpoint).path.strip("/") else f"{endpoint.rstrip('/')}/v1/traces"
