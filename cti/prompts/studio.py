"""From the studio's files to recordings fit for the hotline: matched by name, checked by measurement, brought to one level.

What a speaker or engineer can do better is refused with how; what we can mend (format, channels, level, silence at the ends) is mended.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from cti.prompts import audio, measure
from cti.prompts.errors import PromptError
from cti.prompts.files import Spoken, name_of
from cti.prompts.pace import possible_seconds
from cti.prompts.script import studio_name
from cti.prompts.voices import is_pause
from ivr.findings import did_you_mean

SUFFIXES = frozenset({".wav", ".flac", ".aiff", ".aif", ".ogg", ".oga", ".opus", ".mp3", ".w64", ".caf", ".au", ".snd"})
LEAST_RATE_HZ = 8000
LONGEST_SECONDS = 300.0  # a whole session in one file would fill the memory
QUIETEST_DB = -45.0
LEAST_DISTANCE_DB = 20.0
LEAST_PAUSE_SECONDS = 0.3  # with less silence around the words, their noise cannot be told from them
CUT_SECONDS = 0.01
ONE_SIDED_DB = 20.0
MOST_CLIPPINGS = 2


@dataclass(frozen=True, slots=True)
class Take:
    """One file of the studio and what became of it.

    Attributes:
        file: where it is.
        prompt: the prompt it is of; None: of none.
        problems: why it is not used, each with the cure; empty: it is fit.
        remarks: what was mended, or should be listened to.
        sound: what is to be kept, a mono 16-bit wav file; empty when it is not used.

    """

    file: Path
    prompt: Spoken | None
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    sound: bytes = b""


def takes(folder: Path, prompts: Iterable[Spoken], *, any_length: bool = False) -> tuple[Take, ...]:
    """Match and check every sound file below a folder.

    Args:
        folder: the studio's files, named as the script says (`zh.main.welcome-1.wav`) or laid out as `zh/main/welcome-1.wav`.
        prompts: what can be recorded.
        any_length: take recordings whose length does not fit their text, too.

    Raises:
        PromptError: there is no such folder, or nothing in it that looks like a sound file.

    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES)
    if not files:
        raise PromptError(f"{folder}: no sound files in it ({', '.join(sorted(SUFFIXES))}); name the folder the studio's files are in")
    known = {name_of(prompt): prompt for prompt in prompts if not is_pause(prompt.text)}
    named = {path: _name(path, folder) for path in files}
    doubles = _doubles(named)
    return tuple(_take(path, folder, named[path], known, doubles, any_length=any_length) for path in files)


def _name(path: Path, folder: Path) -> str:
    """Return <language>/<id> as the file's name says: dots and folders part the pieces alike."""
    return path.relative_to(folder).with_suffix("").as_posix().replace(".", "/").lower()


def _doubles(named: Mapping[Path, str]) -> dict[str, list[Path]]:
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path, name in named.items():
        by_name[name].append(path)
    return {name: paths for name, paths in by_name.items() if len(paths) > 1}


def _take(
    path: Path, folder: Path, name: str, known: Mapping[str, Spoken], doubles: Mapping[str, Sequence[Path]], *, any_length: bool
) -> Take:
    prompt = known.get(name)
    if prompt is None:
        wanted = did_you_mean(studio_name(name), [studio_name(each) for each in known])
        return Take(path, None, (f"no prompt has this name. {wanted or 'The script of `hotline prompts export` names the files'}",))
    if name in doubles:
        others = ", ".join(str(other.relative_to(folder)) for other in doubles[name] if other != path)
        return Take(path, prompt, (f"{others} is of the same prompt: keep the better take only",))
    try:
        return _checked(path, prompt, any_length=any_length)
    except PromptError as error:
        return Take(path, prompt, (str(error),))


def _checked(path: Path, prompt: Spoken, *, any_length: bool) -> Take:
    channels, rate = _read(path)
    samples, remarks = _one_channel(channels)
    problems = list(_faults(samples, rate))
    if problems:
        return Take(path, prompt, tuple(problems))
    span = measure.speech(samples, rate)
    heard = samples[span.begin : span.end]
    seconds = heard.size / rate
    shortest, longest = possible_seconds(prompt.text, prompt.language)
    if not shortest <= seconds <= longest:
        told = f"{seconds:.1f} s of sound for a text of {shortest:.1f} to {longest:.1f} s, {prompt.text!r}"
        if not any_length:
            cure = "see whether it is of other words or has noise at its ends; --any-length takes it all the same"
            return Take(path, prompt, (f"{told}: {cure}",))
        remarks.append(told)
    remarks.extend(_remarks(samples, span, rate))
    levelled, short_db = audio.at_house_level(heard, rate)
    if short_db > 3:
        remarks.append(f"{short_db:.0f} dB quieter than the others, for its peaks are too high: have it compressed a little")
    return Take(path, prompt, (), tuple(remarks), audio.to_wav(levelled, rate))


def _read(path: Path) -> tuple[measure.Samples, int]:
    """Return the samples, a column for each channel, and the rate in Hz."""
    try:
        seconds = soundfile.info(path).duration
        if seconds > LONGEST_SECONDS:
            raise PromptError(f"{seconds:.0f} s long; cut it into one file for each line of the script")
        samples, rate = soundfile.read(path, always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise PromptError(f"not a sound file that can be read ({error}); save it as 48 kHz 16-bit PCM wav") from error
    if rate < LEAST_RATE_HZ:
        raise PromptError(f"sampled at {rate} Hz, too few for speech; save it at 8000 Hz or more, best 48000")
    if not samples.size or not np.isfinite(samples).all():
        raise PromptError("empty, or not all of it is numbers; save it again as 48 kHz 16-bit PCM wav")
    return samples, int(rate)


def _one_channel(channels: measure.Samples) -> tuple[measure.Samples, list[str]]:
    """Mix to mono; take one channel when the others are as good as empty. Raises PromptError when mixing would cancel the voice."""
    if channels.shape[1] == 1:
        return channels[:, 0], []
    powers = np.mean(channels**2, axis=0)
    best = int(powers.argmax())
    if np.sort(powers)[-2] < powers[best] / 10 ** (ONE_SIDED_DB / 10):
        return channels[:, best], [f"channel {best + 1} of {channels.shape[1]} taken, the rest is silent"]
    mixed = channels.mean(axis=1)
    if float(np.mean(mixed**2)) < powers[best] / 10:
        raise PromptError("its channels cancel each other (opposite phase); turn one round, or save one channel only")
    return mixed, [f"{channels.shape[1]} channels mixed into one"]


def _faults(samples: measure.Samples, rate: int) -> Iterable[str]:
    """Return what cannot be mended here."""
    level = measure.active_level_db(samples, rate)
    if level < QUIETEST_DB:
        yield f"speech at {level:.0f} dB is too quiet to be raised without its noise; record it again, nearer or with more gain"
        return
    clipped = measure.clippings(samples, rate)
    if len(clipped) > MOST_CLIPPINGS:
        yield f"clipped in {len(clipped)} places, first at {clipped[0]:.2f} s; record it again with 6 dB less gain"
    distance = level - measure.noise_db(samples, rate)
    span = measure.speech(samples, rate)
    quiet_seconds = (samples.size - (span.end - span.begin)) / rate
    if distance < LEAST_DISTANCE_DB and quiet_seconds > LEAST_PAUSE_SECONDS:
        yield f"its noise is only {distance:.0f} dB below the speech; record it in a quieter room, or have it cleaned"


def _remarks(samples: measure.Samples, span: measure.Span, rate: int) -> Iterable[str]:
    before, after = span.begin / rate, (samples.size - span.end) / rate
    if before + after > 0.3:
        yield f"silence cut off: {before:.1f} s before, {after:.1f} s after"
    if before < CUT_SECONDS:
        yield "sounds from its very first sample: listen whether the first word is whole"
    if after < CUT_SECONDS:
        yield "sounds to its very last sample: listen whether the last word is whole"
