"""Free loopback ports, outside the range that the kernel hands out by itself."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 10_000, 32_000  # below Linux's ephemeral ports, so that nobody takes one between our test and its use
_handed_out: set[int] = set()


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that nothing is bound to and that this process has not handed out before."""
    return free_range(1, kind)


def free_range(count: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """The first of `count` consecutive free ports (an even one)."""
    for _ in range(200):
        first = random.randrange(_FIRST, _LAST - count, 2)
        wanted = range(first, first + count)
        if _handed_out.isdisjoint(wanted) and all(_is_free(port, kind) for port in wanted):
            _handed_out.update(wanted)
            return first
    raise RuntimeError(f"no {count} consecutive free ports on {LOOPBACK} between {_FIRST} and {_LAST}")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
