"""What a simulated or recorded day looked like: counts and waits by queue and tier, each figure with its variant's name.

All durations are seconds. Shares are of 1; a figure of nothing is NaN, which says so in every table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What became of some callers. `late_seconds` is the target of their queue's service level."""

    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    otherwise: int = 0
    overtaken: int = 0
    waits: list[float] = field(default_factory=list)
    abandoned_seconds: float = 0.0
    talk_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Take in what became of others."""
        self.offered += other.offered
        self.answered += other.answered
        self.answered_in_time += other.answered_in_time
        self.abandoned += other.abandoned
        self.abandoned_in_time += other.abandoned_in_time
        self.otherwise += other.otherwise
        self.overtaken += other.overtaken
        self.waits.extend(other.waits)
        self.abandoned_seconds += other.abandoned_seconds
        self.talk_seconds += other.talk_seconds

    @property
    def sl_offered(self) -> float:
        """Answered in time / offered: the strictest; who gives up counts against it."""
        return share(self.answered_in_time, self.offered)

    @property
    def sl_answered(self) -> float:
        """Answered in time / answered: blind to those who gave up."""
        return share(self.answered_in_time, self.answered)

    @property
    def sl_patient(self) -> float:
        """Answered in time / (offered - given up in time): who gave up before the target is nobody's fault."""
        return share(self.answered_in_time, self.offered - self.abandoned_in_time)

    @property
    def abandonment(self) -> float:
        """Given up / offered."""
        return share(self.abandoned, self.offered)

    @property
    def asa_seconds(self) -> float:
        """The mean wait of the answered, from entry to talk, ringing included (average speed of answer)."""
        return share(math.fsum(self.waits), len(self.waits))

    @property
    def mean_wait_seconds(self) -> float:
        """The mean wait of the answered and of those who gave up."""
        return share(math.fsum(self.waits) + self.abandoned_seconds, len(self.waits) + self.abandoned)

    @property
    def overtaken_share(self) -> float:
        """The share of the answered before whom somebody was answered who entered their queue later."""
        return share(self.overtaken, self.answered)

    def wait_quantile_seconds(self, part: float) -> float:
        """Return the wait that this part of the answered (0 to 1) did not exceed."""
        if not self.waits:
            return math.nan
        return sorted(self.waits)[max(0, math.ceil(part * len(self.waits)) - 1)]


@dataclass(slots=True)
class CallbackTally:
    """What became of promises to call back. `waits`: from the customer's first entry to the talk; `attempts` were dialled."""

    promised: int = 0
    called_back: int = 0
    failed: int = 0
    expired: int = 0
    attempts: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def mean_wait_seconds(self) -> float:
        """The mean time from entering the line to the talk with an agent."""
        return share(math.fsum(self.waits), len(self.waits))


def share(part: float, whole: float) -> float:
    """Return part of whole; NaN of nothing."""
    return part / whole if whole else math.nan
