"""One model by several runtimes: which one scores depends on how many rows a call brings."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from strata.runtime.model import Floats, Model, Scores
from strata.runtime.native_call import KernelScore


@dataclass(frozen=True)
class ByRows:
    """See `Model`. `models[i]` scores calls of `rows[i]` rows up to `rows[i + 1]`; rows[0] is 1."""

    rows: tuple[int, ...]
    models: tuple[Model, ...]

    def score(self, values: Floats) -> Scores:
        return self.models[max(bisect_right(self.rows, len(values)) - 1, 0)].score(values)

    def score_row(self, row: Floats) -> tuple[int, float]:
        return self.models[0].score_row(row)

    def kernel_score(self) -> KernelScore | None:
        return self.models[0].kernel_score()
