"""Which Asterisk versions are fit: the floor of each series that no longer loses redirects."""

import re
from typing import NamedTuple


class AsteriskVersion(NamedTuple):
    """An Asterisk version; compares in release order."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        """Write it as Asterisk does, for example 22.10.1."""
        return f"{self.major}.{self.minor}.{self.patch}"


# Before these releases a redirect was lost now and then, which loses a caller.
FLOORS = (
    AsteriskVersion(20, 16),
    AsteriskVersion(21, 11),
    AsteriskVersion(22, 6),
    AsteriskVersion(23, 0),
)
FLOOR_TEXT = "20.16, 21.11, 22.6, 23.0 or newer"
_VERSION = re.compile(r"(?<![\d.])(?:certified/)?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")


def parse_version(text: str) -> AsteriskVersion | None:
    """Read the version from what `asterisk -V` or AMI's CoreSettings says; None when there is none in it."""
    found = _VERSION.search(text)
    if found is None:
        return None
    major, minor, patch = found.groups(default="0")
    return AsteriskVersion(int(major), int(minor), int(patch))


def why_refused(version: AsteriskVersion) -> str | None:
    """Return None when the version is fit, else the reason as a sentence without a full stop."""
    floor = next((floor for floor in FLOORS if floor.major == version.major), None)
    if floor is None and version > FLOORS[-1]:
        return None
    if floor is not None and version >= floor:
        return None
    return f"Asterisk {version} is too old (it can lose a caller who is being moved); needed is {FLOOR_TEXT}"
