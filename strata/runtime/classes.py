"""Trees of several classes: each class is a segment, and the likeliest one is the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import Any, Final, Literal

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


Link = Literal["softmax", "shares"]
"""From the sums of a row's classes to their probabilities."""


@dataclass(frozen=True)
class ClassesModel:
    """Probabilities from the classes' sums; the segment is that of the greatest, the first among equals."""

    booster: TreeSums
    segments: NDArray[np.int32]
    """Vocabulary positions, class by class."""
    link: Link = "softmax"
    """`shares`: sums are parts of a whole, none below 0, such as the averaged probabilities of a random forest."""

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
        probabilities = _LINKS[self.link](self.booster.sums_one(row))
        likeliest = max(probabilities)
        return int(self.segments[probabilities.index(likeliest)]), likeliest

    def kernel_score(self) -> KernelScore | None:
        return None if self._native is None else self._native.kernel_score()

    def probabilities(self, values: Floats) -> Floats:
        """[n, classes], in the model's own order of classes, for float64 [n, f]."""
        sums, link = self.booster.sums(values), _LINKS[self.link]
        return np.array([link(row) for row in sums.tolist()]).reshape(sums.shape)

    @cached_property
    def _native(self) -> NativeClasses | None:
        return native_classes(self.booster.native, self.segments) if self.link == "softmax" else None


def softmax(sums: list[float]) -> list[float]:
    """Exponentials as shares of their total, which is taken class by class: as LightGBM and the kernel do.

    The exponential is the C library's, since theirs is; numpy's may differ in the last bit.

    >>> softmax([0.0, 0.0]), softmax([710.0, -1e9])
    ([0.5, 0.5], [1.0, 0.0])
    """
    peak = max(sums)
    return shares([exp(each - peak) for each in sums])


def shares(parts: list[float]) -> list[float]:
    """Parts of their total, which is taken class by class; equal ones where there is none.

    >>> shares([1.0, 3.0]), shares([0.0, 0.0])
    ([0.25, 0.75], [0.5, 0.5])
    """
    total = 0.0
    for each in parts:  # `sum` makes up for roundings since Python 3.12
        total += each
    return [each / total for each in parts] if total > 0 else [1.0 / len(parts)] * len(parts)


_LINKS: Final[dict[Link, Callable[[list[float]], list[float]]]] = {"softmax": softmax, "shares": shares}


def classes_document(segments: list[int], link: Link = "softmax") -> dict[str, Any]:
    """The manifest's `model` part for a package whose trees are in `model.txt`; per class its vocabulary position."""
    document = {"format": FORMAT, "file": MODEL_FILE, "classes": segments}
    return document if link == "softmax" else {**document, "link": link}


def read_classes(document: dict[str, Any], text: str, feature_count: int, segment_count: int) -> ClassesModel:
    """Read what `classes_document` wrote, and the trees. Raises PackageInvalid."""
    segments, link = read_class_segments(document, segment_count), document.get("link", "softmax")
    if link not in ("softmax", "shares"):
        raise PackageInvalid(f"the link {link!r:.40} is not known here (softmax, shares)")
    booster = Booster(text, feature_count, segment_count)
    if link == "softmax" and booster.objective.split(" ")[0] != OBJECTIVE:
        raise PackageInvalid(
            f"the LightGBM model's objective is {booster.objective!r}; the sums of {OBJECTIVE!r} alone become "
            "probabilities by softmax"
        )
    if link == "shares" and booster.least_leaf < 0:
        raise PackageInvalid("a leaf of the trees is negative; shares of a total are made of parts from 0 up")
    return ClassesModel(booster, segments, link)


def read_class_segments(document: dict[str, Any], segment_count: int) -> NDArray[np.int32]:
    """The vocabulary position of each class. Raises PackageInvalid."""
    segments = read_vector(document.get("classes"), "the classes", length=segment_count)
    if segment_count < 2 or sorted(segments.tolist()) != list(range(segment_count)):
        raise PackageInvalid("the classes should name each segment of the vocabulary once, and be two at least")
    return segments.astype(np.int32)
