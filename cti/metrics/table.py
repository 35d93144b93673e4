"""The page docs/metrics.md. `python -m cti.metrics.table > docs/metrics.md` writes it anew."""

import sys
from importlib.metadata import version
from pathlib import Path

from cti.backends.config import read_backends_config
from cti.config import read_policy
from cti.config.dialing import load_dialing
from cti.inputs import configured_names, known_names
from cti.metrics.axes import Axis, Names
from cti.metrics.catalogue import DEFINITIONS, Definition, series
from ivr.flows import load_flows, read_files

_PROJECT = Path(__file__).parents[2]

_HEAD = """# Metrics

Served at `/metrics`, without a token, on loopback unless told otherwise. This page is made from
`cti/metrics/catalogue.py` by `python -m cti.metrics.table > docs/metrics.md`.

- Label values come from the configuration (queues, tiers, flows, steps, backends) or from short lists in the code; a
  value nobody expected is counted as `other`. No metric says anything about a person: no number, call or agent.
- Every series is there from the start, at zero, so that a rate sees the first event. After a reload new names begin at zero;
  names that neither this configuration nor the one before it has are gone.
- Bounds of histograms are written with a fraction: `le="20.0"`. Every queue's `service_level_seconds` and
  `short_abandon_seconds` are bounds of `hotline_queue_wait_seconds`. When a reload changes them, this histogram begins again at
  zero with the new bounds, which Prometheus takes for what a restart does.
- Service level as Asterisk's first: answered in time / answered:
  `sum(rate(hotline_queue_wait_seconds_bucket{outcome="answered",le="20.0"}[15m])) / sum(rate(hotline_queue_calls_answered_total[15m]))`.
  As its second: (answered + abandoned in time) / (answered + abandoned), with `outcome=~"answered|abandoned"`. docs/kpi.md has all variants.
- After a restart, also after `kill -9`, counters begin at zero, and `hotline_start_time_seconds` says when; `rate` and `increase` see the
  reset. Callers taken over count as `resumed` and `adopted`, not again as `entered` and as calls that came in; their ends count where they end.
- While there is no link to Asterisk, gauges of lines and agents are absent: a zero would say that nobody waits.
- Histograms of waits, talks, talks outside, flows and backends carry exemplars: the call id of the last call in each bucket, for Prometheus
  with `--enable-feature=exemplar-storage`. They come with OpenMetrics only, which Prometheus asks for by itself:
  `curl -H 'Accept: application/openmetrics-text' http://127.0.0.1:8080/metrics`.
"""

_FORMULA = """
## How many series

Their number is known beforehand: each metric has as many series as the last column says. All together{sum}; `hotline metrics` reckons it
for yours. Gauges marked * are there only while
something is known. A series of `other` comes only when something unforeseen was told, such as a caller of a tier that tiers.yaml
does not have, and is gone after the next reload.

| letter | stands for | demo |
|---|---|---|
"""

_TABLE = """
| metric | kind | labels | meaning | series |
|---|---|---|---|---|
"""


def markdown() -> str:
    """Return the whole page."""
    names = demo_names()
    letters = "".join(_letter(axis, names) for axis in _letters()) + f"| W | bounds of waits: 14, and the thresholds of queues.yaml that are not among them | {_waits(names)} |\n"
    total = f", a server with the demo's configuration has **{series(names):,}** of them, once each queue has a forecast"
    return _HEAD + _FORMULA.format(sum=total) + letters + _TABLE + "".join(_row(definition) for definition in DEFINITIONS)


def demo_names() -> Names:
    """What the configuration that comes with the project calls things."""
    return names_of(_PROJECT / "config", _PROJECT / "flows")


def names_of(config: Path, flows_folder: Path) -> Names:
    """What the configuration in these folders calls things. Raises OSError, BadDocument."""
    policy, dialing, file = read_policy(config).policy, load_dialing(config), config / "backends.yaml"
    backends = read_backends_config(file.read_text(encoding="utf-8"), str(file))
    flows = load_flows(read_files(flows_folder), known_names(policy, backends, dialing))
    return configured_names(flows, backends, dialing, version("hotline-acd")).names(policy)


def _letters() -> list[Axis]:
    axes = {axis.meaning: axis for definition in DEFINITIONS for axis in definition.axes if axis.meaning}
    return list(axes.values())


def _letter(axis: Axis, names: Names) -> str:
    letter = axis.symbol.strip("()").partition(" ")[0]
    count = len(list(axis.combinations(names))) - (2 if axis.symbol.startswith("(") else 0)
    return f"| {letter} | {axis.meaning} | {count} |\n"


def _waits(names: Names) -> int:
    return next(len(definition.bounds(names)) for definition in DEFINITIONS if definition.waits)


def _row(definition: Definition) -> str:
    labels = ", ".join(f"`{label}`" for label in definition.labels)
    words = definition.help.replace("|", "\\|")
    return f"| `{definition.name}` | {definition.kind.value} | {labels} | {words} | {definition.formula()}{' *' if definition.sparse else ''} |\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
