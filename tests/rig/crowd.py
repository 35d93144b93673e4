"""Many callers from one SIPp that keeps its own count: they hear nothing of what is said, but cost next to nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rig.ports import LOOPBACK, free_port
from tests.rig.site import Site


@dataclass
class SippLoad:
    """What SIPp counted."""

    made: int
    succeeded: int
    failed: int
    most_at_once: int


class SippCallers:
    """Callers of one scenario from one SIPp, which keeps its own count."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self._folder = folder

    @classmethod
    async def start(
        cls, site: Site, folder: Path, scenario: str, *, to: str, calls: int, rate: float, at_once: int, lines: Sequence[str] = ()
    ) -> "SippCallers":
        """`calls` callers, `rate` a second, never more than `at_once` up; they echo the sound they hear.

        `lines` are the calls' fields for the scenario, one line of CSV each.
        """
        folder.mkdir(parents=True)  # noqa: ASYNC240 nothing else runs yet
        (folder / "scenario.xml").write_text(scenario, encoding="utf-8")
        (folder / "lines.csv").write_text("SEQUENTIAL\n" + "".join(line + "\n" for line in lines), encoding="utf-8")
        arguments = [
            "-sf", "scenario.xml", "-s", to, "-i", LOOPBACK, "-p", str(free_port()), "-mi", LOOPBACK, "-mp", str(free_port()), "-rtp_echo",
            "-m", str(calls), "-r", str(rate), "-l", str(at_once), "-nostdin", "-trace_stat", "-stf", "stat.csv", "-fd", "1",
            "-cp", str(free_port()), "-trace_err", "-error_file", "errors.log", *(("-inf", "lines.csv") if lines else ()),
            f"{LOOPBACK}:{site.asterisk.ports.sip}",
        ]  # fmt: skip
        with (folder / "output.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *site.rig.sipp.argv, *arguments, cwd=folder, env=site.rig.sipp.environment(), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
            )
        return cls(process, folder)

    async def done(self, within: float) -> SippLoad:
        """Wait for the last call's end; what SIPp counted."""
        try:
            await asyncio.wait_for(self.process.wait(), within)
        finally:
            await self.stop()
        lines = [line.split(";") for line in (self._folder / "stat.csv").read_text(encoding="utf-8").splitlines() if line]
        rows = [dict(zip(lines[0], line, strict=False)) for line in lines[1:]]
        last = rows[-1]
        most = max(int(row["CurrentCall"]) for row in rows)
        return SippLoad(int(last["TotalCallCreated"]), int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]), most)

    async def stop(self) -> None:
        """End it now."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
