"""From definitions to the library's objects."""

import itertools
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

from cti.metrics.catalogue import Definition

# Each counter would get a second series that says when it was made; nobody asks for it and it doubles the page.
disable_created_metrics()  # type: ignore[no-untyped-call]


def counter(definition: Definition, registry: CollectorRegistry) -> Counter:
    """Make and register a counter."""
    return Counter(definition.name, definition.help, definition.labels, registry=registry)


def gauge(definition: Definition, registry: CollectorRegistry) -> Gauge:
    """Make and register a gauge."""
    return Gauge(definition.name, definition.help, definition.labels, registry=registry)


def histogram(definition: Definition, registry: CollectorRegistry, also: Iterable[float] = ()) -> Histogram:
    """Make and register a histogram; `also` are bounds (seconds) to have among its own."""
    buckets = sorted({*definition.buckets, *(bound for bound in also if bound > 0)})
    return Histogram(definition.name, definition.help, definition.labels, registry=registry, buckets=buckets)


def begin_at_zero(metric: MetricWrapperBase, *values: Sequence[str]) -> None:
    """Make the series of every combination of label values, so that a rate sees their first event."""
    for labels in itertools.product(*values):
        metric.labels(*labels)
