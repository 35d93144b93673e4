"""The live stream: one board a change for all who look, and for each of them at most the newest one waiting.

The board is made at most every LEAST_SECONDS (less often when making it takes long), at least every MOST_SECONDS while anybody
looks, and not at all while nobody does. Each viewer's text is made once for all who see the same. Who does not take what is
sent to him within WRITE_SECONDS is dropped: a browser comes back by itself.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import hdrs, web

from cti.board.document import Board
from cti.users.roles import Viewer

LEAST_SECONDS = 0.5
MOST_SECONDS = 2.0
#: making boards takes at most this share of the loop's time
LARGEST_SHARE = 0.05
HEARTBEAT_SECONDS = 15.0
WRITE_SECONDS = 15.0
CLIENT_LIMIT = 500
#: of them one user may have so many, that he keeps nobody else out; wall displays and the API's token have no name
USER_LIMIT = 20
#: what the kernel keeps for one who does not read; this process keeps one board for him at most
_KERNEL_BYTES = 64 * 1024
_HEARTBEAT = b": here\n\n"


class TooManyClients(Exception):
    """CLIENT_LIMIT browsers look already, or USER_LIMIT of this user."""


@dataclass(eq=False, slots=True)
class _Client:
    viewer: Viewer
    news: asyncio.Event = field(default_factory=asyncio.Event)


class BoardHub:
    """See the module. `run` is the task that makes boards; `feed` serves one browser until it leaves.

    Args:
        make: the whole board as of now.
        cut: what a viewer sees of it.
        now: monotonic seconds.

    """

    def __init__(self, make: Callable[[], Board], cut: Callable[[Board, Viewer], Board], now: Callable[[], float]) -> None:
        self._make = make
        self._cut = cut
        self._now = now
        self.write_seconds = WRITE_SECONDS  #: see the module
        self._clients: set[_Client] = set()
        self._board: Board | None = None
        self._texts: dict[Viewer, bytes] = {}
        self._changed = asyncio.Event()
        self._one_cut_at_a_time = asyncio.Lock()
        self._cutting_seconds = 0.0  # what cutting the present board for its viewers has taken
        self._wanted = asyncio.Event()
        self._closing = False
        self.made = 0  #: boards made
        self.dropped = 0  #: clients who did not read
        self.log = structlog.get_logger("board")

    @property
    def clients(self) -> int:
        """How many browsers look."""
        return len(self._clients)

    def changed(self) -> None:
        """Something happened: a new board is due soon. Never waits."""
        self._changed.set()

    def close(self) -> None:
        """Let all clients go."""
        self._closing = True
        for client in self._clients:
            client.news.set()

    # ---- making

    async def run(self) -> None:
        """Make boards while anybody looks, until cancelled."""
        while True:
            await self._wanted.wait()
            took_seconds = self._cutting_seconds + self._renew()
            rest_seconds = min(MOST_SECONDS, max(LEAST_SECONDS, took_seconds / LARGEST_SHARE))
            await asyncio.sleep(rest_seconds)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(MOST_SECONDS - rest_seconds):
                    await self._changed.wait()

    def _renew(self) -> float:
        """Make a board for all who look; return how long it took."""
        self._changed.clear()
        began = self._now()
        try:
            self._board = self._make()
        except Exception:  # the top frame of one board: its fault must not end the next one
            self.log.exception("board_failed")
            return MOST_SECONDS
        self.made += 1
        self._texts, self._cutting_seconds = {}, 0.0
        for client in self._clients:
            client.news.set()
        return self._now() - began

    def _text(self, viewer: Viewer) -> bytes:
        """Return the newest board for this viewer as an event of the stream."""
        text = self._texts.get(viewer)
        if text is None:
            assert self._board is not None
            began = self._now()
            text = b"event: board\ndata: " + self._cut(self._board, viewer).model_dump_json().encode() + b"\n\n"
            self._texts[viewer] = text
            self._cutting_seconds += self._now() - began
        return text

    # ---- serving

    async def feed(self, request: web.Request, viewer: Viewer, allowed: Callable[[], bool]) -> web.StreamResponse:
        """Serve one browser until it leaves, is dropped, is no longer `allowed`, or the server closes.

        Raises:
            TooManyClients: nothing was sent.

        """
        own = sum(client.viewer.name == viewer.name for client in self._clients) if viewer.name else 0
        if len(self._clients) >= CLIENT_LIMIT or own >= USER_LIMIT:
            raise TooManyClients
        client = _Client(viewer)
        self._clients.add(client)
        try:
            response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"})
            _keep_little(request)
            await response.prepare(request)
            self._wanted.set()
            if self._board is None:
                self._renew()
            client.news.set()
            await self._stream(request, response, client, allowed)
        finally:
            self._clients.discard(client)
            if not self._clients:
                self._wanted.clear()
                self._board, self._texts = None, {}
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, client: _Client, allowed: Callable[[], bool]) -> None:
        try:
            while True:
                text = await self._next(client)
                if self._closing or not allowed():
                    return
                async with asyncio.timeout(self.write_seconds):
                    await response.write(text)
                    await request.writer.drain()  # until the kernel has all of it: else boards would pile up in here
        except TimeoutError:
            self.dropped += 1
            self.log.info("viewer_dropped", role=client.viewer.role.value)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            return

    async def _next(self, client: _Client) -> bytes:
        """Return the newest board once there is one that was not sent, or a heartbeat."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await client.news.wait()
        except TimeoutError:
            return _HEARTBEAT
        client.news.clear()
        if client.viewer not in self._texts:  # one cut in a turn of the loop: calls come in between
            async with self._one_cut_at_a_time:
                await asyncio.sleep(0)
                return _HEARTBEAT if self._board is None else self._text(client.viewer)
        return _HEARTBEAT if self._board is None else self._text(client.viewer)


def _keep_little(request: web.Request) -> None:
    """Let little pile up for one who does not read."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the browser has gone")
    transport.set_write_buffer_limits(high=0)
    own = transport.get_extra_info("socket")
    if own is not None:
        with contextlib.suppress(OSError):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
