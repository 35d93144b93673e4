"""Who works when, and how: shifts with breaks, and what an agent does when his phone rings."""

from __future__ import annotations

import math
from dataclasses import dataclass

from acd.simulation.times import AT_ONCE, Times


@dataclass(frozen=True, slots=True)
class Break:
    """A pause, in seconds from the start of the simulation. One that comes during a talk begins after it."""

    start: float
    end: float
    reason: str = "break"


@dataclass(frozen=True, slots=True)
class Shift:
    """An agent logs in at `start` and out at `end` (after his talk), in seconds from the start of the simulation."""

    agent: str
    start: float = 0.0
    end: float = math.inf
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How an agent handles offers.

    Args:
        answer: ringing until he answers, whisper included; cut off by the queue's ring time-out, which is then a miss.
        misses: share of offers he lets ring out.
        pace: his talks last this many times as long as the call's own talk.
        back_seconds: when he is paused for missed calls, he is ready again after this time.

    """

    answer: Times = AT_ONCE
    misses: float = 0.0
    pace: float = 1.0
    back_seconds: float = 60.0
