"""What a read of features gives one segmenter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Micros = NDArray[np.int64]

NO_WATERMARK = -(2**63)
"""The watermark of a user no view knows, or of views that never recorded one."""


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """n users by f features, in the model's order."""

    values: Floats
    """[n, f], C-ordered; NaN is a missing or expired value."""
    known: Bools
    """[n]; whether any view the segmenter reads has a row of this user."""
    watermark_us: Micros
    """[n]; how far the state had got, the oldest over the views read; NO_WATERMARK where nothing says."""
    damaged: Bools | None = None
    """[n]; users whose stored rows cannot be read. None: nobody."""
