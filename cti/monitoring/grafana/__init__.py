"""Four Grafana dashboards, made from the configuration: live floor, queues and tiers, IVR funnel, health."""

from cti.monitoring.grafana.export import Language, dashboards

__all__ = ["Language", "dashboards"]
