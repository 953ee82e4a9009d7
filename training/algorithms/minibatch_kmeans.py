"""k-means on small batches (Sculley 2010): nearly its clusters for a fraction of its passes over many rows."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.spatial.distance import cdist
from sklearn.cluster import MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning

from training.algorithms._bounded import bounded_rows
from training.algorithms._centroids import NearestCentroids, place_rows
from training.algorithms._filled import check_enough
from training.rows import Floats
from training.sections import ClusterSection

# A run ends after some 150 batches and would hardly see more rows than these; the library (1.9) passes over all rows to
# draw each batch: 40 ms of 300,000 rows, 0.8 ms of 50,000 (processor time, 2026-11).
MOST_ROWS = 50_000
# Starts are compared on so many rows.
COMPARED_ROWS = 20_000


class MiniBatchSection(ClusterSection):
    """Nearest-centroid segments, from batches."""

    kind: Literal["minibatch_kmeans"]
    starts: int = Field(default=8, ge=1, le=1_000)
    """Runs from other centroids to the end; the library's own `n_init` compares only where they begin, and one run
    was stable at an adjusted Rand index of 0.56 on Complete Journey where k-means is at 0.91 (2026-11)."""
    batch: int = Field(default=1_024, ge=10, le=1_000_000)
    """Rows a step looks at."""
    passes: int = Field(default=100, ge=1, le=100_000)
    """Over the rows, at most; a run ends before when `patience` batches in a row improve nothing."""
    patience: int = Field(default=30, ge=1, le=100_000)


class MiniBatchAlgorithm:
    """See `ClusterAlgorithm`."""

    kind: ClassVar[str] = "minibatch_kmeans"
    section: ClassVar[type[ClusterSection]] = MiniBatchSection
    chooses_count: ClassVar[bool] = False

    def fit(self, values: Floats, section: MiniBatchSection, *, count: int, seed: int) -> NearestCentroids:
        check_enough(values, count)
        rows, notes = bounded_rows(values, MOST_ROWS, seed, "Batches are drawn from a part of many rows")
        rng = np.random.default_rng(seed)
        compared = rows if len(rows) <= COMPARED_ROWS else rows[rng.integers(0, len(rows), COMPARED_ROWS)]
        runs = [_run(rows, section, count, int(rng.integers(2**31))) for _ in range(section.starts)]
        return place_rows(min(runs, key=lambda centroids: _inertia(compared, centroids)), values, notes)


def _run(rows: NDArray[np.floating[Any]], section: MiniBatchSection, count: int, seed: int) -> Floats:
    model = MiniBatchKMeans(
        count, n_init=1, batch_size=section.batch, max_iter=section.passes, max_no_improvement=section.patience,
        random_state=seed, compute_labels=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        # Said by `place_rows` in our words, as an error.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(model.fit(rows).cluster_centers_, dtype=np.float64)


def _inertia(rows: NDArray[np.floating[Any]], centroids: Floats) -> float:
    return float(cdist(rows, centroids, "sqeuclidean").min(axis=1).sum())


ALGORITHM = MiniBatchAlgorithm()
