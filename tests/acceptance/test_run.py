"""`hotline run` as a person starts it: everything up, whatever dies comes back, Ctrl-C leaves nothing behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cti.provision.programs import Tool
from cti.supervisor.settings import RunSettings
from tests.rig.listener import Caller, Rig
from tests.rig.ports import LOOPBACK, free_port, free_range
from tests.rig.registration import register
from tests.rig.relay import SipRelay
from tests.rig.site import Sound

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]
START_SECONDS = 60.0
WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(condition: Callable[[], bool], within_seconds: float, what: str) -> float:
    """Wait until it is so; return the seconds it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < within_seconds, what
        time.sleep(0.02)
    return time.monotonic() - start


@dataclass
class Run:
    """A `hotline run` with its own folder and ports."""

    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "out.log"

    def start(self) -> float:
        """Start it; return the seconds until it takes calls."""
        self.log.write_text("")
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cti.cli.main", "run"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
        return until(
            lambda: "The hotline takes calls" in self.said() or self.process.poll() is not None,
            START_SECONDS,
            "no start",
        )

    def said(self) -> str:
        return self.log.read_text()

    def server_pid(self) -> int:
        return int((self.folder / "run" / "server.pid").read_text())

    def asterisk_pid(self) -> int:
        """Asterisk's own file; 0 while it is being written."""
        file = self.folder / "run" / "asterisk" / "run" / "asterisk.pid"
        return int(file.read_text().strip() or 0) if file.exists() else 0

    def answers(self, path: str) -> int:
        try:
            with WITHOUT_PROXY.open(
                f"http://127.0.0.1:{self.environment['HOTLINE_HTTP_PORT']}{path}", timeout=1.0
            ) as answer:
                return int(answer.status)
        except OSError as error:
            return int(getattr(error, "code", 0))

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def run(sound: Sound, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("r")
    (folder / "run").mkdir()
    (folder / "run" / "sounds").symlink_to(sound.prompts)
    ports = {
        "SIP_PORT": free_port(),
        "RTP_START": free_range(100),
        "AMI_PORT": free_port(socket.SOCK_STREAM),
        "HTTP_PORT": free_port(socket.SOCK_STREAM),
    }
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HOTLINE_") or name == "HOTLINE_CACHE_DIR"
    }
    shutil.copytree(RunSettings().config_dir, folder / "config")
    own = {
        "HOTLINE_RUN_DIR": str(folder / "run"),
        "HOTLINE_CONFIG_DIR": str(folder / "config"),
        "HOTLINE_RTP_COUNT": "100",
        **{f"HOTLINE_{name}": str(port) for name, port in ports.items()},
    }
    run = Run(folder, clean | own)
    try:
        run.start()
        yield run
    finally:
        if run.process.poll() is None:
            run.stop()


def test_it_says_what_to_do_next(run: Run) -> None:
    said = run.said()
    assert "The hotline takes calls." in said, said
    for wanted in ("95598", "caller", "agent01", "agent10", "/metrics", "/api", "Ctrl-C"):
        assert wanted in said
    assert run.answers("/readyz") == 200
    assert run.answers("/metrics") == 200


@pytest.mark.asyncio
async def test_a_phone_registers_with_the_account_that_was_printed(run: Run) -> None:
    password = re.search(r"^\s+agent01\s+(\S+)$", run.said(), re.MULTILINE)[1]
    asterisk = (LOOPBACK, int(run.environment["HOTLINE_SIP_PORT"]))
    relay = await SipRelay.open(asterisk, {"agent01": 0})
    try:
        await register(relay, asterisk, "agent01", password)
        with pytest.raises(AssertionError, match="Asterisk refuses to register agent01"):
            await register(relay, asterisk, "agent01", "guess")
        await register(relay, asterisk, "agent01", password, expires_seconds=0)
    finally:
        relay.close()


@pytest.mark.asyncio
async def test_a_caller_is_put_through_to_the_other_side_that_the_demo_plays(run: Run, sound: Sound, sipp: Tool) -> None:
    rig = Rig((LOOPBACK, int(run.environment["HOTLINE_SIP_PORT"])), sipp, run.folder / "sipp", sound.index)
    async with Caller.call(rig, "95598", "13800138001", voice=True) as caller:
        await caller.heard("main/menu-1", 30.0, "zh")
        await caller.press("05")
        await caller.heard("agent/connecting_office-1", 15.0, "zh")
        await caller.heard_whole("phrases/demo-outside", 30.0)
        await caller.hears_voice(caller.who, 15.0)


def test_the_doctor_finds_everything_well(run: Run) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "cti.cli.main", "doctor"],
        env=run.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "FAIL" not in result.stdout, result.stdout
    assert result.returncode == 0, result.stderr
    assert re.search(r"all \d+ well", result.stdout)


def test_a_second_one_in_the_same_folder_is_refused(run: Run) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "cti.cli.main", "run"],
        env=run.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    assert "Another `hotline run` uses" in result.stderr


def test_a_taken_port_is_named_with_its_cure(run: Run, tmp_path: Path) -> None:
    environment = run.environment | {"HOTLINE_RUN_DIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "cti.cli.main", "run"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    assert f"UDP port {environment['HOTLINE_SIP_PORT']} on 127.0.0.1" in result.stderr
    assert "set HOTLINE_SIP_PORT" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_killed_server_is_started_again_within_a_second(run: Run) -> None:
    asterisk = run.asterisk_pid()
    for _ in range(3):
        old = run.server_pid()
        os.kill(old, signal.SIGKILL)
        seconds = until(
            lambda old=old: run.server_pid() != old and alive(run.server_pid()), 5.0, "the server did not come back"
        )
        assert seconds < 1.0
        until(lambda: run.answers("/readyz") == 200, 15.0, "the server came back but did not get ready")
        told = f"The server takes calls again, as process {run.server_pid()}."
        until(lambda told=told: told in run.said(), 5.0, "nobody was told that it came back")
    assert run.asterisk_pid() == asterisk
    assert alive(asterisk)
    assert "killed by SIGKILL" in run.said()


def test_a_server_that_stood_still_steps_back_and_comes_back(run: Run) -> None:
    """A frozen machine: the server ends with status 3 as it wakes, and is started again, since nobody else took over."""
    old = run.server_pid()
    os.kill(old, signal.SIGSTOP)
    time.sleep(6.0)  # longer than it may stand still
    os.kill(old, signal.SIGCONT)
    until(lambda: "The server has stepped back" in run.said(), 10.0, "it did not step back")
    until(lambda: run.server_pid() != old and alive(run.server_pid()), 15.0, "it was not started again")
    until(lambda: run.answers("/readyz") == 200, 15.0, "it did not get ready again")


def test_a_killed_asterisk_is_started_again_and_the_server_finds_it(run: Run) -> None:
    server, old = run.server_pid(), run.asterisk_pid()
    os.kill(old, signal.SIGKILL)
    until(lambda: run.asterisk_pid() not in {0, old} and alive(run.asterisk_pid()), 5.0, "Asterisk did not come back")
    until(lambda: run.answers("/readyz") == 200, 20.0, "the server did not find it again")
    assert run.server_pid() == server


def test_a_configuration_broken_meanwhile_ends_no_call_and_is_read_again_when_mended(run: Run) -> None:
    agents = run.folder / "config" / "agents.yaml"
    asterisk, good = run.asterisk_pid(), agents.read_text()
    agents.write_text(good.replace("extension: 1001", "extension: [oops]"))
    os.kill(run.server_pid(), signal.SIGKILL)
    until(lambda: "started as soon as they change" in run.said(), 15.0, "the broken file was not noticed")
    assert re.search(r"agents\.yaml:\d+:\d+: ", run.said())
    assert run.asterisk_pid() == asterisk
    assert alive(asterisk)
    agents.write_text(good)
    until(lambda: run.answers("/readyz") == 200, 15.0, "the mended file did not bring the server back")


def test_ctrl_c_ends_everything_and_the_next_start_is_quick(run: Run) -> None:
    pids = (run.server_pid(), run.asterisk_pid())
    assert run.stop() == 0
    assert [pid for pid in pids if alive(pid)] == []
    seconds = run.start()
    assert "The hotline takes calls" in run.said()
    assert seconds < 5.0


def test_a_killed_supervisor_takes_its_children_with_it(run: Run) -> None:
    pids = (run.server_pid(), run.asterisk_pid())
    run.stop(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in pids), 10.0, "children outlived their parent")
    run.start()
    assert run.answers("/readyz") == 200


def test_a_broken_configuration_ends_it_with_status_2_and_the_place(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    for file in RunSettings().config_dir.glob("*.yaml"):
        text = file.read_text()
        (config / file.name).write_text(
            text.replace("extension: 1001", "extension: [oops]") if file.name == "agents.yaml" else text
        )
    ports = {
        f"HOTLINE_{name}": str(free_port(kind))
        for name, kind in (
            ("SIP_PORT", socket.SOCK_DGRAM),
            ("AMI_PORT", socket.SOCK_STREAM),
            ("HTTP_PORT", socket.SOCK_STREAM),
        )
    }
    own = {
        "HOTLINE_RUN_DIR": str(tmp_path / "run"),
        "HOTLINE_RTP_START": str(free_range(100)),
        "HOTLINE_CONFIG_DIR": str(config),
    }
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "sounds").symlink_to((run.folder / "run" / "sounds").resolve())
    result = subprocess.run(
        [sys.executable, "-m", "cti.cli.main", "run"],
        env=run.environment | ports | own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2, result.stdout + result.stderr
    assert re.search(r"agents\.yaml:\d+:\d+: ", result.stderr + result.stdout)
    assert "Traceback" not in result.stderr + result.stdout


def test_no_secret_is_readable_by_others_or_in_a_log(run: Run) -> None:
    secrets = {file.name: file.read_text().strip() for file in (run.folder / "run" / "secrets").iterdir()}
    assert {"ami-events", "ami-actions", "api-token"} <= secrets.keys()
    inside = [
        path
        for path in (run.folder / "run").rglob("*")
        if path.is_file() and not {"music", "sounds", "data"} & set(path.parts)
    ]
    assert [str(path) for path in inside if path.stat().st_mode & 0o077] == []
    logs = [run.folder / "run" / "server.log", run.folder / "run" / "asterisk" / "log" / "messages.log"]
    for log in logs:
        text = log.read_text(errors="replace")
        assert [name for name, value in secrets.items() if value in text] == [], log
    lines = logs[0].read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert "attached" in {entry["event"] for entry in told}
    # beside JSON only what was refused above, and the last word of the server that stood still, for the person who reads it
    plain = [line for line in lines if not line.startswith("{")]
    assert [line for line in plain if "agents.yaml:" not in line and "stood still for" not in line] == []
