"""How many segments: separated (silhouette) and found again in resampled data (adjusted Rand index)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_rand_score, silhouette_score

from training.algorithms.port import Clusters
from training.rows import Floats

Fit = Callable[[Floats, int, int], Clusters]
"""Rows, number of clusters, seed."""

# A silhouette compares every pair: past this many rows a seeded sample says the same.
SILHOUETTE_ROWS = 4_000


@dataclass(frozen=True)
class Candidate:
    """One k and what speaks for it."""

    k: int
    silhouette: float
    """Mean silhouette (Rousseeuw 1987), -1..1."""
    stability: float
    """Mean adjusted Rand index between the fit and refits on bootstrap samples, both applied to all rows."""
    stability_low: float
    """The 10th percentile of those."""
    found: Clusters


def candidate(fit: Fit, scaled: Floats, k: int, *, bootstraps: int, seed: int) -> Candidate:
    """Fit one k and judge it."""
    found = fit(scaled, k, seed)
    rng = np.random.default_rng([seed, k])
    agreements = [_agreement(fit, found, scaled, k, rng) for _ in range(bootstraps)]
    separation = silhouette_score(
        scaled, found.labels, sample_size=min(SILHOUETTE_ROWS, len(scaled)), random_state=seed
    )
    return Candidate(k, float(separation), float(np.mean(agreements)), float(np.quantile(agreements, 0.1)), found)


def choose(candidates: Sequence[Candidate], least_stability: float, tolerance: float) -> Candidate:
    """Among the stable ones, the most segments whose silhouette is within `tolerance` of the best.

    Where none is stable enough, the most stable one (and the gate then says no).
    """
    stable = [one for one in candidates if one.stability >= least_stability]
    if not stable:
        return max(candidates, key=lambda one: one.stability)
    best = max(one.silhouette for one in stable)
    return max((one for one in stable if one.silhouette >= best - tolerance), key=lambda one: one.k)


def _agreement(fit: Fit, found: Clusters, scaled: Floats, k: int, rng: np.random.Generator) -> float:
    sample = scaled[rng.integers(0, len(scaled), len(scaled))]
    refit = fit(sample, k, int(rng.integers(2**31)))
    return float(adjusted_rand_score(found.labels, refit.assign(scaled).segment_indexes))
