"""Free loopback ports, outside the range that the kernel hands out by itself."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral ports, so that nobody takes one between our test and its use. Large ranges have a part of their own,
# where single ports cannot break them up.
_LARGE = 100
_FOR_LARGE, _FOR_SMALL = (10_000, 25_000), (25_000, 32_000)
_REMEMBERED = 3_000  # small ports; whoever was given one longer ago has bound it or is gone
_handed_out: dict[int, None] = {}


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that nothing is bound to and that this process has not handed out lately."""
    return free_range(1, kind)


def free_range(count: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """The first of `count` consecutive free ports (an even one)."""
    low, high = _FOR_LARGE if count >= _LARGE else _FOR_SMALL
    starts = range(low, high - count, count + count % 2)
    for reuse in (False, True):
        for first in random.sample(starts, min(len(starts), 200)):
            wanted = range(first, first + count)
            if (reuse or _handed_out.keys().isdisjoint(wanted)) and all(_is_free(port, kind) for port in wanted):
                _remember(wanted)
                return first
    raise RuntimeError(f"no {count} consecutive free ports on {LOOPBACK} between {low} and {high}")


def _remember(ports: range) -> None:
    _handed_out.update(dict.fromkeys(ports))
    if len(ports) < _LARGE:
        small = [port for port in _handed_out if port >= _FOR_SMALL[0]]
        for port in small[:-_REMEMBERED]:
            del _handed_out[port]


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
