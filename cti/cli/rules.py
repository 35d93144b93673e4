"""`hotline rules …`: the Prometheus rules made from the configuration: recorded key figures and alerts."""

from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import BAD_INPUT, fail, say
from ivr.document import BadDocument

commands = typer.Typer(no_args_is_help=True, help="Recording rules and alerts for Prometheus. Example: hotline rules export -o hotline.rules.yml")

ConfigDir = Annotated[Path, typer.Option("--config-dir", help="Folder of queues.yaml, tiers.yaml and agents.yaml.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="rules")


@commands.command("export")
def export(
    config_dir: ConfigDir = Path("config"),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write into this file instead of printing.")] = None,
    job: Annotated[str, typer.Option(help="job_name of the scrape in prometheus.yml.")] = "hotline",
    runbooks: Annotated[str, typer.Option(help="Address of docs/alerts.md where those on duty can open it.")] = "docs/alerts.md",
) -> None:
    """Write the rule file for Prometheus: every key figure of docs/kpi.md over 15 minutes, an hour and a day, and the alerts.

    Thresholds are those of queues.yaml, so make it anew when they change. promtool check rules FILE checks it.
    Example: hotline rules export -o /etc/prometheus/hotline.rules.yml
    """
    from cti.config import load_policy  # noqa: PLC0415 - other commands need not load it
    from cti.monitoring.rules import rule_file  # noqa: PLC0415

    try:
        text = rule_file(load_policy(config_dir), job=job, runbooks=runbooks)
    except BadDocument as bad:
        fail("\n".join(str(finding) for finding in bad.findings), BAD_INPUT)
    if output is None:
        print(text, end="")
        return
    write(output, text)
    say(f"{output}: {text.count('- record:')} figures, {text.count('- alert:')} alerts")


def write(path: Path, text: str) -> None:
    """Write a file, or say why it cannot be written and end with status 2."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{path}: {error.strerror}. Name a file in a folder that exists and may be written.", BAD_INPUT)
