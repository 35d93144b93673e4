"""Who waits how long, call by call, by rules so short that they can be read at a glance.

They share no line with the engine: tests hold it against them.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def first_come_waits(agents: int, arrivals: Sequence[float], talks: Sequence[float]) -> list[float]:
    """Return each call's wait in seconds, first come first served, by the multi-server recursion.

    Each call takes the agent who is free first. Source: J. Kiefer and J. Wolfowitz 1955.
    """
    free_at = [0.0] * agents
    waits = []
    for arrival, talk in zip(arrivals, talks, strict=True):
        start = max(arrival, free_at[0])
        heapq.heapreplace(free_at, start + talk)
        waits.append(start - arrival)
    return waits


def head_start_waits(
    agents: int, arrivals: Sequence[float], head_starts: Sequence[float], talks_by_start: Sequence[float]
) -> list[float]:
    """Return each call's wait in seconds when the largest `wait + head start` goes first.

    `talks_by_start[n]` is how long the n-th talk to begin lasts. Source: the definition itself.
    """
    free_at = [0.0] * agents
    waits = [0.0] * len(arrivals)
    line: list[tuple[float, int]] = []
    entered = 0
    for talk in talks_by_start:
        free = heapq.heappop(free_at)
        if not line and entered < len(arrivals):
            free = max(free, arrivals[entered])
        while entered < len(arrivals) and arrivals[entered] <= free:
            heapq.heappush(line, (arrivals[entered] - head_starts[entered], entered))
            entered += 1
        _, call = heapq.heappop(line)
        waits[call] = free - arrivals[call]
        heapq.heappush(free_at, free + talk)
    return waits


def single_agent_waits(arrivals: Sequence[float], talks: Sequence[float]) -> list[float]:
    """Return each call's wait in seconds before one agent. Source: D. V. Lindley 1952."""
    waits = []
    free_at = 0.0
    for arrival, talk in zip(arrivals, talks, strict=True):
        start = max(arrival, free_at)
        free_at = start + talk
        waits.append(start - arrival)
    return waits
