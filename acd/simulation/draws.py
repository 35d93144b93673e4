"""Randomness that replays exactly, on every machine and version: SplitMix64 and what is drawn from it.

Source of the generator: G. Steele, D. Lea, C. Flood 2014, "Fast splittable pseudorandom number generators".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")
_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_UNIT = 2.0**-53


class Draws:
    """A stream of draws. Streams of other seeds or names are independent of it.

    Args:
        seed: any integer.
        name: what the stream is for; the same seed and name give the same draws for ever.

    """

    def __init__(self, seed: int, name: str = "") -> None:
        state = seed & _MASK
        for byte in name.encode():  # FNV-1a, then mixed by the generator itself
            state = ((state ^ byte) * 0x100000001B3) & _MASK
        self._state = state
        for _ in range(4):
            self._state = self.bits()

    def bits(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + _GAMMA) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def unit(self) -> float:
        """Return a number between 0 and 1, neither included."""
        return ((self.bits() >> 11) + 0.5) * _UNIT

    def exponential(self, mean: float) -> float:
        """Return an exponential number."""
        return -mean * math.log(self.unit())

    def normal(self) -> float:
        """Return a standard normal number. Source: G. Box and M. Muller 1958."""
        return math.sqrt(-2.0 * math.log(self.unit())) * math.cos(2.0 * math.pi * self.unit())

    def gamma(self, shape: float) -> float:
        """Return a gamma number of mean `shape`. Source: G. Marsaglia and W. Tsang 2000."""
        if shape < 1.0:
            return self.gamma(shape + 1.0) * math.exp(math.log(self.unit()) / shape)
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            x = self.normal()
            v = (1.0 + c * x) ** 3
            if v > 0 and math.log(self.unit()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v

    def one_of(self, values: Sequence[_T]) -> _T:
        """Return one of the values, each as likely."""
        return values[int(self.unit() * len(values))]

    def weighted(self, values: Sequence[_T], weights: Sequence[float]) -> _T:
        """Return one of the values, as likely as its weight says (they need not sum to 1)."""
        left = self.unit() * math.fsum(weights)
        for value, weight in zip(values, weights, strict=True):
            left -= weight
            if left < 0:
                return value
        return values[-1]
