"""A model that reads prepared rows, with the preparation before it: callers bring raw features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from strata.runtime.model import Floats, Model, Scores
from strata.runtime.prepare import Preparation

FORMAT: Final = "prepared/1"
FEW: Final = 16
"""Up to so many rows are scored one by one, to the same bits: for each step and column numpy's calls cost as much as a
score of rows' plain numbers (49 features and 8 centroids, 2026-11: 14 us a row, 280 us a call of columns)."""


@dataclass(frozen=True)
class PreparedModel:
    """See `Model`."""

    preparation: Preparation
    inner: Model

    def score(self, values: Floats) -> Scores:
        if len(values) <= FEW:
            found = [self.score_row(row) for row in values]
            segments, scores = (np.array([each[i] for each in found]) for i in (0, 1))
            return Scores(segments.astype(np.int32), scores.astype(np.float32))
        return self.inner.score(self.preparation.apply(values))

    def score_row(self, row: Floats) -> tuple[int, float]:
        return self.inner.score_row(self.preparation.apply_row(row))

    def kernel_score(self) -> None:
        return None


def prepared_document(preparation: Preparation, model: dict[str, Any]) -> dict[str, Any]:
    """The manifest's `model` part: `model` is that of one that reads prepared rows."""
    return {"format": FORMAT, **preparation.to_json(), "model": model}
