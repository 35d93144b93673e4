"""A TCP proxy that spoils a link on purpose: cuts, freezes, delays, refuses, repeats."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from enum import Enum
from typing import Self

from tests.rig.ports import LOOPBACK
from tests.rig.waiting import Changed

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)  # linger on, for no time: close sends RST


class Direction(Enum):
    """Which half of a link."""

    TO_SERVER = "to the server (actions)"
    TO_CLIENT = "to the client (events and responses)"


class FaultProxy:
    """Forwards `port` to `target`; every fault can be set and taken back while links are up.

    cut_after: bytes of a direction (counted from the next `cut_after` on, over all links) after which all links are reset.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.links = 0  # accepted so far
        self.passed = dict.fromkeys(Direction, 0)  # bytes so far
        self.delay_seconds = 0.0
        self.recording: dict[Direction, bytearray] | None = None  # by `record`
        self._refusing = False
        self._repeat: bytes | None = None
        self._cut_at: dict[Direction, int] = {}
        self._open = {direction: asyncio.Event() for direction in Direction}
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.changed = Changed()

    async def __aenter__(self) -> Self:
        for gate in self._open.values():
            gate.set()
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.thaw()
        self.cut()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        await self.changed.until(lambda: not self._writers, 5.0, lambda: "the proxy's links do not close")

    def cut(self) -> None:
        """Reset all links now (RST, no goodbye)."""
        for writer in tuple(self._writers):
            with contextlib.suppress(OSError):  # the other end was faster
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def cut_after(self, direction: Direction, count: int) -> None:
        """Reset all links after `count` more bytes of this direction; the bytes up to there still arrive."""
        self._cut_at[direction] = self.passed[direction] + count

    def refuse(self, refusing: bool = True) -> None:
        """Reset every new link at once (links that are up stay)."""
        self._refusing = refusing

    def freeze(self, *directions: Direction) -> None:
        """Let nothing pass any more, links stay up: half open (both directions when none is named)."""
        for direction in directions or Direction:
            self._open[direction].clear()

    def thaw(self) -> None:
        """Let everything pass again, what was held back included."""
        for gate in self._open.values():
            gate.set()

    def repeat_next(self, containing: bytes) -> None:
        """Deliver the next message to the client that contains these bytes twice."""
        self._repeat = containing

    def record(self) -> None:
        """Keep all that passes from now on in `recording`."""
        self.recording = {direction: bytearray() for direction in Direction}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        self.changed.fire()
        if self._refusing:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, server_writer}
        try:
            async with asyncio.TaskGroup() as halves:
                halves.create_task(self._pump(reader, server_writer, Direction.TO_SERVER))
                halves.create_task(self._pump(server_reader, writer, Direction.TO_CLIENT))
        finally:
            for end in (writer, server_writer):
                end.transport.abort()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
                self._writers.discard(end)
            self.changed.fire()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        """Forward one direction until it ends; the end of either direction ends the link."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._open[direction].wait()
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                data = self._repeated(data) if direction is Direction.TO_CLIENT else data
                if self.recording is not None:
                    self.recording[direction] += data
                room = self._cut_at.get(direction, 1 << 62) - self.passed[direction]
                self.passed[direction] += min(len(data), room)
                writer.write(data[:room])
                await writer.drain()
                if len(data) >= room:
                    del self._cut_at[direction]
                    await asyncio.sleep(0)  # the last bytes leave before the reset
                    self.cut()
        writer.transport.abort()

    def _repeated(self, data: bytes) -> bytes:
        if self._repeat is None or self._repeat not in data:
            return data
        messages = data.split(b"\r\n\r\n")
        place = next((n for n, message in enumerate(messages[:-1]) if self._repeat in message), None)
        if place is None:
            return data
        self._repeat = None
        return b"\r\n\r\n".join([*messages[: place + 1], *messages[place:]])
