"""Folds inside the training rows: what is learned from labels is applied to rows it was not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FOLDS: Final = 5


def lay_folds(rows: int, users: Sequence[str] | NDArray[Any] | None, seed: int) -> NDArray[np.intp]:
    """[n] the fold of each row, 0..4, at random. All rows of a user are in one fold; without users a row is its own.

    >>> lay_folds(4, ["a", "b", "a", "b"], 0).tolist()
    [1, 0, 1, 0]
    """
    rng = np.random.default_rng(seed)
    if users is None:
        return rng.permutation(rows) % FOLDS
    _, who = np.unique(np.asarray(users), return_inverse=True)
    folds: NDArray[np.intp] = (rng.permutation(int(who.max(initial=-1)) + 1) % FOLDS)[who]
    return folds
