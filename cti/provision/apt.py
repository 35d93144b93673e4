"""A private apt: the machine's own apt with its own lists, cache and state, so that no root is needed.

It downloads and checks signatures; it never installs and never writes outside its folders.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from cti.provision.catalogue import UNSTABLE, PackageSet
from cti.provision.errors import ProvisionError
from cti.provision.host import host_codename
from cti.provision.sources import debian_mirrors, read_sources

Progress = Callable[[str], None]

MIRROR_VARIABLE = "HOTLINE_DEBIAN_MIRROR"
APT_DEADLINE_SECONDS = 1800.0
_KEYRINGS = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{ending}") for ending in ("pgp", "gpg"))
_HOST_STATUS = Path("/var/lib/dpkg/status")
_URI_LINE = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) (?P<hash>\S*)$")

# Host settings that would reach outside (hooks, a pinned release) are cleared; its proxies stay.
_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Architectures;
#clear Dir::Cache::pkgcache;
#clear Dir::Cache::srcpkgcache;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Default-Release "";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Debug::NoLocking "true";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{root}/state";
Dir::State::Lists "{root}/lists";
Dir::State::status "{status}";
Dir::Cache "{root}/cache";
Dir::Cache::archives "{archives}";
Dir::Log "{root}/log";
"""


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One package file that apt would download: file name, address, size in bytes."""

    name: str
    uri: str
    size_bytes: int

    @property
    def pool_name(self) -> str:
        """Its name in Debian's pool, as a browser saves it: apt's own adds the epoch (`1%3a`)."""
        return unquote(self.uri.rpartition("/")[2])


class AptError(Exception):
    """The private apt could not do it; the message is apt's own. `wanted` are the files, where apt got that far."""

    def __init__(self, message: str, wanted: tuple[WantedFile, ...] = ()) -> None:
        super().__init__(message)
        self.wanted = wanted


def require_debian_tools() -> None:
    """Raise ProvisionError with the cure when this machine has no apt or dpkg."""
    missing = [tool for tool in ("apt-get", "dpkg", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise ProvisionError(
            f"This machine has no {' and no '.join(missing)}, so nothing can be fetched from Debian here. "
            f"Install the program with the machine's own means so that it is on PATH, or use deploy/compose.yaml."
        )


class PrivateApt:
    """Downloads one package set into a folder. Not safe for two at once: the caller holds the lock."""

    def __init__(self, packages: PackageSet, work: Path, archives: Path, progress: Progress) -> None:
        self._set = packages
        self._root = work
        self._archives = archives
        self._progress = progress

    def download(self) -> tuple[WantedFile, ...]:
        """Bring every package file of the set, dependencies included, into the archives folder.

        Returns the files. Raises AptError; files that did arrive stay and are used the next time.
        """
        last: AptError | None = None
        for mirror in self._mirrors():
            try:
                return self._download_from(mirror)
            except AptError as failure:
                last = last or failure
        raise last or AptError(
            "this machine's apt sources name no mirror of Debian's main archive; "
            f"set {MIRROR_VARIABLE} to the address of one"
        )

    def _mirrors(self) -> tuple[str, ...]:
        own = os.environ.get(MIRROR_VARIABLE)
        return (own,) if own else debian_mirrors(read_sources(), host_codename())

    def _download_from(self, mirror: str) -> tuple[WantedFile, ...]:
        self._prepare(mirror)
        self._progress(f"{self._set.name}: reading the package lists")
        stale: AptError | None = None
        try:
            self._run(["update", "--error-on=any"])
        except AptError as failure:
            stale = failure  # earlier lists, signature checked, may still do
        try:
            wanted = self._resolve()
        except AptError as failure:
            raise (stale or failure) from failure
        self._fetch(wanted)
        return wanted

    def _prepare(self, mirror: str) -> None:
        for folder in ("lists/partial", "cache", "state", "log"):
            (self._root / folder).mkdir(parents=True, exist_ok=True)
        (self._archives / "partial").mkdir(parents=True, exist_ok=True)
        suite = self._set.suite or host_codename()
        (self._root / "sources.list").write_text(f"deb {_signed_by()}{mirror} {suite} main\n", encoding="utf-8")
        status = self._root / "empty-status"
        status.write_text("", encoding="utf-8")
        text = _CONFIGURATION.format(
            architecture=host_architecture(),
            root=self._root,
            archives=self._archives,
            status=status if self._set.suite == UNSTABLE else _HOST_STATUS,
        )
        (self._root / "apt.conf").write_text(text, encoding="utf-8")

    def _resolve(self) -> tuple[WantedFile, ...]:
        # Against an empty archive: apt does not name files it has already.
        nothing_yet = self._root / "none"
        (nothing_yet / "partial").mkdir(parents=True, exist_ok=True)
        how = ["-o", f"Dir::Cache::archives={nothing_yet}", "--print-uris", "-y", "--reinstall", "install"]
        lines = self._run([*how, *self._set.packages])
        found = [match for line in lines if (match := _URI_LINE.match(line))]
        if not found:
            raise AptError("apt named no package file to fetch")
        return tuple(WantedFile(match["file"], match["uri"], int(match["size"])) for match in found)

    def _fetch(self, wanted: tuple[WantedFile, ...]) -> None:
        megabytes = sum(file.size_bytes for file in wanted) / 1e6
        self._progress(f"{self._set.name}: fetching {len(wanted)} packages, {megabytes:.0f} MB")
        command = ["-y", "--download-only", "--reinstall", "install", *self._set.packages]
        try:
            self._run(command, _CountedProgress(self._set.name, len(wanted), self._progress))
        except AptError as failure:
            raise AptError(str(failure), wanted) from failure

    def _run(self, arguments: Iterable[str], on_line: Callable[[str], None] | None = None) -> list[str]:
        command = ["apt-get", "-c", str(self._root / "apt.conf"), *arguments]
        environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        with subprocess.Popen(  # noqa: S603 - fixed program, arguments from the catalogue
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            stdin=subprocess.DEVNULL,
        ) as process:
            lines = _collect(process, on_line)
        if process.returncode != 0:
            errors = [line for line in lines if line.startswith(("E:", "Err:"))] or lines[-3:]
            raise AptError("\n".join(errors[-6:]))
        return lines


def _collect(process: subprocess.Popen[str], on_line: Callable[[str], None] | None) -> list[str]:
    deadline = threading.Timer(APT_DEADLINE_SECONDS, process.kill)
    deadline.start()
    lines = []
    try:
        for line in process.stdout or ():
            lines.append(line.rstrip("\n"))
            if on_line:
                on_line(lines[-1])
        process.wait()
    finally:
        deadline.cancel()
    return lines


class _CountedProgress:
    """Turns apt's `Get:` lines into a report every twentieth of the way."""

    def __init__(self, name: str, total: int, progress: Progress) -> None:
        self._name, self._total, self._progress = name, total, progress
        self._done = 0

    def __call__(self, line: str) -> None:
        if not line.startswith("Get:"):
            return
        self._done += 1
        if self._done % max(1, self._total // 20) == 0 or self._done == self._total:
            self._progress(f"{self._name}: package {self._done} of {self._total}")


def _signed_by() -> str:
    keyring = next((path for path in _KEYRINGS if path.exists()), None)
    return f"[signed-by={keyring}] " if keyring else ""


def host_architecture() -> str:
    """Return Debian's name of this machine's architecture, for example `amd64`."""
    result = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True, timeout=10)  # noqa: S607 - found on PATH on purpose
    return result.stdout.strip()
