"""The engine's own chance: a generator whose every draw follows from its seed, so that histories replay exactly."""

from __future__ import annotations

import math

_MASK = (1 << 64) - 1


class Chance:
    """SplitMix64, by Steele, Lea and Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 11."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def uniform(self) -> float:
        """Draw a number from 0 (included) to 1 (excluded), in steps of 2**-53."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return float((mixed ^ (mixed >> 31)) >> 11) * 2.0**-53

    def exponential(self) -> float:
        """Draw from the exponential distribution of mean 1.

        Of several such draws, each divided by a weight, the smallest belongs to an entry with a probability in
        proportion to its weight: the minimum of exponential variables.
        """
        return -math.log1p(-self.uniform())
