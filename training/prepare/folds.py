"""Folds inside the training rows: what is learned from labels is applied to rows it was not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FOLDS: Final = 5


@dataclass(frozen=True)
class Dealt:
    """What was learned from labels, and from which rows."""

    kept: NDArray[np.intp]
    """[m]: which of the rows it was fitted on are learned from, ascending."""
    folds: NDArray[np.intp]
    """[m]: the fold each of them was left out with."""


def lay_folds(rows: int, users: NDArray[Any] | None, seed: int) -> NDArray[np.intp]:
    """[n] the fold of each row, 0..4, at random. All rows of a user are in one fold; without users a row is its own.

    >>> lay_folds(4, np.array([7, 9, 7, 9]), 0).tolist()
    [0, 1, 0, 1]
    """
    rng = np.random.default_rng(seed)
    if users is None:
        return rng.permutation(rows) % FOLDS
    _, who = np.unique(users, return_inverse=True)
    folds: NDArray[np.intp] = (rng.permutation(int(who.max(initial=-1)) + 1) % FOLDS)[who]
    return folds
