"""Nearest-centroid segments of prepared rows: `kmeans` without its own scales. The score is the same margin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.distances import distances_of_one, nearest
from strata.runtime.kmeans import margins_of, squared_distances
from strata.runtime.model import Floats, Scores
from strata.runtime.present import bounded, bounded_row, read_bounded_matrix, refuse_unknown

FORMAT: Final = "centroids/1"


@dataclass(frozen=True)
class CentroidsModel:
    """See `Model`. Centroid i is segment i of the vocabulary; of equally near ones the first."""

    centroids: Floats
    """[k, d]"""

    def score(self, values: Floats) -> Scores:
        squared = squared_distances(bounded(values), self.centroids)
        return Scores(squared.argmin(axis=1).astype(np.int32), margins_of(squared))

    def score_row(self, row: Floats) -> tuple[int, float]:
        return nearest(distances_of_one(bounded_row(row), self._columns).tolist())

    def kernel_score(self) -> None:
        return None

    @cached_property
    def _columns(self) -> Floats:
        return np.ascontiguousarray(self.centroids.T)


def read_centroids(document: dict[str, Any], width: int, segment_count: int) -> CentroidsModel:
    """Read `{"format": FORMAT, "centroids": [[...], ...]}`. Raises PackageInvalid."""
    refuse_unknown(document, f"a {FORMAT} model", "centroids")
    centroids = read_bounded_matrix(document.get("centroids"), "the centroids", columns=width)
    if len(centroids) != segment_count or segment_count < 2:
        raise PackageInvalid(f"{len(centroids)} centroids for {segment_count} segments; at least 2 of each, equal")
    return CentroidsModel(centroids)
