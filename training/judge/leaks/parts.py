"""Whether what is learned from and what is judged are really apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.events import DAY_US
from training.judge.folds import Fold
from training.judge.leaks.check import Check

USERS: Final = "no user in two folds"
INSIDE: Final = "no user in two folds of an encoding"
WINDOWS: Final = "no label window across parts"
ACROSS_FOLDS: Final = "no label window across folds"


def users_check(folds: Sequence[Fold], users: NDArray[Any], check: str = USERS) -> Check:
    """No user is learned from and judged in one fold, nor judged in two folds."""
    found: set[Any] = set()
    for fold in folds:
        found |= set(np.intersect1d(users[fold.train], users[fold.test]).tolist())
    judged = [np.unique(users[fold.test]) for fold in folds]
    every, times = np.unique(np.concatenate(judged), return_counts=True)
    found |= set(every[times > 1].tolist())
    if found:
        return Check(
            check, False,
            f"{len(found):,} of {len(every):,} users are on two sides of a fold, or judged in two folds: what was "
            "learned of them by heart is judged as if it were understood. Lay grouped folds.",
        )  # fmt: skip
    return Check(check, True, f"Each of {len(every):,} users is on one side of every one of {len(folds)} folds.")


def inside_check(fold_of_row: NDArray[np.intp], users: NDArray[Any], check: str = INSIDE) -> Check:
    """Nor is a user's row encoded by what was learned from his other rows' labels: those stand for his own."""
    folds = [
        Fold(np.flatnonzero(fold_of_row != one), np.flatnonzero(fold_of_row == one)) for one in np.unique(fold_of_row)
    ]
    return users_check(folds, np.unique(users, return_inverse=True)[1], check)


def windows_check(
    learned_us: NDArray[np.int64],
    judged_us: NDArray[np.int64],
    horizon_us: int,
    of: str = "training and test",
    check: str = WINDOWS,
) -> Check:
    """Every label window (t, t + horizon] learned from ends before the first one judged begins."""
    last, first, days = int(learned_us.max()), int(judged_us.min()), horizon_us / DAY_US
    gap = (first - last - horizon_us) / DAY_US
    if gap < 0:
        return Check(
            check, False,
            f"Label windows of {of} rows overlap by {-gap:g} of {days:g} days: what happened in them is in the labels "
            "of both. Leave a whole window between the parts.",
        )  # fmt: skip
    apart = f"ends {gap:g} days before the first judged begins" if gap else "ends as the first judged begins"
    return Check(check, True, f"The last label window ({days:g} days) of {of} rows {apart}.")
