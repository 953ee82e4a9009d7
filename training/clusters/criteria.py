"""How well clusters are separated, by three measures that need no truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from training.judge.intervals import Interval, Resampling, interval
from training.rows import Floats

# A silhouette compares every pair: past this many rows a seeded sample says the same.
SILHOUETTE_ROWS: Final = 4_000
# The other two are sums over rows, and change in the third digit between samples of this size.
SUM_ROWS: Final = 50_000
RESAMPLES: Final = 200


@dataclass(frozen=True)
class Separation:
    """Over the rows that belong to a cluster: noise is nobody's neighbour."""

    silhouette: Interval
    """Mean silhouette (Rousseeuw 1987), -1..1, and its interval over resampled rows."""
    davies_bouldin: float
    """How alike each cluster and its likest are (Davies and Bouldin 1979), from 0; less is better."""
    calinski_harabasz: float
    """Variance between clusters to variance within (Calinski and Harabasz 1974); more is better."""


def separation(prepared: Floats, labels: NDArray[np.int32], noise: int | None, seed: int) -> Separation:
    """Raises nothing: with fewer than two clusters, no one is separated, and the figures are the worst there are."""
    if noise is not None:
        prepared, labels = prepared[labels != noise], labels[labels != noise]
    some, theirs = _sample(prepared, labels, SUM_ROWS, seed)
    if not 2 <= len(np.unique(theirs)) < len(theirs):
        return Separation(Interval(-1.0, -1.0, -1.0), float(np.finfo(np.float64).max), 0.0)
    return Separation(
        silhouette_interval(prepared, labels, seed),
        float(davies_bouldin_score(some, theirs)),
        float(calinski_harabasz_score(some, theirs)),
    )


def silhouette_interval(prepared: Floats, labels: NDArray[np.int32], seed: int) -> Interval:
    """Of at most 4,000 rows; the interval is over resamples of their own silhouettes."""
    some, theirs = _sample(prepared, labels, SILHOUETTE_ROWS, seed)
    if not 2 <= len(np.unique(theirs)) < len(theirs):
        return Interval(-1.0, -1.0, -1.0)
    each = silhouette_samples(some, theirs)

    def mean(weights: Floats) -> Floats:
        found: Floats = weights @ each / weights.sum(axis=1)
        return found

    return interval(mean, len(each), Resampling(resamples=RESAMPLES, seed=seed))


def _sample(
    prepared: Floats, labels: NDArray[np.int32], most: int, seed: int
) -> tuple[Floats, NDArray[np.int32]]:  # fmt: skip
    if len(prepared) <= most:
        return prepared, labels
    # As scikit-learn draws its `sample_size`.
    chosen = np.random.RandomState(seed).permutation(len(prepared))[:most]
    return prepared[chosen], labels[chosen]
