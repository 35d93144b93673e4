"""What `hotline run` is made of, part by part."""

import inspect
import socket
import sqlite3
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from cti.cli.console import explain
from cti.cli.run import run
from cti.database.demo import demo_customers
from cti.provision.errors import SettingError
from cti.settings import load_settings
from cti.supervisor.banner import banner
from cti.supervisor.children import LONGEST_PAUSE_SECONDS, Child, Restarts
from cti.supervisor.plan import asterisk_options, server_settings
from cti.supervisor.ports import complaints
from cti.supervisor.prepare import check_files, prepare_demo, write_settings
from cti.supervisor.secrets import secret
from cti.supervisor.settings import RunSettings
from cti.supervisor.supervise import only_one
from ivr.document import BadDocument
from tests.rig.ports import free_port


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    config = tmp_path / "config"
    config.mkdir()
    (config / "agents.yaml").write_text(
        "version: 1\nskills:\n  faults: {en: Faults, zh: 故障}\nagents:\n"
        "  lin: {label: Lin, extension: 1001, device: PJSIP/agent01, skills: {faults: 2}, queues: [outage, service]}\n"
        "  wang: {label: Wang, extension: 1002, skills: {faults: 1}, queues: [service]}\n",
    )
    (config / "queues.yaml").write_text(
        "version: 1\nqueues:\n  outage: {needs: {faults: 1}, label: {en: O, zh: 停}}\n  service: {label: {en: S, zh: 服}}\n"
    )
    (config / "tiers.yaml").write_text(
        "version: 1\ntiers:\n  basic: {head_start_seconds: 0, label: {en: Basic, zh: 普}}\n"
    )
    udp = [free_port() for _ in range(2)]
    tcp = [free_port(socket.SOCK_STREAM) for _ in range(2)]
    return RunSettings(
        run_dir=tmp_path / "run",
        config_dir=config,
        sip_port=udp[0],
        rtp_start=udp[1] & ~1,
        ami_port=tcp[0],
        http_port=tcp[1],
    )


def test_free_ports_are_no_cause_of_complaint(settings: RunSettings) -> None:
    assert complaints(settings) == []


@pytest.mark.parametrize(
    ("field", "kind", "variable"),
    [
        ("sip_port", socket.SOCK_DGRAM, "HOTLINE_SIP_PORT"),
        ("ami_port", socket.SOCK_STREAM, "HOTLINE_AMI_PORT"),
        ("http_port", socket.SOCK_STREAM, "HOTLINE_HTTP_PORT"),
        ("rtp_start", socket.SOCK_DGRAM, "HOTLINE_RTP_START"),
    ],
)
def test_a_taken_port_is_named_with_the_variable_that_moves_it(
    settings: RunSettings, field: str, kind: socket.SocketKind, variable: str
) -> None:
    port = getattr(settings, field)
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", port))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        (complaint,) = complaints(settings)
    assert f"port {port} on 127.0.0.1" in complaint
    assert "is taken" in complaint
    assert f"set {variable}" in complaint


def test_an_address_this_machine_does_not_have(settings: RunSettings) -> None:
    (first, *_) = complaints(settings.model_copy(update={"sip_host": "192.0.2.1"}))
    assert "192.0.2.1" in first


def test_a_secret_is_made_once_and_is_nobody_elses_business(tmp_path: Path) -> None:
    first = secret(tmp_path / "secrets", "ami")
    assert secret(tmp_path / "secrets", "ami") == first
    assert secret(tmp_path / "secrets", "other") != first
    assert len(first) == 20
    assert stat.S_IMODE((tmp_path / "secrets" / "ami").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_whatever_dies_is_started_within_a_second() -> None:
    restarts = Restarts()
    pauses = [restarts.after(0.1) for _ in range(20)]
    assert pauses[0] <= 0.1
    assert max(pauses) == LONGEST_PAUSE_SECONDS < 1.0
    assert restarts.after(60.0) <= 0.1, "one that ran well gets the short pause again"


def test_the_server_reads_the_settings_written_for_it(settings: RunSettings) -> None:
    options = asterisk_options(settings)
    settings.layout.root.mkdir(parents=True, exist_ok=True)
    write_settings(settings, options)
    assert stat.S_IMODE(settings.layout.settings.stat().st_mode) == 0o600
    read = load_settings(settings.layout.settings)
    assert read.ami.port == settings.ami_port
    assert read.ami.actions_secret.get_secret_value() == options.ami_secrets.actions
    assert read.http.port == settings.http_port
    assert read.default_queue == "service"
    assert read.run_dir == settings.layout.root
    assert set(yaml.safe_load(settings.layout.settings.read_text())) <= set(type(read).model_fields), (
        "nothing the server does not know"
    )


def test_each_agents_phone_has_an_account_and_the_caller_too(settings: RunSettings) -> None:
    options = asterisk_options(settings)
    assert [(phone.name, phone.number) for phone in options.phones] == [
        ("agent01", "1001"),
        ("wang", "1002"),
        ("caller", demo_customers()[0].number),
    ]
    assert options.fallback_members == ("PJSIP/agent01", "PJSIP/wang")
    assert len({phone.password for phone in options.phones}) == 3
    assert server_settings(settings, options)["ami"]["events_secret"] == options.ami_secrets.events


def test_the_demo_company_is_there_at_the_first_start(settings: RunSettings) -> None:
    settings.layout.root.mkdir(parents=True)
    said: list[str] = []
    prepare_demo(settings, said.append)
    prepare_demo(settings, said.append)
    assert said == [f"demo: {len(demo_customers())} customers added, see docs/demo.md"], "said once, added once"
    with sqlite3.connect(settings.layout.root / "hotline.db") as database:
        (number,) = database.execute("SELECT number FROM phones ORDER BY number").fetchone()
    assert number in {phone.number for phone in asterisk_options(settings).phones}, "the demo caller is a customer"


@pytest.mark.parametrize("change", ["own", "unwanted"])
def test_a_database_of_ones_own_gets_no_demo_company(settings: RunSettings, tmp_path: Path, change: str) -> None:
    own = tmp_path / "own.db"
    changes = {"own": {"database_url": f"sqlite:///{own}"}, "unwanted": {"demo": False}}[change]
    prepare_demo(settings.model_copy(update=changes), pytest.fail)
    assert not own.exists()
    assert not settings.layout.root.exists()


@pytest.mark.parametrize(
    "spoil", [Path.mkdir, lambda file: file.write_bytes(b"no database " * 1000)], ids=["folder", "rubbish"]
)
def test_a_database_that_cannot_be_used_is_named(settings: RunSettings, spoil: Callable[[Path], object]) -> None:
    settings.layout.root.mkdir(parents=True)
    spoil(settings.layout.root / "hotline.db")
    with pytest.raises(SettingError, match=r"hotline\.db.*HOTLINE_RUN_DIR"):
        prepare_demo(settings, pytest.fail)


def test_the_default_queue_is_one_that_anybody_may_answer(settings: RunSettings) -> None:
    assert asterisk_options(settings).default_queue == "service"
    assert asterisk_options(settings.model_copy(update={"default_queue": "outage"})).default_queue == "outage"
    with pytest.raises(SettingError, match=r"HOTLINE_DEFAULT_QUEUE='nowhere'.*outage, service"):
        asterisk_options(settings.model_copy(update={"default_queue": "nowhere"}))


def test_what_is_printed_is_enough_to_call(settings: RunSettings) -> None:
    options = asterisk_options(settings)
    text = banner(settings, options, 4711)
    for phone in options.phones:
        assert phone.password in text
    assert f"95598  with a SIP phone (UDP) at 127.0.0.1:{settings.sip_port}" in text
    assert f"http://127.0.0.1:{settings.http_port}/metrics" in text
    assert "kill -9 4711" in text
    assert options.ami_secrets.actions not in text
    assert secret(settings.layout.secrets, "api-token") not in text


@pytest.mark.parametrize("text", [None, "queues: [", "other: {}", "queues: {}"])
def test_a_broken_queue_file_is_named_with_its_place(settings: RunSettings, text: str | None) -> None:
    path = settings.config_dir / "queues.yaml"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(BadDocument, match=r"queues\.yaml"):
        asterisk_options(settings)


def test_wrong_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_SIP_PORT", "99999")
    monkeypatch.setenv("HOTLINE_NUMBERS", "95598,_X.")
    with pytest.raises(ValidationError) as raised:
        RunSettings()
    text = explain(raised.value)
    assert "HOTLINE_SIP_PORT='99999'" in text
    assert "HOTLINE_NUMBERS" in text


def test_two_in_one_folder_are_one_too_many(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(SettingError, match="Another `hotline run`"), only_one(tmp_path):
        pass


def test_a_runtime_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(SettingError, match=r"file/run cannot be used: .*HOTLINE_RUN_DIR"),
        only_one(tmp_path / "file" / "run"),
    ):
        pass


def test_what_a_server_says_at_its_end_is_told_whole_and_alone(tmp_path: Path) -> None:
    findings = [f"agents.yaml:{line}:1: wrong" for line in range(1, 21)]
    script = f"print('{{\"event\": \"ami_up\"}}', *{findings}, sep='\\n')"
    log = tmp_path / "server.log"
    log.write_text("words of an earlier start\n")
    child = Child("server", [sys.executable, "-c", script], log, {})
    child.start()
    assert child.process
    child.process.wait(20)
    assert child.message().splitlines() == findings
    assert child.last_words() == "\n".join(findings[-4:])


def test_files_are_checked_before_anything_is_brought(settings: RunSettings) -> None:
    check_files(RunSettings())
    queues = settings.config_dir / "queues.yaml"
    queues.write_text(queues.read_text().replace("faults: 1", "fault: 1"))
    with pytest.raises(BadDocument) as raised:
        check_files(settings)
    text = str(raised.value)
    assert "queues.yaml:3:20: unknown-skill" in text
    assert "backends.yaml" in text, "every file's errors at once"


def test_the_help_names_every_variable_with_its_default() -> None:
    told = inspect.getdoc(run) or ""
    for name, field in RunSettings.model_fields.items():
        assert f"HOTLINE_{name.upper()}" in told
        if isinstance(field.default, int):
            assert f"({str(field.default).lower()})" in told, name
