"""Squared distances to several places, of many rows or of one, to the same bits: summed column by column."""

from __future__ import annotations

from math import sqrt

import numpy as np

from strata.runtime.model import Floats


def scaled_distances(rows: Floats, places: Floats, scales: Floats) -> Floats:
    """[n, k]: the sum over columns of `((row - place) * scale) ** 2`, for [n, d], [k, d], [k, d]."""
    squared = np.zeros((len(rows), len(places)))
    for row, place, scale in zip(rows.T, places.T, scales.T, strict=True):
        difference = (row[:, None] - place) * scale
        squared += difference * difference
    return squared


def summed(terms: Floats, axis: int = 0) -> Floats:
    """The sum over one axis, term after term: numpy sums in pairs only along the axis that lies together in memory
    (numpy.sum, Notes), so `terms` are C-ordered and their last axis is another one, longer than 1."""
    total: Floats = np.add.reduce(terms, axis=axis)
    return total


def distances_of_one(row: Floats, columns: Floats) -> Floats:
    """[k] as `kmeans.squared_distances` gives them, for one row [d] and the places' columns [d, k]; k above 1.

    >>> distances_of_one(np.array([0.0, 3.0]), np.array([[0.0, 4.0], [0.0, 3.0]])).tolist()
    [9.0, 16.0]
    """
    difference = row[:, None] - columns
    return summed(difference * difference)


def nearest(squared: list[float]) -> tuple[int, float]:
    """The first of the nearest places and the margin between it and the next: see `kmeans`.

    >>> nearest([9.0, 1.0])
    (1, 0.5)
    """
    first, second = sorted(squared)[:2]
    near, far = sqrt(first), sqrt(second)
    return squared.index(first), (far - near) / (far + near) if far > 0 else 0.0
