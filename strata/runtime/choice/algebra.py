"""Models of plain numbers by products of matrices: quicker for many rows, and rounded otherwise than term by term.

Whether the roundings matter is measured on a package's reference before one of these is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from strata.runtime.boosted import BoostedModel
from strata.runtime.centroids import CentroidsModel
from strata.runtime.choice.centroid_algebra import AlgebraicKMeans
from strata.runtime.choice.sums import OtherSums
from strata.runtime.classes import ClassesModel
from strata.runtime.covariances import Full
from strata.runtime.kmeans import KMeansModel, margins_of
from strata.runtime.linear import LinearSums
from strata.runtime.mixture import MixtureModel
from strata.runtime.model import Floats, Model, Scores
from strata.runtime.present import bounded


def by_algebra(model: Model) -> Model | None:
    """The model, one row at a time too, by products of matrices; None where there are none to make of it."""
    if isinstance(model, KMeansModel):
        return AlgebraicKMeans(model.scales, model.centroids)
    if isinstance(model, CentroidsModel):
        return AlgebraicCentroids(model.centroids)
    if isinstance(model, MixtureModel) and isinstance(model.shape, Full):
        return replace(model, shape=AlgebraicFull(model.shape.means, model.shape.factors))
    if isinstance(model, BoostedModel | ClassesModel) and isinstance(model.booster, LinearSums):
        return replace(model, booster=OtherSums(_weighted(model.booster), model.booster.objective))
    return None


class AlgebraicCentroids(CentroidsModel):
    """|x|^2 - 2 x.c + |c|^2, from the middle of the centroids: the nearer they lie to 0, the less is cancelled."""

    def score(self, values: Floats) -> Scores:
        places, lengths = self._placed
        rows = bounded(values) - self._middle
        squared = lengths - 2.0 * (rows @ places.T) + (rows**2).sum(axis=1)[:, None]
        squared = np.maximum(squared, 0.0)
        return Scores(squared.argmin(axis=1).astype(np.int32), margins_of(squared))

    def score_row(self, row: Floats) -> tuple[int, float]:
        segments, scores = self.score(row[None, :])
        return int(segments[0]), float(scores[0])

    @cached_property
    def _middle(self) -> Floats:
        middle: Floats = self.centroids.mean(axis=0)
        return middle

    @cached_property
    def _placed(self) -> tuple[Floats, Floats]:
        places = self.centroids - self._middle
        return places, (places**2).sum(axis=1)


@dataclass(frozen=True)
class AlgebraicFull(Full):
    """All components' factors side by side: one product whitens a row for each of them."""

    def squared(self, rows: Floats) -> Floats:
        factors, moved = self._side_by_side
        whitened = (rows @ factors - moved).reshape(len(rows), *self.means.shape)
        found: Floats = np.einsum("nkd,nkd->nk", whitened, whitened)
        return found

    def squared_one(self, row: Floats) -> Floats:
        found: Floats = self.squared(row[None, :])[0]
        return found

    @cached_property
    def _side_by_side(self) -> tuple[Floats, Floats]:
        """[d, k * d], and what the means become by them, [k * d]."""
        moved = np.einsum("kd,kde->ke", self.means, self.factors)
        return np.ascontiguousarray(np.hstack(list(self.factors))), moved.ravel()


def _weighted(sums: LinearSums) -> Callable[[Floats], Floats]:
    weights = np.ascontiguousarray(sums.weights.T)

    def by(values: Floats) -> Floats:
        found: Floats = bounded(values) @ weights + sums.intercepts
        return found

    return by
