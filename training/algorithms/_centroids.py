"""What nearest-centroid algorithms share: the rule for a row, its score, and the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from strata.runtime.centroids import FORMAT
from strata.runtime.manifest import ScoreMeaning
from training.algorithms._filled import check_filled
from training.algorithms.port import Exported
from training.rows import Answers, Floats

# So many distances at a time: 1,000,000 rows to 12 centroids would be 96 MB at once.
_CHUNK: Final = 65_536


@dataclass(frozen=True)
class NearestCentroids:
    """See `Clusters`: a row belongs to the cluster with the nearest centroid, the first among equals."""

    centroids: Floats
    """[k, d]."""
    labels: NDArray[np.int32]
    notes: tuple[str, ...] = ()
    score_meaning: ClassVar[ScoreMeaning] = "margin"
    noise: ClassVar[None] = None

    @property
    def count(self) -> int:
        return len(self.centroids)

    def assign(self, values: Floats) -> Answers:
        return nearest_centroids(self.centroids, values)

    def export(self, order: Sequence[int]) -> Exported:
        return export_centroids(self.centroids, order)


def place_rows(centroids: Floats, values: Floats, notes: Sequence[str] = ()) -> NearestCentroids:
    """The rule applied to the rows the centroids come from. Raises InputInvalid where one is nobody's nearest."""
    doubles = np.asarray(centroids, dtype=np.float64)
    labels = nearest_centroids(doubles, values).segment_indexes
    check_filled(labels, len(doubles))
    return NearestCentroids(doubles, labels, tuple(notes))


def nearest_centroids(centroids: Floats, values: Floats) -> Answers:
    """Cluster and margin of each row."""
    labels = np.empty(len(values), dtype=np.int32)
    scores = np.empty(len(values))
    for start in range(0, len(values), _CHUNK):
        part = slice(start, start + _CHUNK)
        distances = cdist(values[part], centroids)
        labels[part], scores[part] = distances.argmin(axis=1), margins(distances)
    return Answers(labels, scores)


def export_centroids(centroids: Floats, order: Sequence[int]) -> Exported:
    """Centroids [k, d] of prepared rows; `order[i]` is the vocabulary position of cluster i."""
    placed = np.empty_like(centroids, dtype=np.float64)
    placed[np.asarray(order)] = centroids
    return Exported({"format": FORMAT, "centroids": placed.tolist()})


def margins(distances: Floats) -> Floats:
    """[n, k] distances to the centroids -> [n] `(d2 - d1) / (d2 + d1)`: 0 on a border, 1 on a centroid."""
    two = np.partition(distances, 1, axis=1)[:, :2]
    total = two[:, 0] + two[:, 1]
    found: Floats = np.divide(two[:, 1] - two[:, 0], total, out=np.zeros_like(total), where=total > 0)
    return found
