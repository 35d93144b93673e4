"""Makes the project's virtual environment with nothing but Python's own library: `python3 -m cti.provision.environment .venv`.

Debian splits the part of Python that puts pip into a new environment off into python3-venv, which needs root to
install. Where it is missing, pip comes from Debian's own package, fetched privately and signature checked.
"""

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

from cti.provision.catalogue import PackageSet
from cti.provision.errors import ProvisionError
from cti.provision.folders import cache_folder
from cti.provision.prefix import ensure_prefix, prefix_folder

OLDEST_PYTHON = (3, 11)
_PIP = PackageSet(name="pip", packages=("python3-pip-whl",), megabytes=2)
_PIP_DEADLINE_SECONDS = 300.0


def make_environment(folder: Path) -> None:
    """Create the virtual environment with pip in it. Raises ProvisionError with the cure."""
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise ProvisionError(
            f"Python {wanted} or newer is needed, this is {sys.version.split()[0]}. "
            f"Install one and name it: make setup PYTHON=python{wanted}"
        )
    with_pip = importlib.util.find_spec("ensurepip") is not None
    venv.EnvBuilder(clear=True, symlinks=True, with_pip=with_pip).create(folder)
    if not with_pip:
        _install_pip(folder)


def _install_pip(folder: Path) -> None:
    wheel = _pip_wheel()
    command = [str(folder / "bin" / "python"), f"{wheel}/pip", "install", "--quiet", "--no-index", str(wheel)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_DEADLINE_SECONDS, check=False)  # noqa: S603 - fixed program
    if result.returncode:
        raise ProvisionError(
            f"pip cannot be put into {folder}:\n{result.stderr.strip()}\nInstall python3-venv (as root) and try again."
        )


def _pip_wheel() -> Path:
    try:
        ensure_prefix(_PIP, cache_folder(), _say)
    except ProvisionError as error:
        raise ProvisionError(
            f"{error}\nOr install python3-venv (as root: apt install python3-venv) and try again."
        ) from error
    wheels = sorted((prefix_folder(_PIP, cache_folder()) / "usr/share/python-wheels").glob("pip-*.whl"))
    if not wheels:
        raise ProvisionError("Debian's python3-pip-whl holds no pip. Install python3-venv (as root) and try again.")
    return wheels[-1]


def _say(message: str) -> None:
    print(message, flush=True)  # noqa: T201 - runs before anything else is installed


def main() -> int:
    """Make the environment named on the command line; returns the exit status."""
    try:
        make_environment(Path(sys.argv[1]))
    except (ProvisionError, OSError, subprocess.SubprocessError) as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
