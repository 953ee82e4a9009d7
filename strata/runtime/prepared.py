"""A model that reads prepared rows, with the preparation before it: callers bring raw features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from strata.runtime.model import Floats, Model, Scores
from strata.runtime.prepare import Preparation

FORMAT: Final = "prepared/1"


@dataclass(frozen=True)
class PreparedModel:
    """See `Model`."""

    preparation: Preparation
    inner: Model

    def score(self, values: Floats) -> Scores:
        return self.inner.score(self.preparation.apply(values))

    def score_row(self, row: Floats) -> tuple[int, float]:
        return self.inner.score_row(self.preparation.apply_row(row))

    def kernel_score(self) -> None:
        return None


def prepared_document(preparation: Preparation, model: dict[str, Any]) -> dict[str, Any]:
    """The manifest's `model` part: `model` is that of one that reads prepared rows."""
    return {"format": FORMAT, **preparation.to_json(), "model": model}
