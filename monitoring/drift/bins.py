"""The cells in which two samples of a number are counted: the reference's deciles, outer cells open."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

DECILES: Final = np.arange(1, 10) / 10
MIN_EXPECTED: Final = 5.0
"""Expected count below which a cell's noise is no longer chi-squared (Cochran's rule)."""


def decile_edges(reference: Floats) -> Floats:
    """Upper edges of half-open cells `(edge[i-1], edge[i]]`; the first cell starts at -inf, the last ends at +inf.

    A value that several deciles share (many zeros, a constant) gets a cell of its own, so that values moving off it
    to either side are seen. `reference` is finite and not empty.

    >>> decile_edges(np.arange(1.0, 11.0)).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    >>> len(decile_edges(np.zeros(10)))
    2
    """
    cuts = np.quantile(reference, DECILES, method="inverted_cdf")
    values, times = np.unique(cuts, return_counts=True)
    below_ties = np.nextafter(values[times > 1], -np.inf)
    return np.unique(np.concatenate([values, below_ties]))


def count_cells(values: Floats, edges: Floats) -> Counts:
    """How many values fall into each of `len(edges) + 1` cells."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1).astype(np.int64)


def merge_thin(reference: Counts, current: Counts) -> tuple[Counts, Counts]:
    """Join a cell to its right neighbour (the last to its left) until the smaller sample expects 5 in each.

    >>> merge_thin(np.array([50, 1, 49]), np.array([50, 0, 50]))
    (array([50, 50]), array([50, 50]))
    """
    pooled = (reference + current).astype(float)
    least = MIN_EXPECTED * pooled.sum() / max(1, min(reference.sum(), current.sum()))
    groups: list[list[int]] = [[]]
    for cell in range(len(pooled)):
        groups[-1].append(cell)
        if pooled[groups[-1]].sum() >= least:
            groups.append([])
    tail = groups.pop()
    if groups:
        groups[-1].extend(tail)
    else:
        groups = [tail]
    return (
        np.array([reference[group].sum() for group in groups], dtype=np.int64),
        np.array([current[group].sum() for group in groups], dtype=np.int64),
    )
