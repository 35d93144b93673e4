"""`hotline acd rules`: what each rule of a policy does to each tier's wait, as a page."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from cti.cli.acd_simulate import ConfigFolder, Seeds, scenario_of, seeds_of
from cti.cli.console import FAILED, fail, say


def rules(
    scenario: Annotated[Path, typer.Argument(help="the scenario (docs/routing.md)")],
    docs: Annotated[Path, typer.Option(help="the page becomes routing/rules.html in this folder")] = Path("run"),
    config: ConfigFolder = None,
    seeds: Seeds = "1-5",
    draw_only: Annotated[bool, typer.Option("--draw-only", help="draw what was measured before")] = False,
) -> None:
    """Switch each rule off in turn and show what becomes of each tier's wait, on a page that needs nothing else.

    Example: hotline acd rules config/examples/telecom/scenario.yaml --docs docs
    """
    from cti.simulation.rules import DATA, PAGE, measure, write  # noqa: PLC0415 - other commands need not load it

    try:
        if draw_only:
            measured = json.loads((docs / "routing" / DATA).read_text(encoding="utf-8"))
        else:
            day, chosen = scenario_of(scenario, config), seeds_of(seeds)
            with Status("playing", console=Console(stderr=True)) as status:
                measured = measure(day, chosen, status.update)
        write(docs, measured)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}. Name another folder with --docs.", FAILED)
    say(f"{docs / 'routing' / PAGE}: what each rule does")
