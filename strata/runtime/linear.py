"""Weighted sums of prepared columns in place of trees: logistic regression, of two classes or of more.

What a sum becomes is the same as with trees: a calibrated probability cut into bands (`boosted`), or the likeliest of
several classes (`classes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.boosted import BoostedModel, read_bands
from strata.runtime.classes import OBJECTIVE, ClassesModel, read_class_segments
from strata.runtime.distances import summed
from strata.runtime.model import Floats
from strata.runtime.present import (
    bounded,
    bounded_row,
    read_bounded_matrix,
    read_bounded_vector,
    refuse_unknown,
)

FORMAT: Final = "linear/1"
CLASSES_FORMAT: Final = "linear-classes/1"
_ONE: Final = np.ones(1)


@dataclass(frozen=True)
class LinearSums:
    """See `booster.TreeSums`; no trees here, so the kernel has none."""

    weights: Floats
    """[classes, d]"""
    intercepts: Floats
    """[classes]"""
    native: ClassVar[None] = None
    objective: ClassVar[str] = OBJECTIVE

    def raw(self, values: Floats) -> Floats:
        return self.sums(values)[:, 0]

    def raw_one(self, row: Floats) -> float:
        return self.sums_one(row)[0]

    def sums(self, values: Floats) -> Floats:
        found = np.tile(self.intercepts, (len(values), 1))
        for column, weights in zip(bounded(values).T, self.weights.T, strict=True):
            found += weights * column[:, None]
        return found

    def sums_one(self, row: Floats) -> list[float]:
        terms = np.concatenate((_ONE, bounded_row(row)))[:, None] * self._columns
        sums: list[float] = summed(terms).tolist()
        return sums[: len(self.intercepts)]

    @cached_property
    def _columns(self) -> Floats:
        """[d + 1, classes], the intercepts first: they are the weights of 1. Two columns at least, as `summed` asks."""
        classes, width = self.weights.shape
        columns = np.zeros((width + 1, max(classes, 2)))
        columns[0, :classes], columns[1:, :classes] = self.intercepts, self.weights.T
        return columns


def read_linear(document: dict[str, Any], width: int, segment_count: int) -> BoostedModel:
    """Read `weights` [d] and `intercept` of the log-odds, and `calibration`, `thresholds`, `bands` as of `lightgbm/1`.
    Raises PackageInvalid."""
    refuse_unknown(document, f"a {FORMAT} model", "weights", "intercept", "calibration", "thresholds", "bands")
    weights = read_bounded_vector(document.get("weights"), "the weights", length=width)
    intercept = read_bounded_vector([document.get("intercept")], "the intercept", length=1)
    return BoostedModel(LinearSums(weights[None, :], intercept), *read_bands(document, segment_count))


def read_linear_classes(document: dict[str, Any], width: int, segment_count: int) -> ClassesModel:
    """Read `weights` [classes][d], `intercepts` [classes] and `classes`, as of `lightgbm-classes/1`. Raises
    PackageInvalid."""
    refuse_unknown(document, f"a {CLASSES_FORMAT} model", "weights", "intercepts", "classes")
    segments = read_class_segments(document, segment_count)
    weights = read_bounded_matrix(document.get("weights"), "the weights", columns=width)
    intercepts = read_bounded_vector(document.get("intercepts"), "the intercepts", length=segment_count)
    if len(weights) != segment_count:
        raise PackageInvalid(f"{len(weights)} rows of weights for {segment_count} classes; as many are needed")
    return ClassesModel(LinearSums(weights, intercepts), segments)
