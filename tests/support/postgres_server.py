"""A real PostgreSQL on a loopback port, in a folder of its own. It refuses to run as root: root runs it as `nobody`."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cti.provision.tools import find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cti.provision.programs import Tool

USER = "hotline"
#: Data that need not outlive the machine: no waiting for the disk.
QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=60", "-c", "shared_buffers=32MB")
START_SECONDS = 30.0


class PostgresServer:
    """One server; `url` of a database in it. Start it after `kill` again and it recovers."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._data = folder / "data"
        self._log = folder / "log"
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._programs = {name: self._runnable(folder, name) for name in ("initdb", "postgres")}
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """The address as settings want it."""
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make its folder."""
        self._log.touch()
        if self._owner is not None:
            for path in (self._data.parent, self._log):
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
        tool = self._programs["initdb"]
        how = ["-D", str(self._data), "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        subprocess.run([*tool.argv, *how], **self._as_owner(tool), check=True, stdout=subprocess.DEVNULL, timeout=60)

    def start(self) -> None:
        """Start it and wait until it answers."""
        tool = self._programs["postgres"]
        where = ["-D", str(self._data), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*tool.argv, *where, *QUICK], **self._as_owner(tool), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it; whoever is connected is thrown out."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
            self._process = None

    def _answers(self) -> bool:
        """Whether it takes connections: what it says to a request for encryption, once it is up, is no or yes."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as link:
            link.sendall(bytes.fromhex("0000000804d2162f"))
            return link.recv(1) in (b"N", b"S") and b"ready to accept connections" in self._log.read_bytes()
        return False

    def _as_owner(self, tool: Tool) -> dict[str, Any]:
        how: dict[str, Any] = {"env": tool.environment(), "cwd": self._data.parent, "stdin": subprocess.DEVNULL}
        return how if self._owner is None else {**how, "user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}

    def _runnable(self, folder: Path, name: str) -> Tool:
        """The program, from where its owner may read it: what root has fetched nobody else can reach."""
        tool = find_tool(name)
        program = Path(tool.argv[0]).resolve()
        prefix = next((parent.parent for parent in program.parents if parent.name == "usr"), None)
        if self._owner is None or prefix is None or prefix == Path("/"):
            return tool
        copy = folder / "programs"
        if not copy.exists():
            shutil.copytree(prefix, copy, symlinks=True)
        moved = {key: value.replace(str(prefix), str(copy)) for key, value in tool.env.items()}
        return type(tool)((str(copy / program.relative_to(prefix)),), moved)


@contextlib.contextmanager
def postgres_server(port: int) -> Iterator[PostgresServer]:
    """A server that runs; its folder is taken away afterwards."""
    # not in pytest's own folders: they are closed to others than root
    folder = Path(tempfile.mkdtemp(prefix="hotline-postgres-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        server = PostgresServer(folder, port)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
