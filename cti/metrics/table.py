"""The table of docs/metrics.md. `python -m cti.metrics.table > docs/metrics.md` writes it anew."""

import sys

from cti.metrics.catalogue import DEFINITIONS, Definition

_HEAD = """# Metrics

Served at `/metrics`, without a token, on loopback unless told otherwise. This page is made from
`cti/metrics/catalogue.py` by `python -m cti.metrics.table > docs/metrics.md`.

- Label values come from the configuration (queues, tiers, flows, steps, backends) or from short lists in the code; a
  value nobody expected is counted as `other`. No metric says anything about a person: no number, call or agent.
- Bounds of histograms are written with a fraction: `le="20.0"`. Every queue's `service_level_seconds` is a bound of
  `hotline_queue_wait_seconds`.
- Service level as Asterisk's first: answered in time / answered:
  `sum(rate(hotline_queue_wait_seconds_bucket{outcome="answered",le="20.0"}[15m])) / sum(rate(hotline_queue_calls_answered_total[15m]))`.
  As its second: (answered + abandoned in time) / (answered + abandoned), with `outcome=~"answered|abandoned"`.
- After a restart, counters begin at zero; callers taken over count as `resumed`, not as `entered`.

| metric | kind | labels | meaning |
|---|---|---|---|
"""


def markdown() -> str:
    """Return the whole page."""
    return _HEAD + "".join(_row(definition) for definition in DEFINITIONS)


def _row(definition: Definition) -> str:
    labels = ", ".join(f"`{label}`" for label in definition.labels)
    return f"| `{definition.name}` | {definition.kind.value} | {labels} | {definition.help} |\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
