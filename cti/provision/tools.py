"""Finding the programs beside Asterisk: on PATH, or fetched privately."""

import re
import shutil
from pathlib import Path

from cti.provision.apt import Progress
from cti.provision.catalogue import ASTERISK, PACKAGE_SETS, PackageSet
from cti.provision.errors import ProvisionError
from cti.provision.folders import cache_folder
from cti.provision.prefix import ensure_prefix, prefix_folder
from cti.provision.programs import Tool, private_tool, probe

# Older ones on PATH are passed over.
_MINIMUM = {"espeak-ng": (1, 52)}


def silent(_message: str) -> None:
    """Report progress to nobody."""


def find_tool(name: str, *, cache: Path | None = None, progress: Progress = silent) -> Tool:
    """Return how to start `name`: sipp, redis-server, espeak-ng, prometheus, promtool, chromium, postgres or initdb.

    Order: PATH (when new enough), the private copy in the cache folder, a private copy fetched now.
    progress is told what is done while it takes long. Raises ProvisionError with the cure.
    """
    packages = _package_set(name)
    on_path = _on_path(name)
    if on_path is not None:
        return on_path
    cache = cache or cache_folder()
    versions = ensure_prefix(packages, cache, progress)
    tool = private_tool(packages, name, prefix_folder(packages, cache))
    return Tool(tool.argv, tool.env, versions[name])


def _package_set(name: str) -> PackageSet:
    for packages in PACKAGE_SETS:
        if name in packages.programs and packages is not ASTERISK:
            return packages
    known = sorted(name for packages in PACKAGE_SETS if packages is not ASTERISK for name in packages.programs)
    raise ProvisionError(f"No program `{name}` is known here; known are {', '.join(known)}.")


def _on_path(name: str) -> Tool | None:
    """Return the program on PATH, or None when there is none that starts and is new enough."""
    found = shutil.which(name)
    if found is None:
        return None
    tool = Tool((found,))
    if name not in _MINIMUM:
        return tool
    try:
        version = probe(name, tool)
    except ProvisionError:
        return None
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return Tool(tool.argv, tool.env, version) if numbers >= _MINIMUM[name] else None
