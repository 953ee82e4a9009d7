"""Where one band ends and the next begins, chosen on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from training.rows import Floats
from training.sections import Band


def choose_thresholds(bands: Sequence[Band], labels: NDArray[np.int8], probability: Floats) -> list[float]:
    """Ascending thresholds, one fewer than bands; bands are listed from the likeliest down.

    Raises InputInvalid when a rule cannot be met on these rows, or two rules cross.
    """
    distinct = np.unique(probability)[::-1]
    taken = (probability[:, None] >= distinct[None, :]).astype(np.float64)
    rows, hits = taken.sum(axis=0), (taken * labels[:, None]).sum(axis=0)
    descending = [_place(band, distinct, rows, hits) for band in bands[:-1]]
    if any(lower >= upper for upper, lower in pairwise(descending)):
        raise InputInvalid(
            f"the bands {', '.join(band.key for band in bands)} cross on the validation rows; "
            "ask less of the first one or more of the second"
        )
    return descending[::-1]


def _place(band: Band, distinct: Floats, rows: Floats, hits: Floats) -> float:
    if band.precision_at_least is not None:
        meets = np.flatnonzero(hits / rows >= band.precision_at_least)
        if meets.size == 0:
            raise InputInvalid(f"no threshold gives {band.key} a precision of {band.precision_at_least}; ask for less")
        return _between(distinct, int(meets[-1]))
    wanted = (band.recall_at_least or 0.0) * hits[-1]
    return _between(distinct, int(np.flatnonzero(hits >= wanted)[0]))


def _between(distinct: Floats, index: int) -> float:
    """Half-way to the next lower probability: no row lies on a threshold, so rounding cannot move one."""
    lower = distinct[index + 1] if index + 1 < len(distinct) else distinct[index] / 2
    return float(np.clip((distinct[index] + lower) / 2, 1e-9, 1 - 1e-9))
