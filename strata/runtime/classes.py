"""Boosted trees of several classes: each class is a segment, and the likeliest one is the answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import PackageInvalid
from strata.runtime.boosted import MODEL_FILE
from strata.runtime.booster import Booster, TreeSums
from strata.runtime.model import Floats, Scores
from strata.runtime.native_call import KernelScore
from strata.runtime.native_classes import NativeClasses, native_classes
from strata.runtime.numbers import read_vector

FORMAT: Final = "lightgbm-classes/1"
OBJECTIVE: Final = "multiclass"
"""LightGBM's: softmax over the classes' sums. Its `multiclassova` has sums of another meaning."""


@dataclass(frozen=True)
class ClassesModel:
    """Probabilities by softmax over the classes' sums; the segment is that of the greatest, the first among equals."""

    booster: TreeSums
    segments: NDArray[np.int32]
    """Vocabulary positions, class by class."""

    def score(self, values: Floats) -> Scores:
        if self._native is not None:
            segments, scores = self._native.likeliest(values)
            return Scores(segments.astype(np.int32), scores.astype(np.float32))
        probabilities = self.probabilities(values)
        classes = probabilities.argmax(axis=1)
        return Scores(self.segments[classes], probabilities.max(axis=1).astype(np.float32))

    def score_row(self, row: Floats) -> tuple[int, float]:
        """See `Model.score_row`; the same probability to the last bit, in plain numbers or in the kernel."""
        if self._native is not None and row.flags.c_contiguous:
            return self._native.likeliest_one(row)
        probabilities = softmax(self.booster.sums_one(row))
        likeliest = max(probabilities)
        return int(self.segments[probabilities.index(likeliest)]), likeliest

    def kernel_score(self) -> KernelScore | None:
        return None if self._native is None else self._native.kernel_score()

    def probabilities(self, values: Floats) -> Floats:
        """[n, classes], in the model's own order of classes, for float64 [n, f]."""
        sums = self.booster.sums(values)
        return np.array([softmax(row) for row in sums.tolist()]).reshape(sums.shape)

    @cached_property
    def _native(self) -> NativeClasses | None:
        return native_classes(self.booster.native, self.segments)


def softmax(sums: list[float]) -> list[float]:
    """Exponentials as shares of their total, which is taken class by class: as LightGBM and the kernel do.

    The exponential is the C library's, since theirs is; numpy's may differ in the last bit.

    >>> softmax([0.0, 0.0]), softmax([710.0, -1e9])
    ([0.5, 0.5], [1.0, 0.0])
    """
    peak = max(sums)
    odds = [exp(each - peak) for each in sums]
    total = 0.0
    for each in odds:  # `sum` makes up for roundings since Python 3.12
        total += each
    return [each / total for each in odds]


def classes_document(segments: list[int]) -> dict[str, Any]:
    """The manifest's `model` part for a package whose trees are in `model.txt`; per class its vocabulary position."""
    return {"format": FORMAT, "file": MODEL_FILE, "classes": segments}


def read_classes(document: dict[str, Any], text: str, feature_count: int, segment_count: int) -> ClassesModel:
    """Read what `classes_document` wrote, and the trees. Raises PackageInvalid."""
    segments = read_vector(document.get("classes"), "the classes", length=segment_count)
    if segment_count < 2 or sorted(segments.tolist()) != list(range(segment_count)):
        raise PackageInvalid("the classes should name each segment of the vocabulary once, and be two at least")
    booster = Booster(text, feature_count, segment_count)
    if booster.objective.split(" ")[0] != OBJECTIVE:
        raise PackageInvalid(
            f"the LightGBM model's objective is {booster.objective!r}; the sums of {OBJECTIVE!r} alone become "
            "probabilities by softmax"
        )
    return ClassesModel(booster, segments.astype(np.int32))
