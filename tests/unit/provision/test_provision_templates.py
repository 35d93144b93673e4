"""Asterisk's configuration from templates."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cti.asterisk.options import AmiSecrets, Phone, RuntimeOptions
from cti.asterisk.runtime import RuntimeLayout, choose_modules, render_runtime, templates_folder
from cti.asterisk.templates import TemplateError, fill
from cti.dialing import Dialing, Purpose, Rule
from cti.doctor.switch import required_modules
from cti.provision.asterisk import AsteriskInstall, Origin
from cti.provision.versions import AsteriskVersion

PATH = Path("some.conf")


def test_names_are_replaced_and_asterisks_own_signs_stay() -> None:
    text = "; @NAME@ stays here\nexten => s,1,Set(A=${EXTEN}@x)\nport = @PORT@\n"
    assert fill(text, {"PORT": "5060"}, PATH) == "; @NAME@ stays here\nexten => s,1,Set(A=${EXTEN}@x)\nport = 5060\n"


def test_a_name_without_value_is_named_with_its_line() -> None:
    with pytest.raises(TemplateError, match=r"some\.conf:2: @PROT@ has no value; known are PORT"):
        fill("a\nport = @PROT@\n", {"PORT": "1"}, PATH)


def test_a_value_cannot_smuggle_in_a_line() -> None:
    with pytest.raises(TemplateError, match=r"some\.conf:1: the value of @SECRET@ holds a line break"):
        fill("secret = @SECRET@", {"SECRET": "x\nwrite = all"}, PATH)


def test_a_list_may_stand_alone_in_its_line() -> None:
    assert fill("@MEMBERS@", {"MEMBERS": "member => a\nmember => b"}, PATH) == "member => a\nmember => b\n"


def test_modules_that_may_be_absent_are_left_out() -> None:
    text = "require = a.so\nload = b.so   ; if present\n; comment\n"
    assert choose_modules(text, {"a.so"}) == "require = a.so\n; comment\n"


def test_a_module_that_must_be_there_is_named() -> None:
    with pytest.raises(TemplateError, match=r"This Asterisk lacks a\.so, c\.so"):
        choose_modules("require = a.so\nrequire = b.so\nrequire = c.so\n", {"b.so"})


@pytest.fixture
def install(tmp_path: Path) -> AsteriskInstall:
    """An installation with every module we ask for, as empty files."""
    moddir, data, sounds = tmp_path / "modules", tmp_path / "share", tmp_path / "share" / "sounds"
    moddir.mkdir()
    (data / "documentation").mkdir(parents=True)
    sounds.mkdir()
    (sounds / "beep.wav").write_bytes(b"beep")
    for name in required_modules():
        (moddir / name).touch()
    return AsteriskInstall(("asterisk",), AsteriskVersion(22, 10, 1), Origin.PATH, moddir, data, sounds)


def options(tmp_path: Path) -> RuntimeOptions:
    return RuntimeOptions(
        ami_secrets=AmiSecrets("eventsecret", "actionsecret"), prompts=tmp_path / "prompts", music=tmp_path / "music",
        default_queue="general", numbers=("95598", "10000"), sip_port=15060, ami_port=15038, rtp_first=15100, rtp_last=15199,
        phones=(Phone("agent01", "pw1", "1001"), Phone("agent02", "pw2", contact="sip:agent02@127.0.0.1:15999")),
        fallback_members=("PJSIP/agent01", "PJSIP/agent02"),
    )  # fmt: skip


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^\[([^\]]+)\][^\n]*\n", text, flags=re.MULTILINE)
    return {
        name: body
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
        if "type = " not in body or "endpoint" in name
    }


def test_the_whole_folder(install: AsteriskInstall, tmp_path: Path) -> None:
    (tmp_path / "prompts" / "zh" / "hotline").mkdir(parents=True)
    layout = RuntimeLayout(tmp_path / "run")
    render_runtime(install, layout, options(tmp_path))
    read = {file.name: file.read_text() for file in layout.etc.iterdir()}

    for name, text in read.items():
        filled = [line for line in text.splitlines() if not line.lstrip().startswith(";")]
        assert not re.search(r"@[A-Z_]+@", "\n".join(filled)), name
        assert (layout.etc / name).stat().st_mode & 0o077 == 0, f"{name} can be read by others"
    assert "bind = 127.0.0.1:15060" in read["pjsip.conf"]
    assert "[agent01](hotline-endpoint)" in read["pjsip.conf"]
    assert "remove_existing = yes" in read["pjsip.conf"]
    assert "contact = sip:agent02@127.0.0.1:15999" in read["pjsip.conf"]
    assert "exten => 10000,1,Goto(hotline-in,s,1)" in read["extensions.conf"]
    assert read["queues.conf"].count("member => PJSIP/agent") == 2
    assert "rtpstart = 15100" in read["rtp.conf"]
    folders = [line.split("=>")[1].strip() for line in read["asterisk.conf"].splitlines() if "=>" in line]
    outside = [folder for folder in folders if not folder.startswith(str(tmp_path)) and folder != str(layout.control)]
    assert outside == [], "Asterisk would touch the host"
    assert (layout.data / "sounds" / "zh" / "hotline").resolve() == (tmp_path / "prompts" / "zh" / "hotline").resolve()
    assert (layout.data / "sounds" / "beep.wav").exists(), "a Chinese caller needs the beep as well"


def test_without_a_carrier_this_asterisk_calls_itself_and_plays_the_other_side(install: AsteriskInstall, tmp_path: Path) -> None:
    layout = RuntimeLayout(tmp_path / "run")
    rule = Rule("branch", ("6800X",), frozenset({Purpose.DIAL}), "PJSIP/{number}@outside", 30, 1800)
    dialing = Dialing((rule,), never=("110",), max_calls=7)
    render_runtime(install, layout, replace(options(tmp_path), dialing=dialing))
    extensions, pjsip = ((layout.etc / name).read_text() for name in ("extensions.conf", "pjsip.conf"))
    assert "contact = sip:127.0.0.1:15060\n" in pjsip
    assert "exten => _6800X,1,Goto(hotline-demo,s,1)" in sections(extensions)["hotline-entry"]
    assert "exten => _6800X,1,Set(LOCAL(OUT_DEVICE)=PJSIP/${EXTEN}@outside)" in sections(extensions)["hotline-out-dial-branch"]
    assert "GROUP_COUNT(all@outside)} > 7]" in extensions

    render_runtime(install, layout, replace(options(tmp_path), dialing=dialing, outside="sip.example.org:5080"))
    assert "contact = sip:sip.example.org:5080\n" in (layout.etc / "pjsip.conf").read_text()
    assert "_6800X" not in sections((layout.etc / "extensions.conf").read_text())["hotline-entry"]


def test_without_a_list_the_dialplan_has_no_way_out(install: AsteriskInstall, tmp_path: Path) -> None:
    layout = RuntimeLayout(tmp_path / "run")
    render_runtime(install, layout, options(tmp_path))
    contexts = sections((layout.etc / "extensions.conf").read_text())
    assert [name for name in contexts if name.startswith("hotline-out-")] == ["hotline-out-never"]


def test_agents_lead_callers_to_what_is_listed_and_nobody_else_does(install: AsteriskInstall, tmp_path: Path) -> None:
    layout = RuntimeLayout(tmp_path / "run")
    both, dial = (Rule(name, (numbers,), purposes, "PJSIP/{number}@outside", 30, 1800) for name, numbers, purposes in (
        ("branch", "6800X", frozenset({Purpose.DIAL, Purpose.TRANSFER})), ("desk", "68010", frozenset({Purpose.DIAL})),
    ))  # fmt: skip
    given = replace(options(tmp_path), dialing=Dialing((both, dial)), colleagues=(("1001", "PJSIP/agent01"),), queue_numbers=("801",))
    render_runtime(install, layout, given)
    extensions = sections((layout.etc / "extensions.conf").read_text())
    led = [line.split(",")[0] for line in extensions["hotline-transfer"].splitlines() if line.startswith("exten")]
    assert led == ["exten => 801", "exten => 1001", "exten => _6800X"]
    assert "exten => 1001,1,Set(OUT_SAY=)" in extensions["hotline-consult"]
    assert "68010" not in extensions["hotline-consult"]
    assert "exten => 1001,1,Set(LOCAL(OUT_DEVICE)=PJSIP/agent01)" in extensions["hotline-out-transfer-0agents"]
    assert "hotline-out-transfer-branch" in extensions
    assert "hotline-out-transfer-desk" not in extensions
    assert "exten" not in extensions["hotline-nowhere"]
    pjsip = (layout.etc / "pjsip.conf").read_text()
    assert pjsip.count("allow_transfer = no") == 1
    assert pjsip.count("allow_transfer = yes") == len(given.phones)


def test_each_ami_user_has_the_least_rights(install: AsteriskInstall, tmp_path: Path) -> None:
    layout = RuntimeLayout(tmp_path / "run")
    render_runtime(install, layout, options(tmp_path))
    users = sections((layout.etc / "manager.conf").read_text())
    assert "read = system,call,agi,dialplan,user,dtmf,reporting\nwrite =\n" in users["hotline-events"]
    assert "read =\nwrite = call,agi,originate,reporting\n" in users["hotline-actions"]
    for user in ("hotline-events", "hotline-actions"):
        assert "deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/255.255.255.255" in users[user]
        assert "writetimeout = 5000" in users[user]


def test_rendering_again_follows_what_changed(install: AsteriskInstall, tmp_path: Path) -> None:
    layout = RuntimeLayout(tmp_path / "run")
    chosen = options(tmp_path)
    render_runtime(install, layout, chosen)
    (tmp_path / "prompts" / "en" / "hotline").mkdir(parents=True)
    render_runtime(install, layout, chosen)
    assert (layout.data / "sounds" / "en" / "hotline").is_symlink()


def test_a_deep_folder_still_gives_a_socket_path_that_fits(tmp_path: Path) -> None:
    deep = RuntimeLayout(tmp_path / ("x" * 60) / ("y" * 60) / "run")
    assert len(str(deep.control / "asterisk.ctl")) < 108
    other = RuntimeLayout(tmp_path / ("x" * 60) / ("z" * 60) / "run")
    assert deep.control != other.control


def test_every_template_is_used() -> None:
    layout = {file.name for file in templates_folder().glob("*.conf")}
    source = (Path(__file__).parents[3] / "cti" / "asterisk" / "runtime.py").read_text()
    assert {name for name in layout if f'"{name}"' not in source} == set()
