"""Traces by OpenTelemetry, for who wants them: a span per call, a child per step, offer and backend request."""

from cti.tracing.opening import TracingUnavailable, open_tracing
from cti.tracing.port import CallSpans, NoSpans

__all__ = ["CallSpans", "NoSpans", "TracingUnavailable", "open_tracing"]
