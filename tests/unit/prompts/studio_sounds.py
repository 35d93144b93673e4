"""Sounds a studio could send, made by arithmetic: syllables four times a second, between silences with a little noise."""

import numpy as np
import soundfile

RATE = 48000


def voice(seconds, *, rate=RATE, peak=0.5):
    """Syllables: a buzz of 140 Hz whose height swells and fades, never twice to the same height."""
    times = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 140 * n * times + n * n) / n for n in range(1, 12))
    swell = np.clip(np.sin(2 * np.pi * 4 * times - 0.5), 0, None) * (1 - 0.2 * np.sin(2 * np.pi * 0.7 * times))
    sound = buzz * swell
    return peak * sound / np.abs(sound).max()


def take(seconds, *, before=0.5, after=0.5, noise=1e-4, rate=RATE, peak=0.5):
    """What a microphone gives of so much speech."""
    parts = [np.zeros(round(before * rate)), voice(seconds, rate=rate, peak=peak), np.zeros(round(after * rate))]
    whole = np.concatenate(parts)
    return whole + np.random.default_rng(1).normal(0, noise, whole.size)


def write(folder, name, samples, rate=RATE, **how):
    """Write a sound file; its suffix chooses the format."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **how)
    return path
