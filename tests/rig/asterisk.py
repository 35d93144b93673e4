"""A real Asterisk in a temporary folder, with its command line and its CEL as independent witness."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import signal
import socket
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from tests.rig.ports import LOOPBACK, free_port, free_range
from tests.rig.waiting import Deadline, eventually

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cti.provision.asterisk import AsteriskInstall

RTP_PORTS = 1200  # two a channel


@dataclass(frozen=True)
class Ports:
    """The ports of one Asterisk; its RTP range is [rtp, rtp + RTP_PORTS)."""

    sip: int = field(default_factory=free_port)
    ami: int = field(default_factory=lambda: free_port(socket.SOCK_STREAM))
    rtp: int = field(default_factory=lambda: free_range(RTP_PORTS))


@dataclass(frozen=True)
class CelEvent:
    """One line of the channel event log. `at`: Unix seconds."""

    type: str
    at: float
    channel: str
    uniqueid: str
    linkedid: str
    application: str
    context: str
    extension: str
    caller_number: str
    call: str
    extra: str


class AsteriskServer:
    """Asterisk, run from the configuration tree `etc` whose `asterisk.conf` points into the runtime folder."""

    def __init__(self, install: AsteriskInstall, etc: Path, log_folder: Path, ports: Ports) -> None:
        self.install = install
        self.etc = etc
        self.log_folder = log_folder
        self.ports = ports
        self.process: asyncio.subprocess.Process | None = None
        self._runs = 0

    @property
    def sip_address(self) -> tuple[str, int]:
        """Where callers call."""
        return (LOOPBACK, self.ports.sip)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    async def start(self, within: float = 30.0) -> None:
        """Start it and wait until it is fully booted. Raises Deadline with the end of its output."""
        self._runs += 1
        output_file = self.log_folder / f"console-{self._runs}.log"
        (self.log_folder / "cel-custom").mkdir(parents=True, exist_ok=True)
        with output_file.open("wb") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.install.argv, "-C", str(self.etc / "asterisk.conf"), "-f",
                env={**os.environ, **self.install.env}, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            await eventually(self._booted, within, "Asterisk fully booted", every=0.1)
        except Deadline as error:
            raise Deadline(f"{error}\n{output_file.read_text(errors='replace')[-3000:]}") from error

    async def _booted(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise AssertionError(f"Asterisk ended with status {self.process.returncode}; see {self.log_folder}")
        return "fully booted" in await self.cli("core waitfullybooted", within=10)

    async def cli(self, command: str, within: float = 10.0) -> str:
        """What `asterisk -rx` prints."""
        child = await asyncio.create_subprocess_exec(
            *self.install.argv, "-C", str(self.etc / "asterisk.conf"), "-rx", command,
            env={**os.environ, **self.install.env}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = await asyncio.wait_for(child.communicate(), within)
        except TimeoutError:
            child.kill()
            await child.wait()
            raise Deadline(f"`{command}` did not end within {within:g} s") from None
        return output.decode("utf-8", "replace")

    async def channels(self) -> list[str]:
        """The names of all channels that live."""
        lines = (await self.cli("core show channels concise")).splitlines()
        return [line.split("!")[0] for line in lines if "!" in line]

    async def no_channels(self, within: float = 30.0) -> None:
        """Wait until nothing is up any more. Raises Deadline naming what still lives."""

        async def none_left() -> bool:
            return not await self.channels()

        try:
            await eventually(none_left, within, "no channel left", every=0.2)
        except Deadline as error:
            left = [await self.cli(f"core show channel {name}") for name in await self.channels()]
            raise Deadline(f"{error}: {left}") from error

    def cel(self) -> list[CelEvent]:
        """All channel events so far, in the order written."""
        file = self.log_folder / "cel-custom" / "Master.csv"
        if not file.exists():
            return []
        with file.open(newline="", encoding="utf-8", errors="replace") as lines:
            return [_cel_event(row) for row in csv.reader(lines) if len(row) == len(fields(CelEvent))]

    def dialplan_faults(self) -> list[str]:
        """What Asterisk has complained of in the dialplan: applications that lack, calls that did not return."""
        lines = (self.log_folder / "messages.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if re.search(r"(WARNING|ERROR)\[.*\] (pbx|app_stack|func_\w+)\.c:", line)]

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal (SIGSTOP, SIGCONT, SIGKILL ...)."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def stop(self, within: float = 10.0) -> None:
        """End it: politely, then by force."""
        if self.process is None or self.process.returncode is not None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), within)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self.process.wait()

    async def kill9(self) -> None:
        """SIGKILL: all calls are gone."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        await self.process.wait()


def write_tree(folder: Path, files: Mapping[str, str]) -> None:
    """Write configuration files below `folder`."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _cel_event(row: list[str]) -> CelEvent:
    return CelEvent(row[0], float(row[1]), *row[2:])
