"""One user's features: the batch's arithmetic on a handful of numbers, where an array costs more than its work."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import numpy as np

from serving.adapters.feature_columns import Reading
from serving.domain.features import NO_WATERMARK, Bools, FeatureRows
from strata.features.evaluate import evaluate_user
from strata.features.evaluated import NO_TIME


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
    found = [evaluate_user(plan, rows[0], at_us) for plan, rows in zip(reading.plans, stored, strict=True)]
    values = np.concatenate(
        [none if each is None else each.values for each, none in zip(found, reading.nothing, strict=True)]
    )
    # A sum is NaN when a value is: no infinities come out of the kernel.
    complete = not isnan(values.sum())
    marks = [
        max(view_mark, each.watermark_us) if windowed and each is not None else view_mark
        for each, view_mark, windowed in zip(found, view_marks, reading.windowed, strict=True)
    ]
    rows = []
    for part in reading.slices:
        is_known = any(found[view] is not None for view in part.view_list)
        told = [marks[view] for view in part.view_list if marks[view] != NO_TIME]
        watermark = np.array([min(told) if told else NO_WATERMARK])
        part_values = values.take(part.columns).reshape(1, -1)
        rows.append(FeatureRows(part_values, _KNOWN if is_known else _UNKNOWN, watermark, None, is_known, complete))
    return rows
