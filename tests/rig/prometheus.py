"""A real Prometheus on loopback with the shipped configuration, scraping each second, and its promtool."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import time
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from cti.provision.tools import find_tool
from tests.rig.ports import free_port
from tests.rig.server import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

CONFIG = PROJECT / "deploy" / "prometheus" / "prometheus.yml"
PATIENCE_SECONDS = 45
Answer = dict[tuple[tuple[str, str], ...], float]


async def promtool(*arguments: str, given: bytes | None = None) -> tuple[int | None, str]:
    """Run promtool; (status, what it printed)."""
    found = find_tool("promtool")
    process = await asyncio.create_subprocess_exec(
        *found.argv, *arguments, env={**os.environ, **found.env}, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(60):
        output, _ = await process.communicate(given)
    return process.returncode, output.decode()


class Prometheus:
    """Use as a context.

    Args: folder for its files; target: port of the server to scrape; rules: files of rules, evaluated each second; features: to be switched on.
    """

    def __init__(self, folder: Path, target: int, *, rules: Sequence[Path] = (), features: Sequence[str] = ()) -> None:
        self.folder = folder
        self.port = free_port(socket.SOCK_STREAM)
        self._features = features
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        config = CONFIG.read_text(encoding="utf-8").replace("127.0.0.1:8080", f"127.0.0.1:{target}")
        config = re.sub(r"(scrape_interval|scrape_timeout|evaluation_interval): \S+", r"\1: 1s", config)
        config = re.sub(r"^rule_files:\n(?:\s+-.*\n)+", "", config, flags=re.MULTILINE)
        assert f":{target}" in config
        if "evaluation_interval" not in config:
            config = config.replace("global:\n", "global:\n  evaluation_interval: 1s\n")
        if rules:
            config += "\nrule_files:\n" + "".join(f"  - {shutil.copy(file, folder)}\n" for file in rules)
        (folder / "prometheus.yml").write_text(config, encoding="utf-8")

    async def __aenter__(self) -> Self:
        found = find_tool("prometheus")
        features = (f"--enable-feature={','.join(self._features)}",) if self._features else ()
        with (self.folder / "prometheus.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *found.argv, f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}", *features, env={**os.environ, **found.env}, stdout=log, stderr=log,
            )  # fmt: skip
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}", timeout=aiohttp.ClientTimeout(10))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        assert self._process is not None
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def api(self, path: str, **parameters: str) -> Any:
        """Any of its API: the `data` of the answer; None while Prometheus is not up yet."""
        assert self._process is not None
        assert self._process.returncode is None, (self.folder / "prometheus.log").read_text()
        try:
            async with self._session.get(f"/api/v1/{path}", params=parameters) as answer:
                body = await answer.json()
        except (aiohttp.ClientError, OSError):
            return None
        if answer.status == 503:
            return None
        assert body["status"] == "success", f"{path} {parameters}: {body}"
        return body["data"]

    async def ask(self, expression: str) -> Answer:
        """Every series of the answer with its value; nothing while Prometheus is not up yet."""
        data = await self.api("query", query=expression)
        if data is None:
            return {}
        if data["resultType"] == "scalar":
            return {(): float(data["result"][1])}
        return {tuple(sorted(series["metric"].items())): float(series["value"][1]) for series in data["result"]}

    async def eventually(self, expression: str, fits: Callable[[Answer], object]) -> Answer:
        """The answer to the expression once it fits."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not fits(answer := await self.ask(expression)):
            assert time.monotonic() < deadline, f"{expression} gave {answer}"
            await asyncio.sleep(0.1)
        return answer
