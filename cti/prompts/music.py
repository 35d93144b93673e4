"""Music on hold: a small melody of the project's own, synthesised, about half a minute, without a seam.

Two notes of melody a beat over broken chords, plucked: additive tones that die away. Whatever rings past the end rings
into the beginning, so that the loop has no click. The same bytes on every machine of the same numpy.
"""

import numpy as np

from cti.prompts import audio

BEAT_SECONDS = 0.48
BEATS_PER_BAR = 4
_PEAK = 10 ** (-9 / 20)  # below the prompts: music that is spoken over or waited through for minutes
_PARTIALS = ((1, 1.0, 1.4), (2, 0.35, 0.9), (3, 0.12, 0.5))  # multiple, strength, seconds until 1/e

# Midi numbers; each bar: chord (low to high), then the melody in half beats, 0 for a rest.
_CHORDS = {"C": (48, 55, 60, 64), "Am": (45, 52, 57, 60), "F": (41, 53, 57, 60), "G": (43, 50, 55, 59)}
_BARS = (
    ("C", (76, 0, 79, 0, 81, 79, 76, 0)),
    ("Am", (72, 0, 74, 76, 0, 74, 72, 0)),
    ("F", (69, 0, 72, 0, 74, 0, 72, 69)),
    ("G", (67, 0, 0, 69, 71, 0, 74, 0)),
    ("C", (76, 0, 79, 81, 0, 84, 81, 79)),
    ("Am", (81, 0, 79, 76, 0, 74, 76, 0)),
    ("F", (77, 0, 76, 74, 72, 0, 69, 0)),
    ("G", (74, 0, 71, 0, 67, 0, 0, 0)),
    ("F", (72, 0, 77, 0, 81, 0, 79, 77)),
    ("C", (79, 0, 76, 0, 72, 0, 0, 76)),
    ("F", (77, 0, 81, 0, 84, 0, 81, 0)),
    ("C", (79, 0, 0, 76, 79, 0, 0, 0)),
    ("Am", (76, 0, 81, 0, 79, 76, 74, 0)),
    ("F", (72, 74, 72, 0, 69, 0, 72, 0)),
    ("G", (74, 0, 76, 74, 71, 0, 67, 0)),
    ("C", (72, 0, 0, 0, 0, 0, 0, 0)),
)


def melody() -> audio.Samples:
    """Return the loop, 8 kHz, whole packets long."""
    length = round(len(_BARS) * BEATS_PER_BAR * BEAT_SECONDS * audio.RATE_HZ)
    loop = np.zeros(length - length % audio.FRAME_SAMPLES)
    for number, (chord, tune) in enumerate(_BARS):
        start = number * BEATS_PER_BAR * BEAT_SECONDS
        for step, note in enumerate(tune):
            at = start + step * BEAT_SECONDS / 2
            _pluck(loop, _CHORDS[chord][(0, 1, 2, 3, 2, 1, 2, 3)[step]], at, 0.35)
            if note:
                _pluck(loop, note, at, 1.0)
    return audio.dithered(loop * (_PEAK / np.abs(loop).max()), "music")


def _pluck(loop: audio.Samples, note: int, at_seconds: float, strength: float) -> None:
    """Add a tone at a time; what rings past the end goes on at the beginning."""
    seconds = np.arange(3 * audio.RATE_HZ) / audio.RATE_HZ
    pitch_hz = 440 * 2 ** ((note - 69) / 12)
    attack = np.minimum(1, seconds / 0.008)
    tone = sum(
        part * np.exp(-seconds / decay) * np.sin(2 * np.pi * multiple * pitch_hz * seconds)
        for multiple, part, decay in _PARTIALS
        if multiple * pitch_hz < audio.RATE_HZ / 2
    )
    places = (round(at_seconds * audio.RATE_HZ) + np.arange(seconds.size)) % loop.size
    np.add.at(loop, places, strength * attack * tone)
