"""A loopback server that speaks AMI as the test says: what it is sent is kept, what it answers is scripted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from tests.rig.waiting import eventually

Action = dict[str, str]
Answer = Callable[[Action], bytes]

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def message(**headers: str) -> bytes:
    return ("".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()


def success(action: Action) -> bytes:
    return message(Response="Success", ActionID=action["ActionID"], Message="done")


def error(action: Action) -> bytes:
    return message(Response="Error", ActionID=action["ActionID"], Message="No such channel")


def silence(_action: Action) -> bytes:
    return b""


class AmiServer:
    """`answers` by action name (default: success); change them at any time. `cut_after` resets a link after so many bytes
    sent to it; `refusing` closes new links at once; `mute` accepts and says nothing."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[Action] = []
        self.answers: dict[str, Answer] = {}
        self.cut_after: int | None = None
        self.refusing = False
        self.mute = False
        self.links = 0
        self.written = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Condition()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls) -> AsyncIterator["AmiServer"]:
        self = cls()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()
            await eventually(lambda: not self._writers, 5, "all links closed", every=0.001)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        self._writers.add(writer)
        self.written = 0
        try:
            if not self.refusing:
                self._write(writer, b"" if self.mute else BANNER)
                await self._read(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._writers.discard(writer)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            text = (await reader.readuntil(b"\r\n\r\n")).decode()
            action = dict(line.split(": ", 1) for line in text.strip().split("\r\n"))
            self.received.append(action)
            async with self._changed:
                self._changed.notify_all()
            if not self.mute:
                self._write(writer, self.answers.get(action["Action"], success)(action))

    def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if self.cut_after is not None:
            data = data[: self.cut_after - self.written]
        if not writer.transport.is_closing():
            writer.write(data)
        self.written += len(data)
        if self.cut_after is not None and self.written >= self.cut_after:
            writer.close()

    def say(self, data: bytes) -> None:
        """Send these bytes on every link."""
        for writer in self._writers:
            self._write(writer, data)

    def cut(self) -> None:
        """Reset every link."""
        for writer in self._writers:
            writer.transport.abort()

    def actions(self, name: str) -> list[Action]:
        return [action for action in self.received if action["Action"] == name]

    async def asked(self, name: str, times: int = 1, within: float = 5.0) -> Action:
        """Wait until this action came so often; the last of them."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: len(self.actions(name)) >= times)
        return self.actions(name)[times - 1]
