"""A SIP relay between SIPp and Asterisk: sees every message with its time, and speaks to SIPp in the test's name.

SIPp cannot be told "hang up now". So its scenarios wait for requests of our own (`XBYE`, `XANSWER` ...), which the relay
sends them inside the dialogue. Because everything passes here, the relay also is the SIP side's ledger, and it can fall
silent in an instant: a phone that vanishes without BYE.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from tests.rig.ports import LOOPBACK
from tests.rig.scenarios import RELAY_PORT
from tests.rig.waiting import Changed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Address = tuple[str, int]


@dataclass(frozen=True)
class SipMessage:
    """One message as it passed. `at`: monotonic seconds; `to_asterisk`: direction; `status` is 0 for requests."""

    at: float
    to_asterisk: bool
    method: str  # of responses: the method of their CSeq
    status: int
    call_id: str
    text: str
    front: str = ""  # which of the relay's names (agents) it passed

    def header(self, name: str) -> str:
        """The first header of that name, "" when absent."""
        return self._lines(name)[0] if self._lines(name) else ""

    def _lines(self, name: str) -> list[str]:
        prefix = name.lower() + ":"
        return [line.partition(":")[2].strip() for line in self.text.split("\r\n") if line.lower().startswith(prefix)]

    def copied(self, *names: str) -> str:
        """Header lines (all of each name) as they were, for a request of ours in the same dialogue."""
        return "".join(f"{name}: {value}\r\n" for name in names for value in self._lines(name))

    @property
    def media_port(self) -> int:
        """The audio port that this message's SDP names, 0 when it has none."""
        for line in self.text.split("\r\n"):
            if line.startswith("m=audio "):
                return int(line.split()[1])
        return 0


def parse(data: bytes, *, to_asterisk: bool, front: str = "") -> SipMessage | None:
    """Read as much of a SIP message as the rig needs; None when it is none (keep-alives)."""
    text = data.decode("utf-8", "surrogateescape")
    first = text.partition("\r\n")[0].split(" ")
    if len(first) < 3:
        return None
    status = int(first[1]) if first[0] == "SIP/2.0" else 0
    message = SipMessage(time.monotonic(), to_asterisk, first[0], status, "", text, front)
    method = message.header("CSeq").split(" ")[-1] if status else first[0]
    return SipMessage(message.at, to_asterisk, method, status, message.header("Call-ID"), text, front)


@dataclass
class Dialogue:
    """All messages of one Call-ID, and what they mean."""

    call_id: str
    front: str
    messages: list[SipMessage] = field(default_factory=list)
    changed: Changed = field(default_factory=Changed)

    def first(self, method: str, *, status: int = 0, to_asterisk: bool | None = None) -> SipMessage | None:
        """The first message of this kind; status 2 stands for any 2xx, and so on."""
        for message in self.messages:
            kind = message.status if status >= 100 else message.status // 100
            if message.method == method and kind == status and to_asterisk in (None, message.to_asterisk):
                return message
        return None

    @property
    def answered_at(self) -> float | None:
        """When the 200 to the INVITE passed."""
        answer = self.first("INVITE", status=2)
        return answer.at if answer else None

    @property
    def final_status(self) -> int:
        """The final status of the INVITE (the last one: 401 is followed by another), 0 while there is none."""
        return next(
            (
                m.status
                for m in reversed(self.messages)
                if m.method == "INVITE" and m.status >= 200 and m.status not in (401, 407)
            ),
            0,
        )

    @property
    def bye(self) -> SipMessage | None:
        """The first BYE, from whichever side."""
        return self.first("BYE")

    @property
    def over(self) -> bool:
        """True when nothing more is to come: refused, cancelled or said goodbye."""
        return self.final_status >= 300 or self.bye is not None

    @property
    def closed(self) -> bool:
        """True when the other side also has confirmed the end."""
        bye = self.bye
        answers = [
            m
            for m in self.messages
            if m.method == "BYE" and m.status and bye is not None and m.to_asterisk != bye.to_asterisk
        ]
        return self.final_status >= 300 or bool(answers)


class SipRelay:
    """Sockets towards Asterisk (one per name) and towards SIPp (one), for any number of calls.

    Callers use one front named ""; a farm of agents has a front per agent, so that each has an address of its own.
    """

    def __init__(self, asterisk: Address) -> None:
        self.dialogues: dict[str, Dialogue] = {}
        self.changed = Changed()
        self.fronts: dict[str, _Socket] = {}
        self.deaf: set[str] = set()  # names of fronts, and Call-IDs, whose traffic is dropped in both directions
        self._asterisk = asterisk
        self._sipp: Address | None = None
        self._back: _Socket | None = None
        self._replies: dict[str, list[SipMessage]] = {}  # to requests that the test sent itself
        self._watchers: list[Callable[[SipMessage, Dialogue], None]] = []

    @classmethod
    async def open(cls, asterisk: Address, ports: Mapping[str, int] | None = None) -> SipRelay:
        """Bind a loopback socket for SIPp and one per name in `ports` (0: any port; one front named "" if absent)."""
        relay = cls(asterisk)
        relay._back = await _Socket.open(relay._from_sipp)
        for name, port in (ports or {"": 0}).items():
            relay.fronts[name] = await _Socket.open(
                lambda data, addr, name=name: relay._from_asterisk(data, name),
                port,
            )
        return relay

    @property
    def sipp_side_port(self) -> int:
        """Where SIPp sends its messages."""
        assert self._back is not None
        return self._back.port

    def attach(self, sipp_port: int) -> None:
        """Tell the port that SIPp listens on."""
        self._sipp = (LOOPBACK, sipp_port)

    def watch(self, seen: Callable[[SipMessage, Dialogue], None]) -> None:
        """Call `seen(message, its dialogue)` for every message, before it goes on."""
        self._watchers.append(seen)

    def dialogue(self, call_id: str, front: str = "") -> Dialogue:
        """The dialogue of this Call-ID, empty when nothing has passed yet."""
        return self.dialogues.setdefault(call_id, Dialogue(call_id, front))

    def tell(self, dialogue: Dialogue, method: str, headers: str = "") -> None:
        """Send SIPp a request of ours; it has the INVITE's headers, since a called SIPp answers to those."""
        invite = dialogue.first("INVITE")
        assert invite is not None, f"SIPp has not sent or received the INVITE of {dialogue.call_id} yet"
        head = invite.copied("Via", "From", "To", "CSeq")
        text = f"{method} sip:rig@{LOOPBACK} SIP/2.0\r\n{head}Call-ID: {dialogue.call_id}\r\n{headers}Content-Length: 0\r\n\r\n"
        self._to_sipp(text.encode("utf-8", "surrogateescape"))

    def request(self, dialogue: Dialogue, method: str, headers: str) -> None:
        """Send Asterisk a request of our own within a dialogue that is answered; SIPp learns nothing of it.

        Replies, and what Asterisk asks of a REFER's sender (NOTIFY), are only noted in the dialogue.
        """
        invite, answer = dialogue.first("INVITE"), dialogue.first("INVITE", status=2)
        assert invite is not None, "no INVITE yet"
        assert answer is not None, "not answered yet"
        ours, theirs = (invite.header("From"), answer.header("To")) if invite.to_asterisk else (answer.header("To"), invite.header("From"))
        target = (answer if invite.to_asterisk else invite).header("Contact").strip("<>").partition(">")[0]
        sent = sum(message.to_asterisk and not message.status and message.method == method for message in dialogue.messages)
        number = int(invite.header("CSeq").split()[0]) + 1 + sent if invite.to_asterisk else 1 + sent
        front = self.fronts[dialogue.front]
        text = (
            f"{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {LOOPBACK}:{front.port};rport;branch=z9hG4bK-{method}-{number}-{time.monotonic_ns()}\r\n"
            f"From: {ours}\r\nTo: {theirs}\r\nCall-ID: {dialogue.call_id}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:rig@{LOOPBACK}:{front.port}>\r\n{headers}Content-Length: 0\r\n\r\n"
        )
        message = parse(text.encode("utf-8", "surrogateescape"), to_asterisk=True, front=dialogue.front)
        assert message is not None
        self._note(message, dialogue.front)
        front.send(text.encode("utf-8", "surrogateescape"), self._asterisk)

    async def ask(self, name: str, request: str, call_id: str, within: float = 5.0) -> SipMessage:
        """Send Asterisk a REGISTER of our own from this front; returns the next final reply of that Call-ID."""
        known = len(self._replies.get(call_id, []))
        front = self.fronts[name]
        front.send(request.replace(RELAY_PORT, str(front.port)).encode(), self._asterisk)
        replies = await self.changed.until(
            lambda: self._replies.get(call_id, [])[known:],
            within,
            lambda: f"no reply to REGISTER of {name}",
        )
        return replies[0]

    def _from_sipp(self, data: bytes, addr: Address) -> None:
        self._sipp = addr
        message = parse(data, to_asterisk=True)
        if message is None:
            return
        dialogue = self._note(message, message.front)
        if self.deaf.isdisjoint((dialogue.front, message.call_id)):
            front = self.fronts[dialogue.front]
            front.send(data.replace(RELAY_PORT.encode(), str(front.port).encode()), self._asterisk)

    def _from_asterisk(self, data: bytes, name: str) -> None:
        message = parse(data, to_asterisk=False, front=name)
        if message is None or not self.deaf.isdisjoint((name, message.call_id)):
            return
        if message.method in ("OPTIONS", "NOTIFY"):
            self._answer(message, name)
            return
        if message.method == "REFER":
            self._note(message, name)
            return
        if message.method == "REGISTER":
            self._replies.setdefault(message.call_id, []).append(message)
            self.changed.fire()
            return
        self._note(message, name)
        self._to_sipp(data)

    def _answer(self, message: SipMessage, name: str) -> None:
        if message.method == "NOTIFY":
            self._note(message, name)
        head = message.copied("Via", "From", "To", "Call-ID", "CSeq")
        self.fronts[name].send(f"SIP/2.0 200 OK\r\n{head}Content-Length: 0\r\n\r\n".encode(), self._asterisk)

    def _note(self, message: SipMessage, name: str) -> Dialogue:
        dialogue = self.dialogue(message.call_id, name)
        dialogue.messages.append(message)
        for watcher in self._watchers:
            watcher(message, dialogue)
        dialogue.changed.fire()
        self.changed.fire()
        return dialogue

    def _to_sipp(self, data: bytes) -> None:
        if self._back is not None and self._sipp is not None:
            self._back.send(data, self._sipp)

    def close(self) -> None:
        """Free all sockets."""
        for socket in (self._back, *self.fronts.values()):
            if socket is not None:
                socket.close()


class _Socket(asyncio.DatagramProtocol):
    """A loopback UDP socket that hands on what it receives."""

    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self.port = 0
        self._received = received
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, received: Callable[[bytes, Address], None], port: int = 0) -> _Socket:
        _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(received),
            local_addr=(LOOPBACK, port),
        )
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # a selector's is one without saying so
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr)

    def error_received(self, exc: Exception) -> None:
        """The other side's port is closed: its retransmissions will tell."""

    def send(self, data: bytes, addr: Address) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, addr)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
