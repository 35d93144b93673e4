"""The recordings a hotline keeps, and which text each was made of: one whose text has changed since is not played any more.

Light: read by every build, needs no audio library.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from cti.prompts.errors import PromptError
from cti.prompts.files import AnyPrompt, Spoken, has_audio, name_of, recorded_file, write_atomically

MANIFEST = "recordings.json"
"""Written by the import, beside the recordings; it belongs into version control with them."""


class Recorded(StrEnum):
    """Whether a prompt has a recording."""

    NO = "no"
    YES = "yes"
    STALE = "stale"
    """It has one, of another text."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a recording was made from: the text on the script, the studio's file, and the hash of the file that is kept."""

    text: str
    source: str
    sha256: str


class Recordings:
    """A folder of recordings: <language>/<id>.wav, and its manifest.

    A file that the manifest does not know, or that was replaced by hand since, is taken for what it says.
    Raises PromptError when there is a manifest that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origins: dict[str, Origin] = _read(folder / MANIFEST)

    def state(self, prompt: Spoken) -> Recorded:
        """Return whether the prompt has a recording that may be played."""
        file = recorded_file(self.folder, prompt)
        if not has_audio(file):
            return Recorded.NO
        origin = self.origins.get(name_of(prompt))
        if origin is None or origin.text == prompt.text or origin.sha256 != digest(file.read_bytes()):
            return Recorded.YES
        return Recorded.STALE

    def in_state(self, state: Recorded, prompts: Iterable[AnyPrompt]) -> tuple[AnyPrompt, ...]:
        """Return the prompts whose recording is in this state, in the order given."""
        return tuple(prompt for prompt in prompts if self.state(prompt) is state)

    def keep(self, prompt: Spoken, sound: bytes, source: str) -> None:
        """Keep a recording (a wav file) of the prompt's present text; `save` makes it known."""
        write_atomically(recorded_file(self.folder, prompt), sound)
        self.origins[name_of(prompt)] = Origin(prompt.text, source, digest(sound))

    def save(self) -> None:
        """Write the manifest."""
        entries = {
            name: {"text": origin.text, "source": origin.source, "sha256": origin.sha256}
            for name, origin in sorted(self.origins.items())
        }
        write_atomically(self.folder / MANIFEST, (json.dumps(entries, ensure_ascii=False, indent=1) + "\n").encode())


def digest(sound: bytes) -> str:
    """Return the hash a recording is known by."""
    return sha256(sound).hexdigest()


def _read(path: Path) -> dict[str, Origin]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PromptError(f"{path}: cannot be read ({error}); bring it back from version control, or import again") from error
    try:
        return {name: Origin(entry["text"], entry["source"], entry["sha256"]) for name, entry in _table(found).items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise PromptError(
            f"{path}: is not what the import writes ({error!r}); bring it back from version control, or import again"
        ) from error


def _table(found: object) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(found, dict):
        raise TypeError("not a table")
    return found
