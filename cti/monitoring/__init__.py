"""What ops are told: recording rules, alerts and dashboards, made from the project's own configuration, and the same alerts judged by the server itself."""

from cti.monitoring.catalogue import Severity
from cti.monitoring.conditions import Condition, conditions
from cti.monitoring.figures import Counts, Figures
from cti.monitoring.health import Health
from cti.monitoring.watch import Alert, AlertWatch

__all__ = ["Alert", "AlertWatch", "Condition", "Counts", "Figures", "Health", "Severity", "conditions"]
