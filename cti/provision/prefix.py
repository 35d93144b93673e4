"""Private prefixes: Debian packages unpacked into the user's cache folder, whole or not at all."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cti.provision.apt import AptError, PrivateApt, Progress, WantedFile, require_debian_tools
from cti.provision.catalogue import PackageSet
from cti.provision.errors import ProvisionError
from cti.provision.locking import held
from cti.provision.programs import private_tool, probe

_RECORD = "installed.json"
_MANIFEST = "SHA256SUMS"
_UNPACK_DEADLINE_SECONDS = 300.0


def prefix_folder(packages: PackageSet, cache: Path) -> Path:
    """Where the set is unpacked."""
    return cache / "prefix" / packages.name


def archives_folder(packages: PackageSet, cache: Path) -> Path:
    """Where the set's package files are kept, and where a user puts them by hand."""
    return cache / "packages" / packages.name


def installed_versions(packages: PackageSet, cache: Path) -> dict[str, str] | None:
    """Return program name to version when the set is unpacked and usable, else None. Costs one small file read."""
    try:
        record = json.loads((prefix_folder(packages, cache) / _RECORD).read_text(encoding="utf-8"))
        versions = {str(name): str(version) for name, version in record["versions"].items()}
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    return versions if set(versions) == set(packages.programs) else None


def ensure_prefix(packages: PackageSet, cache: Path, progress: Progress) -> dict[str, str]:
    """Return program name to version, fetching and unpacking the set first where it is not there yet.

    Safe to call from several processes at once: one works, the others wait. Raises ProvisionError with the cure.
    """
    versions = installed_versions(packages, cache)
    if versions is not None:
        return versions
    require_debian_tools()
    try:
        with held(cache / "locks" / f"{packages.name}.lock", progress):
            versions = installed_versions(packages, cache)
            return versions if versions is not None else _install(packages, cache, progress)
    except OSError as error:
        raise ProvisionError(
            f"{packages.name} cannot be kept in {cache}: {error}. "
            "Make room or set HOTLINE_CACHE_DIR to a folder that can be written."
        ) from error


def _install(packages: PackageSet, cache: Path, progress: Progress) -> dict[str, str]:
    progress(f"{packages.name} is not here yet: bringing it from Debian, about {packages.megabytes} MB, once")
    files = _kept_files(packages, cache) or _fetched_files(packages, cache, progress)
    target = prefix_folder(packages, cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{packages.name}-", dir=target.parent))
    try:
        _unpack(packages.name, files, fresh, progress)
        versions = {name: probe(name, private_tool(packages, name, fresh)) for name in packages.programs}
        record = {"versions": versions, "packages": sorted(file.name for file in files)}
        (fresh / _RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        fresh.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    except ProvisionError as error:
        raise ProvisionError(f"{packages.name}: {error}\n{_by_hand(packages, cache, ())}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    progress(f"{packages.name}: ready {', '.join(versions.values())}".rstrip())
    return versions


def _kept_files(packages: PackageSet, cache: Path) -> list[Path]:
    """Return the files of an earlier complete download, each checked against its recorded hash; else nothing."""
    folder = archives_folder(packages, cache)
    try:
        lines = (folder / _MANIFEST).read_text(encoding="utf-8").splitlines()
        wanted = [line.split("  ", 1) for line in lines if line]
        good = all(_sha256(folder / name) == digest for digest, name in wanted)
    except (OSError, ValueError):
        return []
    return [folder / name for _, name in wanted] if good else []


def _fetched_files(packages: PackageSet, cache: Path, progress: Progress) -> list[Path]:
    """Download the set; when that fails take what the user supplied by hand, or say how to supply it."""
    folder = archives_folder(packages, cache)
    try:
        wanted = PrivateApt(packages, cache / "apt" / packages.name, folder, progress).download()
    except AptError as failure:
        supplied = sorted(folder.glob("*.deb"))
        if _covers(supplied, packages, failure.wanted):
            progress(f"{packages.name}: no network; using the {len(supplied)} package files found in {folder}")
            return supplied
        reason = f"{packages.name} could not be fetched from Debian:\n{failure}\n"
        raise ProvisionError(reason + _by_hand(packages, cache, failure.wanted)) from failure
    files = [folder / file.name for file in wanted]
    _write_manifest(folder, files)
    return files


def _covers(supplied: Iterable[Path], packages: PackageSet, wanted: tuple[WantedFile, ...]) -> bool:
    """Tell whether the files at hand may be the whole set (whether they are shows when the program starts)."""
    names = {file.name for file in supplied}
    if wanted:
        return all(not names.isdisjoint({file.name, file.pool_name}) for file in wanted)
    return all(any(name.startswith(f"{package}_") for name in names) for package in packages.packages)


def _write_manifest(folder: Path, files: Iterable[Path]) -> None:
    text = "".join(f"{_sha256(file)}  {file.name}\n" for file in files)
    fresh = folder / f".{_MANIFEST}"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(folder / _MANIFEST)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(name: str, files: list[Path], target: Path, progress: Progress) -> None:
    progress(f"{name}: unpacking {len(files)} packages")
    for folder in ("usr/lib", "usr/bin", "usr/sbin"):
        (target / folder).mkdir(parents=True)
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        for error in pool.map(lambda file: _unpack_one(file, target), files):
            if error:
                raise ProvisionError(error)


def _unpack_one(file: Path, target: Path) -> str:
    """Unpack one package; return the complaint, empty when it went well."""
    result = subprocess.run(  # noqa: S603 - fixed program
        ["dpkg-deb", "-x", str(file), str(target)],  # noqa: S607 - found on PATH on purpose
        capture_output=True,
        text=True,
        timeout=_UNPACK_DEADLINE_SECONDS,
        check=False,
    )
    return f"{file} cannot be unpacked: {result.stderr.strip()}" if result.returncode else ""


def _by_hand(packages: PackageSet, cache: Path, wanted: tuple[WantedFile, ...]) -> str:
    """Say how to supply the package files by hand: which files, into which folder, and what to do then."""
    folder = archives_folder(packages, cache)
    lines = [f"To supply it by hand, put these files into {folder} and run the same command again:"]
    missing = [file for file in wanted if not any((folder / name).exists() for name in (file.name, file.pool_name))]
    lines += [f"  {file.pool_name}   from {file.uri}" for file in missing]
    if not missing:
        suite = packages.suite or "this machine's Debian release"
        lines += [f"  {package}_*.deb and what it depends on, from {suite}" for package in packages.packages]
        lines += [
            "The easiest way: run `hotline asterisk fetch --all` on a Debian machine of the same release with network,",
            f"and copy its whole cache folder (there ~/.cache/hotline-acd/packages/{packages.name}) to {folder}.",
        ]
    lines.append("Files supplied by hand are used as they are: their origin is for you to trust.")
    return "\n".join(lines)
