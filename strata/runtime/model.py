"""What every model of a package does."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from strata.runtime.native_call import KernelScore

Floats = NDArray[np.float64]


class Scores(NamedTuple):
    """One answer per row."""

    segment_indexes: NDArray[np.int32]
    """Positions in the manifest's vocabulary."""
    scores: NDArray[np.float32]
    """In [0, 1]; the manifest's `score_meaning` says how to read them."""


class Model(Protocol):
    """A fitted model, ready to score."""

    def score(self, values: Floats) -> Scores:
        """Score float64 [n, f], C-ordered, defaults filled in, NaN for what is still missing. Thread-safe."""
        ...

    def score_row(self, row: Floats) -> tuple[int, float]:
        """Segment index and score of one row, [f], as `score` gives them (its scores are rounded to float32)."""
        ...

    def kernel_score(self) -> KernelScore | None:
        """How the kernel does the same; None when it does not."""
        ...
