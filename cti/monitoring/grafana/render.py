"""From a dashboard to Grafana's JSON: stable ids, places in the grid, names of queues and tiers as people call them."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cti.monitoring.grafana.model import Dashboard, Kind, Panel, Row, Steps, Text, Variable

Json = dict[str, Any]
Say = Callable[[Text], str]
Labels = Mapping[str, Mapping[str, Text]]
"""How people call the values of a label: `{"queue": {"billing": Text("Billing", "电费")}}`."""
SOURCE = {"type": "prometheus", "uid": "${source}"}
COLUMNS = 24
SCHEMA = 39


def rendered(dashboard: Dashboard, say: Say, labels: Labels) -> Json:
    """Return a dashboard as Grafana reads it.

    Args:
        dashboard: what it shows.
        say: chooses the language of a text.
        labels: how people call queues and tiers.

    """
    return {
        "uid": dashboard.uid,
        "title": say(dashboard.title),
        "description": say(dashboard.about),
        "tags": ["hotline"],
        "timezone": "browser",
        "schemaVersion": SCHEMA,
        "editable": True,
        "refresh": dashboard.refresh,
        "time": {"from": dashboard.since, "to": "now"},
        "links": [
            {"type": "dashboards", "tags": ["hotline"], "title": "Hotline", "asDropdown": True, "includeVars": True, "keepTime": True, "icon": "external link", "targetBlank": False}
        ],
        "templating": {"list": [_source(say), *(_variable(variable, say) for variable in dashboard.variables)]},
        "panels": list(_panels(dashboard, say, labels)),
    }


def _source(say: Say) -> Json:
    return {"name": "source", "label": say(Text("Source", "数据源")), "type": "datasource", "query": "prometheus", "hide": 0, "refresh": 1, "options": [], "includeAll": False, "multi": False}


def _variable(variable: Variable, say: Say) -> Json:
    question = f"label_values({variable.metric}, {variable.label})"
    return {
        "name": variable.name,
        "label": say(variable.title),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": question, "refId": variable.name},
        "definition": question,
        "refresh": 2,
        "sort": 1,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panels(dashboard: Dashboard, say: Say, labels: Labels) -> Iterator[Json]:
    y = 0
    for row in dashboard.rows:
        yield {"id": _id(dashboard, row.title), "type": "row", "title": say(row.title), "collapsed": False, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}, "panels": []}
        y += 1
        for panel, place in _placed(row, y):
            yield {"id": _id(dashboard, panel.title), "gridPos": place, **_panel(panel, say, labels)}
            y = max(y, place["y"] + place["h"])


def _placed(row: Row, y: int) -> Iterator[tuple[Panel, dict[str, int]]]:
    """Left to right; a panel that finds no room begins the next line."""
    x = tallest = 0
    for panel in row.panels:
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        yield panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}
        x, tallest = x + panel.width, max(tallest, panel.height)


def _id(dashboard: Dashboard, title: Text) -> int:
    """The same for the same panel, wherever it stands."""
    return zlib.crc32(f"{dashboard.uid}/{title.en}".encode()) % 1_000_000_000 + 1


def _panel(panel: Panel, say: Say, labels: Labels) -> Json:
    defaults: Json = {"unit": panel.unit.value, "thresholds": _thresholds(panel.steps), **_looks(panel)}
    found: Json = {
        "type": panel.kind.value,
        "title": say(panel.title),
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": list(_overrides(panel, say, labels))},
        "options": _options(panel),
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": target.expression,
                "legendFormat": target.legend or "__auto",
                "instant": target.instant,
                "range": not target.instant,
                **({"format": "table"} if panel.kind is Kind.TABLE else {"format": "heatmap"} if panel.kind is Kind.HEATMAP else {}),
            }
            for number, target in enumerate(panel.targets)
        ],
    }
    if panel.kind is Kind.TABLE:  # what Grafana adds to each row says nothing
        found["transformations"] = [{"id": "organize", "options": {"excludeByName": {"Time": True}}}]
    return found | ({"description": say(panel.about)} if panel.about.en else {})


def _looks(panel: Panel) -> Json:
    if panel.kind is not Kind.TIMESERIES:
        return {"color": {"mode": "thresholds"}} if panel.kind in {Kind.STAT, Kind.BARGAUGE} else {}
    custom: Json = {"lineWidth": 1, "fillOpacity": 30 if panel.stacked else 5, "showPoints": "never", "spanNulls": False}
    if panel.stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    return {"color": {"mode": "palette-classic"}, "custom": custom, "min": 0}


def _options(panel: Panel) -> Json:
    match panel.kind:
        case Kind.STAT:
            return {"reduceOptions": {"calcs": ["lastNotNull"], "values": False}, "colorMode": "value", "graphMode": "area", "textMode": "auto"}
        case Kind.BARGAUGE:
            return {"reduceOptions": {"calcs": ["lastNotNull"], "values": False}, "orientation": "horizontal", "displayMode": "basic", "showUnfilled": True}
        case Kind.TIMESERIES:
            return {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
        case Kind.HEATMAP:
            return {"calculate": False, "cellGap": 1, "color": {"mode": "scheme", "scheme": "Blues", "steps": 64}, "yAxis": {"unit": panel.unit.value}}
        case Kind.TABLE:
            return {"showHeader": True, "cellHeight": "sm"}


def _thresholds(steps: Steps) -> Json:
    return {"mode": "absolute", "steps": [{"value": value, "color": color.value} for value, color in steps]}


def _overrides(panel: Panel, say: Say, labels: Labels) -> Iterator[Json]:
    legends = {target.legend for target in panel.targets}
    called = {name: text for label, names in labels.items() if f"{{{{{label}}}}}" in legends for name, text in names.items()}
    for name in sorted(called.keys() | panel.steps_of.keys()):
        properties: list[Json] = []
        if name in called:
            properties.append({"id": "displayName", "value": say(called[name])})
        if name in panel.steps_of:
            properties.append({"id": "thresholds", "value": _thresholds(panel.steps_of[name])})
        yield {"matcher": {"id": "byName", "options": name}, "properties": properties}
