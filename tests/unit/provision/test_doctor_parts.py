"""The doctor's judgement, part by part."""

import socket
import threading
import wave
from pathlib import Path

import pytest

from cti.doctor.finding import Finding
from cti.doctor.rights import HARMFUL_ACTIONS, NEEDED_ACTIONS, NEEDED_EVENTS, action_findings, hearing_findings
from cti.doctor.sip import examine_sip
from cti.doctor.surroundings import examine_database, examine_music, examine_prompts, examine_server, examine_store
from tests.rig.ports import free_port

GOOD = dict.fromkeys(NEEDED_ACTIONS, "does it  (Priv: call,all)")


def ill(findings: list[Finding]) -> list[str]:
    return [str(finding) for finding in findings if not finding.well]


def test_a_user_with_just_what_is_needed_is_well() -> None:
    assert ill(action_findings("acts", GOOD)) == []
    assert ill(hearing_findings("hears", {"Ping": "Keepalive  (Priv: <none>)"}, NEEDED_EVENTS)) == []


@pytest.mark.parametrize("action", sorted(NEEDED_ACTIONS))
def test_each_missing_right_is_named(action: str) -> None:
    (told,) = ill(action_findings("acts", {name: text for name, text in GOOD.items() if name != action}))
    assert f"missing: {NEEDED_ACTIONS[action]}" in told
    assert "`write =` of [acts]" in told


@pytest.mark.parametrize("action", sorted(HARMFUL_ACTIONS))
def test_each_right_that_could_do_harm_is_named(action: str) -> None:
    (told,) = ill(action_findings("acts", GOOD | {action: "(Priv: system,all)"}))
    assert f"may {action}" in told
    assert f"take {HARMFUL_ACTIONS[action]} from" in told


def test_a_hearing_user_that_may_act_is_told_to_lose_it() -> None:
    (told,) = ill(hearing_findings("hears", GOOD, NEEDED_EVENTS))
    assert "leave `write =` of [hears] in manager.conf empty" in told


def write_wav(file: Path, rate: int, width: int) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, width, rate, 0, "NONE", ""))
        sound.writeframes(bytes(width * 800))


def test_music_that_would_be_silence_is_named(tmp_path: Path) -> None:
    write_wav(tmp_path / "good.wav", 8000, 2)
    assert examine_music(tmp_path).well
    write_wav(tmp_path / "deep.wav", 8000, 4)
    write_wav(tmp_path / "fast.wav", 44100, 2)
    (tmp_path / "no.wav").write_bytes(b"not a wav")
    finding = examine_music(tmp_path)
    assert "heard as silence" in finding.detail
    assert all(name in finding.detail for name in ("deep.wav", "fast.wav", "no.wav"))
    assert "good.wav" not in finding.detail


def test_no_music_at_all(tmp_path: Path) -> None:
    assert not examine_music(tmp_path / "none").well


def test_prompts_without_audio_are_counted_and_named(tmp_path: Path) -> None:
    finding = examine_prompts(Path(__file__).parents[3] / "flows", tmp_path)
    assert "have no audio" in finding.detail
    assert "prompts build" in finding.cure


def test_flows_that_do_not_load(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("steps: [\n")
    finding = examine_prompts(tmp_path, tmp_path)
    assert finding.subject == "flows"
    assert "main.yaml:" in finding.detail


@pytest.mark.asyncio
async def test_a_database_and_a_store_that_are_not_there(tmp_path: Path) -> None:
    empty = await examine_database(f"sqlite:///{tmp_path}/new.db")
    nonsense = await examine_database("mysql://x/y")
    dead = await examine_store(f"redis://127.0.0.1:{free_port(socket.SOCK_STREAM)}/0")
    assert [finding.well for finding in (empty, nonsense, dead)] == [False, False, False]
    assert "start the server once" in empty.cure
    assert (await examine_store("memory:")).well


@pytest.mark.asyncio
async def test_a_server_that_is_not_up() -> None:
    findings = await examine_server(f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}")
    assert [finding.well for finding in findings] == [False, False]


def test_sip_that_answers_and_sip_that_does_not() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(5.0)
        port = phone.getsockname()[1]

        def answer() -> None:
            request, caller = phone.recvfrom(4096)
            assert request.startswith(b"OPTIONS sip:127.0.0.1")
            phone.sendto(b"SIP/2.0 401 Unauthorized\r\n\r\n", caller)

        thread = threading.Thread(target=answer)
        thread.start()
        finding = examine_sip("127.0.0.1", port)
        thread.join()
    assert finding == Finding(f"SIP at 127.0.0.1:{port}", "answers 401 Unauthorized")
    assert not examine_sip("127.0.0.1", port).well
