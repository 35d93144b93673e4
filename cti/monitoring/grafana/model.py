"""What a dashboard consists of, before it becomes Grafana's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Text(NamedTuple):
    """A text in both languages."""

    en: str
    zh: str


NOTHING_TO_ADD = Text("", "")


class Kind(StrEnum):
    """Grafana's panel types, as far as they are used."""

    STAT = "stat"
    TIMESERIES = "timeseries"
    TABLE = "table"
    BARGAUGE = "bargauge"
    HEATMAP = "heatmap"


class Unit(StrEnum):
    """Grafana's units, as far as they are used."""

    NUMBER = "short"
    RATIO = "percentunit"
    SECONDS = "s"
    A_MINUTE = "opm"
    BYTES = "bytes"
    TIME = "dateTimeAsIso"


class Color(StrEnum):
    """Colours of thresholds."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    BLUE = "blue"


Steps = tuple[tuple[float | None, Color], ...]
"""Thresholds: from which value on (None: from below) which colour."""


@dataclass(frozen=True, slots=True)
class Target:
    """A question to Prometheus. `legend` names its series; `instant` asks for now alone."""

    expression: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title: its heading, by whose English words its id is made.
        kind, unit: how it shows figures.
        targets: what it asks.
        width, height: in Grafana's grid of 24 columns.
        about: what the figure means.
        steps: thresholds of all series; `steps_of` those of one series, by its name.
        stacked: areas on top of each other.

    """

    title: Text
    kind: Kind
    unit: Unit
    targets: tuple[Target, ...]
    width: int = 6
    height: int = 8
    about: Text = NOTHING_TO_ADD
    steps: Steps = ((None, Color.GREEN),)
    steps_of: Mapping[str, Steps] = field(default_factory=dict)
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it."""

    title: Text
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top: the values of a label of a metric, several or all of them."""

    name: str
    title: Text
    metric: str
    label: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard. `uid` is in its address; `since` and `refresh` are Grafana's words for the range and how often it is asked."""

    uid: str
    title: Text
    about: Text
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    since: str = "now-3h"
    refresh: str = "10s"


QUEUE = Variable("queue", Text("Queue", "队列"), "hotline_queue_calls_waiting", "queue")
TIER = Variable("tier", Text("Tier", "客户等级"), "hotline_queue_calls_waiting", "tier")
FLOW = Variable("flow", Text("Flow", "流程"), "hotline_ivr_exits_total", "flow")
BACKEND = Variable("backend", Text("Backend", "后台"), "hotline_backend_calls_total", "backend")
