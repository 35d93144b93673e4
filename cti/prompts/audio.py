"""Sound as arrays: what is spoken or recorded becomes 8 kHz µ-law at one level, trimmed for joining.

Samples are mono float64 arrays between -1 and 1.
"""

import io
import wave
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from cti.prompts.errors import PromptError
from cti.prompts.measure import active_level_db

Samples = NDArray[np.float64]

RATE_HZ = 8000
FRAME_SAMPLES = 160
"""One packet of 20 ms: whole packets let a prompt follow another without a patch of silence."""

PEAK = 10 ** (-3 / 20)
"""Level that no sample of a prompt exceeds: -3 dB of full scale."""

LOUDNESS = 10 ** (-18 / 20)
"""Root mean square that no prompt exceeds: short dense words would drown out sentences if only peaks were levelled."""

HOUSE_LEVEL_DB = -19.0
"""Level of the speech of every recording (ITU-T P.56, dB of full scale): that of the synthetic voice, in the median."""

_FULL_SCALE = 32768
_HEARD = 10 ** (-42 / 20)  # below this part of the peak, a sample at either end counts as silence
_LEAD_SAMPLES = RATE_HZ * 8 // 1000
_TAIL_SAMPLES = RATE_HZ * 40 // 1000
_FADE_IN_SAMPLES = RATE_HZ * 4 // 1000
_FADE_OUT_SAMPLES = RATE_HZ * 25 // 1000
_DITHER = 8 / _FULL_SCALE
_BIAS = 0x84
_CLIP = 32635
_NEGATIVE_ZERO, _ZERO = 0x7F, 0xFF


def read_sound(source: Path | bytes, name: str) -> tuple[Samples, int]:
    """Read a sound file: (samples mixed to mono, rate in Hz). `name` stands in the PromptError when it is unfit."""
    try:
        samples, rate = soundfile.read(io.BytesIO(source) if isinstance(source, bytes) else source, always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise PromptError(f"{name}: not a sound file that can be read ({error}); save it as PCM wav") from error
    return samples.mean(axis=1), int(rate)


def levelled(samples: Samples) -> Samples:
    """Set the level of the synthetic voice: as loud as peaks and mean power allow."""
    peak, mean_square = float(np.abs(samples).max()), float(np.mean(samples**2))
    loud: Samples = samples * min(PEAK / peak, LOUDNESS / mean_square**0.5)
    return loud


def at_house_level(samples: Samples, rate_hz: int = RATE_HZ) -> tuple[Samples, float]:
    """Bring recorded speech to the house level, or as near to it as its peaks allow. Returns the dB it stays below."""
    peak = float(np.abs(samples).max())
    wanted = 10 ** ((HOUSE_LEVEL_DB - active_level_db(samples, rate_hz)) / 20)
    gain = min(wanted, PEAK / peak)
    return samples * gain, float(20 * np.log10(wanted / gain))


def for_telephone(
    samples: Samples, rate_hz: int, name: str, level: Callable[[Samples], Samples] = levelled
) -> Samples:
    """Bring a prompt to 8 kHz, trim silence (8 ms lead, 40 ms tail), set its level and smooth its ends.

    Adds a dither far below hearing (8 of 32768) that is a function of `name`: it masks µ-law's steps, and makes every
    prompt's bytes its own, so that a listener can tell two prompts with the same words apart.
    Raises PromptError when there is nothing to hear.
    """
    narrow = soxr.resample(samples, rate_hz, RATE_HZ) if rate_hz != RATE_HZ else samples
    loud = np.flatnonzero(np.abs(narrow) > _HEARD * np.abs(narrow).max(initial=0.0))
    if loud.size == 0 or np.abs(narrow).max() < 1e-4:
        raise PromptError(f"{name}: nothing to hear in it; write another text or record it again")
    heard = narrow[max(0, loud[0] - _LEAD_SAMPLES) : loud[-1] + 1]
    heard = np.concatenate([level(heard), np.zeros(_TAIL_SAMPLES)])
    heard[:_FADE_IN_SAMPLES] *= np.linspace(0, 1, _FADE_IN_SAMPLES)
    end = heard.size - _TAIL_SAMPLES
    fade = min(_FADE_OUT_SAMPLES, end)
    heard[end - fade : end] *= np.linspace(1, 0, fade)
    return dithered(_whole_frames(heard), name)


def silence(milliseconds: int, name: str) -> Samples:
    """Return a pause: nothing but the dither of its name."""
    return dithered(_whole_frames(np.zeros(RATE_HZ * milliseconds // 1000)), name)


def to_ulaw(samples: Samples) -> bytes:
    """Encode as G.711 µ-law, one byte a sample; negative zero is never used, so that decoding is reversible."""
    linear = np.clip(np.rint(samples * _FULL_SCALE), -_CLIP, _CLIP).astype(np.int32)
    magnitude = np.abs(linear) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    codes = ~(np.where(linear < 0, 0x80, 0) | (exponent << 4) | mantissa) & 0xFF
    return np.where(codes == _NEGATIVE_ZERO, _ZERO, codes).astype(np.uint8).tobytes()


def from_ulaw(encoded: bytes) -> Samples:
    """Decode G.711 µ-law."""
    codes = ~np.frombuffer(encoded, dtype=np.uint8).astype(np.int32) & 0xFF
    magnitude = ((((codes & 0x0F) << 3) + _BIAS) << ((codes >> 4) & 0x07)) - _BIAS
    return np.where(codes & 0x80, -magnitude, magnitude) / _FULL_SCALE


def to_wav(samples: Samples, rate_hz: int = RATE_HZ) -> bytes:
    """Encode as a 16-bit mono wav file; at 8 kHz it is the only wav Asterisk plays."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.clip(np.rint(samples * _FULL_SCALE), -32768, 32767).astype("<i2").tobytes())
    return out.getvalue()


def _whole_frames(samples: Samples) -> Samples:
    return np.concatenate([samples, np.zeros(-samples.size % FRAME_SAMPLES)])


def dithered(samples: Samples, name: str) -> Samples:
    """Add noise below hearing that is a function of `name`."""
    seed = int.from_bytes(sha256(name.encode()).digest()[:8])
    return samples + np.random.default_rng(seed).uniform(-_DITHER, _DITHER, samples.size)
