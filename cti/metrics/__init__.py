"""What is published at /metrics: counters from facts and hooks, gauges read from the engine's totals at each scrape."""

from cti.metrics.metrics import Configured, Metrics, Readings

__all__ = ["Configured", "Metrics", "Readings"]
