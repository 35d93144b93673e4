"""The four dashboards as files for Grafana's provisioning."""

import json
from enum import StrEnum

from acd.config import Policy
from cti.monitoring.grafana.floor import floor
from cti.monitoring.grafana.health import health
from cti.monitoring.grafana.ivr import ivr
from cti.monitoring.grafana.model import Dashboard, Text
from cti.monitoring.grafana.queues import queues
from cti.monitoring.grafana.render import Say, rendered


class Language(StrEnum):
    """In which language headings are."""

    BOTH = "both"
    EN = "en"
    ZH = "zh"


_SAY: dict[Language, Say] = {
    Language.BOTH: lambda text: text.en if text.en == text.zh else f"{text.en} · {text.zh}",
    Language.EN: lambda text: text.en,
    Language.ZH: lambda text: text.zh,
}


def all_dashboards(policy: Policy) -> tuple[Dashboard, ...]:
    """Return the four dashboards of a configuration."""
    return floor(policy), queues(policy), ivr(), health()


def dashboards(policy: Policy, language: Language = Language.BOTH) -> dict[str, str]:
    """Return the dashboards as JSON by file name.

    Args:
        policy: queues and tiers, whose labels and thresholds are shown.
        language: of headings and names.

    """
    labels = {
        "queue": {queue.name: Text(queue.label_en or queue.name, queue.label_zh or queue.name) for queue in policy.queues.values()},
        "tier": {tier.name: Text(tier.label_en or tier.name, tier.label_zh or tier.name) for tier in policy.tiers.values()},
    }
    return {
        f"{each.uid}.json": json.dumps(rendered(each, _SAY[language], labels), ensure_ascii=False, indent=1) + "\n"
        for each in all_dashboards(policy)
    }
