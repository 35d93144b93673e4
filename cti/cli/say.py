"""`hotline say`: how a value is spoken, in words, prompts and sound."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cti.cli.console import fail
from cti.cli.prompt_options import Recordings, refusals, render, run_settings
from ivr.speech import Kind, Language, Prompt, catalogue, guess, speak, text

EXAMPLE = 'Example:  hotline say "¥1234.50" --lang en --play     hotline say 3605 --kind duration --out wait.wav'
WORDS = "say/words"
PLAYERS = (
    ("paplay",), ("pw-play",), ("aplay", "-q"), ("play", "-q"), ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"), ("afplay",),
)  # fmt: skip
PLAYING_SECONDS = 120


def register(app: typer.Typer) -> None:
    """Add `say` to the hotline command."""
    app.command("say", epilog=EXAMPLE, context_settings={"ignore_unknown_options": True})(say)


def say(
    value: Annotated[
        str, typer.Argument(help='What to say: "¥1234.50", 2026-11-21, 15:20, 13800138000, 105, F-20261121-7, or words.')
    ],
    lang: Annotated[Language, typer.Option("--lang", "--language", help="Language to say it in.")] = Language.ZH,
    kind: Annotated[
        Kind | None, typer.Option(help="How to read it, when the guess is wrong; money as written, duration in seconds.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "--wav", help="Write the sound here, as wav.")] = None,
    play: Annotated[bool, typer.Option("--play", help="Play it on this machine.")] = False,
    recordings: Recordings = None,
) -> None:
    """Print how a value is spoken and the prompts that speak it; --play and --out make it heard."""
    with refusals():
        spoken = _pieces(value, kind, lang)
        print(text([prompt.id for prompt in spoken], lang, {prompt.id: prompt.text for prompt in spoken}))
        if spoken[0].id != WORDS:
            print("prompts:", " ".join(prompt.id for prompt in spoken))
        if out or play:
            folder = recordings or run_settings().recordings_dir
            with TemporaryDirectory() as place:
                seconds = _sound(spoken, out or Path(place) / "said.wav", folder)
                if out:
                    print(f"{out}: {seconds:.1f} s")
                if play:
                    _play(out or Path(place) / "said.wav")


def _sound(spoken: tuple[Prompt, ...], wav: Path, recordings: Path | None) -> float:
    from cti.prompts.joining import join_as_wav  # noqa: PLC0415 - printing words need not load it

    with TemporaryDirectory() as folder:
        render(spoken, Path(folder), recordings)
        return join_as_wav(spoken, Path(folder), wav)


def _play(wav: Path) -> None:
    player = next((words for words in PLAYERS if shutil.which(words[0])), None)
    if player is None:
        known = ", ".join(words[0] for words in PLAYERS)
        fail(f"nothing here plays sound ({known}); install one of them, or write the sound with --out said.wav")
    try:
        done = subprocess.run(  # noqa: S603 - a player found on PATH, and a file of ours
            [*player, str(wav)], capture_output=True, text=True, errors="replace", timeout=PLAYING_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        fail(f"{player[0]} cannot play it: {error}; write the sound with --out said.wav")
    if done.returncode:
        fail(f"{player[0]} cannot play it: {done.stderr.strip()[:300]}; write the sound with --out said.wav")


def _pieces(value: str, kind: Kind | None, language: Language) -> tuple[Prompt, ...]:
    """Return the prompts of a value; words that are no value are a prompt of their own."""
    found = guess(f"¥{value}") or guess(value) if kind is Kind.MONEY else guess(value)
    if kind is None and found is None:
        return (Prompt(WORDS, language, value),)
    by_id = {prompt.id: prompt for prompt in catalogue() if prompt.language == language}
    chosen, plain = found if found and kind in (None, found[0]) else (kind, value)
    return tuple(by_id[piece] for piece in speak(chosen or Kind.NUMBER, plain, language))
