"""Reads the machine's own apt sources to learn which Debian mirror it uses. Pure, but for `read_sources`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_OFFICIAL_SUITES = frozenset({"stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"})
_CODENAMES = frozenset({"buster", "bullseye", "bookworm", "trixie", "forky", "duke"})
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$")


@dataclass(frozen=True, slots=True)
class Source:
    """One binary archive that apt knows: address, suite, components, and the keyring it is signed by, if named."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""


def parse_list(text: str) -> tuple[Source, ...]:
    """Read the one-line form (`deb [options] uri suite component …`); lines that are not such are skipped."""
    sources = []
    for line in text.splitlines():
        found = _ONE_LINE.match(line.partition("#")[0].strip())
        if found:
            signed_by = re.search(r"signed-by=(\S+)", found["options"] or "", re.IGNORECASE)
            key = signed_by[1] if signed_by else ""
            sources.append(Source(found["uri"], found["suite"], tuple(found["components"].split()), key))
    return tuple(sources)


def parse_deb822(text: str) -> tuple[Source, ...]:
    """Read the deb822 form (`.sources`); stanzas that are switched off or only for sources are skipped."""
    return tuple(source for stanza in _stanzas(text) for source in _from_stanza(stanza))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Yield each stanza as lower-case field name to value, continuation lines joined by a blank."""
    fields: dict[str, str] = {}
    last = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t":
            fields[last] = f"{fields.get(last, '')} {line.strip()}".strip()
        else:
            name, _, value = line.partition(":")
            last = name.strip().lower()
            fields[last] = value.strip()


def _from_stanza(fields: dict[str, str]) -> Iterator[Source]:
    off = fields.get("enabled", "yes").lower() in {"no", "false", "0", "off", "without", "disable"}
    if off or "deb" not in fields.get("types", "").split():
        return
    components = tuple(fields.get("components", "").split())
    signed_by = fields.get("signed-by", "")
    key = signed_by if signed_by.startswith("/") else ""  # else it is an embedded key or nothing
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield Source(uri, suite, components, key)


def debian_mirrors(sources: Iterable[Source], codename: str = "") -> tuple[str, ...]:
    """Return the addresses that may be mirrors of Debian's main archive, most likely first.

    Other vendors also offer a suite named after Debian's with a component `main`. What tells Debian's own: signed by
    the Debian archive keyring, a `-updates` suite at the same address, an address that ends in `debian`.
    A wrong guess does no harm: the archive's signature is checked, and the next one is tried.
    """
    known = tuple(sources)
    suites = _OFFICIAL_SUITES | _CODENAMES | ({codename} if codename else set())
    points: dict[str, int] = {}
    for source in known:
        if source.suite in suites and "main" in source.components and "security" not in source.uri:
            uri = source.uri.rstrip("/")
            points[uri] = max(points.get(uri, 0), _likelihood(source, known))
    return tuple(sorted(points, key=lambda uri: -points[uri]))


def _likelihood(source: Source, known: tuple[Source, ...]) -> int:
    keyed = "debian-archive" in source.signed_by
    siblings = any(other.uri == source.uri and other.suite.endswith("-updates") for other in known)
    named = source.uri.rstrip("/").endswith("debian")
    return 4 * keyed + 2 * siblings + named


def read_sources(apt_folder: Path = Path("/etc/apt")) -> tuple[Source, ...]:
    """Read `sources.list` and everything in `sources.list.d` as apt would; unreadable files count as empty."""
    sources: list[Source] = []
    lists = [apt_folder / "sources.list", *sorted((apt_folder / "sources.list.d").glob("*.list"))]
    for path in lists:
        sources.extend(parse_list(_text(path)))
    for path in sorted((apt_folder / "sources.list.d").glob("*.sources")):
        sources.extend(parse_deb822(_text(path)))
    return tuple(sources)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
