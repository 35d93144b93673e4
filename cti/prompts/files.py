"""Where prompt files lie, and which are missing. Light: read by `serve` and `check`, needs no audio library."""

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from cti.prompts.errors import PromptError

FOLDER = "hotline"
"""Folder of all prompts below a language's sounds; Asterisk plays `hotline/<id>`."""

_ID = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


class Spoken(Protocol):
    """A prompt of the flows or of the speech catalogue."""

    @property
    def id(self) -> str:
        """Name of the prompt, `^[a-z0-9_/-]+$`."""

    @property
    def language(self) -> str:
        """Language code, the name of the sounds folder."""

    @property
    def text(self) -> str:
        """What is spoken; a text of punctuation alone is a short pause."""


AnyPrompt = TypeVar("AnyPrompt", bound=Spoken)


def name_of(prompt: Spoken) -> str:
    """Return <language>/<id>, the name of a prompt among all languages. Raises PromptError for an unfit name."""
    if not _ID.fullmatch(prompt.id):
        raise PromptError(f"prompt {prompt.id!r}: an id is made of a-z 0-9 _ - in parts joined by single slashes")
    if not _LANGUAGE.fullmatch(prompt.language):
        raise PromptError(f"prompt {prompt.id!r}: {prompt.language!r} is not a language code like zh or en")
    return f"{prompt.language}/{prompt.id}"


def prompt_file(sounds: Path, prompt: Spoken) -> Path:
    """Return the µ-law file of a prompt below the `sounds` folder."""
    name_of(prompt)
    return sounds / prompt.language / FOLDER / f"{prompt.id}.ulaw"


def recorded_file(recordings: Path, prompt: Spoken) -> Path:
    """Return where a recording that replaces the synthetic voice is looked for."""
    name_of(prompt)
    return recordings / prompt.language / f"{prompt.id}.wav"


def missing(prompts: Iterable[AnyPrompt], sounds: Path) -> tuple[AnyPrompt, ...]:
    """Return the prompts that have no audio (no file, or an empty one), in the order given."""
    return tuple(prompt for prompt in prompts if not has_audio(prompt_file(sounds, prompt)))


def has_audio(file: Path) -> bool:
    """Tell whether a file is there and not empty."""
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part. Makes its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        partial.chmod(0o644)  # Asterisk may run as another user
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
