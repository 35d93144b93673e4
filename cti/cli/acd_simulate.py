"""`hotline acd simulate`: a day through the very engine, in seconds."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cti.cli.console import BAD_INPUT, FAILED, fail, say
from cti.cli.db import Address, SettingsFile
from cti.cli.recorded_days import Zone, records_of
from ivr.document import BadDocument

if TYPE_CHECKING:
    from cti.simulation.playing import Day
    from cti.simulation.scenario import Scenario

MOST_SEEDS = 200
Seeds = Annotated[str, typer.Option(help="seeds to play, like 7 or 1-20; each is another day, and replays exactly")]
AsJson = Annotated[bool, typer.Option("--json", help="print everything as JSON, one line")]
ConfigFolder = Annotated[
    Path | None,
    typer.Option("--config", help="another folder of queues.yaml, tiers.yaml and agents.yaml, to try a change"),
]


def simulate(
    scenario: Annotated[Path, typer.Argument(help="the scenario: callers, shifts, hours (docs/routing.md)")],
    config: ConfigFolder = None,
    seeds: Seeds = "1-5",
    recorded: Annotated[str, typer.Option(help="let the callers of this recorded day call, like 2026-11-21, instead of the scenario's")] = "",
    database: Address = "",
    settings: SettingsFile = None,
    zone: Zone = "Asia/Shanghai",
    plot: Annotated[Path | None, typer.Option(help="draw the day into this .svg or .html file")] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="print the intervals of the day, too")] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a day: service level, waits, abandonment, occupancy and overtaking, by tier, queue and interval.

    Example: hotline acd simulate config/examples/telecom/scenario.yaml --seeds 1-20 --plot day.html

    The engine is the one that routes real calls. Figures are means over the seeds with their 95 % interval. With --recorded the callers are
    those of a day in the database (entry, queue, tier, language, talk); seeds draw what was not recorded, and agents work as the scenario says.
    """
    from cti.simulation.plot import day_plot, write_plot  # noqa: PLC0415 - here and below: other commands need not load it
    from cti.simulation.report import report  # noqa: PLC0415

    if plot is not None and plot.suffix not in (".svg", ".html"):
        fail(f"--plot {plot}: write a name that ends in .svg or .html", BAD_INPUT)
    day = scenario_of(scenario, config)
    if recorded:
        day = _with_recorded(day, recorded, zone, database, settings)
    told = report(played(day, seeds_of(seeds), quiet=as_json))
    if as_json:
        say(json.dumps(told, ensure_ascii=False))
    else:
        _print(told, day, intervals=intervals)
    if plot is not None:
        try:
            write_plot(plot, day_plot(told, day.opens_at_seconds, day.label.en), day.label.en)
        except OSError as error:
            fail(f"{plot}: cannot be written: {error.strerror}", FAILED)


def _with_recorded(day: "Scenario", date: str, zone: str, database: str, settings: Path | None) -> "Scenario":
    from cti.simulation.recorded import RecordedCallers  # noqa: PLC0415

    since_ms, records = records_of(date, zone, database, settings)
    recorded = RecordedCallers(tuple(records), since_ms)
    try:
        usable = recorded.callers(day.policy, 1, day.opens_at_seconds, day.seconds)
    except ValueError as error:
        fail(f"{date}: {error}. Name another day, or its database with --database.", FAILED)
    if not usable:
        fail(f"{date}: nobody called within the scenario's hours. Name another day, or widen `hours:`.", FAILED)
    return replace(day, recorded=recorded)


def scenario_of(path: Path, config: Path | None = None) -> "Scenario":
    """Return the scenario, or end with status 2 and everything wrong with it."""
    from cti.simulation.scenario import read_scenario  # noqa: PLC0415

    try:
        return read_scenario(path, config)
    except BadDocument as bad:
        fail(str(bad), BAD_INPUT)


def seeds_of(text: str) -> list[int]:
    """Return the seeds of `7` or `1-20`, or end with status 2."""
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", text)
    if found is None:
        fail(f"--seeds {text}: write a number, or two like 1-20", BAD_INPUT)
    first, last = int(found[1]), int(found[2] or found[1])
    if not first <= last < first + MOST_SEEDS:
        fail(f"--seeds {text}: write the smaller first, and at most {MOST_SEEDS} seeds", BAD_INPUT)
    return list(range(first, last + 1))


def played(scenario: "Scenario", seeds: list[int], *, quiet: bool) -> "list[Day]":
    """Play the days behind a progress bar (on stderr, so that stdout holds results only)."""
    from cti.simulation.playing import play_day  # noqa: PLC0415

    days = []
    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        for seed in seeds:
            task = progress.add_task(f"seed {seed}", total=1.0)
            days.append(play_day(scenario, seed, lambda part, task=task: progress.advance(task, part)))  # type: ignore[misc]
    return days


COLUMNS = {
    "offered": "calls", "sl_offered": "in time", "sl_answered": "of answered", "asa_seconds": "ASA s",
    "p90_seconds": "p90 s", "abandonment": "given up", "overtaken_share": "overtaken", "otherwise": "else",
}  # fmt: skip
_COUNTS = frozenset({"offered", "otherwise"})
_SHARES = frozenset({"sl_offered", "sl_answered", "sl_patient", "abandonment", "overtaken_share", "occupancy"})


def _print(told: dict[str, Any], scenario: "Scenario", *, intervals: bool) -> None:
    console = Console()
    tiers = [name for name in scenario.policy.tiers if name in told["tiers"]]
    queues = [name for name in scenario.policy.queues if name in told["queues"]]
    table = figures_table(f"{scenario.label.en}, {len(told['seeds'])} days")
    for names, groups in ((tiers, told["tiers"]), (queues, told["queues"]), (["all"], {"all": told["total"]})):
        for name in names:
            table.add_row(name, *(written(figure, groups[name][figure]) for figure in COLUMNS))
        table.add_section()
    console.print(table)
    if intervals:
        console.print(_interval_table(told, scenario.opens_at_seconds))
    around = ", ".join(
        f"{COLUMNS[name]} {_around(name, told['total'][name])}" for name in ("sl_offered", "asa_seconds", "abandonment")
    )
    say(f"occupancy {written('occupancy', told['occupancy'])}; 95 % interval of all: {around}")
    console.print(_overtaking_table(told, tiers))
    if told["callbacks"]["promised"]["mean"]:
        say(_callbacks(told["callbacks"]))


def figures_table(title: str) -> Table:
    """Return an empty table of figures, one row a group of callers."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("", no_wrap=True)
    for column in COLUMNS.values():
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _interval_table(told: dict[str, Any], opens_at_seconds: float) -> Table:
    table = Table(title="By interval", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("from", "offered", "SL offered", "ASA s", "given up", "occupancy"):
        table.add_column(column, justify="right", no_wrap=True)
    for number, interval in enumerate(told["intervals"]):
        minutes = int(opens_at_seconds + number * told["interval_seconds"]) // 60
        figures = ("offered", "sl_offered", "asa_seconds", "abandonment", "occupancy")
        table.add_row(f"{minutes // 60:02}:{minutes % 60:02}", *(written(name, interval[name]) for name in figures))
    return table


def _overtaking_table(told: dict[str, Any], tiers: list[str]) -> Table:
    pairs = {(pair["first"], pair["passed"]): pair["mean"] for pair in told["overtakings"]}
    table = Table(
        title="Overtaking in a queue, pairs a day",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("went first")
    for tier in tiers:
        table.add_column(f"before {tier}", justify="right", no_wrap=True)
    for first in tiers:
        table.add_row(first, *(f"{pairs.get((first, passed), 0.0):.0f}" for passed in tiers))
    return table


def _callbacks(told: dict[str, Any]) -> str:
    counts = ", ".join(f"{name.replace('_', ' ')} {told[name]['mean']:.1f}" for name in ("promised", "called_back", "failed", "expired", "attempts"))
    wait = told["mean_wait_seconds"]
    return f"callbacks a day: {counts}; from entry to talk {'-' if wait is None else format(wait['mean'], '.1f')} s"


def written(name: str, value: dict[str, float | None] | None) -> str:
    """Return the mean of a figure as people read it; a dash for none."""
    if value is None or value["mean"] is None:
        return "-"
    if name in _COUNTS:
        return f"{value['mean']:.0f}"
    return f"{100 * value['mean']:.1f} %" if name in _SHARES else f"{value['mean']:.1f}"


def _around(name: str, value: dict[str, float | None] | None) -> str:
    width = None if value is None else value["half_width"]
    if width is None:
        return "±?"
    return f"±{100 * width:.1f} %" if name in _SHARES else f"±{width:.1f}"
