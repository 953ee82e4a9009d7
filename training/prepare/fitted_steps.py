"""A fitted preparation: steps a package carries, and the rows that may be learned from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.runtime.centroids import FORMAT as CENTROIDS
from strata.runtime.kmeans import FeatureScale, KMeansModel
from strata.runtime.prepare import Fill, Knots, Preparation
from strata.runtime.prepared import prepared_document
from training.algorithms.port import Exported
from training.prepare.folds import Dealt
from training.rows import Floats


@dataclass(frozen=True)
class FittedSteps:
    """See `FittedPreparation`."""

    preparation: Preparation
    names: tuple[str, ...]
    kept: NDArray[np.intp]
    """[m]: which of the rows it was fitted on are learned from, ascending."""
    training: Floats
    """[m, d]: those rows, prepared. Not `apply` of them: what was fitted on labels is out of fold here. Learn from
    these; `apply` is for every other row."""
    nominal: tuple[tuple[int, ...], ...]
    """Prepared columns that are one category together (one-hot, hashed), or one alone (a position, an indicator)."""
    record: dict[str, Any]
    """`details["preparation"]` of an evaluation."""
    dealt: Dealt | None = None
    """The folds `training` was prepared out of; None where nothing was learned from labels."""

    def apply(self, values: Floats) -> Floats:
        return values if self._untouched else self.preparation.apply(values)

    def wrap(self, exported: Exported) -> Exported:
        if self._untouched:
            return exported
        if exported.model["format"] == CENTROIDS and (scales := self._scales) is not None:
            return Exported(KMeansModel(scales, np.array(exported.model["centroids"])).to_json())
        return Exported(prepared_document(self.preparation, dict(exported.model)), exported.files)

    @property
    def _untouched(self) -> bool:
        whole = tuple(range(self.preparation.feature_count))
        return not self.preparation.steps and self.preparation.select == whole

    @cached_property
    def _scales(self) -> tuple[FeatureScale, ...] | None:
        """Where it is a fill and knots for each feature in order and no more: a `kmeans/1`, which the kernel scores."""
        count, steps = self.preparation.feature_count, self.preparation.steps
        if len(steps) != 2 * count or self.preparation.select != tuple(range(count + 1, 3 * count, 2)):
            return None
        scales = []
        for i, (fill, line) in enumerate(zip(steps[::2], steps[1::2], strict=True)):
            if not (isinstance(fill, Fill) and isinstance(line, Knots)) or (fill.input, line.input) != (
                i,
                count + 2 * i,
            ):
                return None
            scales.append(FeatureScale(fill.value, line.knots, line.levels))
        return tuple(scales)
