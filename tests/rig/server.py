"""The hotline server as a subprocess, with everything a test does to it: kill, stop, starve, ask, read its log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.rig.waiting import Deadline, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Reply:
    """An HTTP reply: status and decoded JSON (the text, when it is none)."""

    status: int
    body: Any


class HotlineServer:
    """`hotline serve` with its own settings file; each start has a log file of its own, all are read together.

    Args: settings as `hotline run` writes them; folder for files; name to tell two servers apart.
    """

    def __init__(self, settings: dict[str, Any], folder: Path, name: str = "server") -> None:
        self.settings = settings
        self.process: asyncio.subprocess.Process | None = None
        self._folder = folder
        self._name = name
        self._logs: list[Path] = []
        self._readiness: Reply | str = "not asked"

    @property
    def url(self) -> str:
        """Address of its HTTP side."""
        return f"http://{self.settings['http']['host']}:{self.settings['http']['port']}"

    @property
    def settings_file(self) -> Path:
        """The settings it was started with."""
        return self._folder / f"{self._name}.yaml"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None, "not started"
        return self.process.pid

    async def start(self, *arguments: str, ready_within: float = 20.0) -> None:
        """Start it with further command-line arguments and wait until it is ready (0 seconds: do not wait)."""
        file = self.settings_file
        file.write_text(yaml.safe_dump(self.settings, allow_unicode=True), encoding="utf-8")
        self._logs.append(self._folder / f"{self._name}-{len(self._logs) + 1}.log")
        with self._logs[-1].open("wb") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cti.cli.main", "serve", "--settings", str(file), *arguments,
                cwd=PROJECT, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        if ready_within:
            await self.wait_ready(ready_within)

    async def wait_ready(self, within: float = 20.0) -> None:
        """Wait for 200 from /readyz. Raises Deadline with the end of its log."""
        try:
            await eventually(self._is_ready, within, "the server ready", every=0.03)
        except Deadline as error:
            raise Deadline(f"{error}\n/readyz: {self._readiness}\n{self.log_tail()}") from error

    async def _is_ready(self) -> bool:
        if self.process is None or self.process.returncode is not None:
            raise AssertionError(f"the server ended with status {self.exit_status}:\n{self.log_tail()}")
        try:
            self._readiness = await self.api("GET", "/readyz", within=1.0)
        except (aiohttp.ClientError, TimeoutError) as error:
            self._readiness = repr(error)
            return False
        return self._readiness.status == 200

    @property
    def exit_status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self.process.returncode if self.process else None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal (SIGSTOP, SIGCONT ...)."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def kill9(self) -> None:
        """SIGKILL, at once."""
        self.signal(signal.SIGKILL)
        await self.wait_exit(5.0)

    async def wait_exit(self, within: float = 10.0) -> int:
        """Wait for its end; returns the exit status."""
        assert self.process is not None, "not started"
        try:
            return await asyncio.wait_for(self.process.wait(), within)
        except TimeoutError:
            raise Deadline(f"the server runs on after {within:g} s\n{self.log_tail()}") from None

    async def terminate(self, within: float = 5.0) -> int:
        """SIGTERM; returns the exit status."""
        self.signal(signal.SIGTERM)
        return await self.wait_exit(within)

    async def stop(self) -> None:
        """End it however it takes."""
        if self.process is None or self.process.returncode is not None:
            return
        self.signal(signal.SIGCONT)
        try:
            await self.terminate()
        except Deadline:
            await self.kill9()

    async def restart(self) -> None:
        """Kill -9 and start again."""
        await self.kill9()
        await self.start()

    async def api(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, within: float = 5.0
    ) -> Reply:
        """One HTTP request with the token of the settings (or another; "" for none)."""
        token = self.settings["http"]["token"] if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = aiohttp.ClientTimeout(total=within)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, self.url + path, json=body, headers=headers) as reply,
        ):
            text = await reply.text()
        try:
            return Reply(reply.status, json.loads(text))
        except ValueError:
            return Reply(reply.status, text)

    async def metrics(self) -> Metrics:
        """All samples of /metrics now."""
        reply = await self.api("GET", "/metrics")
        assert reply.status == 200, f"/metrics: {reply.status}"
        families = text_string_to_metric_families(str(reply.body))
        return Metrics([(sample.name, sample.labels, sample.value) for family in families for sample in family.samples])

    def logs(self, event: str | None = None, **fields: Any) -> list[dict[str, Any]]:
        """All JSON log lines of all starts, in order; only those with this event and these fields."""
        lines = (
            line for file in self._logs for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        )
        entries = [entry for line in lines if (entry := _json(line)) is not None]
        wanted = fields if event is None else {"event": event, **fields}
        return [entry for entry in entries if all(entry.get(key) == value for key, value in wanted.items())]

    async def logged(self, event: str, within: float = 10.0, **fields: Any) -> dict[str, Any]:
        """Wait for such a log line; returns the first."""
        found = await eventually(lambda: self.logs(event, **fields), within, f"log line {event} {fields}")
        return found[0]

    def log_tail(self, lines: int = 25) -> str:
        """The end of the latest log, JSON or not."""
        if not self._logs:
            return ""
        return "\n".join(self._logs[-1].read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def tracebacks(self) -> list[str]:
        """Log files that hold a traceback: there must be none."""
        return [
            str(file)
            for file in self._logs
            if "Traceback (most recent call last)" in file.read_text(encoding="utf-8", errors="replace")
        ]

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Read its SQLite database; a table that is not there yet has no rows."""
        file = Path(str(self.settings["database_url"]).partition("///")[2])
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5.0)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    @contextlib.asynccontextmanager
    async def kept_running(self, within: float = 1.0) -> AsyncIterator[None]:
        """Start it again whenever it dies, as `hotline run` does."""

        async def watch() -> None:
            while True:
                assert self.process is not None
                await self.process.wait()
                await asyncio.sleep(within / 4)
                await self.start(ready_within=0)

        task = asyncio.create_task(watch(), name="keeps the server running")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@dataclass(frozen=True)
class Metrics:
    """Samples of one scrape."""

    samples: list[tuple[str, dict[str, str], float]]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name with these labels (0 when there is none)."""
        return sum(value for found, has, value in self.samples if found == name and labels.items() <= has.items())

    def names(self) -> set[str]:
        """All sample names."""
        return {name for name, _, _ in self.samples}


def _json(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
