"""Which Debian packages bring which program, and how a program taken from them is started."""

import re
from dataclasses import dataclass, field

from cti.provision.host import host_codename

UNSTABLE = "unstable"


@dataclass(frozen=True, slots=True)
class PackageSet:
    """Debian packages that are unpacked together into one private prefix.

    suite: Debian suite, or empty for the machine's own. Programs from `unstable` bring their own C library and are
    started through its loader; programs of the own suite use the host's libraries beside the private ones.
    """

    name: str
    packages: tuple[str, ...]
    programs: dict[str, str] = field(default_factory=dict)  # program name -> path inside the prefix
    suite: str = ""
    megabytes: int = 10  # roughly, to tell the user what he waits for


ASTERISK = PackageSet(
    name="asterisk",
    packages=("asterisk", "asterisk-core-sounds-en-wav"),
    programs={"asterisk": "usr/sbin/asterisk"},
    suite=UNSTABLE,
    megabytes=97,
)
# Debian 12's own espeak-ng 1.51 reads Chinese characters wrongly; 1.52 is right.
ESPEAK = PackageSet(
    name="espeak-ng", packages=("espeak-ng",), programs={"espeak-ng": "usr/bin/espeak-ng"}, suite=UNSTABLE, megabytes=22
)
SIPP = PackageSet(name="sipp", packages=("sip-tester",), programs={"sipp": "usr/bin/sipp"})
REDIS = PackageSet(name="redis-server", packages=("redis-server",), programs={"redis-server": "usr/bin/redis-server"})
PROMETHEUS = PackageSet(
    name="prometheus",
    packages=("prometheus",),
    programs={"prometheus": "usr/bin/prometheus", "promtool": "usr/bin/promtool"},
    megabytes=40,
)
# A browser and a Chinese font, to see that pages look as they should.
CHROMIUM = PackageSet(
    name="chromium",
    packages=("chromium", "fonts-wqy-microhei", "fonts-dejavu-core"),
    programs={"chromium": "usr/lib/chromium/chromium"},
    megabytes=110,
)
#: The version that each Debian release has; without a release of this table the newest.
_POSTGRESQL = {"bookworm": 15}.get(host_codename(), 17)
_POSTGRESQL_PROGRAMS = f"usr/lib/postgresql/{_POSTGRESQL}/bin"
POSTGRESQL = PackageSet(
    name="postgresql",
    packages=(f"postgresql-{_POSTGRESQL}",),
    programs={"postgres": f"{_POSTGRESQL_PROGRAMS}/postgres", "initdb": f"{_POSTGRESQL_PROGRAMS}/initdb"},
    megabytes=60,
)
PACKAGE_SETS = (ASTERISK, ESPEAK, SIPP, REDIS, PROMETHEUS, CHROMIUM, POSTGRESQL)


@dataclass(frozen=True, slots=True)
class VersionProbe:
    """How a program tells its version: the arguments to give, and where the version stands in what it prints."""

    arguments: tuple[str, ...]
    pattern: re.Pattern[str]


PROBES = {
    "asterisk": VersionProbe(("-V",), re.compile(r"Asterisk (\S+)")),
    "espeak-ng": VersionProbe(("--version",), re.compile(r"text-to-speech: (\d[\w.]*)")),
    "sipp": VersionProbe(("-v",), re.compile(r"SIPp v(\d[\d.]*)")),
    "redis-server": VersionProbe(("--version",), re.compile(r"v=(\d[\d.]*)")),
    "prometheus": VersionProbe(("--version",), re.compile(r"version (\d[\d.]*)")),
    "promtool": VersionProbe(("--version",), re.compile(r"version (\d[\d.]*)")),
    "postgres": VersionProbe(("--version",), re.compile(r"PostgreSQL\) (\d[\d.]*)")),
    "initdb": VersionProbe(("--version",), re.compile(r"PostgreSQL\) (\d[\d.]*)")),
    "chromium": VersionProbe(("--version",), re.compile(r"Chromium (\d[\d.]*)")),
}
