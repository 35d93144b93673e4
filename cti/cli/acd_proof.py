"""`hotline acd proof`: the engine against the formulas, for docs/routing.md."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from cti.cli.console import FAILED, fail, say


def proof(
    docs: Annotated[
        Path, typer.Option(help="the folder of routing.md, whose tables and drawings are made anew")
    ] = Path("docs"),
    draw_only: Annotated[
        bool, typer.Option("--draw-only", help="draw what was measured before; seconds instead of minutes")
    ] = False,
) -> None:
    """Measure the engine against Erlang, priority and product-form formulas, and write tables and drawings.

    Example: hotline acd proof --docs docs

    The same seeds measure the same figures, to the last digit, until the routing itself changes.
    """
    from cti.simulation.proof import MEASURED, measure, write  # noqa: PLC0415 - other commands need not load it

    try:
        if draw_only:
            measured = json.loads((docs / "routing" / MEASURED).read_text(encoding="utf-8"))
        else:
            with Status("measuring", console=Console(stderr=True)) as status:
                measured = measure(status.update)
        write(docs, measured)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}. Name the folder of routing.md with --docs.", FAILED)
    say(f"{docs / 'routing.md'}: tables and drawings made anew")
