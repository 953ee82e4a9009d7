"""Scales: from original units to 0..1 by rank, as piecewise linear scales a package can carry, or by two numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from strata.runtime.kmeans import FeatureScale
from training.rows import Floats
from training.sections import Axis

LinearKind = Literal["minmax", "zscore", "robust"]


def fit_scale(column: Floats, axis: Axis, quantiles: int) -> FeatureScale:
    """The scale of one feature: knots at its quantiles, levels 0..1 times the axis's share of the distance.

    Many equal values (zeros) become one knot at the middle of their ranks. A column without any value is flat.
    """
    weight = 1.0 / np.sqrt(len(axis.features))
    present = column[~np.isnan(column)]
    if present.size == 0:
        return FeatureScale(0.0, np.zeros(1), np.zeros(1))
    knots, levels = fit_ranks(present, quantiles)
    fill = {"low": knots[0], "median": float(np.median(present)), "high": knots[-1]}[axis.missing]
    return FeatureScale(float(fill), knots, levels * weight)


def fit_ranks(column: Floats, quantiles: int) -> tuple[Floats, Floats]:
    """Knots at the quantiles of the values that are there, and their ranks, 0..1; one knot of rank 0 where none is."""
    present = column[~np.isnan(column)]
    if present.size == 0:
        return np.zeros(1), np.zeros(1)
    probabilities = np.linspace(0.0, 1.0, quantiles)
    knots, position = np.unique(np.quantile(present, probabilities), return_inverse=True)
    return knots, np.bincount(position, weights=probabilities) / np.bincount(position)


def fit_linear(kind: LinearKind, column: Floats) -> tuple[float, float]:
    """`offset` and `factor` of `(x - offset) * factor`, by the values that are there.

    `minmax`: 0..1. `zscore`: mean 0, deviation 1. `robust`: median 0, quartiles 1 apart. A constant column becomes 0.

    >>> fit_linear("minmax", np.array([2.0, 6.0, np.nan]))
    (2.0, 0.25)
    """
    present = column[~np.isnan(column)]
    if present.size == 0:
        return 0.0, 1.0
    if kind == "minmax":
        low, high = float(present.min()), float(present.max())
        return low, _factor(high - low, present)
    if kind == "zscore":
        return float(present.mean()), _factor(float(present.std()), present)
    first, median, third = np.quantile(present, [0.25, 0.5, 0.75])
    return float(median), _factor(float(third - first), present)


def spread_of(column: Floats) -> float:
    """The standard deviation, or 1 for a constant column."""
    return 1.0 / _factor(float(column.std()), column)


def _factor(spread: float, column: Floats) -> float:
    """1 / spread; 1 where the spread is nothing but rounding (as scikit-learn has it), or its inverse no number."""
    rounding = 10 * np.finfo(np.float64).eps * float(np.abs(column).max())
    if not rounding < spread < np.inf:
        return 1.0
    factor = 1.0 / spread
    return factor if np.isfinite(factor) else 1.0


def unit_levels(scaled: Floats, axis: Axis) -> Floats:
    """Scaled columns of one axis -> one 0..1 level per row, 1 being the good end."""
    levels: Floats = scaled.mean(axis=1) * np.sqrt(len(axis.features))
    return 1.0 - levels if axis.reversed else levels
