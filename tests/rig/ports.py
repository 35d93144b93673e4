"""Free loopback ports, outside the range that the kernel hands out by itself."""

from __future__ import annotations

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 10_000, 32_000  # below Linux's ephemeral ports, so that nobody takes one between our test and its use
_handed_out: set[int] = set()


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that nothing is bound to and that this process has not handed out before."""
    return free_range(1, kind)


def free_range(count: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """The first of `count` consecutive free ports (an even one)."""
    starts = list(range(_FIRST, _LAST - count, 2))
    random.shuffle(starts)
    taken = _handed_out | _bound()
    for first in starts:
        wanted = range(first, first + count)
        if taken.isdisjoint(wanted) and all(_is_free(port, kind) for port in wanted):
            _handed_out.update(wanted)
            return first
    raise RuntimeError(f"no {count} consecutive free ports on {LOOPBACK} between {_FIRST} and {_LAST}")


def _bound() -> set[int]:
    """Ports somebody is bound to, as the kernel lists them (asking saves trying each)."""
    rows = [row.split() for kind in ("udp", "tcp") for row in Path(f"/proc/net/{kind}").read_text(encoding="ascii").splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows}


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
