"""Whether a feature at t is made of what was recorded by t, by computing it from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.judge.leaks.check import Check, named
from training.rows import Floats

FEATURES: Final = "features known at the label date"

Read = Callable[[Sequence[str], NDArray[np.int64]], Floats]
"""Users and instants [n] -> features [n, f], NaN where missing."""
KnownBy = Callable[[int, Sequence[str]], AbstractContextManager[Read]]
"""An instant, users -> a reader that sees only what was recorded of them by then."""

# A leak by definition moves nearly every row that has anything after t: a few users at a few instants show it.
MOST_USERS: Final = 100
MOST_INSTANTS: Final = 2


@dataclass(frozen=True)
class AskedRows:
    """Rows of a training: whose, and at which label date, [n] each."""

    users: NDArray[np.str_]
    times_us: NDArray[np.int64]

    def sample(self, seed: int) -> list[tuple[int, list[str]]]:
        """A few instants, the first and the last among them, and some users of each."""
        rng = np.random.default_rng(seed)
        instants = np.unique(self.times_us)
        places = np.unique(np.linspace(0, len(instants) - 1, MOST_INSTANTS).round().astype(int))
        return [(int(at), self._some(int(at), rng)) for at in instants[places]]

    def _some(self, instant: int, rng: np.random.Generator) -> list[str]:
        there = np.unique(self.users[self.times_us == instant])
        chosen: list[str] = np.sort(rng.permutation(there)[:MOST_USERS]).tolist()
        return chosen


def recomputed_check(read: Read, known_by: KnownBy, keys: Sequence[str], rows: AskedRows, seed: int = 0) -> Check:
    """Features of a sample of the rows, read twice: from all there is now, and from what was recorded by each row's
    instant. Both have to be equal to the last bit, NaN for NaN.

    It cannot see a value that was written into the history late and dated back: nothing can, but its `recorded_at`.
    """
    moved, compared = np.zeros(len(keys), dtype=np.intp), 0
    sample = rows.sample(seed)
    for instant, users in sample:
        at = np.full(len(users), instant)
        with known_by(instant, users) as known:
            moved += _differ(read(users, at), known(users, at))
        compared += len(users)
    return _say(keys, moved, compared, len(sample))


def _differ(now: Floats, known: Floats) -> NDArray[np.intp]:
    same = (now == known) | (np.isnan(now) & np.isnan(known))
    moved: NDArray[np.intp] = (~same).sum(axis=0)
    return moved


def _say(keys: Sequence[str], moved: NDArray[np.intp], rows: int, instants: int) -> Check:
    of = f"{rows:,} rows at {instants} label {'date' if instants == 1 else 'dates'}"
    found = [f"{keys[i]} ({moved[i]:,} rows)" for i in np.argsort(-moved, kind="stable") if moved[i]]
    if found:
        return Check(
            FEATURES, False,
            f"Of {of}, these features change when what was recorded after the label date is taken away, so they know "
            f"what is to be foretold: {named(found)}.",
        )  # fmt: skip
    return Check(
        FEATURES, True, f"{of} were computed again from what was recorded by then: all {len(keys)} features are equal."
    )
