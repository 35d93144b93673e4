"""Measuring speech: its level after ITU-T P.56, where it is clipped, where it begins and ends, its noise."""

import numpy as np
import pytest

from cti.prompts import measure
from tests.unit.prompts.studio_sounds import take, voice


def tone(seconds, rms_db, rate=16000):
    return 10 ** (rms_db / 20) * np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("level", [-10, -26, -40])
def test_a_steady_tone_has_the_level_of_its_mean_power(rate, level):
    assert measure.active_level_db(tone(4, level, rate), rate) == pytest.approx(level, abs=0.1)


def test_pauses_do_not_make_speech_quieter_as_they_do_the_mean_power():
    spoken = tone(4, -26)
    with_pauses = np.concatenate([np.zeros(32000), spoken, np.zeros(32000)])
    assert 10 * np.log10(np.mean(with_pauses**2)) == pytest.approx(-29, abs=0.1)
    assert measure.active_level_db(with_pauses, 16000) == pytest.approx(-26, abs=0.4)


def test_twice_as_high_is_six_decibels_louder():
    low, high = (measure.active_level_db(voice(3, peak=peak), 48000) for peak in (0.2, 0.4))
    assert high - low == pytest.approx(6.02, abs=0.1)


@pytest.mark.parametrize("samples", [np.zeros(8000), np.zeros(0), np.zeros(3)])
def test_nothing_is_silent_without_a_complaint(samples):
    assert measure.active_level_db(samples, 8000) == measure.SILENT_DB
    assert measure.noise_db(samples, 8000) == measure.SILENT_DB
    assert measure.speech(samples, 8000) == measure.Span(0, 0)
    assert measure.clippings(samples, 8000) == []


@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_clipping_is_seen_also_when_it_was_turned_down_afterwards(gain):
    clean = take(2)
    assert measure.clippings(clean, 48000) == []
    clipped = gain * np.clip(clean * 4, -1, 1)
    found = measure.clippings(clipped, 48000)
    assert len(found) > 10
    assert 0.5 < found[0] < 0.8


def test_the_ends_of_speech_are_found_in_silence_and_in_noise():
    for noise in (0.0, 1e-4, 3e-3):
        span = measure.speech(take(2, before=0.7, after=0.3, noise=noise), 48000)
        assert span.begin / 48000 == pytest.approx(0.74, abs=0.06)
        assert span.end / 48000 == pytest.approx(2.6, abs=0.15)


def test_noise_is_the_level_of_the_pauses():
    assert measure.noise_db(take(2, noise=0.01), 48000) == pytest.approx(-40, abs=1)
