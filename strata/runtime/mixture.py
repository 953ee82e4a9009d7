"""A mixture of normal distributions: the likeliest component is the segment, its posterior the score.

A component's log-density is `log det P - (d log 2 pi + y . y) / 2`, as in scikit-learn's GaussianMixture; `covariances`
says what P and y are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import Any, Final

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.classes import softmax
from strata.runtime.covariances import Diagonal, Full, Shape
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
