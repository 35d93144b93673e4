"""How sure a few replications make us: Student's intervals, and control variates that make them narrow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and half the width of its confidence interval, in the unit of the values."""

    mean: float
    half_width: float

    @property
    def relative_half_width(self) -> float:
        """Half the width as a share of the mean; infinite for a mean of 0 with any width."""
        if not self.mean:
            return math.inf if self.half_width else 0.0
        return abs(self.half_width / self.mean)

    def holds(self, value: float) -> bool:
        """Whether the value lies inside."""
        return abs(value - self.mean) <= self.half_width


def interval(values: Sequence[float], confidence: float = 0.99) -> Interval:
    """Return Student's interval of independent values; its width is infinite for fewer than two."""
    mean = fmean(values)
    if len(values) < 2:
        return Interval(mean, math.inf)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Interval(mean, student_quantile(confidence, len(values) - 1) * math.sqrt(variance / len(values)))


def controlled(
    values: Sequence[float], control: Sequence[float], control_mean: float, confidence: float = 0.99
) -> Interval:
    """Return the interval of `values`, made narrow by a control measured in the same replications.

    What chance did to the control, whose mean is known exactly, is taken out of the values by linear regression.
    Source: S. Lavenberg and P. Welch 1981.
    """
    n = len(values)
    value_mean, seen_mean = fmean(values), fmean(control)
    away = [seen - seen_mean for seen in control]
    spread = math.fsum(part * part for part in away)
    slope = math.fsum(part * value for part, value in zip(away, values, strict=True)) / spread
    rest = math.fsum((value - value_mean - slope * part) ** 2 for value, part in zip(values, away, strict=True)) / (
        n - 2
    )
    error = math.sqrt(rest * (1.0 / n + (seen_mean - control_mean) ** 2 / spread))
    mean = value_mean - slope * (seen_mean - control_mean)
    return Interval(mean, student_quantile(confidence, n - 2) * error)


def student_quantile(confidence: float, freedom: int) -> float:
    """Return t with P(|T| <= t) = confidence for Student's T with `freedom` degrees, to 1e-9, by bisection."""
    low, high = 0.0, 1.0
    while _student_inside(high, freedom) < confidence:
        high *= 2.0
    while high - low > 1e-10 * high:
        middle = (low + high) / 2.0
        low, high = (middle, high) if _student_inside(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2.0


def _student_inside(t: float, freedom: int) -> float:
    """Return P(|T| <= t). Source: Abramowitz and Stegun 26.7.3 (odd) and 26.7.4 (even)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(3 if odd else 2, freedom + 1, 2):
        total += term
        term *= cosine * cosine * (power - 1) / power
    if odd:
        return 2.0 / math.pi * (angle + math.sin(angle) * (total if freedom > 1 else 0.0))
    return math.sin(angle) * total
