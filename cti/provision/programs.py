"""Starting a program to ask its version, and how a program of a private prefix is started."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cti.provision.catalogue import PROBES, UNSTABLE, PackageSet
from cti.provision.errors import ProvisionError

PROBE_DEADLINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that can be started.

    argv: what to start it with, own arguments follow. env: variables to add to the environment.
    """

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    version: str = ""

    def environment(self) -> dict[str, str]:
        """Return the whole environment for the child: this process's own and what the program needs."""
        return {**os.environ, **self.env}


def probe(name: str, tool: Tool) -> str:
    """Start the program to learn its version. Raises ProvisionError when it does not start or says none."""
    how = PROBES[name]
    command = [*tool.argv, *how.arguments]
    try:
        result = subprocess.run(  # noqa: S603 - the program the user asked for
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_DEADLINE_SECONDS,
            check=False,
            env=tool.environment(),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvisionError(f"{command[0]} does not start: {error}.") from error
    said = f"{result.stdout}\n{result.stderr}".strip()
    found = how.pattern.search(said)
    if found is None:
        raise ProvisionError(f"`{' '.join(command)}` does not tell a version; it said: {said[:300] or 'nothing'}.")
    return found[1]


def private_tool(packages: PackageSet, name: str, prefix: Path) -> Tool:
    """Return how to start a program of an unpacked prefix. Raises ProvisionError when it is not in there."""
    program = prefix / packages.programs[name]
    if not program.exists():
        raise ProvisionError(f"{program} is missing although its packages are unpacked; remove {prefix} and try again")
    libraries = _library_folders(prefix)
    if packages.suite != UNSTABLE:
        joined = ":".join([*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
        return Tool((str(program),), {"LD_LIBRARY_PATH": joined})
    loader = next(iter(sorted(prefix.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"))), None)
    if loader is None:
        raise ProvisionError(f"no loader (ld-linux) below {prefix}/usr/lib; remove {prefix} and try again")
    argv = [str(loader), "--inhibit-cache", "--library-path", ":".join(libraries), str(program)]
    if name == "espeak-ng":
        argv.append(f"--path={loader.parent}")  # its voices lie beside the libraries
    return Tool(tuple(argv))


def _library_folders(prefix: Path) -> list[str]:
    """Every folder that libraries are looked for in: the triplet's own and the ones below it that hold some."""
    triplets = sorted((prefix / "usr/lib").glob("*-linux-gnu*"))
    folders = [
        *triplets,
        *(folder / "pulseaudio" for folder in triplets),
        *sorted((prefix / "lib").glob("*-linux-gnu*")),
    ]
    return [str(folder) for folder in folders if folder.is_dir()]
