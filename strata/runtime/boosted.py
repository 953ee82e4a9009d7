"""Boosted trees with a calibrated probability, cut into segments by thresholds."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import PackageInvalid
from strata.runtime.booster import Booster, TreeSums
from strata.runtime.calibration import Calibration, read_calibration
from strata.runtime.model import Floats, Scores
from strata.runtime.native_bands import native_bands
from strata.runtime.native_call import KernelScore
from strata.runtime.numbers import read_vector

FORMAT: Final = "lightgbm/1"
MODEL_FILE: Final = "model.txt"


@dataclass(frozen=True)
class BoostedModel:
    """Probability `p`; segment `bands[i]` where `thresholds[i-1] <= p < thresholds[i]`."""

    booster: TreeSums
    calibration: Calibration
    thresholds: Floats
    """Ascending, inside (0, 1)."""
    bands: NDArray[np.int32]
    """Vocabulary positions, from the lowest probability to the highest; one more than thresholds."""

    def score(self, values: Floats) -> Scores:
        if len(values) == 1:
            index, score = self.score_row(values[0])
            return Scores(np.array([index], dtype=np.int32), np.array([score], dtype=np.float32))
        probability = self.calibration.apply(self.booster.raw(values))
        bands = self.thresholds.searchsorted(probability, side="right")
        return Scores(self.bands[bands], probability.astype(np.float32))

    def score_row(self, row: Floats) -> tuple[int, float]:
        """See `Model.score_row`; the same probability to the last bit."""
        probability = self.calibration.apply_one(self.booster.raw_one(row))
        thresholds, bands = self._lists
        return bands[bisect_right(thresholds, probability)], probability

    def kernel_score(self) -> KernelScore | None:
        trees = self.booster.native
        return None if trees is None else native_bands(trees, self.calibration, self.thresholds, self.bands)

    @cached_property
    def _lists(self) -> tuple[list[float], list[int]]:
        return self.thresholds.tolist(), self.bands.tolist()


def boosted_document(calibration: Calibration, thresholds: list[float], bands: list[int]) -> dict[str, Any]:
    """The manifest's `model` part for a boosted package whose trees are in `model.txt`."""
    return {
        "format": FORMAT,
        "file": MODEL_FILE,
        "calibration": calibration.to_json(),
        "thresholds": thresholds,
        "bands": bands,
    }


def read_boosted(document: dict[str, Any], text: str, feature_count: int, segment_count: int) -> BoostedModel:
    """Read what `boosted_document` wrote, and the trees. Raises PackageInvalid."""
    calibration, thresholds, bands = read_bands(document, segment_count)
    return BoostedModel(Booster(text, feature_count), calibration, thresholds, bands)


def read_bands(document: dict[str, Any], segment_count: int) -> tuple[Calibration, Floats, NDArray[np.int32]]:
    """How a raw score becomes a probability and a segment. Raises PackageInvalid."""
    thresholds = read_vector(document.get("thresholds"), "the thresholds", length=segment_count - 1)
    if np.any(np.diff(thresholds) <= 0) or thresholds.min() <= 0 or thresholds.max() >= 1:
        raise PackageInvalid("the thresholds should ascend inside (0, 1)")
    bands = read_vector(document.get("bands"), "the bands", length=segment_count)
    if sorted(bands.tolist()) != list(range(segment_count)):
        raise PackageInvalid("the bands should name each segment of the vocabulary once")
    return read_calibration(document.get("calibration")), thresholds, bands.astype(np.int32)
