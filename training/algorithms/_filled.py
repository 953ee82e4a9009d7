"""Whether the rows carry as many clusters as are asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from training.rows import Floats


def check_enough(rows: Floats, count: int) -> None:
    """Raise InputInvalid when there are fewer rows than clusters."""
    if len(rows) < count:
        raise InputInvalid(f"{len(rows)} rows are too few for {count} clusters; import more events")


def check_filled(labels: NDArray[np.int32], count: int) -> None:
    """Raise InputInvalid when one of `count` clusters has no row."""
    filled = len(np.unique(labels))
    if filled < count:
        raise InputInvalid(
            f"the rows fill {filled} of {count} clusters (too many of them are equal); "
            "lower algorithm.k_range or give the segmenter features that vary"
        )
