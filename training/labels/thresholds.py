"""Where one band ends and the next begins, chosen on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from training.rows import Floats
from training.sections import Band

_APART: Final = 1e-9
"""Probabilities nearer to each other than this are one: sums in another order may not part them."""


@dataclass(frozen=True)
class _Steps:
    """Distinct probabilities from the highest down, and what lies at or above each."""

    lowest: Floats
    """Of the probabilities taken for one."""
    highest: Floats
    rows: NDArray[np.int64]
    hits: NDArray[np.int64]


def choose_thresholds(bands: Sequence[Band], labels: NDArray[np.int8], probability: Floats) -> list[float]:
    """Ascending thresholds, one fewer than bands; bands are listed from the likeliest down.

    Raises InputInvalid when a rule cannot be met on these rows, or two rules cross.
    """
    steps = _steps(labels, probability)
    descending = [_place(band, steps) for band in bands[:-1]]
    if any(lower >= upper for upper, lower in pairwise(descending)):
        raise InputInvalid(
            f"the bands {', '.join(band.key for band in bands)} cross on the validation rows; "
            "ask less of the first one or more of the second"
        )
    return descending[::-1]


def _steps(labels: NDArray[np.int8], probability: Floats) -> _Steps:
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    last = np.flatnonzero(np.r_[-np.diff(ranked) > _APART, True])
    first = np.r_[0, last[:-1] + 1]
    return _Steps(ranked[last], ranked[first], last + 1, labels[order].astype(np.int64).cumsum()[last])


def _place(band: Band, steps: _Steps) -> float:
    if band.precision_at_least is not None:
        meets = np.flatnonzero(steps.hits / steps.rows >= band.precision_at_least)
        if meets.size == 0:
            raise InputInvalid(f"no threshold gives {band.key} a precision of {band.precision_at_least}; ask for less")
        return _between(steps, int(meets[-1]))
    wanted = (band.recall_at_least or 0.0) * steps.hits[-1]
    return _between(steps, int(np.flatnonzero(steps.hits >= wanted)[0]))


def _between(steps: _Steps, index: int) -> float:
    """Half-way to the next lower probability: no row lies on a threshold, so rounding cannot move one."""
    upper = steps.lowest[index]
    lower = steps.highest[index + 1] if index + 1 < len(steps.lowest) else upper / 2
    return float(np.clip((upper + lower) / 2, 1e-9, 1 - 1e-9))
