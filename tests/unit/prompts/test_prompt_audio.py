"""Sound for the telephone: level, ends, bytes."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.prompts import audio, music
from cti.prompts.errors import PromptError
from tests.rig.prompts import ulaw as asterisk_ulaw

CODES = bytes(code for code in range(256) if code != 0x7F)


def tone(seconds, level=0.1, rate=audio.RATE_HZ, pitch=400):
    return level * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


def heard(samples):
    return audio.from_ulaw(audio.to_ulaw(samples))


def test_every_code_survives_decoding_and_encoding():
    assert audio.to_ulaw(audio.from_ulaw(CODES)) == CODES


def test_known_values_of_g711():
    assert audio.to_ulaw(np.array([0, 1, -1, 8 / 32768, -8 / 32768])) == bytes([0xFF, 0x80, 0x00, 0xFE, 0x7E])
    assert audio.from_ulaw(bytes([0x80, 0x00])) == pytest.approx(np.array([32124, -32124]) / 32768)


@given(st.floats(-1, 1))
def test_encoding_is_as_near_as_the_codes_allow(sample):
    error = abs(float(heard(np.array([sample]))[0]) - sample)
    assert error <= max(abs(sample) / 16, 8 / 32768) + 644 / 32768 * (abs(sample) > 0.98)


def test_music_as_wav_is_the_same_to_asterisk_as_the_ulaw_file():
    encoded = audio.to_ulaw(tone(0.1, level=0.7))
    with wave.open(io.BytesIO(audio.to_wav(audio.from_ulaw(encoded)))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert asterisk_ulaw(file.readframes(file.getnframes())) == encoded


@pytest.mark.parametrize("level", [0.001, 0.1, 1.0])
def test_level_is_the_same_however_loud_the_source(level):
    spoken = heard(audio.for_telephone(tone(0.5, level), audio.RATE_HZ, "x"))
    assert np.abs(spoken).max() <= audio.PEAK * 1.03
    assert np.sqrt(np.mean(spoken[: 8000 // 2] ** 2)) == pytest.approx(audio.LOUDNESS, rel=0.1)


def test_a_peaky_sound_is_held_by_its_peak():
    clicks = tone(0.5, 0.01)
    clicks[2000] = 1.0
    spoken = audio.for_telephone(clicks, audio.RATE_HZ, "x")
    assert np.abs(spoken).max() == pytest.approx(audio.PEAK, rel=0.01)


def test_ends_are_trimmed_to_a_short_lead_and_tail():
    padded = np.concatenate([np.zeros(8000), tone(0.5), np.zeros(16000)])
    spoken = audio.for_telephone(padded, audio.RATE_HZ, "x")
    assert spoken.size % audio.FRAME_SAMPLES == 0
    assert spoken.size / audio.RATE_HZ == pytest.approx(0.5 + 0.008 + 0.040, abs=0.021)
    loud = np.flatnonzero(np.abs(spoken) > 0.01)
    assert loud[0] < 0.015 * audio.RATE_HZ
    assert 0.035 * audio.RATE_HZ <= spoken.size - loud[-1] <= 0.075 * audio.RATE_HZ


def test_a_pause_inside_is_kept():
    halves = np.concatenate([tone(0.3), np.zeros(4000), tone(0.3)])
    assert audio.for_telephone(halves, audio.RATE_HZ, "x").size / audio.RATE_HZ == pytest.approx(1.15, abs=0.03)


def test_resampling_keeps_pitch_and_removes_what_would_alias():
    mixed = tone(1, 0.1, 22050, 1000) + tone(1, 0.1, 22050, 6000)
    spoken = audio.for_telephone(mixed, 22050, "x")[:8000]
    spectrum = np.abs(np.fft.rfft(spoken))
    assert np.argmax(spectrum) * 8000 / spoken.size == pytest.approx(1000, abs=2)
    assert spectrum[round(2000 * spoken.size / 8000)] < spectrum.max() / 300


@pytest.mark.parametrize("nothing", [np.zeros(0), np.zeros(8000), np.full(8000, 1e-6)])
def test_nothing_to_hear_is_refused(nothing):
    with pytest.raises(PromptError, match="x: nothing to hear"):
        audio.for_telephone(nothing, audio.RATE_HZ, "x")


def test_a_very_short_sound_is_fit():
    assert audio.for_telephone(tone(0.01), audio.RATE_HZ, "x").size % audio.FRAME_SAMPLES == 0


def test_the_melody_is_half_a_minute_without_seam_or_clipping():
    loop = music.melody()
    assert 25 <= loop.size / audio.RATE_HZ <= 35
    assert loop.size % audio.FRAME_SAMPLES == 0
    assert 0.3 < np.abs(loop).max() < 0.4
    seconds = np.abs(loop[: loop.size // 8000 * 8000]).reshape(-1, 8000).max(axis=1)
    assert seconds.min() > 0.02, "silence in the music"
    assert abs(loop[0] - loop[-1]) <= np.abs(np.diff(loop)).max(), "a click where the loop closes"


def test_no_two_moments_of_the_melody_have_the_same_bytes():
    encoded = audio.to_ulaw(music.melody())
    windows = [encoded[at : at + 160] for at in range(0, len(encoded), 160)]
    assert len(set(windows)) == len(windows)
