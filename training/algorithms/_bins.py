"""Columns as numbers of bins, to learn trees of few thresholds from: at most as many as the kernel sums by bins.

A value's bin is how many of its column's edges lie below it, so that `bin <= j` is `value <= edges[j]`, exactly and for
any value: a split of bins is one of values, with no rounding between them. Where a column has few distinct values an
edge lies midway between each two; else edges part the rows into equal shares, a value of more rows than a share
counting as one, so that a column of zeros keeps its edges for the rest (compare LightGBM's bins: Ke et al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from strata.runtime.binned_trees import MOST_EDGES
from training.algorithms._tree_text import Singles, Whole, zeroed
from training.rows import Floats

_BINS: Final = MOST_EDGES
"""Of numbers: one edge less lies between them, and one is left for the split between present and missing."""
_LARGEST: Final = np.finfo(np.float64).max


@dataclass(frozen=True)
class Bins:
    """What parts each column's bins."""

    edges: Floats
    """[d, MOST_EDGES], ascending, infinite past a column's own; the last always is."""

    def of(self, values: Floats) -> Singles:
        """[n, d] bins as float32, which holds them exactly; NaN stays."""
        seen = zeroed(values)
        found = np.empty(seen.shape, dtype=np.float32)
        for column, edges in enumerate(self.edges):
            found[:, column] = edges.searchsorted(seen[:, column])
        found[np.isnan(seen)] = np.nan
        return found

    def thresholds(self, columns: Whole, splits: Floats) -> Floats:
        """[m] edges: a value is at most its edge where its bin is at most the split; infinite where the split is.

        What there is of a leaf, whose column is below 0, is of no meaning.
        """
        return self.edges[np.maximum(columns, 0), np.minimum(splits, MOST_EDGES - 1).astype(np.int64)]


def find_bins(values: Floats) -> Bins:
    """Of the columns of [n, d]; what is infinite is the largest of numbers."""
    edges = np.full((values.shape[1], MOST_EDGES), np.inf)
    for column, seen in enumerate(zeroed(values).T):
        own = edges_between(np.clip(seen[~np.isnan(seen)], -_LARGEST, _LARGEST))
        edges[column, : len(own)] = own
    return Bins(edges)


def edges_between(values: Floats, bins: int = _BINS) -> Floats:
    """Ascending numbers that part finite ones [n] into so many bins at most, none of them empty.

    >>> edges_between(np.array([3.0, 1.0, 1.0, 2.0])).tolist()
    [1.5, 2.5]
    >>> edges_between(np.array([0.0] * 90 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), bins=3).tolist()
    [0.5, 3.5]
    """
    distinct, counts = np.unique(values, return_counts=True)
    low, high = distinct[:-1], distinct[1:]
    if len(distinct) > bins:
        full = _filled(counts, bins)
        low, high = low[full], high[full]
    middle = low / 2 + high / 2  # their sum may be beyond numbers
    return np.minimum(middle, np.nextafter(high, -np.inf))


def _filled(counts: Whole, bins: int) -> NDArray[np.bool_]:
    """Behind which values but the last a bin ends, for how many rows each of them has: more values than bins."""
    frequent = counts >= counts.sum() / bins
    share = counts[~frequent].sum() / (bins - frequent.sum())
    reached = np.cumsum(np.where(frequent, share, counts)) / share
    full: NDArray[np.bool_] = np.diff(np.minimum(np.floor(reached), bins - 1), prepend=0) > 0
    return full[:-1]
