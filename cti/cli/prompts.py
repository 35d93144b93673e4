"""`hotline prompts …`: the sound of the hotline without a telephone: the voice, and the studio's recordings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cti.cli.console import FAILED, fail, say
from cti.cli.prompt_options import Flows, Music, Recordings, Sounds, refusals, render, run_settings, wanted
from ivr.speech import Language, Prompt

if TYPE_CHECKING:
    from cti.prompts.recordings import Recordings as Kept
    from cti.prompts.studio import Take

LanguageOption = Annotated[Language | None, typer.Option("--language", "--lang", help="Only this language.")]

prompts_app = typer.Typer(
    no_args_is_help=True,
    help="Build the prompt audio, list it, find what is missing; a script for the studio, and its recordings back. "
    "Folders default to those of `run`. Example: hotline prompts export studio",
)


def register(app: typer.Typer) -> None:
    """Add `prompts` to the hotline command."""
    app.add_typer(prompts_app, name="prompts")


@prompts_app.command()
def build(flows: Flows = None, sounds: Sounds = None, recordings: Recordings = None, music: Music = None) -> None:
    """Make every prompt that is not up to date, and the music on hold. Recordings win; nothing is ever written to them.

    Example: hotline prompts build --recordings recordings
    """
    from cti.prompts.build import build_music  # noqa: PLC0415 - here and below: other commands need not load it

    with refusals():
        settings = run_settings()
        sounds, music = sounds or settings.sounds, music or settings.music
        report = render(wanted(flows), sounds, recordings or settings.recordings_dir)
        fresh = build_music(music)
    say(f"{len(report.rendered)} prompts made, {report.kept} up to date in {sounds}")
    say(f"music on hold {'made' if fresh else 'up to date'} in {music}")
    if report.stale:
        say(f"{len(report.stale)} recordings are of another text; the voice speaks those: {', '.join(report.stale)}")


@prompts_app.command("missing")
def missing_prompts(
    flows: Flows = None,
    sounds: Sounds = None,
    recordings: Recordings = None,
    unrecorded: Annotated[bool, typer.Option("--unrecorded", help="Also those the voice speaks, for want of a recording.")] = False,
) -> None:
    """List prompts without audio, and recordings whose text has changed since; exit status 1 when there are any.

    Example: hotline prompts missing --flows flows --sounds run/sounds
    """
    from cti.prompts.files import missing, prompt_file  # noqa: PLC0415

    with refusals():
        folder = sounds or run_settings().sounds
        prompts, kept = wanted(flows), _kept(recordings)
        gone = missing(prompts, folder)
    for prompt in gone:
        say(f"{prompt_file(folder, prompt)}: missing, to say {prompt.text!r}")
    again = _not_recorded(prompts, kept, unrecorded=unrecorded)
    faults = [f"{len(gone)} prompts are missing; make them with `hotline prompts build`"] if gone else []
    faults += [f"{again} prompts are to be recorded; `hotline prompts export --unrecorded` writes the script"] if again else []
    if faults:
        fail("\n".join(faults), FAILED)
    typer.echo(f"none of {len(prompts)} prompts is missing", err=True)


@prompts_app.command("list")
def list_prompts(flows: Flows = None, language: LanguageOption = None) -> None:
    """List every prompt: language, id and text, parted by tabs. `export` writes the script for a speaker.

    Example: hotline prompts list --language en > prompts.tsv
    """
    with refusals():
        for prompt in wanted(flows):
            if language in (None, prompt.language):
                say(f"{prompt.language}\t{prompt.id}\t{prompt.text}")


@prompts_app.command("export")
def export_script(
    folder: Annotated[Path, typer.Argument(help="Folder to write the script to.")],
    flows: Flows = None,
    recordings: Recordings = None,
    language: LanguageOption = None,
    unrecorded: Annotated[bool, typer.Option("--unrecorded", help="Only what has no recording, or one of another text.")] = False,
) -> None:
    """Write the script for the studio: script.csv, and script-<language>.html to print.

    Each line has the name its file must have, the exact text, how to read and say it, and where callers hear it.

    Example: hotline prompts export studio --language zh --unrecorded
    """
    from cti.prompts.files import write_atomically  # noqa: PLC0415
    from cti.prompts.recordings import Recorded  # noqa: PLC0415
    from cti.prompts.script import script  # noqa: PLC0415
    from cti.prompts.script_files import as_csv, as_page  # noqa: PLC0415
    from cti.prompts.wanted import wanted_of  # noqa: PLC0415

    with refusals():
        loaded, prompts = wanted_of(flows or run_settings().flows_dir)
        kept = _kept(recordings)
        chosen = [
            prompt
            for prompt in prompts
            if language in (None, prompt.language) and not (unrecorded and kept.state(prompt) is Recorded.YES)
        ]
        lines = script(loaded, chosen)
        write_atomically(folder / "script.csv", as_csv(lines).encode())
        languages = sorted({line.language for line in lines})
        for each in languages:
            write_atomically(folder / f"script-{each}.html", as_page(lines, each).encode())
    names = ", ".join(["script.csv", *(f"script-{each}.html" for each in languages)])
    say(f"{len(lines)} lines to record, about {sum(line.seconds for line in lines) / 60:.0f} minutes of speech, in {folder}: {names}")


@prompts_app.command("import")
def import_recordings(
    studio: Annotated[Path, typer.Argument(metavar="FOLDER", help="The studio's files, named as the script says.")],
    flows: Flows = None,
    recordings: Recordings = None,
    sounds: Sounds = None,
    check: Annotated[bool, typer.Option("--check", help="Only check them, keep nothing.")] = False,
    any_length: Annotated[bool, typer.Option("--any-length", help="Take those whose length does not fit the text, too.")] = False,
) -> None:
    """Check the studio's recordings, bring them to one level and let callers hear them. Exit status 1 when some are refused.

    Any format (wav, flac, ogg, mp3 …), rate from 8 kHz and number of channels. Refused, with the cure: names no prompt has,
    two takes of one prompt, clipping, speech too quiet or too noisy, a length that does not fit the text.

    Example: hotline prompts import studio --check
    """
    from cti.prompts.studio import takes  # noqa: PLC0415

    with refusals():
        prompts, kept = wanted(flows), _kept(recordings)
        found = takes(studio, prompts, any_length=any_length)
        if not check:
            _keep(found, kept, studio, sounds or run_settings().sounds)
    for take in found:
        _tell(take, studio)
    _sum_up(found, kept, prompts, check=check)


def _keep(found: "tuple[Take, ...]", kept: "Kept", studio: Path, sounds: Path) -> None:
    from cti.prompts.build import RecordingsOnly, build_prompts  # noqa: PLC0415

    fit = [(take, take.prompt) for take in found if take.sound and take.prompt]
    if not fit:
        return
    try:
        for take, prompt in fit:
            kept.keep(prompt, take.sound, take.file.relative_to(studio).as_posix())
    finally:
        kept.save()  # also when the disk is full half-way: what is kept must be known
    build_prompts([prompt for _, prompt in fit], sounds, RecordingsOnly(), recordings=kept.folder)


def _tell(take: "Take", studio: Path) -> None:
    name = take.file.relative_to(studio)
    if take.problems:
        say(f"{name}: refused: {'; '.join(take.problems)}")
    else:
        say(f"{name}: good{''.join(f'; {remark}' for remark in take.remarks)}")


def _sum_up(found: "tuple[Take, ...]", kept: "Kept", prompts: tuple[Prompt, ...], *, check: bool) -> None:
    from cti.prompts.recordings import Recorded  # noqa: PLC0415
    from cti.prompts.voices import is_pause  # noqa: PLC0415

    good = sum(bool(take.sound) for take in found)
    lines = [prompt for prompt in prompts if not is_pause(prompt.text)]
    done = len(kept.in_state(Recorded.YES, lines))
    say(f"{good} good{', nothing kept' if check else f', kept in {kept.folder}'}; {done} of {len(lines)} prompts have a recording")
    if good < len(found):
        fail(f"{len(found) - good} refused: mend them and import the folder again", FAILED)


def _kept(recordings: Path | None) -> "Kept":
    from cti.prompts.recordings import Recordings as Kept  # noqa: PLC0415

    return Kept(recordings or run_settings().recordings_dir)


def _not_recorded(prompts: tuple[Prompt, ...], kept: "Kept", *, unrecorded: bool) -> int:
    """Tell which prompts want a recording; return how many."""
    from cti.prompts.files import name_of  # noqa: PLC0415
    from cti.prompts.recordings import Recorded  # noqa: PLC0415
    from cti.prompts.voices import is_pause  # noqa: PLC0415

    stale = kept.in_state(Recorded.STALE, prompts)
    for prompt in stale:
        say(f"{name_of(prompt)}: its recording says {kept.origins[name_of(prompt)].text!r}, and the text is {prompt.text!r} now")
    none = [prompt for prompt in kept.in_state(Recorded.NO, prompts) if unrecorded and not is_pause(prompt.text)]
    for prompt in none:
        say(f"{name_of(prompt)}: no recording, to say {prompt.text!r}")
    return len(stale) + len(none)
