"""How many agents a line needs: the least number with which the formula reaches the target."""

from __future__ import annotations

import math
from dataclasses import dataclass

from acd.theory.erlang import ErlangA, ErlangC

_MOST_AGENTS = 100_000


@dataclass(frozen=True, slots=True)
class Target:
    """A service level: this share of all callers is answered within `seconds`; 90/10 is (0.9, 10)."""

    share: float
    seconds: float


def expected_level(
    agents: int, calls_per_second: float, handle_seconds: float, patience_seconds: float, seconds: float
) -> float:
    """Return the share of callers answered within `seconds`: Erlang A, or C for endless patience (0 if overrun)."""
    if not calls_per_second:
        return 1.0
    if math.isinf(patience_seconds):
        erlangs = calls_per_second * handle_seconds
        return ErlangC(agents, erlangs, handle_seconds).service_level(seconds) if agents > erlangs else 0.0
    return ErlangA(agents, calls_per_second, handle_seconds, patience_seconds).service_level(seconds) if agents else 0.0


def agents_needed(calls_per_second: float, handle_seconds: float, patience_seconds: float, target: Target) -> int:
    """Return the least number of agents that reaches the target.

    Raises:
        ValueError: if not even a hundred thousand do.

    """
    low, high = -1, 1
    while expected_level(high, calls_per_second, handle_seconds, patience_seconds, target.seconds) < target.share:
        low, high = high, high * 2
        if high > _MOST_AGENTS:
            raise ValueError(f"no number of agents reaches {target.share:g} within {target.seconds:g} s")
    while high - low > 1:
        middle = (low + high) // 2
        level = expected_level(middle, calls_per_second, handle_seconds, patience_seconds, target.seconds)
        low, high = (low, middle) if level >= target.share else (middle, high)
    return high
