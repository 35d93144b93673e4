"""`hotline prompts build|missing|list` and `hotline say`: the sound of the hotline without a telephone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cti.prompts.build import Report, build_music, build_prompts
from cti.prompts.errors import PromptError
from cti.prompts.files import missing, prompt_file
from cti.prompts.joining import join_as_wav
from cti.prompts.voices import find_speaker
from cti.prompts.wanted import wanted_prompts
from cti.provision.errors import ProvisionError
from ivr.document import BadDocument
from ivr.speech import Kind, Language, Prompt, SpeechError, catalogue, guess, speak, text

Flows = Annotated[Path, typer.Option(help="Folder of the flows whose texts are spoken.")]
Sounds = Annotated[Path, typer.Option(help="Folder of the prompt files: <sounds>/<language>/hotline/<id>.ulaw.")]
Recordings = Annotated[Path, typer.Option(help="Folder of recordings: <language>/<id>.wav wins over the voice.")]
Music = Annotated[Path, typer.Option(help="Folder of the music on hold.")]

FLOWS = Path("flows")
SOUNDS = Path("run/prompts")
RECORDINGS = Path("recordings")
MUSIC = Path("run/music")

prompts_app = typer.Typer(no_args_is_help=True, help="Build the prompt audio, list it, find what is missing.")


def register(app: typer.Typer) -> None:
    """Add `prompts` and `say` to the hotline command."""
    app.add_typer(prompts_app, name="prompts")
    app.command("say", context_settings={"ignore_unknown_options": True})(say)


@prompts_app.command()
def build(
    flows: Flows = FLOWS, sounds: Sounds = SOUNDS, recordings: Recordings = RECORDINGS, music: Music = MUSIC
) -> None:
    """Make every prompt that is not up to date, and the music on hold."""
    with _refusals():
        report = render(wanted_prompts(flows), sounds, recordings)
        fresh = build_music(music)
    print(
        f"{len(report.rendered)} prompts made, {report.kept} up to date in {sounds};"
        f" music on hold {'made' if fresh else 'up to date'} in {music}"
    )


@prompts_app.command("missing")
def missing_prompts(flows: Flows = FLOWS, sounds: Sounds = SOUNDS) -> None:
    """List prompts without audio; exit status 1 when there are any."""
    with _refusals():
        gone = missing(wanted_prompts(flows), sounds)
    for prompt in gone:
        print(f"{prompt_file(sounds, prompt)}: missing, to say {prompt.text!r}")
    if gone:
        Console(stderr=True).print("run `hotline prompts build` to make them", highlight=False)
        raise typer.Exit(1)


@prompts_app.command("list")
def list_prompts(
    flows: Flows = FLOWS, language: Annotated[Language | None, typer.Option(help="Only this language.")] = None
) -> None:
    """List every prompt: language, id and text, parted by tabs. It is the script for a speaker, too."""
    with _refusals():
        for prompt in wanted_prompts(flows):
            if language in (None, prompt.language):
                print(f"{prompt.language}\t{prompt.id}\t{prompt.text}")


def say(
    value: Annotated[
        str, typer.Argument(help='What to say: "¥1234.50", 2026-11-21, 15:20, 13800138000, 105, or words.')
    ],
    lang: Annotated[Language, typer.Option(help="Language to say it in.")] = Language.ZH,
    kind: Annotated[Kind | None, typer.Option(help="How to read it, when the guess is wrong.")] = None,
    wav: Annotated[Path | None, typer.Option(help="Write the sound here as well.")] = None,
    recordings: Recordings = RECORDINGS,
) -> None:
    """Print how a value is spoken, and write it as sound with --wav."""
    with _refusals():
        spoken = _pieces(value, kind, lang)
        print(text([prompt.id for prompt in spoken], lang, {prompt.id: prompt.text for prompt in spoken}))
        if wav:
            with TemporaryDirectory() as folder:
                render(spoken, Path(folder), recordings)
                seconds = join_as_wav(spoken, Path(folder), wav)
            print(f"{wav}: {seconds:.1f} s")


def render(prompts: tuple[Prompt, ...], sounds: Path, recordings: Path) -> Report:
    """Build prompts with a progress bar on a terminal. Raises PromptError or ProvisionError."""
    columns = (TextColumn("prompts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("prompts", total=None)
        return build_prompts(
            prompts,
            sounds,
            find_speaker(),
            recordings=recordings,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _pieces(value: str, kind: Kind | None, language: Language) -> tuple[Prompt, ...]:
    """Return the prompts of a value; words that are no value are a prompt of their own."""
    found = guess(value)
    if kind is None and found is None:
        return (Prompt("say/words", language, value),)
    by_id = {prompt.id: prompt for prompt in catalogue() if prompt.language == language}
    chosen, plain = found if found and kind in (None, found[0]) else (kind, value)
    return tuple(by_id[piece] for piece in speak(chosen or Kind.NUMBER, plain, language))


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the user can mend into its message and exit status 2."""
    try:
        yield
    except (BadDocument, PromptError, ProvisionError, SpeechError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")


def _refuse(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(2)
