"""How the components of a mixture lie around their means: squared Mahalanobis distances, of many rows or of one.

With `y = (x - mean) @ P`, where P is the Cholesky factor of a component's precision (the inverse covariance is
`P @ P.T`), the squared distance is `y . y`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from strata.runtime.distances import scaled_distances, summed
from strata.runtime.model import Floats

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
