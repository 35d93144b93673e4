"""What is published at /metrics: counters from facts and hooks, gauges read from the engine's snapshot at each scrape."""

from cti.metrics.metrics import Metrics

__all__ = ["Metrics"]
