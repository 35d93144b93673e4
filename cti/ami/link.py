"""One AMI connection over panoramisk, with panoramisk's known faults fenced in. The only importer of panoramisk.

What panoramisk keeps: opening the connection and the login. What is ours, and why: framing (it loses characters split
over two reads), dispatch (38,000 events a second, and an exception in a handler kills the connection), sending (no
check of line breaks, no time-outs), and the end of a connection (it sends unanswered actions again, and waits for ever).
A connection lives once: a lost one is thrown away whole, so nothing can be replayed.
"""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable
from typing import Any

import panoramisk
from panoramisk.ami_protocol import AMIProtocol

from cti.ami.encode import Headers, encode_action
from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown, LoginRefused
from cti.ami.frames import Frame, FrameSplitter, parse_frame

Handler = Callable[[Frame], None]
#: Not to be guessed: a caller can write a complete `Response` into the stream of events.
_PREFIX = "h" + secrets.token_hex(6)
_numbers = itertools.count(1)


class _Pending:
    """An action that waits for its answer; `rows` collects the events of a list action."""

    __slots__ = ("future", "is_list", "rows")

    def __init__(self, future: "asyncio.Future[list[Frame]]", *, is_list: bool) -> None:
        self.future = future
        self.is_list = is_list
        self.rows: list[Frame] = []


class _Protocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol with reading, sending and ending replaced."""

    link: "AmiLink"

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._splitter = FrameSplitter()
        if self.link.most_read_bytes:
            transport.max_size = self.link.most_read_bytes  # type: ignore[attr-defined] # asyncio's own bound of one read

    def data_received(self, data: bytes) -> None:
        for text in self._splitter.feed(data):
            self.link.frame_received(text)

    def send(self, data: Any, as_list: bool | None = None) -> "asyncio.Future[list[Frame]]":  # noqa: ARG002, FBT001 panoramisk's signature
        """Panoramisk sends its login through here."""
        headers = [(str(name), str(value)) for name, value in data.items() if name.lower() not in ("action", "actionid")]
        return self.link.write(data["Action"], headers, is_list=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.link.lost(exc)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.transport.close()


class _Manager(panoramisk.Manager):  # type: ignore[misc]
    """panoramisk's manager without its reconnection, pings and replay: the session above owns these."""

    def connection_made(self, f: "asyncio.Task[Any]") -> None:
        if not f.cancelled() and f.exception() is None:  # else panoramisk would plan a reconnection
            super().connection_made(f)

    def ping(self) -> None:
        """No pings from here: panoramisk does not look at their answers."""

    def login(self, future: "asyncio.Future[list[Frame]]") -> bool:
        self.authenticated = not future.cancelled() and future.exception() is None
        return bool(self.authenticated)


class AmiLink:
    """One connection to one Asterisk, from connect to loss.

    `on_event` gets the Frame of every event that belongs to no pending action, in the order of arrival; what it raises
    is logged and the connection goes on. `interesting` are the event names to parse; all others cost a look at one line.
    `most_read_bytes` bounds what is taken in at once, 0 for what asyncio takes: a long list then lets others between.
    """

    def __init__(self, on_event: Handler, on_lost: Callable[[str], None], interesting: frozenset[str], most_read_bytes: int = 0) -> None:
        self._on_event = on_event
        self._on_lost = on_lost
        self._interesting = interesting
        self._pending: dict[str, _Pending] = {}
        self._manager: Any = None
        self._open_lists = 0
        self._alive = False
        self.most_read_bytes = most_read_bytes
        self.events_seen = 0
        self.log = logging.getLogger("hotline.ami")

    @property
    def alive(self) -> bool:
        """True from the login to the loss."""
        return self._alive

    async def connect(self, host: str, port: int, username: str, secret: str, *, events: str, timeout_seconds: float = 5.0) -> None:
        """Connect and log in. `events` is AMI's event mask ("on", "off" or class names).

        Raises LinkDown if there is no connection within the time, LoginRefused if Asterisk says no.
        """
        loop = asyncio.get_running_loop()
        quiet = logging.getLogger("hotline.ami.panoramisk")
        quiet.setLevel(logging.CRITICAL)
        self._manager = _Manager(
            host=host, port=port, username=username, secret=secret, events=events, loop=loop, log=quiet,
            ping_delay=86400, protocol_factory=self._new_protocol, forgetable_actions=(),
        )
        opened = self._manager.connect()
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.wait([opened])
                if opened.cancelled() or opened.exception() is not None:
                    raise LinkDown(f"no AMI connection to {host}:{port}: {opened.exception()}")
                await self._logged_in()
        except TimeoutError as error:
            opened.cancel()
            self.close()
            raise LinkDown(f"no AMI login at {host}:{port} within {timeout_seconds:g} s") from error
        except BaseException:
            self.close()
            raise
        self._alive = True

    async def _logged_in(self) -> None:
        # panoramisk's own callback on the same task ran before ours: the login is on its way
        try:
            await self._manager.authenticated_future
        except ActionRefused as error:
            raise LoginRefused(f"AMI login refused ({error}): compare user, secret and permit lines with manager.conf") from error
        if self._manager.protocol.closed:  # lost before this task came to run again
            raise LinkDown("the AMI link was lost right after the login")

    def _new_protocol(self) -> _Protocol:
        protocol = _Protocol()
        protocol.link = self
        return protocol

    def frame_received(self, text: str) -> None:
        """One message has arrived; called by the protocol."""
        self.events_seen += 1
        if text.startswith("Event: "):
            name = text[7 : text.find("\r\n")] if "\r\n" in text else text[7:]
            if name not in self._interesting and not self._open_lists:
                return
            frame = parse_frame(text)
            if self._belongs_to_list(frame) or name not in self._interesting:
                return
            self._deliver(frame)
        else:
            self._answered(parse_frame(text))

    def _deliver(self, frame: Frame) -> None:
        try:
            self._on_event(frame)
        except Exception:  # the connection must outlive any handler's fault
            self.log.exception("AMI event handler failed")

    def _belongs_to_list(self, frame: Frame) -> bool:
        waiting = self._pending.get(frame.headers.get("ActionID", ""))
        if waiting is None or not waiting.is_list:
            return False
        if frame.headers.get("EventList") == "Complete":
            del self._pending[frame.headers["ActionID"]]
            if not waiting.future.done():
                waiting.future.set_result(waiting.rows)
        else:
            waiting.rows.append(frame)
        return True

    def _answered(self, frame: Frame) -> None:
        action_id = frame.headers.get("ActionID", "")
        waiting = self._pending.get(action_id)
        if waiting is None:
            return
        if frame.headers.get("Response") == "Error":
            del self._pending[action_id]
            if not waiting.future.done():
                waiting.future.set_exception(ActionRefused(frame.headers.get("Message", "refused without a reason")))
        elif waiting.is_list and frame.headers.get("EventList") == "start":
            return
        else:
            del self._pending[action_id]
            if not waiting.future.done():
                waiting.future.set_result([frame])

    def write(self, action: str, headers: Headers, *, is_list: bool, action_id: str | None = None) -> "asyncio.Future[list[Frame]]":
        """Send one action now; the future ends with its answer, or with ActionRefused or LinkDown.

        Raises UnsafeValue before anything is sent.
        """
        identity = action_id or f"{_PREFIX}-{next(_numbers)}"
        data = encode_action(action, identity, headers)
        future: asyncio.Future[list[Frame]] = asyncio.get_running_loop().create_future()
        protocol = self._manager.protocol if self._manager else None
        if protocol is None or protocol.closed:
            future.set_exception(LinkDown("the AMI link is down"))
            return future
        self._pending[identity] = _Pending(future, is_list=is_list)
        self._open_lists += is_list
        future.add_done_callback(lambda done: self._forget(identity, done, is_list=is_list))
        protocol.transport.write(data)
        return future

    def _forget(self, identity: str, future: "asyncio.Future[list[Frame]]", *, is_list: bool) -> None:
        self._pending.pop(identity, None)
        self._open_lists -= is_list
        if not future.cancelled():
            future.exception()  # an answer nobody waits for any more is no warning

    async def request(self, action: str, headers: Headers = (), *, is_list: bool = False, action_id: str | None = None, timeout_seconds: float = 5.0) -> list[Frame]:
        """Send one action and wait for its answer: one frame, or the rows of a list action.

        Raises ActionRefused, ActionTimeout (outcome unknown), LinkDown (outcome unknown), UnsafeValue (nothing sent).
        """
        future = self.write(action, headers, is_list=is_list, action_id=action_id)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await future
        except TimeoutError as error:
            raise ActionTimeout(f"no answer to {action} within {timeout_seconds:g} s") from error

    def lost(self, exc: Exception | None) -> None:
        """The connection is gone: every pending action ends with LinkDown; called by the protocol."""
        was_alive, self._alive = self._alive, False
        pending, self._pending = self._pending, {}
        for waiting in pending.values():
            if not waiting.future.done():
                waiting.future.set_exception(LinkDown("the AMI link was lost before the answer"))
        if was_alive:
            self._on_lost(str(exc) if exc else "closed by Asterisk")

    def close(self) -> None:
        """Drop the connection. Safe to call twice; `on_lost` is not called."""
        self._alive = False
        if self._manager is not None and self._manager.protocol is not None:
            self._manager.protocol.close()
        self.lost(None)
