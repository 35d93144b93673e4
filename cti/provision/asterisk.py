"""Finding an Asterisk that is fit: a setting, PATH, the private copy, or a private copy fetched now."""

import shutil
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from cti.provision.apt import Progress
from cti.provision.catalogue import ASTERISK
from cti.provision.errors import ProvisionError, SettingError
from cti.provision.folders import cache_folder
from cti.provision.prefix import ensure_prefix, installed_versions, prefix_folder
from cti.provision.programs import Tool, private_tool, probe
from cti.provision.tools import silent
from cti.provision.versions import AsteriskVersion, parse_version, why_refused


class Origin(Enum):
    """Where the Asterisk was found."""

    SETTING = "setting"
    PATH = "PATH"
    CACHE = "cached copy"
    FETCHED = "private copy, fetched now"


@dataclass(frozen=True, slots=True)
class AsteriskInstall:
    """An Asterisk that can be started, and where its parts lie.

    argv: what to start it with, own arguments follow. env: variables to add. moddir: its modules.
    datadir: holds `documentation` (needed by the modules). sounds: English core sounds, None where it has none.
    """

    argv: tuple[str, ...]
    version: AsteriskVersion
    origin: Origin
    moddir: Path
    datadir: Path
    sounds: Path | None = None
    env: dict[str, str] = field(default_factory=dict)


def find_asterisk(setting: str = "", *, cache: Path | None = None, progress: Progress = silent) -> AsteriskInstall:
    """Return the first fit Asterisk: the setting (a program), PATH, the cached copy, a private copy fetched now.

    A setting that is not fit is an error, since it was asked for; an old one on PATH is told and passed over.
    Raises SettingError when the setting is at fault, else ProvisionError, with the cure.
    """
    if setting:
        try:
            return _installed(Path(setting).expanduser(), Origin.SETTING)
        except ProvisionError as error:
            raise SettingError(f"{error} Correct the setting (HOTLINE_ASTERISK), or leave it empty.") from error
    refused = ""
    on_path = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    if on_path:
        try:
            return _installed(Path(on_path), Origin.PATH)
        except ProvisionError as error:
            refused = str(error)
            progress(f"{refused} Passing it over.")
    try:
        return _private(cache or cache_folder(), progress)
    except ProvisionError as error:
        raise ProvisionError("\n".join(filter(None, [refused, str(error)]))) from error


def _private(cache: Path, progress: Progress) -> AsteriskInstall:
    origin = Origin.FETCHED if installed_versions(ASTERISK, cache) is None else Origin.CACHE
    versions = ensure_prefix(ASTERISK, cache, progress)
    prefix = prefix_folder(ASTERISK, cache)
    tool = private_tool(ASTERISK, "asterisk", prefix)
    version = _fit(versions["asterisk"], f"the copy in {prefix}; remove it and {cache / 'packages' / 'asterisk'}")
    return _described(tool, version, origin, prefix)


def _installed(program: Path, origin: Origin) -> AsteriskInstall:
    if not program.is_file():
        raise ProvisionError(f"There is no Asterisk at {program}.")
    tool = Tool((str(program),))
    version = _fit(probe("asterisk", tool), str(program))
    root = program.resolve().parent.parent  # …/sbin/asterisk
    return _described(tool, version, origin, root.parent if root.name == "usr" else root)


def _fit(text: str, where: str) -> AsteriskVersion:
    version = parse_version(text)
    if version is None:
        raise ProvisionError(f"The version of {where} cannot be read from `{text}`.")
    reason = why_refused(version)
    if reason:
        raise ProvisionError(f"{reason} ({where}).")
    return version


def _described(tool: Tool, version: AsteriskVersion, origin: Origin, root: Path) -> AsteriskInstall:
    moddir = _first(
        root, ("usr/lib/*/asterisk/modules", "usr/lib*/asterisk/modules", "lib*/asterisk/modules"), "res_agi.so"
    )
    if moddir is None:
        raise ProvisionError(f"No folder asterisk/modules with res_agi.so below {root}; this Asterisk cannot be used.")
    data = ("usr/share/asterisk", "var/lib/asterisk", "share/asterisk")
    datadir = _first(root, data, "documentation") or _first(Path("/"), data, "documentation") or moddir
    sounds = _first(root, [f"{folder}/sounds/en*" for folder in data], "beep.*")
    return AsteriskInstall(tool.argv, version, origin, moddir, datadir, sounds, tool.env)


def _first(root: Path, patterns: tuple[str, ...] | list[str], holding: str) -> Path | None:
    """Return the first folder of the patterns that holds a file of the given name pattern."""
    folders = (folder for pattern in patterns for folder in sorted(root.glob(pattern)))
    return next((folder for folder in folders if any(folder.glob(holding))), None)
