"""A build makes what changed, whole files or none, and says what it could not make."""

import json
import os

import numpy as np
import pytest

from cti.prompts import audio
from cti.prompts.build import MANIFEST, build_music, build_prompts
from cti.prompts.errors import PromptError
from cti.prompts.files import missing, prompt_file
from ivr.speech import Prompt
from tests.unit.prompts.tone_voice import ToneVoice

HELLO = Prompt("menu/hello-1", "zh", "您好")
BYE = Prompt("menu/bye-1", "zh", "再见")
HELLO_EN = Prompt("menu/hello-1", "en", "Hello")
ALL = (HELLO, BYE, HELLO_EN)


def test_files_are_where_asterisk_looks(tmp_path):
    report = build_prompts(ALL, tmp_path, ToneVoice())
    assert report.rendered == ("en/menu/hello-1", "zh/menu/bye-1", "zh/menu/hello-1")
    assert (tmp_path / "zh/hotline/menu/hello-1.ulaw").stat().st_size > 0
    assert missing(ALL, tmp_path) == ()
    assert not [file for file in tmp_path.rglob(".*") if file.name != MANIFEST]


def test_files_are_readable_for_asterisks_user(tmp_path):
    build_prompts([HELLO], tmp_path, ToneVoice())
    assert prompt_file(tmp_path, HELLO).stat().st_mode & 0o444 == 0o444


def test_a_second_build_says_nothing(tmp_path):
    build_prompts(ALL, tmp_path, ToneVoice())
    voice = ToneVoice()
    report = build_prompts(ALL, tmp_path, voice)
    assert (report.rendered, report.kept, voice.said) == ((), 3, [])


def test_a_changed_text_is_said_again_alone(tmp_path):
    build_prompts(ALL, tmp_path, ToneVoice())
    before = prompt_file(tmp_path, HELLO).read_bytes()
    voice = ToneVoice()
    build_prompts([Prompt(HELLO.id, "zh", "您早"), BYE, HELLO_EN], tmp_path, voice)
    assert voice.said == ["您早"]
    assert prompt_file(tmp_path, HELLO).read_bytes() != before


def test_a_new_engine_says_everything_again(tmp_path):
    build_prompts(ALL, tmp_path, ToneVoice())
    assert len(build_prompts(ALL, tmp_path, ToneVoice(version="2")).rendered) == 3


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"")])
def test_a_lost_file_is_missing_and_made_again(tmp_path, damage):
    build_prompts(ALL, tmp_path, ToneVoice())
    damage(prompt_file(tmp_path, BYE))
    assert missing(ALL, tmp_path) == (BYE,)
    assert build_prompts(ALL, tmp_path, ToneVoice()).rendered == ("zh/menu/bye-1",)


@pytest.mark.parametrize("manifest", ["", "[]", "{", '"x"'])
def test_a_broken_manifest_means_building_again(tmp_path, manifest):
    build_prompts(ALL, tmp_path, ToneVoice())
    (tmp_path / MANIFEST).write_text(manifest)
    assert len(build_prompts(ALL, tmp_path, ToneVoice()).rendered) == 3
    assert len(json.loads((tmp_path / MANIFEST).read_text())) == 3


def test_same_words_under_two_names_are_told_apart_in_every_packet(tmp_path):
    twin = Prompt("menu/hello-2", "zh", HELLO.text)
    build_prompts([HELLO, twin], tmp_path, ToneVoice())
    one, two = (prompt_file(tmp_path, prompt).read_bytes() for prompt in (HELLO, twin))
    packets = range(0, min(len(one), len(two)), audio.FRAME_SAMPLES)
    assert all(one[at : at + audio.FRAME_SAMPLES] != two[at : at + audio.FRAME_SAMPLES] for at in packets)


def test_the_same_build_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        build_prompts(ALL, tmp_path / folder, ToneVoice())
    for prompt in ALL:
        assert prompt_file(tmp_path / "a", prompt).read_bytes() == prompt_file(tmp_path / "b", prompt).read_bytes()


def test_all_failures_are_told_and_the_rest_is_made(tmp_path):
    with pytest.raises(PromptError) as failure:
        build_prompts(ALL, tmp_path, ToneVoice(mute=("您好", "Hello")))
    assert "'您好'" in str(failure.value)
    assert "'Hello'" in str(failure.value)
    assert missing(ALL, tmp_path) == (HELLO, HELLO_EN)
    assert len(build_prompts(ALL, tmp_path, ToneVoice()).rendered) == 2


def test_a_fault_of_the_program_is_not_swallowed(tmp_path):
    voice = ToneVoice()
    voice.say = lambda _utterance: 1 / 0
    with pytest.raises(ZeroDivisionError):
        build_prompts(ALL, tmp_path, voice)


def test_one_name_with_two_texts_is_refused(tmp_path):
    with pytest.raises(PromptError, match="zh/menu/hello-1 has two texts, '您好' and '您早'; rename"):
        build_prompts([HELLO, HELLO, Prompt(HELLO.id, "zh", "您早")], tmp_path, ToneVoice())


@pytest.mark.parametrize("bad", ["", "/etc/x", "a//b", "a/../b", "A", "x.ulaw", "x/"])
def test_an_unfit_id_is_refused(tmp_path, bad):
    with pytest.raises(PromptError, match="an id is made of"):
        build_prompts([Prompt(bad, "zh", "x")], tmp_path, ToneVoice())


def test_an_unfit_language_is_refused(tmp_path):
    with pytest.raises(PromptError, match="not a language code"):
        build_prompts([Prompt("x", "../zh", "x")], tmp_path, ToneVoice())


def test_progress_counts_to_the_end(tmp_path):
    seen = []
    build_prompts(ALL, tmp_path, ToneVoice(), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_punctuation_is_a_pause_and_not_said(tmp_path):
    voice = ToneVoice()
    pause = Prompt("say/pause", "zh", "，")
    build_prompts([pause], tmp_path, voice)
    samples = audio.from_ulaw(prompt_file(tmp_path, pause).read_bytes())
    assert voice.said == []
    assert samples.size == pytest.approx(0.22 * audio.RATE_HZ, abs=audio.FRAME_SAMPLES)
    assert np.abs(samples).max() < 0.001


@pytest.fixture
def recording(tmp_path):
    """0.5 s of 500 Hz, recorded at 48 kHz in stereo with half a second of silence at both ends."""
    import soundfile

    tone = 0.1 * np.sin(2 * np.pi * 500 * np.arange(24000) / 48000)
    channel = np.concatenate([np.zeros(24000), tone, np.zeros(24000)])
    file = tmp_path / "recordings/zh/menu/hello-1.wav"
    file.parent.mkdir(parents=True)
    soundfile.write(file, np.stack([channel, channel], axis=1), 48000, subtype="PCM_24")
    return file


def test_a_recording_wins_and_is_brought_to_the_telephone(tmp_path, recording):
    voice = ToneVoice()
    build_prompts(ALL, tmp_path / "sounds", voice, recordings=tmp_path / "recordings")
    assert sorted(voice.said) == ["Hello", "再见"]
    samples = audio.from_ulaw(prompt_file(tmp_path / "sounds", HELLO).read_bytes())
    assert samples.size == pytest.approx(0.55 * audio.RATE_HZ, abs=2 * audio.FRAME_SAMPLES)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * audio.RATE_HZ / samples.size == pytest.approx(500, abs=5)


def test_a_new_take_of_a_recording_is_noticed_and_so_is_its_removal(tmp_path, recording):
    voice = ToneVoice()

    def build():
        return build_prompts(ALL, tmp_path / "sounds", voice, recordings=tmp_path / "recordings").rendered

    build()
    assert build() == ()
    os.utime(recording, (1, 1))
    assert build() == ("zh/menu/hello-1",)
    recording.unlink()
    assert build() == ("zh/menu/hello-1",)
    assert "您好" in voice.said


def test_a_recording_that_is_no_sound_is_named(tmp_path, recording):
    recording.write_bytes(b"not a sound")
    with pytest.raises(PromptError, match=r"hello-1.wav: not a sound file .* save it as PCM wav"):
        build_prompts([HELLO], tmp_path / "sounds", ToneVoice(), recordings=tmp_path / "recordings")


def test_a_silent_recording_is_named(tmp_path, recording):
    recording.write_bytes(audio.to_wav(np.zeros(8000)))
    with pytest.raises(PromptError, match="zh/menu/hello-1: nothing to hear"):
        build_prompts([HELLO], tmp_path / "sounds", ToneVoice(), recordings=tmp_path / "recordings")


def test_music_is_made_once(tmp_path):
    assert build_music(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert not build_music(tmp_path)
    assert set(before) == {"hotline.ulaw", "hotline.wav", MANIFEST}
    (tmp_path / "hotline.wav").unlink()
    assert build_music(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_failed_write_leaves_the_old_file_and_no_crumbs(tmp_path, monkeypatch):
    build_prompts([HELLO], tmp_path, ToneVoice())
    file = prompt_file(tmp_path, HELLO)
    before = file.read_bytes()

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space left"):
        build_prompts([Prompt(HELLO.id, "zh", "您早")], tmp_path, ToneVoice())
    assert file.read_bytes() == before
    assert [entry.name for entry in file.parent.iterdir()] == ["hello-1.ulaw"]
