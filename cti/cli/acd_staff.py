"""`hotline acd staff`: how many agents when, by Erlang's formulas, and what comes of it with skills."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cti.cli.acd_simulate import AsJson, ConfigFolder, Seeds, scenario_of, seeds_of, written
from cti.cli.console import BAD_INPUT, fail, say

if TYPE_CHECKING:
    from acd.theory.staffing import Target
    from cti.simulation.scenario import Scenario
    from cti.simulation.staffing import Need


def staff(
    scenario: Annotated[Path, typer.Argument(help="the scenario: callers and hours (docs/routing.md)")],
    target: Annotated[str, typer.Option(help="service level: 90/10 means 90 % answered within 10 s")] = "80/20",
    config: ConfigFolder = None,
    seeds: Seeds = "1-5",
    as_json: AsJson = False,
) -> None:
    """Plan the staff of each queue and interval, and play days with just these agents.

    Example: hotline acd staff config/examples/telecom/scenario.yaml --target 90/10

    The plan is Erlang A (or C for callers who never give up), each queue for itself. The played days use the policy with
    all its skills and rings: they tell where the plan is too small (or skills make it too large).
    """
    from cti.simulation.report import report  # noqa: PLC0415 - here and below: other commands need not load it
    from cti.simulation.staffing import plan, play_plan  # noqa: PLC0415

    day, wanted = scenario_of(scenario, config), target_of(target)
    needs = plan(day, wanted)
    chosen = seeds_of(seeds)
    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as progress:
        task = progress.add_task("playing the plan", total=len(chosen))
        told = report(play_plan(day, needs, chosen, lambda: progress.advance(task)))
    if as_json:
        say(json.dumps({"plan": [asdict(need) for need in needs], "played": told}, ensure_ascii=False))
    else:
        _print(day, needs, told, wanted)


def target_of(text: str) -> "Target":
    """Return the target of `90/10`, or end with status 2."""
    from acd.theory.staffing import Target  # noqa: PLC0415

    found = re.fullmatch(r"(\d{1,2}(?:\.\d+)?)/(\d{1,4}(?:\.\d+)?)", text)
    if found is None or float(found[1]) <= 0:
        fail(f"--target {text}: write it like 90/10, for 90 % within 10 s", BAD_INPUT)
    return Target(float(found[1]) / 100.0, float(found[2]))


def _print(day: "Scenario", needs: "tuple[Need, ...]", told: dict[str, Any], target: "Target") -> None:
    queues = list(dict.fromkeys(need.queue for need in needs))
    title = f"Agents needed for {100 * target.share:g} % within {target.seconds:g} s; in brackets the work in agents"
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in ("from", "calls", *queues, "all", "played: in time", "given up"):
        table.add_column(column, justify="right")
    for number in range(max(need.interval for need in needs) + 1):
        now = {need.queue: need for need in needs if need.interval == number}
        minutes = int(day.opens_at_seconds + number * day.interval_seconds) // 60
        played = told["intervals"][number] if number < len(told["intervals"]) else {}
        table.add_row(
            f"{minutes // 60:02}:{minutes % 60:02}", f"{sum(need.calls for need in now.values()):.0f}",
            *(f"{now[queue].agents} ({now[queue].erlangs:.1f})" for queue in queues), str(sum(need.agents for need in now.values())),
            written("sl_offered", played.get("sl_offered")), written("abandonment", played.get("abandonment")),
        )  # fmt: skip
    Console().print(table)
    say(
        "Played: answered within each queue's own service_level_seconds / offered, by the policy with its skills and rings."
    )
    for queue in queues:
        short = max((need.agents - need.at_hand for need in needs if need.queue == queue), default=0)
        if short > 0:
            say(
                f"{queue}: {short} more agents are needed than have it as their first queue; the played days lack them."
            )
