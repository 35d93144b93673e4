"""Finding and unpacking programs: real packages made on the spot, no network."""

import multiprocessing
import os
import subprocess
import time
from pathlib import Path

import pytest

from cti.provision import catalogue
from cti.provision.asterisk import Origin, find_asterisk
from cti.provision.catalogue import PackageSet
from cti.provision.errors import ProvisionError, SettingError
from cti.provision.folders import cache_folder
from cti.provision.locking import held
from cti.provision.prefix import archives_folder, ensure_prefix, installed_versions, prefix_folder
from cti.provision.programs import private_tool
from cti.provision.tools import find_tool, silent

HELLO = PackageSet("hello", ("hotline-hello", "hotline-data"), {"sipp": "usr/bin/sipp"})


def make_package(folder: Path, name: str, files: dict[str, str]) -> Path:
    root = folder / f"{name}-root"
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: t\n"
    )
    target = folder / f"{name}_1_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(root), str(target)], check=True, capture_output=True)
    return target


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mirror that does not exist."""
    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", f"file://{tmp_path}/no-mirror")


def supply(cache: Path, says: str = "echo 'SIPp v9.9.9'") -> None:
    folder = archives_folder(HELLO, cache)
    folder.mkdir(parents=True, exist_ok=True)
    make_package(folder, "hotline-hello", {"usr/bin/sipp": f"#!/bin/sh\n{says}\n"})
    make_package(folder, "hotline-data", {"usr/share/hotline-data/x": "x"})


@pytest.mark.usefixtures("no_network")
def test_without_network_the_message_says_which_files_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError) as raised:
        ensure_prefix(HELLO, tmp_path, silent)
    text = str(raised.value)
    assert str(archives_folder(HELLO, tmp_path)) in text
    assert "hotline-hello_*.deb" in text
    assert "hotline-data_*.deb" in text
    assert "run the same command again" in text


@pytest.mark.usefixtures("no_network")
def test_files_put_there_by_hand_are_taken(tmp_path: Path) -> None:
    supply(tmp_path)
    assert ensure_prefix(HELLO, tmp_path, silent) == {"sipp": "9.9.9"}
    tool = private_tool(HELLO, "sipp", prefix_folder(HELLO, tmp_path))
    assert (
        subprocess.run(tool.argv, env=tool.environment(), capture_output=True, text=True, check=True).stdout
        == "SIPp v9.9.9\n"
    )


@pytest.mark.usefixtures("no_network")
def test_half_of_the_files_is_not_enough(tmp_path: Path) -> None:
    supply(tmp_path)
    next(archives_folder(HELLO, tmp_path).glob("hotline-data_*.deb")).unlink()
    with pytest.raises(ProvisionError, match="could not be fetched"):
        ensure_prefix(HELLO, tmp_path, silent)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("says", ["echo nothing of use", "exit 127"])
def test_a_program_that_does_not_run_is_not_installed(tmp_path: Path, says: str) -> None:
    supply(tmp_path, says)
    with pytest.raises(ProvisionError, match="does not tell a version"):
        ensure_prefix(HELLO, tmp_path, silent)
    assert installed_versions(HELLO, tmp_path) is None
    assert list((tmp_path / "prefix").iterdir()) == [], "nothing half done stays"


@pytest.mark.usefixtures("no_network")
def test_a_broken_package_is_named(tmp_path: Path) -> None:
    supply(tmp_path)
    file = next(archives_folder(HELLO, tmp_path).glob("hotline-data_*.deb"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ProvisionError, match=r"hotline-data_1_all\.deb cannot be unpacked"):
        ensure_prefix(HELLO, tmp_path, silent)


def _ensure(cache: str, results: "multiprocessing.Queue[tuple[dict[str, str], list[str]]]") -> None:
    said: list[str] = []
    results.put((ensure_prefix(HELLO, Path(cache), said.append), said))


@pytest.mark.usefixtures("no_network")
def test_three_at_once_do_the_work_once(tmp_path: Path) -> None:
    supply(tmp_path)
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[tuple[dict[str, str], list[str]]] = context.Queue()
    workers = [context.Process(target=_ensure, args=(str(tmp_path), results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert [versions for versions, _ in answers] == [{"sipp": "9.9.9"}] * 3
    assert sum(any("unpacking" in line for line in said) for _, said in answers) == 1


@pytest.mark.usefixtures("no_network")
def test_the_second_call_is_instant(tmp_path: Path) -> None:
    supply(tmp_path)
    ensure_prefix(HELLO, tmp_path, silent)
    start = time.perf_counter()
    ensure_prefix(HELLO, tmp_path, silent)
    assert time.perf_counter() - start < 0.05


def test_a_lock_that_is_held_for_too_long_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    said: list[str] = []
    with (
        held(lock, said.append),
        pytest.raises(ProvisionError, match=r"x\.lock"),
        held(lock, said.append, deadline_seconds=0.3),
    ):
        pass
    assert said == ["another hotline process is fetching the same program; waiting for it"]


def test_no_apt_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProvisionError, match=r"no apt-get and no dpkg.*PATH, or use deploy/compose"):
        ensure_prefix(HELLO, tmp_path, silent)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOTLINE_CACHE_DIR": "/x/y", "XDG_CACHE_HOME": "/z", "HOME": "/h"}, "/x/y"),
        ({"XDG_CACHE_HOME": "/z", "HOME": "/h"}, "/z/hotline-acd"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/hotline-acd"),
        ({"HOME": "/h"}, "/h/.cache/hotline-acd"),
    ],
)
def test_the_cache_folder(environment: dict[str, str], folder: str) -> None:
    assert cache_folder(environment) == Path(folder)


def asterisk_that_says(folder: Path, version: str) -> Path:
    """An installation below `folder`: a program that tells its version, and the one module that is looked for."""
    program = folder / "sbin" / "asterisk"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'Asterisk {version}'\n")
    program.chmod(0o755)
    modules = folder / "lib" / "asterisk" / "modules"
    modules.mkdir(parents=True)
    (modules / "res_agi.so").touch()
    return program


def cached_asterisk(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private copy that was fetched before."""
    packages = PackageSet("asterisk", ("asterisk",), {"asterisk": "sbin/asterisk"})
    monkeypatch.setattr(catalogue, "ASTERISK", packages)
    monkeypatch.setattr("cti.provision.asterisk.ASTERISK", packages)
    prefix = prefix_folder(packages, cache)
    asterisk_that_says(prefix, "22.10.1")
    (prefix / "installed.json").write_text('{"versions": {"asterisk": "22.10.1"}}')


def test_the_setting_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{asterisk_that_says(tmp_path / 'path', '23.1.0').parent}:{os.environ['PATH']}")
    found = find_asterisk(str(asterisk_that_says(tmp_path / "own", "22.6.0")), cache=tmp_path / "cache")
    assert (found.origin, str(found.version)) == (Origin.SETTING, "22.6.0")
    assert found.moddir == tmp_path / "own" / "lib" / "asterisk" / "modules"


def test_an_old_one_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    program = asterisk_that_says(tmp_path / "own", "20.6.0")
    with pytest.raises(ProvisionError, match=r"Asterisk 20\.6\.0 is too old.*needed is 20\.16"):
        find_asterisk(str(program), cache=tmp_path / "cache")


def test_a_setting_that_names_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"no Asterisk at .*nowhere.*Correct the setting"):
        find_asterisk(str(tmp_path / "nowhere"))


def test_path_comes_before_the_cached_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached_asterisk(tmp_path / "cache", monkeypatch)
    monkeypatch.setenv("PATH", f"{asterisk_that_says(tmp_path / 'path', '23.1.0').parent}:{os.environ['PATH']}")
    assert find_asterisk(cache=tmp_path / "cache").origin is Origin.PATH


def test_an_old_one_on_path_is_told_and_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached_asterisk(tmp_path / "cache", monkeypatch)
    monkeypatch.setenv("PATH", f"{asterisk_that_says(tmp_path / 'path', '20.6.0').parent}:{os.environ['PATH']}")
    said: list[str] = []
    found = find_asterisk(cache=tmp_path / "cache", progress=said.append)
    assert (found.origin, str(found.version)) == (Origin.CACHE, "22.10.1")
    assert any("20.6.0 is too old" in line for line in said)


def test_an_old_espeak_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'eSpeak NG text-to-speech: 1.51  Data at: /x'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", f"file://{tmp_path}/no-mirror")
    with pytest.raises(ProvisionError, match="espeak-ng could not be fetched"):
        find_tool("espeak-ng", cache=tmp_path / "cache")
    program.write_text("#!/bin/sh\necho 'eSpeak NG text-to-speech: 1.52.0  Data at: /x'\n")
    assert find_tool("espeak-ng", cache=tmp_path / "cache").argv == (str(program),)


def test_an_unknown_program() -> None:
    with pytest.raises(ProvisionError, match=r"No program `freeswitch`.*redis-server, sipp"):
        find_tool("freeswitch")
