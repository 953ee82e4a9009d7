"""One user's features: the batch's arithmetic on a handful of numbers, where an array costs more than its work."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import numpy as np

from serving.adapters.feature_columns import Reading
from serving.domain.features import NO_WATERMARK, Bools, FeatureRows
from strata.features.evaluated import NO_TIME
from strata.features.fused import evaluate_user


def _constant(value: bool) -> Bools:
    array = np.array([value])
    array.flags.writeable = False
    return array


_KNOWN: Final = _constant(True)
_UNKNOWN: Final = _constant(False)


def read_one(
    reading: Reading, stored: Sequence[Sequence[bytes | None]], view_marks: Sequence[int], at_us: int
) -> list[FeatureRows]:
    """What each segmenter reads of one user; StoredFeatures does the same for many, and both must agree.

    Raises RowDamaged.
    """
    values, times = evaluate_user(reading.fused, [rows[0] for rows in stored], at_us)
    # The sum of squares is NaN only when a value is: squares are not negative, so infinities cannot cancel.
    complete = not isnan(values.dot(values))
    marks = [
        max(view_mark, own[0]) if windowed and own is not None else view_mark
        for own, view_mark, windowed in zip(times, view_marks, reading.windowed, strict=True)
    ]
    rows = []
    for part in reading.slices:
        is_known = any(times[view] is not None for view in part.view_list)
        watermark = np.array([_oldest([marks[view] for view in part.view_list])])
        part_values = values[part.part].reshape(1, -1)
        rows.append(FeatureRows(part_values, _KNOWN if is_known else _UNKNOWN, watermark, None, is_known, complete))
    return rows


def _oldest(marks: list[int]) -> int:
    """NO_WATERMARK when none says."""
    oldest = min(marks)
    if oldest != NO_TIME:
        return oldest
    return min((mark for mark in marks if mark != NO_TIME), default=NO_WATERMARK)
