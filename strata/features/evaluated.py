"""What a read gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from strata.features.spec import Status

NO_TIME: Final = -(2**63)
"""The times of a user without a row."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """n rows by f features. A value whose status is not PRESENT is NaN."""

    values: npt.NDArray[np.float64]
    status: npt.NDArray[np.uint8]
    watermark_us: npt.NDArray[np.int64]
    """Windowed: the newest `recorded_at` folded. Row views: the fact's event time. NO_TIME without a row."""
    newest_us: npt.NDArray[np.int64]
    """The newest event time folded; for row views the fact's. NO_TIME without a row."""


def nothing(rows: int, features: int) -> Evaluated:
    """All missing."""
    return Evaluated(
        np.full((rows, features), np.nan),
        np.full((rows, features), int(Status.MISSING), dtype=np.uint8),
        np.full(rows, NO_TIME, dtype=np.int64),
        np.full(rows, NO_TIME, dtype=np.int64),
    )


def spread(found: Evaluated, positions: list[int], rows: int) -> Evaluated:
    """`found` at its positions among `rows`; the others are missing."""
    result = nothing(rows, found.values.shape[1])
    result.values[positions], result.status[positions] = found.values, found.status
    result.watermark_us[positions], result.newest_us[positions] = found.watermark_us, found.newest_us
    return result
