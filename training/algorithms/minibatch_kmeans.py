"""k-means on small batches (Sculley 2010): nearly its clusters for a fraction of its passes over many rows."""

from __future__ import annotations

import warnings
from typing import ClassVar, Literal

from pydantic import Field
from sklearn.cluster import MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning

from training.algorithms._centroids import NearestCentroids, place_rows
from training.algorithms._filled import check_enough
from training.algorithms._single import single_rows
from training.rows import Floats
from training.sections import ClusterSection


class MiniBatchSection(ClusterSection):
    """Nearest-centroid segments, from batches."""

    kind: Literal["minibatch_kmeans"]
    starts: int = Field(default=8, ge=1)
    batch: int = Field(default=4_096, ge=10)
    """Rows a step looks at."""
    passes: int = Field(default=100, ge=1)
    """Over the rows, at most; it ends before when ten batches in a row improve nothing."""


class MiniBatchAlgorithm:
    """See `ClusterAlgorithm`."""

    kind: ClassVar[str] = "minibatch_kmeans"
    section: ClassVar[type[ClusterSection]] = MiniBatchSection
    chooses_count: ClassVar[bool] = False

    def fit(self, values: Floats, section: MiniBatchSection, *, count: int, seed: int) -> NearestCentroids:
        check_enough(values, count)
        rows, notes = single_rows(values)
        model = MiniBatchKMeans(
            count, n_init=section.starts, batch_size=section.batch, max_iter=section.passes, random_state=seed,
            compute_labels=False,
        )  # fmt: skip
        with warnings.catch_warnings():
            # Said by `place_rows` in our words, as an error.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(rows)
        return place_rows(model.cluster_centers_, values, notes)


ALGORITHM = MiniBatchAlgorithm()
