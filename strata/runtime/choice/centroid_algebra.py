"""Nearest centroids by one matrix product: |x|^2 - 2 x.c + |c|^2, which rounds otherwise than a sum of squares."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from strata.runtime.kmeans import KMeansModel, margins_of, squared_distances
from strata.runtime.model import Floats, Scores
from strata.runtime.native_call import KernelScore


class PlainKMeans(KMeansModel):
    """The same in numpy alone, feature by feature."""

    def score(self, values: Floats) -> Scores:
        squared = self._squared(self.transform(values))
        return Scores(squared.argmin(axis=1).astype(np.int32), margins_of(squared))

    def score_row(self, row: Floats) -> tuple[int, float]:
        segments, scores = self.score(row[None, :])
        return int(segments[0]), float(scores[0])

    def kernel_score(self) -> KernelScore | None:
        return None

    def _squared(self, scaled: Floats) -> Floats:
        return squared_distances(scaled, self.centroids)


class AlgebraicKMeans(PlainKMeans):
    """By the matrix product."""

    @cached_property
    def _lengths(self) -> Floats:
        lengths: Floats = (self.centroids**2).sum(axis=1)
        return lengths

    def _squared(self, scaled: Floats) -> Floats:
        found = self._lengths - 2.0 * (scaled @ self.centroids.T)
        found += (scaled**2).sum(axis=1)[:, None]
        return np.maximum(found, 0.0)
