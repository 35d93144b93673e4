"""Plots of a simulated day, drawn the same to the last byte each time: SVG, or HTML with the SVG in it."""

import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed", "#dc2626", "#0891b2", "#65a30d", "#475569")
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "hotline",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


def new_figure(rows: int, columns: int, width: float, height: float) -> "tuple[Figure, list[Axes]]":
    """Return an empty drawing without a window, of this size in inches, and its panels row by row."""
    import matplotlib as mpl  # noqa: PLC0415 - here and below: half a second that other commands need not pay
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams.update(_STYLE)
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    return figure, [panel for row in panels for panel in row]


def svg(figure: "Figure") -> str:
    """Return the drawing as SVG text, without date and random names."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def day_plot(told: dict[str, Any], opens_at_seconds: float, title: str) -> str:
    """Return a report (see report.py) as SVG: the day by interval, and the tiers and queues beside each other."""
    figure, panels = new_figure(3, 2, 11, 9.5)
    figure.suptitle(title)
    _by_interval(panels[0], panels[1], told, opens_at_seconds)
    _bars(panels[2], told["tiers"], "asa_seconds", "ASA by tier (s)")
    _bars(panels[3], told["queues"], "sl_offered", "service level by queue (answered in time / offered)")
    panels[3].set_ylim(0, 1)
    _bars(panels[4], told["tiers"], "overtaken_share", "overtaken, by tier (share of the answered)")
    _bars(panels[5], told["queues"], "abandonment", "given up, by queue (share of the offered)")
    return svg(figure)


def _by_interval(calls: "Axes", levels: "Axes", told: dict[str, Any], opens_at_seconds: float) -> None:
    hours = [(opens_at_seconds + (n + 0.5) * told["interval_seconds"]) / 3600 for n in range(len(told["intervals"]))]
    width = 0.9 * told["interval_seconds"] / 3600
    calls.bar(hours, means(told["intervals"], "offered"), width, color=COLOURS[0])
    calls.set_title("calls offered, by interval")
    levels.plot(hours, means(told["intervals"], "sl_offered"), color=COLOURS[0], label="service level")
    levels.plot(hours, means(told["intervals"], "abandonment"), color=COLOURS[4], label="given up")
    levels.plot(hours, means(told["intervals"], "occupancy"), color=COLOURS[2], label="occupancy")
    levels.set_ylim(0, 1)
    levels.set_title("shares, by interval")
    levels.legend(frameon=False)
    for panel in (calls, levels):
        panel.set_xlabel("hour of the day")


def _bars(panel: "Axes", groups: dict[str, Any], figure: str, title: str) -> None:
    panel.bar(
        list(groups),
        means(list(groups.values()), figure),
        yerr=_errors(list(groups.values()), figure),
        color=COLOURS[1],
    )
    panel.set_title(title)


def means(entries: Sequence[dict[str, Any]], figure: str) -> list[float]:
    """Return the means of a figure, NaN where there is none."""
    return [entry[figure]["mean"] if entry[figure] else float("nan") for entry in entries]


def _errors(entries: Sequence[dict[str, Any]], figure: str) -> list[float]:
    return [(entry[figure] or {}).get("half_width") or 0.0 for entry in entries]


def write_plot(path: Path, drawing: str, title: str) -> None:
    """Write SVG as it is, or within a page when the file's name ends in .html.

    Raises:
        OSError: it cannot be written.

    """
    if path.suffix == ".html":
        drawing = page(title, drawing[drawing.index("<svg") :])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(drawing, encoding="utf-8")


def page(title: str, body: str) -> str:
    """Return a page that needs nothing else."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
        "svg{max-width:100%;height:auto}table{border-collapse:collapse}td,th{padding:.25rem .7rem;text-align:right;"
        "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}.better{color:#047857}"
        f".worse{{color:#b91c1c}}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
