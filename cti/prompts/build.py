"""Building prompt files: only what changed, two at a time, each file whole or not at all.

A manifest beside the sounds keeps, for each file, the hash of everything it was made from. So a second build reads one
small file and starts nothing.
"""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cti.prompts.errors import PromptError
from cti.prompts.files import Spoken, has_audio, name_of, prompt_file, recorded_file, write_atomically
from cti.prompts.recordings import Recorded, Recordings
from cti.prompts.voices import Utterance, is_pause

MANIFEST = ".hotline-prompts.json"
PAUSE_MILLISECONDS = 220

RENDERING = 1
"""Raise it when cti.prompts makes other bytes of the same sound: prompts and music are made anew then."""

RECORDING = 2
"""The same for recordings alone."""

MUSIC = "hotline"
"""Name of the music on hold: <music folder>/hotline.ulaw and .wav."""

Progress = Callable[[int, int], None]
"""Called with (prompts done, prompts to do)."""


class Voice(Protocol):
    """What speaks: espeak-ng, or another engine of the same form."""

    @property
    def version(self) -> str:
        """Version of the engine: another one speaks differently."""

    def utterance(self, text: str, language: str) -> Utterance:
        """Prepare a text; raises PromptError for a language it does not speak."""

    def say(self, utterance: Utterance) -> bytes:
        """Return the speech as a sound file; raises PromptError when it cannot."""


class RecordingsOnly:
    """No voice at all: for prompts that are known to be recorded."""

    version = "none"

    def utterance(self, text: str, language: str) -> Utterance:
        """Refuse."""
        raise PromptError(f"no recording says {text!r} ({language}); import it again")

    def say(self, utterance: Utterance) -> bytes:
        """Refuse."""
        raise PromptError(f"no recording says {utterance.text!r}; import it again")


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did."""

    rendered: tuple[str, ...]
    """Names (<language>/<id>) of prompts made now, sorted."""

    kept: int
    """How many were up to date."""

    stale: tuple[str, ...] = ()
    """Names of prompts with a recording of another text; the voice speaks them until they are recorded again."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One prompt to be made: from a recording, as a pause, or by the voice."""

    name: str
    text: str
    file: Path
    source: Path | Utterance | None
    key: str


def no_progress(_done: int, _total: int) -> None:
    """Report to nobody."""


def build_prompts(
    prompts: Iterable[Spoken],
    sounds: Path,
    voice: Voice,
    *,
    recordings: Path | None = None,
    workers: int = 2,
    progress: Progress = no_progress,
) -> Report:
    """Bring <sounds>/<language>/hotline/<id>.ulaw up to date for every prompt.

    recordings: folder whose <language>/<id>.wav wins over the voice, unless its manifest says it is of another text.
    workers: prompts made at once. Nothing is ever written to the recordings.
    Raises PromptError naming every prompt that could not be made; the others are made all the same.
    """
    wanted, recorded = _unique(prompts), Recordings(recordings) if recordings else None
    jobs = [_job(prompt, sounds, recorded, voice) for prompt in wanted]
    keys = _read_manifest(sounds)
    stale = [job for job in jobs if keys.get(job.name) != job.key or not has_audio(job.file)]
    if stale:
        try:
            _make_all(stale, voice, keys, workers, progress)
        finally:
            _write_manifest(sounds, keys)
    old = recorded.in_state(Recorded.STALE, wanted) if recorded else ()
    return Report(tuple(sorted(job.name for job in stale)), len(jobs) - len(stale), tuple(sorted(map(name_of, old))))


def build_music(folder: Path) -> bool:
    """Write hotline.ulaw and hotline.wav (16-bit 8 kHz) unless they are up to date. Returns whether they were written."""
    files = [folder / f"{MUSIC}{suffix}" for suffix in (".ulaw", ".wav")]
    key = {MUSIC: f"melody {RENDERING}"}
    if all(has_audio(file) for file in files) and _read_manifest(folder) == key:
        return False
    from cti.prompts import audio, music  # noqa: PLC0415 - as in _make

    encoded = audio.to_ulaw(music.melody())
    write_atomically(files[0], encoded)
    write_atomically(files[1], audio.to_wav(audio.from_ulaw(encoded)))  # the very same sound in both
    _write_manifest(folder, key)
    return True


def _unique(prompts: Iterable[Spoken]) -> list[Spoken]:
    """Drop repetitions. Raises PromptError when one name stands for two texts."""
    found: dict[str, Spoken] = {}
    for prompt in prompts:
        known = found.setdefault(name_of(prompt), prompt)
        if known.text != prompt.text:
            raise PromptError(
                f"prompt {name_of(prompt)} has two texts, {known.text!r} and {prompt.text!r}; rename one of them"
            )
    return list(found.values())


def _job(prompt: Spoken, sounds: Path, recordings: Recordings | None, voice: Voice) -> _Job:
    source, key = _source(prompt, recordings, voice)
    name = name_of(prompt)
    content = json.dumps([RENDERING, name, *key])
    return _Job(name, prompt.text, prompt_file(sounds, prompt), source, sha256(content.encode()).hexdigest())


def _source(prompt: Spoken, recordings: Recordings | None, voice: Voice) -> tuple[Path | Utterance | None, list[str | int]]:
    """Return what a prompt is made from and all that its sound depends on."""
    if recordings and recordings.state(prompt) is Recorded.YES:
        recorded = recorded_file(recordings.folder, prompt)
        state = recorded.stat()
        return recorded, ["recording", RECORDING, str(recorded), state.st_size, state.st_mtime_ns]
    if is_pause(prompt.text):
        return None, ["pause", PAUSE_MILLISECONDS]
    spoken = voice.utterance(prompt.text, prompt.language)
    return spoken, ["voice", voice.version, spoken.manner.voice, spoken.manner.words_per_minute, spoken.text]


def _make_all(jobs: list[_Job], voice: Voice, keys: dict[str, str], workers: int, progress: Progress) -> None:
    failures: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        running: dict[Future[None], _Job] = {pool.submit(_make, job, voice): job for job in jobs}
        try:
            for done, future in enumerate(as_completed(running), 1):
                failure = future.exception()
                if failure is None:
                    keys[running[future].name] = running[future].key
                elif isinstance(failure, PromptError):
                    failures.append(str(failure))
                else:
                    raise failure
                progress(done, len(jobs))
        finally:
            pool.shutdown(cancel_futures=True)
    if failures:
        raise PromptError("\n".join(sorted(failures)))


def _make(job: _Job, voice: Voice) -> None:
    from cti.prompts import audio  # noqa: PLC0415 - costs 0.2 s, which a build with nothing to do need not pay

    if job.source is None:
        samples = audio.silence(PAUSE_MILLISECONDS, job.name)
    elif isinstance(job.source, Path):
        read = audio.read_sound(job.source, str(job.source))
        samples = audio.for_telephone(*read, job.name, level=lambda heard: audio.at_house_level(heard)[0])
    else:
        samples = audio.for_telephone(*audio.read_sound(voice.say(job.source), job.name), job.name)
    write_atomically(job.file, audio.to_ulaw(samples))


def _read_manifest(sounds: Path) -> dict[str, str]:
    """Read the hashes of the last build; what cannot be read counts as never built."""
    try:
        found = json.loads((sounds / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_manifest(sounds: Path, keys: dict[str, str]) -> None:
    write_atomically(sounds / MANIFEST, json.dumps(keys, indent=0, sort_keys=True).encode())
