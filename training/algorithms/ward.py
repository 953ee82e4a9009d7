"""Hierarchical clusters by Ward's criterion (1963): joined again and again are the two that add least variance.

A tree has no answer for a row it has not seen. The rule here, for new rows and once more for its own, so that
training and serving say the same: the cluster whose centroid (the mean of its rows in the tree) is nearest.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from sklearn.cluster import AgglomerativeClustering

from training.algorithms._bounded import bounded_rows
from training.algorithms._centroids import NearestCentroids, nearest_centroids, place_rows
from training.algorithms._filled import check_enough
from training.rows import Floats
from training.sections import ClusterSection

# The distances of every pair are held at once: 10,000 rows are 400 MB of them, 20,000 would be 1.6 GB.
MOST_ROWS = 10_000


class WardSection(ClusterSection):
    """Segments cut from a tree."""

    kind: Literal["ward"]


class WardAlgorithm:
    """See `ClusterAlgorithm`."""

    kind: ClassVar[str] = "ward"
    section: ClassVar[type[ClusterSection]] = WardSection
    chooses_count: ClassVar[bool] = False

    def fit(self, values: Floats, section: WardSection, *, count: int, seed: int) -> NearestCentroids:
        rows, notes = bounded_rows(values, MOST_ROWS, seed, "Ward's tree needs the distance of every pair of rows")
        check_enough(rows, count)
        tree = AgglomerativeClustering(count, linkage="ward").fit(rows)
        centroids = np.array([rows[tree.labels_ == each].mean(axis=0) for each in range(count)])
        kept = float((nearest_centroids(centroids, rows).segment_indexes == tree.labels_).mean())
        notes.append(f"Placed by the nearest centroid, {kept:.1%} of the rows stay in the cluster of the tree.")
        return place_rows(centroids, values, notes)


ALGORITHM = WardAlgorithm()
