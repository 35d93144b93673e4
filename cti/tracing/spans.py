"""Spans of calls. Needs the extra `otel`; imported only when traces are wanted.

A call's trace id is made from its call id, so that its spans stand in one trace though a kill lies between them. Attributes
hold names of the configuration and words of the code: no number, no key, no person's name, no value of a flow.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from acd.facts import CallAnswered, CallEnded, CallEntered, Fact, OfferEnded
from cti.backends.base import BackendError
from cti.clock import Clock
from cti.tracing.flushing import flushed
from ivr.state import Trace

_FAULTS = frozenset({"error", "failed", "budget"})


class CallIds(RandomIdGenerator):
    """Gives a call's root span the trace id that belongs to the call."""

    def __init__(self) -> None:
        self._next: int | None = None

    def for_call(self, call: str) -> None:
        """The next trace is this call's."""
        self._next = trace_id(call)

    def generate_trace_id(self) -> int:
        """See IdGenerator."""
        wanted, self._next = self._next, None
        return super().generate_trace_id() if wanted is None else wanted


def trace_id(call: str) -> int:
    """The trace id of a call: 128 bits of BLAKE2b of its id, never 0."""
    return int.from_bytes(blake2b(call.encode(), digest_size=16).digest()) or 1


class OpenSpans:
    """Implements CallSpans. Keeps one open span for each living call.

    Args:
        provider: makes spans and exports them; its ids must come from `ids`.
        ids: see CallIds.
        clock: engine time, to be turned into wall time.

    """

    def __init__(self, provider: TracerProvider, ids: CallIds, clock: Clock) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("hotline")
        self._ids = ids
        self._clock = clock
        self._open: dict[str, Span] = {}

    def began(self, call: str, *, adopted: bool, flow_version: str) -> None:
        """See CallSpans. A call that is found again after a lost link goes on with its span."""
        if call in self._open:
            return
        self._ids.for_call(call)
        attributes: dict[str, str | bool] = {"hotline.call": call, "hotline.adopted": adopted, "hotline.flow_version": flow_version}
        self._open[call] = self._tracer.start_span("call", context=Context(), kind=SpanKind.SERVER, attributes=attributes)

    def stepped(self, call: str, trace: Trace, seconds: float) -> None:
        """See CallSpans."""
        attributes = {"hotline.flow": trace.flow, "hotline.step": trace.step, "hotline.step_type": trace.type, "hotline.result": trace.result}
        self._past(call, f"{trace.flow}/{trace.step}", trace.at, seconds, attributes, fault=trace.result in _FAULTS)

    def ended(self, call: str, outcome: str) -> None:
        """See CallSpans."""
        span = self._open.pop(call, None)
        if span is not None:
            span.set_attribute("hotline.outcome", outcome)
            span.end()

    def told(self, fact: Fact, now: float) -> None:
        """See CallSpans."""
        match fact:
            case CallEntered():
                self._note(fact.call, {"hotline.queue": fact.queue, "hotline.tier": fact.tier})
            case CallAnswered():
                self._note(fact.call, {"hotline.wait_seconds": round(fact.wait_seconds, 3)})
            case CallEnded():
                self._note(fact.call, {"hotline.queue_outcome": fact.outcome.value})
            case OfferEnded():
                attributes = {"hotline.queue": fact.queue, "hotline.offer": fact.offer, "hotline.result": fact.result.value}
                self._past(fact.call, "offer", now, fact.seconds, attributes, fault=False)

    @contextmanager
    def request(self, call: str, backend: str, operation: str) -> Iterator[None]:
        """See CallSpans."""
        parent = self._open.get(call)
        if parent is None:
            yield
            return
        attributes = {"hotline.backend": backend, "hotline.operation": operation}
        span = self._tracer.start_span(f"{backend}.{operation}", context=set_span_in_context(parent, Context()), kind=SpanKind.CLIENT, attributes=attributes)
        result = "ok"
        try:
            yield
        except BackendError as error:
            result = error.reason.value
            span.set_status(Status(StatusCode.ERROR, result))
            raise
        finally:
            span.set_attribute("hotline.result", result)
            span.end()

    async def close(self, seconds: float) -> None:
        """See CallSpans. Spans of calls that go on without this process are not sent: the next one begins new ones."""
        await flushed(self._provider, seconds)

    def _note(self, call: str, attributes: dict[str, str | float]) -> None:
        span = self._open.get(call)
        if span is not None:
            span.set_attributes(attributes)

    def _past(self, call: str, name: str, at: float, seconds: float, attributes: dict[str, str], *, fault: bool) -> None:
        """A child of the call's span that ended at engine time `at`."""
        parent = self._open.get(call)
        if parent is None:
            return
        end = time.time_ns() - int((self._clock.now() - at) * 1e9)
        span = self._tracer.start_span(
            name, context=set_span_in_context(parent, Context()), attributes=attributes, start_time=end - int(max(0.0, seconds) * 1e9)
        )
        if fault:
            span.set_status(Status(StatusCode.ERROR, attributes["hotline.result"]))
        span.end(end)
