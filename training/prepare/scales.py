"""Quantile scores: from original units to 0..1 by rank, as piecewise linear scales a package can carry."""

from __future__ import annotations

import numpy as np

from strata.runtime.kmeans import FeatureScale
from training.rows import Floats
from training.sections import Axis


def fit_scale(column: Floats, axis: Axis, quantiles: int) -> FeatureScale:
    """The scale of one feature: knots at its quantiles, levels 0..1 times the axis's share of the distance.

    Many equal values (zeros) become one knot at the middle of their ranks. A column without any value is flat.
    """
    weight = 1.0 / np.sqrt(len(axis.features))
    present = column[~np.isnan(column)]
    if present.size == 0:
        return FeatureScale(0.0, np.zeros(1), np.zeros(1))
    probabilities = np.linspace(0.0, 1.0, quantiles)
    knots, position = np.unique(np.quantile(present, probabilities), return_inverse=True)
    levels = np.bincount(position, weights=probabilities) / np.bincount(position)
    fill = {"low": knots[0], "median": float(np.median(present)), "high": knots[-1]}[axis.missing]
    return FeatureScale(float(fill), knots, levels * weight)


def unit_levels(scaled: Floats, axis: Axis) -> Floats:
    """Scaled columns of one axis -> one 0..1 level per row, 1 being the good end."""
    levels: Floats = scaled.mean(axis=1) * np.sqrt(len(axis.features))
    return 1.0 - levels if axis.reversed else levels
