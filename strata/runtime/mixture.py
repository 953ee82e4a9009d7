"""A mixture of normal distributions: the likeliest component is the segment, its posterior the score.

With `y = (x - mean) @ P`, where P is the Cholesky factor of a component's precision (the inverse covariance is
`P @ P.T`), its log-density is `log det P - (d log 2 pi + y . y) / 2`, as in scikit-learn's GaussianMixture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, pi
from typing import Any, Final, Protocol

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.classes import softmax
from strata.runtime.distances import scaled_distances, summed
from strata.runtime.model import Floats, Scores
from strata.runtime.present import (
    MOST_NUMBERS,
    bounded,
    bounded_row,
    read_bounded_matrix,
    read_bounded_vector,
    refuse_unknown,
)

FORMAT: Final = "mixture/1"
_FACTORS: Final = "the precisions' Cholesky factors"
BLOCK: Final = 512
"""Rows at a time, so that a component's differences stay in the cache."""


class Shape(Protocol):
    """How components lie around their means."""

    def squared(self, rows: Floats) -> Floats:
        """[n, k] squared Mahalanobis distances of [n, d]."""
        ...

    def squared_one(self, row: Floats) -> Floats:
        """[k] for one row [d], to the last bit."""
        ...

    def log_determinants(self) -> Floats:
        """[k] of the Cholesky factors."""
        ...


@dataclass(frozen=True)
class Diagonal:
    """Columns vary on their own within a component."""

    means: Floats
    """[k, d]"""
    factors: Floats
    """[k, d], positive: one over each standard deviation."""

    def squared(self, rows: Floats) -> Floats:
        return scaled_distances(rows, self.means, self.factors)

    def squared_one(self, row: Floats) -> Floats:
        means, factors = self._columns
        difference = (row[:, None] - means) * factors
        return summed(difference * difference)

    def log_determinants(self) -> Floats:
        found: Floats = np.log(self.factors).sum(axis=1)
        return found

    @cached_property
    def _columns(self) -> tuple[Floats, Floats]:
        return np.ascontiguousarray(self.means.T), np.ascontiguousarray(self.factors.T)


@dataclass(frozen=True)
class Full:
    """Columns vary together."""

    means: Floats
    """[k, d]"""
    factors: Floats
    """[k, d, d], upper triangular, the diagonal positive."""

    def squared(self, rows: Floats) -> Floats:
        blocks = [self._squared(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
        return np.vstack(blocks) if blocks else np.zeros((0, len(self.means)))

    def squared_one(self, row: Floats) -> Floats:
        whitened = summed((row - self.means)[:, :, None] * self.factors, axis=1)
        return summed(np.ascontiguousarray((whitened * whitened).T))

    def log_determinants(self) -> Floats:
        found: Floats = np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)
        return found

    def _squared(self, rows: Floats) -> Floats:
        found = np.empty((len(rows), len(self.means)))
        for component, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            difference = np.ascontiguousarray((rows - mean).T)
            whitened, term = np.zeros_like(difference), np.empty_like(difference)
            for column in range(len(mean)):  # left of the diagonal are zeros
                right = slice(column, None)
                whitened[right] += np.multiply(difference[column], factor[column, right, None], out=term[right])
            total = np.zeros(len(rows))
            for each in whitened:
                total += each * each
            found[:, component] = total
        return found


@dataclass(frozen=True)
class MixtureModel:
    """See `Model`. Component i is segment i of the vocabulary; of equally likely ones the first."""

    shape: Shape
    constants: Floats
    """[k]: the log of each component's weight and of its density at its mean."""

    def score(self, values: Floats) -> Scores:
        likelihoods = self.constants - 0.5 * self.shape.squared(bounded(values))
        segments = likelihoods.argmax(axis=1)
        posteriors = [softmax(row)[i] for row, i in zip(likelihoods.tolist(), segments.tolist(), strict=True)]
        return Scores(segments.astype(np.int32), np.array(posteriors, dtype=np.float32))

    def score_row(self, row: Floats) -> tuple[int, float]:
        likelihoods = (self.constants - 0.5 * self.shape.squared_one(bounded_row(row))).tolist()
        segment = likelihoods.index(max(likelihoods))
        return segment, softmax(likelihoods)[segment]

    def kernel_score(self) -> None:
        return None


def mixture_model(shape: Shape, weights: Floats, width: int) -> MixtureModel:
    """Weights [k] positive."""
    return MixtureModel(shape, np.log(weights) + shape.log_determinants() - 0.5 * width * log(2 * pi))


def read_mixture(document: dict[str, Any], width: int, segment_count: int) -> MixtureModel:
    """Read `means` [k][d], `precisions_cholesky` ([k][d][d] for the `covariance` "full", [k][d] for "diag") and
    `weights` [k]. Raises PackageInvalid."""
    refuse_unknown(document, f"a {FORMAT} model", "means", "precisions_cholesky", "weights", "covariance")
    means = read_bounded_matrix(document.get("means"), "the means", columns=width)
    if len(means) != segment_count or segment_count < 2:
        raise PackageInvalid(f"{len(means)} components for {segment_count} segments; at least 2 of each, equal")
    weights = read_bounded_vector(document.get("weights"), "the weights", length=segment_count)
    if weights.min() <= 0:
        raise PackageInvalid("the weights should be positive")
    return mixture_model(_read_shape(document, means), weights, width)


def _read_shape(document: dict[str, Any], means: Floats) -> Shape:
    covariance, factors, (count, width) = document.get("covariance"), document.get("precisions_cholesky"), means.shape
    if not isinstance(factors, list) or len(factors) != count:
        raise PackageInvalid(f"{_FACTORS}: one for each of {count} components is needed")
    if covariance == "diag":
        return Diagonal(means, _positive(read_bounded_matrix(factors, _FACTORS, columns=width)))
    if covariance != "full":
        raise PackageInvalid(f"the covariance {covariance!r:.40} is not known here (full, diag)")
    if count * width * width > MOST_NUMBERS:
        raise PackageInvalid(f"{_FACTORS}: {count} of {width} by {width} are more than {MOST_NUMBERS} numbers")
    return Full(means, np.array([_read_factor(each, width) for each in factors]))


def _read_factor(value: Any, width: int) -> Floats:
    factor = read_bounded_matrix(value, _FACTORS, columns=width)
    if len(factor) != width or np.tril(factor, -1).any():
        raise PackageInvalid(f"{_FACTORS}: {width} by {width} numbers are needed, none left of the diagonal")
    _positive(np.diagonal(factor))
    return factor


def _positive(factors: Floats) -> Floats:
    if factors.min() <= 0:
        raise PackageInvalid(f"{_FACTORS}: those of a single column should be positive")
    return factors
