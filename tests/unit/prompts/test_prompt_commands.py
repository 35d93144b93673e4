"""`hotline say` and `hotline prompts`, as far as no voice is needed."""

import pytest
import typer
from typer.testing import CliRunner

from cti.cli.prompts import register
from cti.prompts.build import build_prompts
from cti.prompts.files import prompt_file
from cti.prompts.wanted import wanted_prompts
from tests.unit.prompts.tone_voice import ToneVoice

FLOW = """\
flow: main
start: hello
safe_exit: bye
steps:
  hello:
    type: say
    say: {zh: "您好", en: "Hello"}
    next: bye
  bye:
    type: hangup
"""
PHRASES = """\
phrases:
  one-moment: {zh: 请稍候, en: One moment please}
  system-error: {zh: 系统故障, en: The system has failed}
"""


@pytest.fixture
def flows(tmp_path, monkeypatch):
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "main.yaml").write_text(FLOW)
    (folder / "phrases.yaml").write_text(PHRASES)
    monkeypatch.setenv("HOTLINE_FLOWS_DIR", str(folder))
    monkeypatch.setenv("HOTLINE_RUN_DIR", str(tmp_path / "run"))
    return folder


@pytest.fixture
def hotline():
    app = typer.Typer()
    register(app)
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["¥1234.50"], "一千两百三十四元五角"),
        (["¥1234.50", "--lang", "en"], "one thousand two hundred thirty-four yuan and fifty fen"),
        (["2026-11-21"], "二零二六年十一月二十一日"),
        (["105"], "一百零五"),
        (["105", "--kind", "digits"], "一零五"),
        (["-5"], "负五"),
        (["3605", "--kind", "duration", "--lang", "en"], "one hour and five seconds"),
        (["¥12", "--kind", "money"], "十二元"),
        (["您好"], "您好"),
    ],
)
def test_say_prints_the_words(hotline, arguments, words):
    result = hotline("say", *arguments)
    assert (result.exit_code, result.stdout) == (0, words + "\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["soon", "--kind", "time"], "write it like 15:20"),
        (["9" * 14], "beyond 10^12"),
        (["x", "--lang", "fr"], "'fr'"),
    ],
)
def test_say_refuses_with_status_2_and_no_traceback(hotline, arguments, complaint):
    result = hotline("say", *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_list_is_a_script_for_the_speaker(hotline, flows):
    lines = hotline("prompts", "list", "--language", "zh").stdout.splitlines()
    assert "zh\tmain/hello-1\t您好" in lines
    assert "zh\tphrases/one-moment\t请稍候" in lines
    assert "zh\tsay/n-0\t零" in lines
    assert all(line.startswith("zh\t") for line in lines)


def test_missing_names_what_is_missing_until_it_is_built(hotline, flows, tmp_path):
    wanted = wanted_prompts(flows)
    sounds = tmp_path / "run/sounds"
    result = hotline("prompts", "missing")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == len(wanted)
    assert "make them with `hotline prompts build`" in result.stderr
    build_prompts(wanted, sounds, ToneVoice())
    hello = next(prompt for prompt in wanted if (prompt.id, prompt.language) == ("main/hello-1", "zh"))
    assert hotline("prompts", "missing").exit_code == 0
    prompt_file(sounds, hello).unlink()
    result = hotline("prompts", "missing")
    assert result.exit_code == 1
    assert result.stdout == f"{prompt_file(sounds, hello)}: missing, to say '您好'\n"


def test_flows_that_do_not_load_are_told_by_place(hotline, flows):
    (flows / "main.yaml").write_text(FLOW.replace("next: bye", "next: by"))
    result = hotline("prompts", "list")
    assert result.exit_code == 2
    assert "main.yaml:8:" in result.stderr


def test_a_wrong_variable_is_told(hotline, flows, monkeypatch):
    monkeypatch.setenv("HOTLINE_SIP_PORT", "many")
    result = hotline("prompts", "list")
    assert result.exit_code == 2
    assert "HOTLINE_SIP_PORT='many'" in result.stderr


def test_a_folder_that_cannot_be_written_is_told(hotline, flows, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("cti.prompts.voices.find_speaker", lambda _progress: ToneVoice())
    result = hotline("prompts", "build", "--sounds", str(tmp_path / "file"))
    assert result.exit_code == 2
    assert "file" in result.stderr


def test_build_makes_all_and_then_nothing(hotline, flows, tmp_path, monkeypatch):
    monkeypatch.setattr("cti.prompts.voices.find_speaker", lambda _progress: ToneVoice())
    count = len(wanted_prompts(flows))
    first, second = (hotline("prompts", "build").stdout.splitlines() for _ in range(2))
    assert first == [
        f"{count} prompts made, 0 up to date in {tmp_path}/run/sounds",
        f"music on hold made in {tmp_path}/run/music",
    ]
    assert second[0].startswith(f"0 prompts made, {count} up to date")
    assert second[1].startswith("music on hold up to date")


def test_say_writes_a_sound_file(hotline, flows, tmp_path, monkeypatch):
    monkeypatch.setattr("cti.prompts.voices.find_speaker", lambda _progress: ToneVoice())
    result = hotline("say", "12.5", "--wav", str(tmp_path / "out.wav"))
    assert result.stdout.splitlines()[0] == "十二点五"
    assert (tmp_path / "out.wav").read_bytes().startswith(b"RIFF")
