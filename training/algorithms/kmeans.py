"""k-means (Lloyd 1982), the best of several starts by k-means++."""

from __future__ import annotations

import warnings
from typing import ClassVar, Literal

from pydantic import Field
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from training.algorithms._centroids import NearestCentroids, place_rows
from training.algorithms._filled import check_enough
from training.algorithms._single import single_rows
from training.rows import Floats
from training.sections import ClusterSection


class KMeansSection(ClusterSection):
    """Nearest-centroid segments."""

    kind: Literal["kmeans"]
    starts: int = Field(default=8, ge=1, le=1_000)


class KMeansAlgorithm:
    """See `ClusterAlgorithm`."""

    kind: ClassVar[str] = "kmeans"
    section: ClassVar[type[ClusterSection]] = KMeansSection
    chooses_count: ClassVar[bool] = False

    def fit(self, values: Floats, section: KMeansSection, *, count: int, seed: int) -> NearestCentroids:
        check_enough(values, count)
        rows, notes = single_rows(values)
        with warnings.catch_warnings():
            # Said by `place_rows` in our words, as an error.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = KMeans(count, n_init=section.starts, random_state=seed).fit(rows)
        return place_rows(model.cluster_centers_, values, notes)


ALGORITHM = KMeansAlgorithm()
