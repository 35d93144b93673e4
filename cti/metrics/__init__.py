"""What is published at /metrics: counters from facts and hooks, gauges read from the engine's totals at each scrape."""

from cti.metrics.metrics import Metrics
from cti.metrics.sources import Configured, Readings

__all__ = ["Configured", "Metrics", "Readings"]
