"""`hotline metrics`: what the configuration will bring to Prometheus: every metric, and how many series it has."""

from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import BAD_INPUT, fail, say
from ivr.document import BadDocument


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("metrics")(metrics)


def metrics(
    config_dir: Annotated[Path, typer.Option("--config-dir", help="Folder of queues.yaml, tiers.yaml, agents.yaml, backends.yaml.")] = Path("config"),
    flows_dir: Annotated[Path, typer.Option("--flows-dir", help="Folder of the flows.")] = Path("flows"),
) -> None:
    """Say how many series a server with this configuration has, by metric, the most first: to plan a Prometheus by.

    docs/metrics.md tells what each means and has the formula. Example: hotline metrics --config-dir config --flows-dir flows
    """
    from cti.metrics.catalogue import DEFINITIONS  # noqa: PLC0415 - other commands need not load it
    from cti.metrics.table import names_of  # noqa: PLC0415

    try:
        names = names_of(config_dir, flows_dir)
    except BadDocument as bad:
        fail("\n".join(str(finding) for finding in bad.findings), BAD_INPUT)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}. Name the folders with --config-dir and --flows-dir.", BAD_INPUT)
    sizes = sorted(((definition.series(names), definition) for definition in DEFINITIONS), key=lambda size: -size[0])
    for count, definition in sizes:
        say(f"{count:>8,}  {definition.name}  = {definition.formula()}")
    say(f"{sum(count for count, _ in sizes):>8,}  series of the hotline's own, and a dozen of the process")
