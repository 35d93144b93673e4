"""`hotline graph`: a flow as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import BAD_INPUT, fail, say
from ivr.document import BadDocument, did_you_mean
from ivr.flows import load_flows
from ivr.graph import graph_of, mermaid, svg

EXAMPLE = "Example:  hotline graph main --svg main.svg     hotline graph main --flows flows/examples/bank"


def register(app: typer.Typer) -> None:
    """Add `graph` to the hotline command."""
    app.command("graph", epilog=EXAMPLE)(graph)


def graph(
    flow: Annotated[str, typer.Argument(help="Name of the flow.")] = "main",
    flows: Annotated[Path | None, typer.Option(help="Folder of the flows.")] = None,
    svg_file: Annotated[Path | None, typer.Option("--svg", help="Draw it into this SVG file.")] = None,
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="Print it as Mermaid text (so without --svg).")] = False,
) -> None:
    """Draw a flow: every step with its first words in both languages, every way on with its label."""
    try:
        loaded = load_flows(flows or _flows_folder())
    except (BadDocument, OSError) as error:
        fail(str(error), BAD_INPUT)
    if flow not in loaded.flows:
        fail(f'no flow "{flow}". {did_you_mean(flow, list(loaded.flows))}', BAD_INPUT)
    drawn = graph_of(loaded, flow)
    if svg_file is not None:
        try:
            svg_file.write_text(svg(drawn), encoding="utf-8")
        except OSError as error:
            fail(f"{svg_file}: cannot be written: {error}", BAD_INPUT)
    if as_mermaid or svg_file is None:
        say(mermaid(drawn).rstrip())


def _flows_folder() -> Path:
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - only when no folder is named

    return RunSettings().flows_dir
