"""`hotline prompts build|missing|list` and `hotline say`: the sound of the hotline without a telephone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from cti.cli.console import BAD_INPUT, FAILED, explain, fail
from ivr.speech import Kind, Language, Prompt, catalogue, guess, speak, text

if TYPE_CHECKING:
    from cti.prompts.build import Report
    from cti.supervisor.settings import RunSettings

Flows = Annotated[Path | None, typer.Option(help="Folder of the flows whose texts are spoken.")]
Sounds = Annotated[Path | None, typer.Option(help="Folder of the prompts: <sounds>/<language>/hotline/<id>.ulaw.")]
Recordings = Annotated[Path | None, typer.Option(help="Folder of recordings: <language>/<id>.wav wins over the voice.")]
Music = Annotated[Path | None, typer.Option(help="Folder of the music on hold.")]

prompts_app = typer.Typer(
    no_args_is_help=True,
    help="Build the prompt audio, list it, find what is missing. Folders default to those of `run`.",
)


def register(app: typer.Typer) -> None:
    """Add `prompts` and `say` to the hotline command."""
    app.add_typer(prompts_app, name="prompts")
    app.command("say", context_settings={"ignore_unknown_options": True})(say)


@prompts_app.command()
def build(flows: Flows = None, sounds: Sounds = None, recordings: Recordings = None, music: Music = None) -> None:
    """Make every prompt that is not up to date, and the music on hold.

    Example: hotline prompts build --recordings recordings
    """
    from cti.prompts.build import build_music  # noqa: PLC0415 - here and below: other commands need not load it

    with _refusals():
        settings = _settings()
        sounds, music = sounds or settings.sounds, music or settings.music
        report = _render(_wanted(flows), sounds, recordings or settings.recordings_dir)
        fresh = build_music(music)
    print(f"{len(report.rendered)} prompts made, {report.kept} up to date in {sounds}")
    print(f"music on hold {'made' if fresh else 'up to date'} in {music}")


@prompts_app.command("missing")
def missing_prompts(flows: Flows = None, sounds: Sounds = None) -> None:
    """List prompts without audio; exit status 1 when there are any.

    Example: hotline prompts missing --flows flows --sounds run/sounds
    """
    from cti.prompts.files import missing, prompt_file  # noqa: PLC0415

    with _refusals():
        folder = sounds or _settings().sounds
        wanted = _wanted(flows)
        gone = missing(wanted, folder)
    for prompt in gone:
        print(f"{prompt_file(folder, prompt)}: missing, to say {prompt.text!r}")
    if gone:
        fail(f"{len(gone)} prompts are missing; make them with `hotline prompts build`", FAILED)
    typer.echo(f"none of {len(wanted)} prompts is missing", err=True)


@prompts_app.command("list")
def list_prompts(
    flows: Flows = None,
    language: Annotated[Language | None, typer.Option("--language", "--lang", help="Only this language.")] = None,
) -> None:
    """List every prompt: language, id and text, parted by tabs. It is the script for a speaker, too.

    Example: hotline prompts list --language en > script.tsv
    """
    with _refusals():
        for prompt in _wanted(flows):
            if language in (None, prompt.language):
                print(f"{prompt.language}\t{prompt.id}\t{prompt.text}")


def say(
    value: Annotated[
        str, typer.Argument(help='What to say: "¥1234.50", 2026-11-21, 15:20, 13800138000, 105, or words.')
    ],
    lang: Annotated[Language, typer.Option("--lang", "--language", help="Language to say it in.")] = Language.ZH,
    kind: Annotated[Kind | None, typer.Option(help="How to read it, when the guess is wrong.")] = None,
    wav: Annotated[Path | None, typer.Option(help="Write the sound here as well.")] = None,
    recordings: Recordings = None,
) -> None:
    """Print how a value is spoken, and write it as sound with --wav.

    Example: hotline say "¥1234.50" --lang en --wav amount.wav
    """
    with _refusals():
        spoken = _pieces(value, kind, lang)
        print(text([prompt.id for prompt in spoken], lang, {prompt.id: prompt.text for prompt in spoken}))
        if wav:
            print(f"{wav}: {_write_wav(spoken, wav, recordings or _settings().recordings_dir):.1f} s")


def _write_wav(spoken: tuple[Prompt, ...], wav: Path, recordings: Path | None) -> float:
    from cti.prompts.joining import join_as_wav  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        _render(spoken, Path(folder), recordings)
        return join_as_wav(spoken, Path(folder), wav)


def _render(prompts: tuple[Prompt, ...], sounds: Path, recordings: Path | None) -> "Report":
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


def _wanted(flows: Path | None) -> tuple[Prompt, ...]:
    from cti.prompts.wanted import wanted_prompts  # noqa: PLC0415

    return wanted_prompts(flows or _settings().flows_dir)


def _settings() -> "RunSettings":
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    return RunSettings()


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
