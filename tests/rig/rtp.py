"""The test's own end of a media stream: receives µ-law RTP, sends silence, a voice and RFC 4733 digits."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from tests.rig.ports import LOOPBACK
from tests.rig.waiting import Changed

if TYPE_CHECKING:
    from collections.abc import Callable

PACKET_BYTES = 160
PACKET_SECONDS = 0.020
PAYLOAD_ULAW = 0
PAYLOAD_EVENT = 96  # what SIPp's own scenarios offer too
SILENCE = b"\xff" * PACKET_BYTES
QUIET_BYTES = frozenset(b"\xff\x7f\xfe\x7e\xfd\x7d")  # zero and one step around it
_EVENTS = {digit: code for code, digit in enumerate("0123456789*#ABCD")}
_HEADER = struct.Struct("!BBHII")


def is_silent(payload: bytes) -> bool:
    """True when a µ-law payload holds nothing a person would hear."""
    return QUIET_BYTES.issuperset(payload)


@dataclass
class Reception:
    """What arrived so far. Times are monotonic seconds; gaps are counted between packets, silence between sounds."""

    packets: int = 0
    first_at: float | None = None
    last_at: float | None = None
    last_sound_at: float | None = None
    longest_gap_seconds: float = 0.0
    longest_silence_seconds: float = 0.0
    digits: list[str] = field(default_factory=list)

    def note(self, payload: bytes, now: float) -> None:
        """Count one audio packet."""
        self.packets += 1
        if self.last_at is None:
            self.first_at = self.last_sound_at = now
        else:
            self.longest_gap_seconds = max(self.longest_gap_seconds, now - self.last_at)
        self.last_at = now
        if not is_silent(payload):
            self.longest_silence_seconds = max(self.longest_silence_seconds, now - (self.last_sound_at or now))
            self.last_sound_at = now

    def restart(self, now: float) -> None:
        """Forget gaps and silences up to `now`: a test that measures from a fault on."""
        self.longest_gap_seconds = self.longest_silence_seconds = 0.0
        self.last_sound_at = now
        if self.last_at is not None:
            self.last_at = now

    def gap_seconds(self, now: float) -> float:
        """The longest time without RTP, the one that is still open included."""
        return max(self.longest_gap_seconds, now - self.last_at if self.last_at is not None else 0.0)

    def silence_seconds(self, now: float) -> float:
        """The longest time without sound, the one that is still open included."""
        return max(self.longest_silence_seconds, now - self.last_sound_at if self.last_sound_at is not None else 0.0)


class RtpEndpoint(asyncio.DatagramProtocol):
    """One UDP socket of one call. Sends to wherever the peer's RTP comes from, or to `aim()`.

    Args of `open`: `on_audio(payload, now)` for each µ-law packet; `voice`: bytes sent round and round (silence if empty).
    """

    def __init__(self, on_audio: Callable[[bytes, float], None] | None, voice: bytes) -> None:
        self.heard = Reception()
        self.voice = voice
        self.port = 0
        self.event_payload = PAYLOAD_EVENT  # a party that is called takes what the caller offers
        self.sent = 0  # packets so far
        self._on_audio = on_audio
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._queue: list[bytes] = []  # event packets to be sent in the place of audio
        self._sequence = random.randrange(1 << 15)
        self._stamp = random.randrange(1 << 31)
        self._event_stamp = 0
        self._source = random.randrange(1 << 32)
        self._voice_at = 0
        self._muted = False
        self._drained = Changed()

    @classmethod
    async def open(cls, on_audio: Callable[[bytes, float], None] | None = None, voice: bytes = b"") -> RtpEndpoint:
        """Bind a free loopback port and start sending as soon as the peer is known."""
        loop = asyncio.get_running_loop()
        _, endpoint = await loop.create_datagram_endpoint(lambda: cls(on_audio, voice), local_addr=(LOOPBACK, 0))
        Ticker.of(loop).add(endpoint)
        return endpoint

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # a selector's is one without saying so
        self.port = transport.get_extra_info("sockname")[1]

    def error_received(self, exc: Exception) -> None:
        """The peer's port is closed already: normal at the end of a call."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < _HEADER.size:
            return
        kind = data[1] & 0x7F
        self._peer = self._peer or addr
        if kind == PAYLOAD_ULAW:
            payload, now = data[12:], time.monotonic()
            self.heard.note(payload, now)
            if self._on_audio is not None:
                self._on_audio(payload, now)
        elif kind == PAYLOAD_EVENT and len(data) >= 16 and data[1] & 0x80:  # marker: the first packet of a digit
            self.heard.digits.append("0123456789*#ABCD"[data[12] & 0x0F])

    def aim(self, host: str, port: int) -> None:
        """Send to this address (from the peer's SDP) instead of waiting for its first packet."""
        self._peer = (host, port)

    def mute(self, muted: bool = True) -> None:
        """Stop (or go on) sending anything: a phone whose network died."""
        self._muted = muted

    async def press(self, digits: str, hold_seconds: float = 0.06, pause_seconds: float = 0.06) -> None:
        """Send RFC 4733 events in the place of audio; returns when the last one is out."""
        for digit in digits:
            self._queue += self._event_packets(_EVENTS[digit], max(1, round(hold_seconds / PACKET_SECONDS)))
            self._queue += [b""] * max(1, round(pause_seconds / PACKET_SECONDS))
        await self._drained.until(
            lambda: not self._queue,
            2 * PACKET_SECONDS * len(self._queue) + 5,
            lambda: "no peer to send digits to",
        )

    async def flood(self, digits: str) -> None:
        """Send one whole digit every 20 ms, fifty a second: each a single RFC 4733 packet that begins and ends it."""
        self._queue += [struct.pack("!BBBH", 0x80, _EVENTS[digit], 10 | 0x80, PACKET_BYTES) for digit in digits]
        await self._drained.until(
            lambda: not self._queue,
            2 * PACKET_SECONDS * len(self._queue) + 10,
            lambda: "no peer to flood",
        )

    @staticmethod
    def _event_packets(code: int, count: int) -> list[bytes]:
        moving = [struct.pack("!BBBH", 0x80 if n == 0 else 0, code, 10, PACKET_BYTES * (n + 1)) for n in range(count)]
        final = struct.pack("!BBBH", 0, code, 10 | 0x80, PACKET_BYTES * (count + 1))
        return [*moving, final, final, final]

    def tick(self) -> None:
        """Send the packet of this 20 ms slot: a queued event, else audio."""
        if self._peer is None or self._transport is None or self._transport.is_closing():
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        event = self._queue.pop(0) if self._queue else b""
        if not self._queue:
            self._drained.fire()
        if event:
            marker, body, kind = event[0], event[1:], self.event_payload
            if marker:
                self._event_stamp = self._stamp
            stamp = self._event_stamp
        else:
            marker, body, kind, stamp = 0, self._next_audio(), PAYLOAD_ULAW, self._stamp
        self._stamp = (self._stamp + PACKET_BYTES) & 0xFFFFFFFF
        if not self._muted:
            self.sent += 1
            self._transport.sendto(
                _HEADER.pack(0x80, marker | kind, self._sequence, stamp, self._source) + body,
                self._peer,
            )

    def _next_audio(self) -> bytes:
        if not self.voice:
            return SILENCE
        start = self._voice_at
        self._voice_at = (start + PACKET_BYTES) % (len(self.voice) // PACKET_BYTES * PACKET_BYTES)
        return self.voice[start : start + PACKET_BYTES]

    def close(self) -> None:
        """Free the socket."""
        Ticker.of(asyncio.get_running_loop()).remove(self)
        if self._transport is not None:
            self._transport.close()


class Ticker:
    """One timer for all endpoints of a loop: 20 ms slots on an absolute schedule, late slots are caught up."""

    _tickers: dict[asyncio.AbstractEventLoop, Ticker] = {}  # noqa: RUF012  (one per loop, emptied by its last endpoint)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._endpoints: set[RtpEndpoint] = set()
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Ticker:
        """The ticker of this loop."""
        return cls._tickers.setdefault(loop, cls(loop))

    def add(self, endpoint: RtpEndpoint) -> None:
        """Serve `endpoint` from the next slot on."""
        self._endpoints.add(endpoint)
        if self._timer is None:
            self._next = self._loop.time() + PACKET_SECONDS
            self._timer = self._loop.call_at(self._next, self._slot)

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Stop serving `endpoint`."""
        self._endpoints.discard(endpoint)
        if not self._endpoints and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._tickers.pop(self._loop, None)

    def _slot(self) -> None:
        for endpoint in tuple(self._endpoints):
            endpoint.tick()
        self._next += PACKET_SECONDS
        if self._next < self._loop.time() - 0.2:  # the loop stood still: do not flood
            self._next = self._loop.time()
        self._timer = self._loop.call_at(self._next, self._slot)
