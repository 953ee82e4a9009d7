"""What stands in for a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.prepare.scales import spread_of
from training.rows import Floats

_MOST_ROWS: Final = 50_000
"""A ridge of 60 features is settled long before; a million rows would be sorted through for its third digit."""
_PENALTY: Final = 1.0


@dataclass(frozen=True)
class LinearFill:
    """`intercept + weights @ others`, within what was seen."""

    weights: tuple[float, ...]
    intercept: float
    low: float
    high: float


def median_fill(column: Floats) -> float:
    """The median of the values that are there; 0 where none is.

    >>> median_fill(np.array([1.0, np.nan, 4.0]))
    2.5
    """
    present = column[~np.isnan(column)]
    return float(np.median(present)) if present.size else 0.0


def commonest_fill(column: Floats) -> float:
    """The commonest category, the first among equals; 0 where none is there."""
    present = column[~np.isnan(column)]
    if not present.size:
        return 0.0
    found, counts = np.unique(present, return_counts=True)
    return float(found[counts.argmax()])


def linear_fill(column: Floats, others: Sequence[Floats], seed: int) -> LinearFill | None:
    """By a ridge regression on the other columns, which are filled: learned where the column has a value.

    None where fewer than two rows have one, or there is no other column: a median says as much.
    """
    present = np.flatnonzero(~np.isnan(column))
    if present.size < 2 or not others:
        return None
    if present.size > _MOST_ROWS:
        present = np.sort(np.random.default_rng(seed).choice(present, _MOST_ROWS, replace=False))
    wanted = column[present]
    means = np.array([other[present].mean() for other in others])
    spreads = np.array([spread_of(other[present]) for other in others])
    scaled = np.column_stack([other[present] for other in others])
    scaled = (scaled - means) / spreads
    middle = wanted.mean()
    normal = scaled.T @ scaled + _PENALTY * np.eye(len(others))
    weights = np.linalg.solve(normal, scaled.T @ (wanted - middle)) / spreads
    intercept = float(middle - weights @ means)
    if not (np.isfinite(weights).all() and np.isfinite(intercept)):
        return None
    return LinearFill(tuple(weights.tolist()), intercept, float(wanted.min()), float(wanted.max()))
