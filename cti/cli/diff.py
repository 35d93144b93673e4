"""`hotline diff`: the change between two versions of the flows."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import BAD_INPUT, fail, say
from ivr.document import BadDocument
from ivr.flows import load_flows
from ivr.flowset import FlowSet
from ivr.graph import svg
from ivr.graph.comparing import changes, compared

EXAMPLE = "Example:  hotline diff HEAD~1 flows     hotline diff old/flows new/flows --flow main --svg change.svg"
GIT_SECONDS = 20


def register(app: typer.Typer) -> None:
    """Add `diff` to the hotline command."""
    app.command("diff", epilog=EXAMPLE)(diff)


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Folder of flows, or a git revision.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Folder of flows, or a git revision.")],
    flows: Annotated[Path, typer.Option(help="Folder of the flows within a git revision.")] = Path("flows"),
    flow: Annotated[str, typer.Option(help="The flow to draw.")] = "main",
    svg_file: Annotated[Path | None, typer.Option("--svg", help="Draw the change of that flow into this file.")] = None,
) -> None:
    """Tell in sentences what changed between two versions of the flows."""
    try:
        old, new = _load(before, flows), _load(after, flows)
        for sentence in changes(old, new) or ("No change a caller could notice.",):
            say(sentence)
        if svg_file is not None:
            svg_file.write_text(svg(compared(old, new, flow)), encoding="utf-8")
    except KeyError:
        fail(f'--flow {flow}: neither version has a flow "{flow}"', BAD_INPUT)
    except (BadDocument, OSError) as error:
        fail(str(error), BAD_INPUT)


def _load(name: str, folder: Path) -> FlowSet:
    return load_flows(Path(name)) if Path(name).is_dir() else load_flows(_files_of(name, folder))


def _files_of(revision: str, folder: Path) -> Mapping[str, str]:
    listed = _git("ls-tree", "--name-only", "--end-of-options", revision, f"{folder.as_posix()}/")
    names = [name for name in listed.splitlines() if name.endswith(".yaml")]
    if not names:
        fail(f"{revision}: no folder, and no git revision with {folder}/*.yaml", BAD_INPUT)
    return {name: _git("show", "--end-of-options", f"{revision}:{name}") for name in names}


def _git(*words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the revision cannot be an option
            ["git", *words],  # noqa: S607 - git as the user has it
            capture_output=True, check=False, timeout=GIT_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        fail(f"git cannot be asked: {error}", BAD_INPUT)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
