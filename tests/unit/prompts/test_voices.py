"""How a text is handed to espeak-ng, and what happens when that fails. Programs here are small real ones."""

import pytest

from cti.prompts.errors import PromptError
from cti.prompts.voices import ENGLISH, MANDARIN, PINYIN, Speaker, Utterance, as_pinyin, find_speaker, is_pause
from cti.provision.errors import ProvisionError
from cti.provision.programs import Tool


def program(folder, script, name="espeak-ng"):
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return Tool((str(file),))


NEW = Speaker(Tool(("espeak-ng",)), "1.52.0")
OLD = Speaker(Tool(("espeak-ng",)), "1.51")


@pytest.mark.parametrize(
    ("text", "language", "manner", "spoken"),
    [
        ("Your balance", "en", ENGLISH, "Your balance"),
        ("您的余额", "zh", PINYIN, "您的余额"),
        ("请还款", "zh", PINYIN, "请 huan2kuan3 "),
        ("拨打 SOS", "zh", MANDARIN, "拨打 SOS"),
        ("A", "zh", ENGLISH, "A"),
    ],
)
def test_manner_follows_language_and_script(text, language, manner, spoken):
    assert NEW.utterance(text, language) == Utterance(manner, spoken)


def test_an_old_engine_is_fed_pinyin():
    assert OLD.utterance("重庆，请还款", "zh").text == "chong2 qing4 ， qing3  huan2kuan3 "
    assert OLD.utterance("重庆", "zh").manner == PINYIN


def test_own_readings_may_be_given():
    speaker = Speaker(NEW.tool, NEW.version, {"六安": "lu4an1"})
    assert speaker.utterance("六安市", "zh").text == " lu4an1 市"


def test_a_language_without_voice_is_refused():
    with pytest.raises(PromptError, match="no voice speaks 'fr'; use zh or en, or record"):
        NEW.utterance("bonjour", "fr")


def test_pinyin_has_tones_and_sandhi():
    assert as_pinyin("一百元，重庆的") == "yi4 bai3 yuan2 ， chong2 qing4 de5"


@pytest.mark.parametrize(
    ("text", "pause"), [("，", True), (",", True), ("。…", True), ("", True), ("嗯", False), ("7", False)]
)
def test_punctuation_is_a_pause(text, pause):
    assert is_pause(text) is pause


def test_the_program_gets_voice_and_text(tmp_path):
    speaker = Speaker(program(tmp_path, 'echo "$@"; cat'), "1.52")
    said = speaker.say(Utterance(MANDARIN, "-v 您好")).decode()
    assert said == f"-v cmn -s {MANDARIN.words_per_minute} -b 1 --stdout --stdin\n-v 您好"


@pytest.mark.parametrize(
    ("script", "complaint"), [("echo no such voice >&2; exit 1", "no such voice"), ("exit 0", "it gave no sound")]
)
def test_a_failing_program_is_told_with_its_words(tmp_path, script, complaint):
    speaker = Speaker(program(tmp_path, f"cat >/dev/null; {script}"), "1.52")
    with pytest.raises(PromptError, match=f"espeak-ng cannot speak '您好': {complaint}"):
        speaker.say(Utterance(MANDARIN, "您好"))


def test_a_program_that_is_gone_is_told(tmp_path):
    speaker = Speaker(Tool((str(tmp_path / "gone"),)), "1.52")
    with pytest.raises(PromptError, match=r"cannot speak 'hi': .*No such file"):
        speaker.say(Utterance(ENGLISH, "hi"))


def test_a_program_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("cti.prompts.voices._DEADLINE_SECONDS", 0.2)
    with pytest.raises(PromptError, match="timed out"):
        Speaker(program(tmp_path, "exec sleep 30"), "1.52").say(Utterance(ENGLISH, "hi"))


def unfetchable(_name, **_options):
    raise ProvisionError("espeak-ng cannot be fetched: no network; put it on PATH")


def test_an_old_program_on_path_will_do_when_none_can_be_fetched(tmp_path, monkeypatch):
    program(tmp_path, 'echo "eSpeak NG text-to-speech: 1.51  Data at: /usr"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("cti.prompts.voices.find_tool", unfetchable)
    assert find_speaker().version == "1.51"


def test_without_any_program_the_cure_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("cti.prompts.voices.find_tool", unfetchable)
    with pytest.raises(ProvisionError, match="put it on PATH"):
        find_speaker()


def test_a_new_program_on_path_is_taken(tmp_path, monkeypatch):
    program(tmp_path, 'echo "eSpeak NG text-to-speech: 1.53-dev  Data at: /usr"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    speaker = find_speaker()
    assert speaker.tool.argv == (str(tmp_path / "espeak-ng"),)
    assert speaker.version.startswith("1.53")
