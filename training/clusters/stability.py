"""Whether the same clusters are found again in resampled users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from strata.errors import InputInvalid
from training.algorithms.port import Clusters
from training.rows import Floats

Fit = Callable[[Floats, int, int], Clusters]
"""Prepared rows, number of clusters, seed."""

# A resample of more users than these finds nothing else: it is then of so many, and so many are compared.
BOOTSTRAP_ROWS: Final = 50_000


@dataclass(frozen=True)
class Stability:
    """Agreement between a fit and its refits, both applied to the same rows: 1 the same clusters, 0 by chance."""

    mean: float
    """Of the adjusted Rand index (Hubert and Arabie 1985)."""
    low: float
    """The 10th percentile."""


def stability(fit: Fit, found: Clusters, prepared: Floats, count: int, *, bootstraps: int, seed: int) -> Stability:
    """Refit on bootstrap samples (Efron 1979). Deterministic by seed and count."""
    rng = np.random.default_rng([seed, count])
    judged, theirs = prepared, found.labels
    if len(prepared) > BOOTSTRAP_ROWS:
        chosen = np.random.default_rng([seed, len(prepared)]).permutation(len(prepared))[:BOOTSTRAP_ROWS]
        judged, theirs = prepared[chosen], found.labels[chosen]
    agreements = []
    for _ in range(bootstraps):
        sample = prepared[rng.integers(0, len(prepared), len(judged))]
        again = _assigned(fit, sample, count, int(rng.integers(2**31)), judged)
        # A sample that carries no such clusters agrees no better than chance.
        agreements.append(0.0 if again is None else float(adjusted_rand_score(theirs, again)))
    return Stability(float(np.mean(agreements)), float(np.quantile(agreements, 0.1)))


def _assigned(fit: Fit, sample: Floats, count: int, seed: int, judged: Floats) -> NDArray[np.int32] | None:
    try:
        return fit(sample, count, seed).assign(judged).segment_indexes
    except InputInvalid:
        return None
