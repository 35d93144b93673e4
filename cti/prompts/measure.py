"""What can be measured of a recording: how loud its speech is, where it is clipped, where it begins and ends, how noisy it is.

Samples are mono float64 arrays between -1 and 1; levels are dB of full scale (a square wave of full height is 0 dB).
"""

from dataclasses import dataclass
from math import exp, log10

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

SILENT_DB = -100.0
"""Level of what has no sound at all."""

_ENVELOPE_HZ = 1000
_TIME_CONSTANT_SECONDS = 0.03
_HANGOVER_SECONDS = 0.2
_MARGIN_DB = 15.9
_THRESHOLDS = 15  # 2^-1 … 2^-15: from -6 to -90 dB
_SQUARED_OFF = 2e-4  # samples this near to the peak (a part of it) are as high as it
_RUN_SAMPLES = 4
_FRAME_SECONDS = 0.01
_PAUSES_SECONDS = 0.3
_ABOVE_NOISE = 10 ** (6 / 20)
_OF_PEAK = 10 ** (-42 / 20)


@dataclass(frozen=True, slots=True)
class Span:
    """Where speech begins and ends, in samples."""

    begin: int
    end: int


def active_level_db(samples: Samples, rate_hz: int) -> float:
    """Return the level of speech while somebody speaks, pauses left out: ITU-T P.56, method B.

    The envelope is taken at 1 kHz instead of the sampling rate, which moves the result by less than 0.1 dB.
    """
    energy = float(np.sum(samples**2))
    envelope = _envelope(np.abs(samples), rate_hz)
    above: tuple[float, float] | None = None  # the level and its height above the threshold, at the threshold before
    for step in range(_THRESHOLDS, 0, -1):
        active = _active_samples(envelope >= 2.0**-step) * rate_hz / _ENVELOPE_HZ
        if not active or not energy:
            break
        level, threshold = 10 * log10(energy / active), 20 * log10(2.0**-step)
        excess = level - threshold - _MARGIN_DB
        if excess <= 0:
            return level if above is None else _between(above, (level, excess))
        above = level, excess
    return above[0] if above else SILENT_DB


def clippings(samples: Samples, rate_hz: int) -> list[float]:
    """Return the times, in seconds, where the wave is cut flat at its highest: four samples in a row or more."""
    peak = float(np.abs(samples).max(initial=0.0))
    if not peak:
        return []
    flat = np.abs(samples) >= peak * (1 - _SQUARED_OFF)
    edges = np.diff(np.concatenate([[0], flat.astype(np.int8), [0]]))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [float(begin) / rate_hz for begin, end in zip(begins, ends, strict=True) if end - begin >= _RUN_SAMPLES]


def speech(samples: Samples, rate_hz: int) -> Span:
    """Return where sound begins and ends: what is 6 dB above the noise of the pauses, and within 42 dB of the peak."""
    heights = np.max(_frames(np.abs(samples), rate_hz), axis=1, initial=0.0)
    if not heights.size:
        return Span(0, 0)
    floor = max(float(heights.max()) * _OF_PEAK, min(_of_pauses(heights) * _ABOVE_NOISE, float(heights.max()) / 4))
    loud = np.flatnonzero(heights > floor)
    frame = round(rate_hz * _FRAME_SECONDS)
    return Span(int(loud[0]) * frame, min(samples.size, int(loud[-1] + 1) * frame)) if loud.size else Span(0, 0)


def noise_db(samples: Samples, rate_hz: int) -> float:
    """Return the level of the quietest 0.3 s of a recording: its noise, if the speaker paused so long in all."""
    frames = _frames(samples**2, rate_hz)
    powers = np.mean(frames, axis=1) if frames.size else frames
    quiet = _of_pauses(powers) if powers.size else 0.0
    return 10 * log10(quiet) if quiet > 10 ** (SILENT_DB / 10) else SILENT_DB


def _of_pauses(values: Samples) -> float:
    """Return the value that is typical of the quietest frames."""
    quietest = np.sort(values)[: round(_PAUSES_SECONDS / _FRAME_SECONDS)]
    return float(np.median(quietest))


def _frames(values: Samples, rate_hz: int) -> Samples:
    """Cut into frames of 10 ms; what is left over at the end is dropped."""
    size = round(rate_hz * _FRAME_SECONDS)
    return values[: values.size // size * size].reshape(-1, size)


def _envelope(rectified: Samples, rate_hz: int) -> Samples:
    """Smooth twice with a time constant of 30 ms, as P.56 says."""
    edges = np.arange(0, rectified.size, rate_hz / _ENVELOPE_HZ).astype(int)
    blocks = np.add.reduceat(rectified, edges) / np.diff(np.append(edges, rectified.size)) if edges.size else rectified
    keep = exp(-1 / (_ENVELOPE_HZ * _TIME_CONSTANT_SECONDS))
    first = second = 0.0
    smoothed = np.empty(blocks.size)
    for index, value in enumerate(blocks):
        first = keep * first + (1 - keep) * value
        second = keep * second + (1 - keep) * first
        smoothed[index] = second
    return smoothed


def _active_samples(loud: NDArray[np.bool_]) -> int:
    """Count the envelope's samples that are loud, or come within 200 ms after one that was."""
    places = np.arange(loud.size)
    last = np.maximum.accumulate(np.where(loud, places, -loud.size - _ENVELOPE_HZ))
    return int(np.count_nonzero(places - last < _HANGOVER_SECONDS * _ENVELOPE_HZ))


def _between(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Interpolate the level at which it stands exactly the margin above the threshold."""
    (level, excess), (next_level, next_excess) = before, after
    return level + (next_level - level) * excess / (excess - next_excess)
