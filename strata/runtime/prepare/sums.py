"""Weighted sums of slots, added up one by one: a product of matrices would add in an order of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def weighted_sum(slots: Sequence[Floats], inputs: Sequence[int], weights: Sequence[float], intercept: float) -> Floats:
    """[n]: `intercept + weights[0] * slots[inputs[0]] + ...`."""
    total = np.full(len(slots[0]), intercept)
    for slot, weight in zip(inputs, weights, strict=True):
        total += weight * slots[slot]
    return total


def weighted_sum_one(
    slots: Sequence[float], inputs: Sequence[int], weights: Sequence[float], intercept: float
) -> float:
    """The same for one row.

    >>> weighted_sum_one([1.0, 2.0, 3.0], inputs=[2, 0], weights=[10.0, -1.0], intercept=0.5)
    29.5
    """
    total = intercept
    for slot, weight in zip(inputs, weights, strict=True):
        total += weight * slots[slot]
    return total
