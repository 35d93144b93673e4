"""SIPp as a child process: one process for one caller, for a batch of callers, or for a farm of agents."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.ports import LOOPBACK, free_port, free_range
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from cti.provision.programs import Tool

_numbers = itertools.count(1)


class Sipp:
    """One SIPp process in a folder of its own; its complaints are in `errors()`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, folder: Path, call_id_prefix: str) -> None:
        self.port = port
        self.call_id_prefix = call_id_prefix
        self._process = process
        self._folder = folder

    @classmethod
    async def start(
        cls,
        tool: Tool,
        folder: Path,
        scenario: str,
        *,
        relay_port: int | None = None,
        lines: tuple[str, ...] = (),
        rate: float = 10.0,
    ) -> Sipp:
        """Run `scenario`: as callers (one call per CSV line, at `rate` a second) when `lines` are given, else as called.

        Callers send to `relay_port` on loopback. The Call-ID of line n (from 1) is `call_id(n)`.
        """
        number = next(_numbers)
        here = folder / f"sipp-{number}"
        here.mkdir(parents=True)
        (here / "scenario.xml").write_text(scenario, encoding="utf-8")
        port, prefix = free_port(), f"rig-{os.getpid()}-{number}"
        argv = [
            *tool.argv,
            "-sf",
            "scenario.xml",
            "-i",
            LOOPBACK,
            "-p",
            str(port),
            "-nostdin",
            "-trace_err",
            "-error_file",
            "errors.log",
        ]
        argv += ["-cp", str(free_port()), "-mi", LOOPBACK, "-mp", str(free_range(4))]  # it also binds the port two above, for video
        if lines:
            (here / "lines.csv").write_text("SEQUENTIAL\n" + "".join(line + "\n" for line in lines), encoding="utf-8")
            period = max(1, round(1000 / rate))
            argv += [
                "-inf",
                "lines.csv",
                "-m",
                str(len(lines)),
                "-r",
                "1",
                "-rp",
                str(period),
                "-l",
                str(len(lines) + 1),
            ]
            argv += ["-cid_str", f"{prefix}-%u@rig", f"{LOOPBACK}:{relay_port}"]
        with (here / "output.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *argv,
                cwd=here,
                env=tool.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return cls(process, port, here, prefix)

    def call_id(self, line: int) -> str:
        """The Call-ID of the call made for this CSV line, counted from 1."""
        return f"{self.call_id_prefix}-{line}@rig"

    async def listening(self, within: float = 5.0) -> None:
        """Wait until SIPp has bound its port: what is sent before is lost."""
        row = f" 0100007F:{self.port:04X} "
        await eventually(
            lambda: row in Path("/proc/net/udp").read_text(encoding="ascii"),
            within,
            f"SIPp bound to {self.port}: {self.errors()}",
            every=0.005,
        )

    def errors(self) -> str:
        """What SIPp complained about, "" when nothing."""
        file = self._folder / "errors.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def kill(self) -> None:
        """Kill -9: the phone's power is gone."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def stop(self, grace_seconds: float = 0.0) -> int:
        """Wait up to `grace_seconds` for SIPp's own end (its calls over), then kill; returns the exit status."""
        if grace_seconds:
            await asyncio.wait({asyncio.ensure_future(self._process.wait())}, timeout=grace_seconds)
        self.kill()
        return await self._process.wait()
