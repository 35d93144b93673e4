"""Recordings against texts that change: which is played, which is told, which survives."""

import json

import pytest

from cti.prompts.audio import to_wav
from cti.prompts.build import build_prompts
from cti.prompts.errors import PromptError
from cti.prompts.files import prompt_file
from cti.prompts.recordings import MANIFEST, Recorded, Recordings
from ivr.speech import Prompt
from tests.unit.prompts.studio_sounds import voice
from tests.unit.prompts.tone_voice import ToneVoice

OLD, NEW = Prompt("main/hello-1", "zh", "您好"), Prompt("main/hello-1", "zh", "您好，欢迎")
SOUND = to_wav(voice(1.0, rate=8000))


@pytest.fixture
def folder(tmp_path):
    kept = Recordings(tmp_path / "recordings")
    kept.keep(OLD, SOUND, "zh.main.hello-1.flac")
    kept.save()
    return kept.folder


def test_a_recording_is_stale_once_its_text_changed_and_good_again_when_it_changes_back(folder):
    assert Recordings(folder).state(OLD) is Recorded.YES
    assert Recordings(folder).state(NEW) is Recorded.STALE
    assert Recordings(folder).state(Prompt("main/bye-1", "zh", "再见")) is Recorded.NO


def test_one_put_there_by_hand_is_taken_for_what_it_says(folder):
    (folder / "zh/main/hello-1.wav").write_bytes(to_wav(voice(1.2, rate=8000)))
    assert Recordings(folder).state(NEW) is Recorded.YES


def test_the_voice_speaks_a_changed_text_and_never_touches_the_recording(folder, tmp_path):
    sounds, speaker = tmp_path / "sounds", ToneVoice()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert build_prompts([OLD], sounds, speaker, recordings=folder).stale == ()
    recorded = prompt_file(sounds, OLD).read_bytes()
    assert speaker.said == []
    report = build_prompts([NEW], sounds, speaker, recordings=folder)
    assert (report.rendered, report.stale, speaker.said) == (("zh/main/hello-1",), ("zh/main/hello-1",), [NEW.text])
    assert prompt_file(sounds, NEW).read_bytes() != recorded
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    build_prompts([OLD], sounds, speaker, recordings=folder)
    assert prompt_file(sounds, OLD).read_bytes() == recorded


@pytest.mark.parametrize("text", ["{", "[]", '{"zh/main/hello-1": {"text": "x"}}', '{"zh/main/hello-1": 5}'])
def test_a_manifest_that_cannot_be_read_is_told(folder, text):
    (folder / MANIFEST).write_text(text)
    with pytest.raises(PromptError, match="import again"):
        Recordings(folder)


def test_the_manifest_tells_the_text_and_where_it_came_from(folder):
    entry = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["zh/main/hello-1"]
    assert (entry["text"], entry["source"]) == ("您好", "zh.main.hello-1.flac")
