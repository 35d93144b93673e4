"""A real redis-server on a loopback port, to be killed, paused and started again by tests."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from cti.provision.tools import find_tool


class RedisServer:
    """One server process; `folder` gets its log, nothing is written to disk besides."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self.port = port
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        plain = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._start([*plain, "--dir", str(self._folder), *self._options])

    def start_sentinel(self, config: Path) -> None:
        self._start([str(config), "--sentinel"])

    def _start(self, arguments: list[str]) -> None:
        tool = find_tool("redis-server")
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*tool.argv, *arguments],
                env={**os.environ, **tool.env},
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def say(self, line: str) -> bytes:
        """Send one inline command and return the first bytes of the reply."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(line.encode() + b"\r\n")
            return link.recv(4096)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                if self.say("PING"):
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"redis-server did not answer on port {self.port}; see {self._folder / 'redis.log'}")
