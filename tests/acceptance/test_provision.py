"""The programs for real: fetched from Debian, and an Asterisk that runs with our configuration."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.asterisk.options import AmiSecrets, Phone, RuntimeOptions
from cti.asterisk.process import AsteriskProcess, start_asterisk
from cti.asterisk.runtime import RuntimeLayout, render_runtime, templates_folder
from cti.doctor.switch import Account, examine_asterisk
from cti.prompts.build import build_music
from cti.provision.asterisk import Origin, find_asterisk
from cti.provision.catalogue import ASTERISK, SIPP
from cti.provision.prefix import archives_folder, prefix_folder
from cti.provision.tools import find_tool
from tests.rig.ports import free_port, free_range

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskProcess]:
    folder = tmp_path_factory.mktemp("provision")
    music = folder / "music"
    build_music(music)
    first = free_range(20)
    options = RuntimeOptions(
        ami_secrets=AmiSecrets("eventsecret", "actionsecret"), prompts=folder / "sounds", music=music, default_queue="general",
        numbers=("95598",), phones=(Phone("agent01", "secret01", "1001"),), fallback_members=("PJSIP/agent01",),
        sip_port=free_port(), ami_port=free_port(), rtp_first=first, rtp_last=first + 19,
    )  # fmt: skip
    layout = RuntimeLayout(folder / "run")
    install = find_asterisk()
    render_runtime(install, layout, options)
    running = start_asterisk(install, layout, options)
    yield running
    running.stop()


def test_it_answers_and_is_the_one_we_found(asterisk: AsteriskProcess) -> None:
    assert f"Asterisk {asterisk.install.version}" in asterisk.command("core show version")


def test_its_log_has_nothing_red(asterisk: AsteriskProcess) -> None:
    log = (asterisk.layout.log / "messages.log").read_text()
    assert [line for line in log.splitlines() if "ERROR" in line or "WARNING" in line] == []


def test_every_application_and_function_of_the_dialplan_is_loaded(asterisk: AsteriskProcess) -> None:
    text = "\n".join(
        line for line in (templates_folder() / "extensions.conf").read_text().splitlines() if not line.startswith(";")
    )
    applications = set(re.findall(r"(?:=> [^,]+,1,|n(?:\(\w+\))?,)(\w+)\(", text)) | set(
        re.findall(r"ExecIf\([^?]+\?(\w+)", text)
    )
    functions = set(re.findall(r"\$\{([A-Z0-9_]+)\(", text))
    assert {"AGI", "BridgeWait", "Queue"} <= applications
    assert {"SHA1", "LOCK"} <= functions
    unknown = "application(s) is (are) not registered"  # the text about Dial speaks of endpoints that are not
    assert unknown in asterisk.command("core show application NoSuchThing")
    assert [name for name in sorted(applications) if unknown in asterisk.command(f"core show application {name}")] == []
    assert [name for name in sorted(functions) if "No function" in asterisk.command(f"core show function {name}")] == []


def test_every_module_that_was_asked_for_runs(asterisk: AsteriskProcess) -> None:
    shown = asterisk.command("module show")
    wanted = re.findall(r"^(?:require|load) = (\S+)", (asterisk.layout.etc / "modules.conf").read_text(), re.MULTILINE)
    assert len(wanted) > 50
    assert [name for name in wanted if not re.search(rf"^{re.escape(name)}\s.*\sRunning\s", shown, re.MULTILINE)] == []


def bound(pid: int, tables: tuple[str, ...]) -> dict[int, str]:
    """Return port to address (hexadecimal, as Linux writes it) of the sockets of a process in these tables."""
    links = (str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir())
    own = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:[")}
    lines = [line.split() for table in tables for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
    addresses = [line[1].split(":") for line in lines if line[9] in own]
    return {int(port, 16): address for address, port in addresses}


def test_it_listens_on_loopback_only(asterisk: AsteriskProcess) -> None:
    options = asterisk.options
    assert bound(asterisk.pid, ("tcp", "tcp6")) == {options.ami_port: "0100007F"}
    # pjproject keeps two sockets for asking name servers, on whatever ports; calls come in on the one of ours
    assert bound(asterisk.pid, ("udp", "udp6"))[options.sip_port] == "0100007F"
    assert len(bound(asterisk.pid, ("udp", "udp6"))) <= 3


@pytest.mark.asyncio
async def test_the_doctor_finds_it_well(asterisk: AsteriskProcess) -> None:
    options = asterisk.options
    accounts = [
        Account(options.ami_host, options.ami_port, user, secret)
        for user, secret in (("hotline-events", "eventsecret"), ("hotline-actions", "actionsecret"))
    ]
    findings = await examine_asterisk(*accounts)
    assert len(findings) == 12
    assert [str(finding) for finding in findings if not finding.well] == []


@pytest.mark.asyncio
async def test_the_doctor_sees_users_with_each_others_rights(asterisk: AsteriskProcess) -> None:
    options = asterisk.options
    accounts = [
        Account(options.ami_host, options.ami_port, user, secret)
        for user, secret in (("hotline-actions", "actionsecret"), ("hotline-events", "eventsecret"))
    ]
    ill = [finding for finding in await examine_asterisk(*accounts) if not finding.well]
    assert any("write rights: missing: agi,call,originate,reporting" in str(finding) for finding in ill)
    assert all(finding.cure for finding in ill)


@pytest.mark.asyncio
async def test_the_doctor_tells_a_wrong_password_from_a_wrong_port(asterisk: AsteriskProcess) -> None:
    options = asterisk.options
    wrong = Account(options.ami_host, options.ami_port, "hotline-events", "guess")
    nobody = Account(options.ami_host, free_port(), "hotline-actions", "actionsecret")
    first, second = await examine_asterisk(wrong, nobody)
    assert "Authentication failed" in first.detail
    assert "no AMI connection" in second.detail


def test_a_crash_is_over_in_two_seconds(asterisk: AsteriskProcess) -> None:
    """The second start, with its database and all files there already."""
    start = time.monotonic()
    asterisk.kill()
    again = start_asterisk(asterisk.install, asterisk.layout, asterisk.options)
    try:
        assert time.monotonic() - start < 2.0
        assert "agent01" in again.command("pjsip show endpoints")
    finally:
        again.stop()


def test_what_was_found_before_is_found_at_once() -> None:
    find_asterisk()
    start = time.perf_counter()
    find_asterisk()
    assert time.perf_counter() - start < 0.05


@pytest.mark.long
@pytest.mark.timeout(900)
def test_an_empty_cache_is_filled_from_debian_and_then_works_without_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    install = find_asterisk(cache=tmp_path, progress=said.append)
    if install.origin is Origin.PATH:  # this machine brings its own; the private way is shown by another program then
        pytest.fail("asterisk is on PATH: take it off to test the private copy")
    assert install.origin is Origin.FETCHED
    assert any("package" in line for line in said)
    version = subprocess.run([*install.argv, "-V"], capture_output=True, text=True, check=True).stdout
    assert f"Asterisk {install.version}" in version

    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", f"file://{tmp_path}/no-mirror")
    assert find_asterisk(cache=tmp_path).origin is Origin.CACHE
    installed = prefix_folder(ASTERISK, tmp_path)
    installed.rename(tmp_path / "gone")
    assert find_asterisk(cache=tmp_path).origin is Origin.FETCHED, "the kept packages are enough"
    assert len(list(archives_folder(ASTERISK, tmp_path).glob("*.deb"))) > 100


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_broken_kept_package_is_fetched_again(tmp_path: Path) -> None:
    find_tool("sipp", cache=tmp_path)
    kept = next(archives_folder(SIPP, tmp_path).glob("sip-tester_*.deb"))
    kept.write_bytes(b"broken")
    prefix_folder(SIPP, tmp_path).rename(tmp_path / "gone")
    assert find_tool("sipp", cache=tmp_path).version
    assert kept.stat().st_size > 10_000
