"""What becomes of the studio's files: matched, mended or refused, and never lost."""

import io

import numpy as np
import pytest
import soundfile

from cti.prompts import audio, measure
from cti.prompts.errors import PromptError
from cti.prompts.studio import takes
from ivr.speech import Prompt
from tests.unit.prompts.studio_sounds import RATE, take, voice, write

HELLO = Prompt("main/hello-1", "zh", "欢迎致电光明电力")
PROMPTS = (HELLO, Prompt("main/hello-1", "en", "Welcome to Guangming Power"), Prompt("say/pause", "zh", "，"))
SECONDS = 2.0


def only(folder, **how):
    (found,) = takes(folder, PROMPTS, **how)
    return found


def kept(found):
    assert found.problems == ()
    return soundfile.read(io.BytesIO(found.sound))


@pytest.mark.parametrize(
    ("name", "rate", "how"),
    [
        ("zh.main.hello-1.wav", 48000, {"subtype": "PCM_24"}),
        ("zh.main.hello-1.WAV", 44100, {"subtype": "FLOAT"}),
        ("ZH.Main.Hello-1.flac", 96000, {}),
        ("zh/main/hello-1.ogg", 48000, {}),
        ("zh/main.hello-1.mp3", 44100, {}),
        ("zh.main.hello-1.aiff", 8000, {}),
    ],
)
def test_any_format_and_either_naming_is_taken_trimmed_and_brought_to_the_house_level(tmp_path, name, rate, how):
    write(tmp_path, name, take(SECONDS, rate=rate), rate, **how)
    found = only(tmp_path)
    samples, kept_rate = kept(found)
    assert (found.prompt, kept_rate, samples.ndim) == (HELLO, rate, 1)
    assert samples.size / rate == pytest.approx(SECONDS, abs=0.2)
    assert measure.active_level_db(samples, rate) == pytest.approx(audio.HOUSE_LEVEL_DB, abs=0.5)
    assert any("silence cut off: 0.5 s before" in remark for remark in found.remarks)


@pytest.mark.parametrize("peak", [0.05, 0.2, 0.9])
def test_loud_and_quiet_takes_come_out_alike(tmp_path, peak):
    write(tmp_path, "zh.main.hello-1.wav", take(SECONDS, peak=peak, noise=1e-5))
    samples, rate = kept(only(tmp_path))
    assert measure.active_level_db(samples, rate) == pytest.approx(audio.HOUSE_LEVEL_DB, abs=0.5)
    assert np.abs(samples).max() <= audio.PEAK + 1e-4


def test_peaks_limit_the_level_and_that_is_told(tmp_path):
    cracked = take(SECONDS, peak=0.1)
    cracked[RATE : RATE + 3] = (0.5, 0.9, 0.4)
    write(tmp_path, "zh.main.hello-1.wav", cracked)
    found = only(tmp_path)
    samples, _ = kept(found)
    assert np.abs(samples).max() == pytest.approx(audio.PEAK, abs=1e-3)
    assert any("quieter than the others" in remark for remark in found.remarks)


def test_a_channel_that_is_silent_is_left_out_and_two_alike_are_mixed(tmp_path):
    one = take(SECONDS)
    for number, (channels, remark) in enumerate((([one, 0 * one], "channel 1 of 2 taken"), ([one, one], "2 channels mixed into one"))):
        write(tmp_path / str(number), "zh.main.hello-1.wav", np.stack(channels, axis=1))
        found = only(tmp_path / str(number))
        assert found.remarks[0].startswith(remark)
        samples, rate = kept(found)
        assert measure.active_level_db(samples, rate) == pytest.approx(audio.HOUSE_LEVEL_DB, abs=0.5)


@pytest.mark.parametrize(
    ("samples", "rate", "problem"),
    [
        (np.clip(take(SECONDS) * 5, -1, 1), RATE, "record it again with 6 dB less gain"),
        (take(SECONDS) * 0.003, RATE, "too quiet to be raised"),
        (np.zeros(RATE), RATE, "too quiet to be raised"),
        (take(SECONDS, noise=0.03), RATE, "record it in a quieter room"),
        (take(SECONDS, rate=6000), 6000, "too few for speech"),
        (np.stack([take(SECONDS), -take(SECONDS)], axis=1), RATE, "cancel each other"),
        (take(0.3), RATE, "0.3 s of sound for a text of"),
        (take(9.0), RATE, "whether it is of other words"),
        (np.zeros(0), RATE, "empty"),
        (np.zeros(8000 * 301), 8000, "cut it into one file for each line"),
    ],
)
def test_what_cannot_be_mended_is_refused_with_its_cure(tmp_path, samples, rate, problem):
    write(tmp_path, "zh.main.hello-1.wav", samples, rate)
    found = only(tmp_path)
    assert (found.prompt, found.sound) == (HELLO, b"")
    assert problem in " ".join(found.problems)


def test_a_length_may_be_accepted_by_hand(tmp_path):
    write(tmp_path, "zh.main.hello-1.wav", take(9.0))
    found = only(tmp_path, any_length=True)
    assert kept(found)[0].size > 8 * RATE
    assert "s of sound for a text of" in found.remarks[0]


def test_one_that_is_cut_off_is_taken_and_told(tmp_path):
    write(tmp_path, "zh.main.hello-1.wav", voice(SECONDS)[RATE // 16 : -RATE // 8])
    remarks = " ".join(only(tmp_path).remarks)
    assert "first word is whole" in remarks
    assert "last word is whole" in remarks


def test_names_nobody_knows_doubles_pauses_and_rubbish_are_told_apart(tmp_path):
    good = take(SECONDS)
    for name in ("zh.main.helo-1.wav", "zh.say.pause.wav", "en.main.hello-1.wav", "en/main/hello-1.flac"):
        write(tmp_path, name, good)
    (tmp_path / "zh.main.hello-1.wav").write_bytes(b"RIFF and no more")
    (tmp_path / "notes.txt").write_text("not a sound")
    told = {found.file.relative_to(tmp_path).as_posix(): found.problems[0] for found in takes(tmp_path, PROMPTS)}
    assert set(told) == {"zh.main.helo-1.wav", "zh.say.pause.wav", "en.main.hello-1.wav", "en/main/hello-1.flac", "zh.main.hello-1.wav"}
    assert 'did you mean "zh.main.hello-1"?' in told["zh.main.helo-1.wav"]
    assert "no prompt has this name" in told["zh.say.pause.wav"]
    assert told["en.main.hello-1.wav"].startswith("en/main/hello-1.flac is of the same prompt")
    assert told["en/main/hello-1.flac"].startswith("en.main.hello-1.wav is of the same prompt")
    assert "not a sound file that can be read" in told["zh.main.hello-1.wav"]


def test_a_folder_without_sounds_is_refused(tmp_path):
    with pytest.raises(PromptError, match="no sound files in it"):
        takes(tmp_path, PROMPTS)
