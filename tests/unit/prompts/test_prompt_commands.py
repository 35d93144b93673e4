"""`hotline say` and `hotline prompts`, as far as no voice is needed."""

import pytest
import typer
from typer.testing import CliRunner

from cti.cli import prompts, say
from cti.prompts.build import build_prompts
from cti.prompts.files import prompt_file
from cti.prompts.wanted import wanted_prompts
from tests.unit.prompts.studio_sounds import take, write
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
    monkeypatch.setenv("HOTLINE_RECORDINGS_DIR", str(tmp_path / "recordings"))
    return folder


@pytest.fixture
def hotline():
    app = typer.Typer()
    prompts.register(app)
    say.register(app)
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
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, words)


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["105"], "一百零五"),
        (["0105"], "零一零五"),
        (["¥1234.50"], "一千两百三十四元五角"),
        (["1234.5", "--kind", "money"], "一千两百三十四元五角"),
        (["2026-11-21"], "二零二六年十一月二十一日"),
        (["15:20"], "下午三点二十分"),
        (["3605", "--kind", "duration"], "一小时零五秒"),
        (["13800138000"], "幺三八，零零幺三，八零零零"),
        (["F-20261121-7"], "F，二零二六，一一二一，七"),
    ],
)
def test_say_knows_every_kind_and_names_its_prompts(hotline, arguments, words):
    said, prompts = hotline("say", *arguments).stdout.splitlines()
    assert said == words
    assert prompts.startswith("prompts: say/")


def test_say_plays_with_what_plays_here_or_tells_what_would(hotline, flows, tmp_path, monkeypatch):
    monkeypatch.setattr("cti.prompts.voices.find_speaker", lambda _progress: ToneVoice())
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    result = hotline("say", "105", "--play")
    assert result.exit_code == 1
    assert "--out said.wav" in result.stderr
    player = programs / "aplay"
    player.write_text(f'#!/bin/sh\n/bin/cp "$2" {tmp_path}/played.wav\n')
    player.chmod(0o755)
    assert hotline("say", "105", "--play", "--out", str(tmp_path / "out.wav")).exit_code == 0
    assert (tmp_path / "played.wav").read_bytes() == (tmp_path / "out.wav").read_bytes()


def test_export_writes_the_script_of_what_is_not_recorded(hotline, flows, tmp_path):
    script = tmp_path / "script"
    everything = hotline("prompts", "export", str(script))
    assert everything.exit_code == 0, everything.stderr
    assert sorted(path.name for path in script.iterdir()) == ["script-en.html", "script-zh.html", "script.csv"]
    assert ",zh.main.hello-1,zh,main/hello-1,您好,nín hǎo," in (script / "script.csv").read_text(encoding="utf-8")
    write(tmp_path / "studio", "zh.main.hello-1.wav", take(0.6))
    assert hotline("prompts", "import", str(tmp_path / "studio")).exit_code == 0
    rest = hotline("prompts", "export", str(script), "--unrecorded", "--language", "zh")
    assert "您好" not in (script / "script.csv").read_text(encoding="utf-8")
    assert "请稍候" in (script / "script.csv").read_text(encoding="utf-8")
    assert rest.exit_code == 0


def test_import_keeps_the_good_names_the_bad_and_a_changed_text_is_told(hotline, flows, tmp_path, monkeypatch):
    monkeypatch.setattr("cti.prompts.voices.find_speaker", lambda _progress: ToneVoice())
    hotline("prompts", "build")
    spoken = (tmp_path / "run/sounds/zh/hotline/main/hello-1.ulaw").read_bytes()
    write(tmp_path / "studio", "zh.main.hello-1.flac", take(0.6))
    write(tmp_path / "studio", "en.main.helo-1.wav", take(0.6))
    checked = hotline("prompts", "import", str(tmp_path / "studio"), "--check")
    assert (checked.exit_code, (tmp_path / "recordings").exists()) == (1, False)
    result = hotline("prompts", "import", str(tmp_path / "studio"))
    assert result.exit_code == 1
    first, second, last = result.stdout.splitlines()
    assert first.startswith('en.main.helo-1.wav: refused: no prompt has this name. did you mean "en.main.hello-1"?')
    assert second.startswith("zh.main.hello-1.flac: good; silence cut off")
    assert last.startswith(f"1 good, kept in {tmp_path}/recordings; 1 of ")
    recorded = (tmp_path / "run/sounds/zh/hotline/main/hello-1.ulaw").read_bytes()
    assert recorded != spoken
    assert hotline("prompts", "build").stdout.startswith("0 prompts made"), "the voice leaves the recording alone"
    assert hotline("prompts", "missing").exit_code == 0

    (flows / "main.yaml").write_text(FLOW.replace("您好", "您好，欢迎"))
    told = hotline("prompts", "missing")
    assert told.exit_code == 1
    assert told.stdout == "zh/main/hello-1: its recording says '您好', and the text is '您好，欢迎' now\n"
    assert "1 recordings are of another text; the voice speaks those: zh/main/hello-1" in hotline("prompts", "build").stdout
    assert len(hotline("prompts", "missing", "--unrecorded").stdout.splitlines()) > 400


def test_import_refuses_a_folder_without_sounds(hotline, flows, tmp_path):
    result = hotline("prompts", "import", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "no sound files in it" in result.stderr
