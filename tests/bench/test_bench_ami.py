"""AMI events parsed and dispatched a second on one core: our adapter beside panoramisk as it comes.

Method: the bytes that a real Asterisk sent for recorded calls, repeated, fed in reads of 64 KB into the protocol object
of each, as asyncio would; CPU seconds of this process; best of three. Both have a callback for each of the twelve event
types that the server acts on; ours also builds the typed event.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import panoramisk
from panoramisk.ami_protocol import AMIProtocol

from cti.ami.frames import SEPARATOR, Frame
from cti.ami.link import AmiLink
from cti.ami.messages import EVENT_NAMES, parse_event
from tests.bench.report import report, table

RECORDING = Path(__file__).resolve().parents[1] / "unit" / "cti" / "fixtures" / "events.ami"
CHUNK = 65_536
EVENTS = 60_000
BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def _events() -> list[bytes]:
    _, _, stream = RECORDING.read_bytes().partition(b"\r\n")
    return [frame for frame in stream.split(SEPARATOR) if frame.startswith(b"Event: ")]


def _is_interesting(frame: bytes) -> bool:
    return frame[7:].partition(b"\r\n")[0].decode() in EVENT_NAMES


def _chunks(frames: list[bytes]) -> tuple[list[bytes], int]:
    times = -(-EVENTS // len(frames))
    stream = BANNER + (SEPARATOR.join(frames) + SEPARATOR) * times
    return [stream[at : at + CHUNK] for at in range(0, len(stream), CHUNK)], times * len(frames)


class _Ours:
    """Our link with the server's own intake behind it: forged frames aside, typed events counted."""

    def __init__(self) -> None:
        self.handled = 0
        self.link = AmiLink(self._event, lambda _reason: None, EVENT_NAMES)

    def _event(self, frame: Frame) -> None:
        if not frame.forged and parse_event(frame) is not None:
            self.handled += 1

    def protocol(self) -> asyncio.Protocol:
        protocol = self.link._new_protocol()
        protocol.connection_made(asyncio.Transport())
        return protocol


class _Panoramisk:
    """panoramisk 1.4 with one callback for each event type."""

    def __init__(self) -> None:
        self.handled = 0
        self.manager = panoramisk.Manager(loop=asyncio.get_event_loop())
        for name in EVENT_NAMES:
            self.manager.register_event(name, self._event)

    def _event(self, _manager: object, _message: object) -> None:
        self.handled += 1

    def protocol(self) -> asyncio.Protocol:
        protocol = AMIProtocol()
        protocol.connection_made(asyncio.Transport())
        protocol.factory = self.manager
        protocol.encoding = "utf8"
        return protocol


def _cpu_seconds(client: _Ours | _Panoramisk, chunks: list[bytes]) -> float:
    protocol = client.protocol()
    receive: Callable[[bytes], None] = protocol.data_received
    gc.collect()
    began = time.process_time()
    for chunk in chunks:
        receive(chunk)
    return time.process_time() - began


def _mixes() -> Iterator[tuple[str, list[bytes]]]:
    events = _events()
    interesting = [frame for frame in events if _is_interesting(frame)]
    yield f"as recorded ({len(interesting) * 100 // len(events)} % interesting)", events
    yield "interesting only", interesting
    yield "uninteresting only", [frame for frame in events if not _is_interesting(frame)]


async def _measure() -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for name, frames in _mixes():
        chunks, count = _chunks(frames)
        rates = []
        for make in (_Ours, _Panoramisk):
            client = make()
            rates.append(count / min(_cpu_seconds(client, chunks) for _ in range(3)))
            assert bool(client.handled) is (name != "uninteresting only")
        size = sum(map(len, frames)) // len(frames)
        rows.append((name, f"{size} bytes", f"{rates[0]:,.0f}", f"{rates[1]:,.0f}", f"{rates[0] / rates[1]:.1f}"))
    return rows


def test_ami_events_a_second_on_one_core() -> None:
    rows = asyncio.run(_measure())
    report("ami", table(("events", "mean size", "hotline, events/s", "panoramisk 1.4, events/s", "ratio"), *rows))
