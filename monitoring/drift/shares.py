"""Differences of shares: how much larger or smaller than chance explains."""

from __future__ import annotations

from math import sqrt

from scipy.special import ndtri


def share_noise(count: int, rows: int, other_count: int, other_rows: int, alpha: float) -> float:
    """The |difference of shares| that two samples of one population pass with probability `alpha`.

    The normal approximation with half a row added to each side, so that two samples without any are not certain.

    >>> round(share_noise(50, 100, 50, 100, 0.05), 3)
    0.139
    """
    pooled = (count + other_count + 1) / (rows + other_rows + 2)
    return float(-ndtri(alpha / 2)) * sqrt(pooled * (1 - pooled) * (1 / rows + 1 / other_rows))


def absence_chance(count: int, rows: int, other_rows: int) -> float:
    """The probability that all `count` rows of one category fall among `rows`, and none among `other_rows`.

    An upper bound (as if drawn with replacement) that holds for any count, unlike a normal approximation.

    >>> absence_chance(10, 100, 100)
    0.0009765625
    """
    return float((rows / (rows + other_rows)) ** count)
