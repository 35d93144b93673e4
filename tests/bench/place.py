"""The real Asterisk of a bench, and what each process costs."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from cti.provision.asterisk import find_asterisk
from cti.provision.tools import find_tool
from tests.rig.site import Site, build_sound

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time that a process (all its threads) has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.asynccontextmanager
async def bench_site(folder: Path, *, flows: Path, config: Path, dialplan: str = "") -> AsyncIterator[Site]:
    """An Asterisk with these flows and queues; `dialplan` is added to it."""
    sound = build_sound(flows)
    site = Site(find_asterisk(), find_tool("sipp"), sound, folder, config=config, flows=flows, rtp_timeout_seconds=0)
    extensions = site.asterisk.etc / "extensions.conf"
    extensions.write_text(extensions.read_text(encoding="utf-8") + dialplan, encoding="utf-8")
    await site.asterisk.start()
    try:
        yield site
    finally:
        await site.asterisk.stop()
