"""Intervals of differences between groups that hold for every pair at once.

The pair that differs most is not chosen beforehand, so its own 95 % interval misses 0 far too often: of four groups
treated alike in 23 % of samples. A studentised maximum over all pairs of the bootstrap sets that right (Romano and
Wolf 2005) without letting the smallest group widen every interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from training.judge.intervals import Interval
from training.rows import Floats

_ONE_PAIR: Final = 1.96


@dataclass(frozen=True)
class AllPairs:
    """Rates of groups, [g] each, what their errors are, and how many errors 95 % of the largest deviations reach."""

    rates: Floats
    smoothed: Floats
    """With a hit and a miss added (Agresti and Caffo 2000): none of twelve is not never."""
    errors: Floats
    factor: float

    @classmethod
    def of(cls, rates: Floats, hits: Floats, rows: Floats) -> AllPairs:
        """`rates` [1 + resamples, g], the sample first; its `hits` out of `rows`, [g]. Two groups or more."""
        smoothed = (hits + 1) / (rows + 2)
        moved = rates[1:] - rates[0]
        # What is left out here (rows of one user agree) the factor has in it.
        errors = np.sqrt(smoothed * (1 - smoothed) / (rows + 2))
        first, second = np.triu_indices(len(hits), 1)
        largest = np.nanmax(
            np.abs(moved[:, first] - moved[:, second]) / np.hypot(errors[first], errors[second]), axis=1
        )
        # A rate of 0 does not move in resamples; two groups are 1.96 errors apart all the same.
        return cls(rates[0], smoothed, errors, max(float(np.quantile(largest, 0.95)), _ONE_PAIR))

    def difference(self, high: int, low: int) -> Interval:
        """Of two groups' rates, within 0..1."""
        value = float(self.rates[high] - self.rates[low])
        reach = self.factor * float(np.hypot(self.errors[high], self.errors[low]))
        return Interval(value, max(value - reach, 0.0), min(value + reach, 1.0))

    def ratio(self, high: int, low: int) -> Interval:
        """The lower rate over the higher, within 0..1; 1 where both are 0. The interval is one of its logarithm."""
        value = float(self.rates[low] / self.rates[high]) if self.rates[high] else 1.0
        relative = self.errors / self.smoothed
        reach = self.factor * float(np.hypot(relative[high], relative[low]))
        middle = float(np.log(self.smoothed[low] / self.smoothed[high]))
        low_end, high_end = np.exp(middle - reach), min(float(np.exp(middle + reach)), 1.0)
        return Interval(value, min(float(low_end), value), max(high_end, value))
