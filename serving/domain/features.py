"""What a read of features gives one segmenter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Micros = NDArray[np.int64]

NO_WATERMARK = -(2**63)
"""The watermark of a user no view knows, or of views that never recorded one."""


class FeatureRows(NamedTuple):
    """n users by f features, in the model's order. `feature_rows` makes one from the arrays alone."""

    values: Floats
    """[n, f], C-ordered; NaN is a missing or expired value."""
    known: Bools
    """[n]; whether any view the segmenter reads has a row of this user."""
    watermark_us: Micros
    """[n]; how far the state had got, the oldest over the views read; NO_WATERMARK where nothing says."""
    damaged: Bools | None
    """[n]; users whose stored rows cannot be read. None: nobody."""
    all_known: bool
    """Whether every user is known."""
    complete: bool
    """True only when no value is missing; asking costs a tenth of looking."""


@dataclass(slots=True)
class StoredUser:
    """One user's rows as the store has them, before anything is read from them."""

    segmenters: tuple[str, ...]
    """The keys of the versions they were found for."""
    user: str
    rows: Sequence[bytes | None]
    """The row of each table."""
    reading: object
    """What their source needs to read them."""
    marks: Sequence[int]
    """How far each table had got at the last look."""
    took_s: float = 0.0
    """How long finding them took, where it was measured."""


class UserRow(NamedTuple):
    """One user's features for one segmenter: `FeatureRows` of one, without arrays around single numbers."""

    values: Floats
    """[f]; NaN is a missing or expired value."""
    known: bool
    watermark_us: int
    complete: bool
    """True only when no value is missing."""
    damaged: bool = False

    def as_rows(self) -> FeatureRows:
        """The same as a row of many."""
        return FeatureRows(
            values=self.values.reshape(1, -1),
            known=np.array([self.known]),
            watermark_us=np.array([self.watermark_us]),
            damaged=np.array([True]) if self.damaged else None,
            all_known=self.known,
            complete=self.complete,
        )


def feature_rows(values: Floats, known: Bools, watermark_us: Micros, damaged: Bools | None = None) -> FeatureRows:
    """FeatureRows whose summaries are computed."""
    return FeatureRows(
        values, known, watermark_us, damaged, all_known=bool(known.all()), complete=not np.isnan(values).any()
    )
