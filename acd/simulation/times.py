"""How long things last: the distributions a scenario may name. All times are seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acd.simulation.draws import Draws


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same time."""

    seconds: float

    @property
    def mean_seconds(self) -> float:
        """The mean."""
        return self.seconds

    def draw(self, draws: Draws) -> float:  # noqa: ARG002 - one form for all
        """Return a time."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Exponential:
    """Without memory: what the formulas assume."""

    mean_seconds: float

    def draw(self, draws: Draws) -> float:
        """Return a time."""
        return draws.exponential(self.mean_seconds)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """What talks of call centres usually follow (L. Brown et al. 2005). `variation` is standard deviation by mean."""

    mean_seconds: float
    variation: float

    def draw(self, draws: Draws) -> float:
        """Return a time."""
        variance = math.log1p(self.variation**2)
        return self.mean_seconds * math.exp(math.sqrt(variance) * draws.normal() - variance / 2.0)


@dataclass(frozen=True, slots=True)
class Gamma:
    """From nearly fixed (small `variation`) over exponential (1) to wild. `variation` is standard deviation by mean."""

    mean_seconds: float
    variation: float

    def draw(self, draws: Draws) -> float:
        """Return a time."""
        shape = 1.0 / self.variation**2
        return draws.gamma(shape) * self.mean_seconds / shape


@dataclass(frozen=True, slots=True)
class Empirical:
    """Times that were seen; each is as likely again."""

    seconds: tuple[float, ...]

    @property
    def mean_seconds(self) -> float:
        """The mean."""
        return math.fsum(self.seconds) / len(self.seconds)

    def draw(self, draws: Draws) -> float:
        """Return a time."""
        return draws.one_of(self.seconds)


Times = Fixed | Exponential | Lognormal | Gamma | Empirical
AT_ONCE = Fixed(0.0)
FOR_EVER = Fixed(math.inf)
