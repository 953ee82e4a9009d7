"""Whether rows were drawn again, or made up (SMOTE), before the split instead of inside the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.judge.folds import Fold
from training.judge.leaks.check import Check
from training.rows import Floats

RESAMPLED: Final = "resampling inside training rows only"

MADE_UP: Final = -1
# Synthetic rows that are traced back to the two rows they lie between.
MOST_TRACED: Final = 40
# Two unit vectors are opposite when their projections add up to no more, and their cosine is this close to -1. A
# synthetic row 1e-3 from its nearest original has directions that are right to 1e-12.
_NEAR: Final = 1e-7
_OPPOSITE: Final = -1 + 1e-9


@dataclass(frozen=True)
class Used:
    """Rows as a model really met them: `origins[i]` is the position of the original, MADE_UP where there is none."""

    values: Floats
    origins: NDArray[np.intp]


def trace(values: Floats, originals: Floats) -> NDArray[np.intp]:
    """[m] the first of the originals that each row is equal to in every bit, else MADE_UP.

    >>> trace(np.array([[3.0], [np.nan], [2.5]]), np.array([[2.0], [3.0], [np.nan], [3.0]])).tolist()
    [1, 2, -1]
    """
    known = _as_bytes(originals)
    order = np.argsort(known, kind="stable")
    asked = _as_bytes(values)
    place = np.minimum(np.searchsorted(known[order], asked), len(known) - 1)
    found = order[place]
    return np.where(known[found] == asked, found, MADE_UP)


def resampling_check(originals: Floats, fold: Fold, learned: Used, judged: Used) -> Check:
    """Rows judged are the fold's own, once each and unchanged; rows learned from come from its training rows alone.

    `originals` [n, d], before resampling and in the columns it interpolated: finite. A synthetic row is traced:
    interpolation puts it on the line between two originals, and both have to be training rows.
    """
    fault = (
        _judged_changed(originals, fold, judged)
        or _learned_from_judged(fold, learned)
        or _made_of_judged(originals, fold, learned)
    )
    if fault:
        return Check(RESAMPLED, False, f"{fault} Resample inside the training rows of each fold.")
    made = int((learned.origins == MADE_UP).sum())
    return Check(
        RESAMPLED, True,
        f"The {len(fold.test):,} rows judged are originals, once each and unchanged; the {len(learned.origins):,} rows "
        f"learned from ({made:,} of them synthetic) come from the {len(fold.train):,} training rows alone.",
    )  # fmt: skip


def _judged_changed(originals: Floats, fold: Fold, judged: Used) -> str:
    made = int((judged.origins == MADE_UP).sum())
    if made:
        return f"{made:,} of {len(judged.origins):,} rows judged are synthetic."
    if len(judged.origins) != len(fold.test) or not np.array_equal(np.sort(judged.origins), fold.test):
        return f"{len(judged.origins):,} rows were judged, and they are not the {len(fold.test):,} the fold holds out."
    changed = int((_as_bytes(judged.values) != _as_bytes(originals[judged.origins])).sum())
    return f"{changed:,} rows judged are no longer what they were before resampling." if changed else ""


def _learned_from_judged(fold: Fold, learned: Used) -> str:
    copied = int(np.isin(learned.origins, fold.test).sum())
    return f"{copied:,} rows learned from are copies of rows that are judged." if copied else ""


def _made_of_judged(originals: Floats, fold: Fold, learned: Used) -> str:
    made = np.flatnonzero(learned.origins == MADE_UP)
    traced = made[np.unique(np.linspace(0, len(made) - 1, MOST_TRACED).round().astype(int))] if len(made) else made
    known = np.r_[fold.train, fold.test]
    for row in learned.values[traced]:
        if not _between(row, originals[fold.train]) and _between(row, originals[known]):
            return "Synthetic rows learned from lie between originals of which one is judged."
    return ""


def _as_bytes(values: Floats) -> NDArray[np.void]:
    """[n] a row as one thing that can be sorted and compared; equal in every bit, NaN and all."""
    rows = np.ascontiguousarray(values + 0.0)  # -0.0 becomes 0.0
    return rows.view(f"V{rows.shape[1] * rows.itemsize}").ravel()


def _between(row: Floats, originals: Floats) -> bool:
    """Whether `row` is one of the originals, or lies on the line between two of them."""
    away = originals - row
    size = np.sqrt(np.einsum("ij,ij->i", away, away))
    if (size == 0).any():
        return True
    directions = away / size[:, None]
    # Opposite directions have opposite projections on any line, so sorting finds the pairs worth comparing.
    projected = directions @ np.random.default_rng(0).normal(size=directions.shape[1])
    order = np.argsort(projected)
    after = np.searchsorted(projected[order], -projected)
    for beside in (after - 1, after):
        other = order[np.clip(beside, 0, len(order) - 1)]
        near = np.abs(projected + projected[other]) <= _NEAR
        if (np.einsum("ij,ij->i", directions[near], directions[other[near]]) <= _OPPOSITE).any():
            return True
    return False
