"""`config/queues.yaml`, `tiers.yaml` and `agents.yaml`: read, checked together, made into the engine's policy."""

from cti.config.loader import Loaded, load_policy, missing_plans, read_policy

__all__ = ["Loaded", "load_policy", "missing_plans", "read_policy"]
