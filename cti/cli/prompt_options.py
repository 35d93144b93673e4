"""What the commands about prompts share: their options, the folders of `run`, and how they refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cti.cli.console import BAD_INPUT, explain, fail

if TYPE_CHECKING:
    from cti.prompts.build import Report
    from cti.supervisor.settings import RunSettings
    from ivr.speech import Prompt

Flows = Annotated[Path | None, typer.Option(help="Folder of the flows whose texts are spoken.")]
Sounds = Annotated[Path | None, typer.Option(help="Folder of the prompts: <sounds>/<language>/hotline/<id>.ulaw.")]
Recordings = Annotated[
    Path | None, typer.Option(help="Folder of the recordings kept: <language>/<id>.wav wins over the voice.")
]
Music = Annotated[Path | None, typer.Option(help="Folder of the music on hold.")]


def run_settings() -> "RunSettings":
    """Return the folders of `hotline run`, which are the defaults."""
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415 - here and below: other commands need not load it

    return RunSettings()


def wanted(flows: Path | None) -> "tuple[Prompt, ...]":
    """Return every prompt that callers of these flows can hear."""
    from cti.prompts.wanted import wanted_prompts  # noqa: PLC0415

    return wanted_prompts(flows or run_settings().flows_dir)


def render(prompts: "tuple[Prompt, ...]", sounds: Path, recordings: Path | None) -> "Report":
    """Build prompts with a progress bar on a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    from cti.prompts.build import build_prompts  # noqa: PLC0415
    from cti.prompts.voices import find_speaker  # noqa: PLC0415

    console = Console(stderr=True)
    speaker = find_speaker(console.print)
    columns = (TextColumn("prompts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("prompts", total=None)
        return build_prompts(
            prompts,
            sounds,
            speaker,
            recordings=recordings,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the user can mend into its message and exit status 2."""
    from pydantic import ValidationError  # noqa: PLC0415

    from cti.prompts.errors import PromptError  # noqa: PLC0415
    from cti.provision.errors import ProvisionError  # noqa: PLC0415
    from ivr.document import BadDocument  # noqa: PLC0415
    from ivr.speech import SpeechError  # noqa: PLC0415

    try:
        yield
    except ValidationError as error:
        fail(explain(error), BAD_INPUT)
    except (BadDocument, PromptError, ProvisionError, SpeechError) as error:
        fail(str(error), BAD_INPUT)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", BAD_INPUT)
