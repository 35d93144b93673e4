"""What each key figure means: one definition each, reckoned from the records and nothing else."""

from cti.kpi.catalogue import KPIS, Kpi, Unit, kpi
from cti.kpi.tally import AgentTally, CallTally, Figures, LegTally, Limits, figures_of

__all__ = ["KPIS", "AgentTally", "CallTally", "Figures", "Kpi", "LegTally", "Limits", "Unit", "figures_of", "kpi"]
