"""The level of a number: is the same population's typical value now larger or smaller, by what factor?

PSI looks for a changed shape. Thirty per cent more on every value of a widely spread feature hardly changes shape:
PSI 0.08 on the 30-day spend of real households, far below 0.2. As a ratio it is plain. The mean is taken without the
largest 5 % of the values that are not zero, each sample by its own, so that a few big spenders decide nothing and
the ratio of a scaled sample is exactly its factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, floor, log, sqrt
from typing import Final

import numpy as np
from scipy.special import stdtrit

from monitoring.drift.bins import Floats

TRIM: Final = 0.05
MIN_SUPPORT: Final = 20
"""Values that are not zero, in each sample; below it the spread of the mean cannot be told."""
MIN_PRECISION: Final = 4.0
"""A mean nearer to zero than 4 standard errors has no useful ratio."""


@dataclass(frozen=True)
class Level:
    """How the current sample's trimmed mean compares with the reference's."""

    log_ratio: float
    standard_error: float
    support: int

    @property
    def ratio(self) -> float:
        """1.3 for thirty per cent more."""
        return exp(self.log_ratio)

    def noise(self, alpha: float) -> float:
        """The |log ratio| that two samples of one population pass with probability `alpha` (Student's t)."""
        return float(-stdtrit(self.support - 1, alpha / 2)) * self.standard_error


def level(reference: Floats, current: Floats) -> Level | None:
    """Compare two finite samples; None where a ratio means nothing (few non-zero values, a mean around zero).

    >>> sample = np.arange(1.0, 201.0)
    >>> round(level(sample, sample * 1.3).ratio, 6)
    1.3
    """
    before, after = _trimmed(reference), _trimmed(current)
    if before is None or after is None or (before.mean > 0) != (after.mean > 0):
        return None
    error = sqrt((before.error / before.mean) ** 2 + (after.error / after.mean) ** 2)
    return Level(log(after.mean / before.mean), error, min(before.support, after.support))


@dataclass(frozen=True)
class _Trimmed:
    mean: float
    error: float
    support: int


def _trimmed(values: Floats) -> _Trimmed | None:
    """Trimmed mean with its standard error by winsorised variance (Tukey and McLaughlin, 1963)."""
    sizes = np.sort(np.abs(values[values != 0]))
    support = len(sizes)
    if support < MIN_SUPPORT:
        return None
    cut = floor(TRIM * support)
    cap = sizes[support - 1 - cut]
    kept = values[np.abs(values) <= cap]
    mean = float(kept.mean())
    spread = float(np.clip(values, -cap, cap).std(ddof=1))
    error = spread / ((1 - cut / len(values)) * sqrt(len(values)))
    return _Trimmed(mean, error, support) if abs(mean) > MIN_PRECISION * error else None
