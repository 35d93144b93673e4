"""`hotline dashboards …`: the Grafana dashboards made from the configuration."""

from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import BAD_INPUT, fail, say
from cti.cli.rules import ConfigDir, write
from cti.monitoring.grafana import Language
from ivr.document import BadDocument

commands = typer.Typer(no_args_is_help=True, help="Dashboards for Grafana. Example: hotline dashboards export -o dashboards")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="dashboards")


@commands.command("export")
def export(
    config_dir: ConfigDir = Path("config"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files; made if it is not there.")] = Path("dashboards"),
    lang: Annotated[Language, typer.Option(help="Language of headings and of the names of queues and tiers.")] = Language.BOTH,
) -> None:
    """Write four Grafana dashboards: live floor, queues and tiers, IVR funnel, health.

    They ask for the figures that `hotline rules export` records; labels and thresholds are those of the configuration.
    Example: hotline dashboards export -o /var/lib/grafana/dashboards --lang zh
    """
    from cti.config import load_policy  # noqa: PLC0415 - other commands need not load it
    from cti.monitoring.grafana import dashboards  # noqa: PLC0415

    try:
        files = dashboards(load_policy(config_dir), lang)
    except BadDocument as bad:
        fail("\n".join(str(finding) for finding in bad.findings), BAD_INPUT)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{output}: {error.strerror}. Name a folder that may be made.", BAD_INPUT)
    for name, text in files.items():
        write(output / name, text)
        say(f"{output / name}")
