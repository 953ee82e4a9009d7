"""One user's features: the batch's arithmetic on a handful of numbers, where an array costs more than its work."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import numpy as np

from serving.adapters.feature_columns import Reading
from serving.domain.features import NO_WATERMARK, Bools, FeatureRows
from strata.features.evaluated import NO_TIME, Evaluated


def _constant(value: bool) -> Bools:
    array = np.array([value])
    array.flags.writeable = False
    return array


_KNOWN: Final = _constant(True)
_UNKNOWN: Final = _constant(False)


def slice_one(reading: Reading, found: Sequence[Evaluated], view_marks: Sequence[int]) -> list[FeatureRows]:
    """What each segmenter reads of one user. See StoredFeatures for what the numbers mean; both must agree."""
    values = found[0].values if len(found) == 1 else np.concatenate([each.values for each in found], axis=1)
    # A sum is NaN when a value is: no infinities come out of the kernel.
    complete = not isnan(values.sum())
    known = [each.newest_us.item(0) != NO_TIME for each in found]
    marks = [
        max(view_mark, each.watermark_us.item(0)) if windowed else view_mark
        for each, view_mark, windowed in zip(found, view_marks, reading.windowed, strict=True)
    ]
    rows = []
    for part in reading.slices:
        is_known = True in [known[view] for view in part.view_list]
        told = [marks[view] for view in part.view_list if marks[view] != NO_TIME]
        watermark = np.array([min(told) if told else NO_WATERMARK])
        part_values = values.take(part.columns, axis=1)
        rows.append(FeatureRows(part_values, _KNOWN if is_known else _UNKNOWN, watermark, None, is_known, complete))
    return rows
