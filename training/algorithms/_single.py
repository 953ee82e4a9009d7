"""Single precision for many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats

# Half the memory and about half the time of a pass. Below, doubles cost nothing worth having.
SINGLE_ROWS = 200_000


def single_rows(values: Floats) -> tuple[NDArray[np.floating[Any]], list[str]]:
    """The rows as float32 where they are many, and then a sentence of it. Centroids and answers stay doubles."""
    if len(values) <= SINGLE_ROWS:
        return values, []
    return values.astype(np.float32), [f"Centroids were found in single precision: {len(values):,} rows are many."]
