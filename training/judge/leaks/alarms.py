"""Signs of a leak in the numbers alone: no proof, and the only thing there is where rows come as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Labels
from training.judge.leaks.check import Check, named
from training.judge.metrics import Ranked, area_under_roc
from training.rows import Floats

SEPARATION: Final = "no feature answers alone"
LAG: Final = "rankings outlive a lag"

# Behaviour foretells behaviour, and not like this: real single features seldom rank above 0.9. With so few rows of a
# class a perfect ranking happens by chance.
PERFECT: Final = 0.98
STRONG: Final = 0.75
# What a reader of the label window keeps of its ranking is chance; a recency that is a season old keeps a quarter.
KEPT: Final = 0.2
LEAST_OF_CLASS: Final = 20


def separation_check(values: Floats, labels: Labels, keys: Sequence[str]) -> Check:
    """No single feature ranks positives (of more classes: any class) almost perfectly, up or down."""
    powers = single_powers(values, labels)
    ranked = sorted(zip(keys, powers.tolist(), strict=True), key=lambda pair: -pair[1])
    found = [f"{key} ({power:.3f})" for key, power in ranked if power >= PERFECT]
    if found:
        return Check(
            SEPARATION, False,
            f"Alone, these features separate the classes almost perfectly (ROC AUC): {named(found)}. Look at when "
            "each is known: a feature that is made from the label does so.",
        )  # fmt: skip
    best, power = ranked[0]
    return Check(SEPARATION, True, f"The strongest single feature, {best}, has a ROC AUC of {power:.3f}.")


def lag_check(now: Floats, lagged: Floats, labels: Labels, keys: Sequence[str]) -> Check:
    """`lagged` [n, f] are the same users' features a whole label window or more before `now` [n, f].

    What people are like changes slowly, so a feature that ranks well ranks, if less, with its older value too. One
    that looks into the label window loses nearly all when it looks into the window before.
    """
    fresh, old = single_powers(now, labels) - 0.5, single_powers(lagged, labels) - 0.5
    fallen = (fresh >= STRONG - 0.5) & (old < KEPT * fresh)
    found = [f"{keys[i]} ({fresh[i] + 0.5:.2f} to {old[i] + 0.5:.2f})" for i in np.flatnonzero(fallen).tolist()]
    if found:
        return Check(
            LAG, False,
            f"The ranking of these features collapses when they are a label window older (ROC AUC): {named(found)}. "
            "Look at when each is known: a feature that sees past its label date does so.",
        )  # fmt: skip
    return Check(LAG, True, f"No strong feature loses its ranking over {len(labels):,} rows when it is a window older.")


def lagged_rows(
    users: NDArray[Any], times_us: NDArray[np.int64], lag_us: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of rows (now, then) of one user, `then` the newest at least `lag_us` older; users without one are left out.

    >>> lagged_rows(np.array(["a", "b", "a", "a"]), np.array([0, 0, 5, 9]), 4)
    (array([2, 3]), array([0, 2]))
    """
    _, who = np.unique(users, return_inverse=True)
    instants, when = np.unique(times_us, return_inverse=True)
    latest = np.searchsorted(instants, instants - lag_us, side="right") - 1
    place = who * len(instants) + when
    order = np.argsort(place, kind="stable")
    before = np.searchsorted(place[order], who * len(instants) + latest[when], side="right") - 1
    then = order[np.maximum(before, 0)]
    paired = (latest[when] >= 0) & (before >= 0) & (who[then] == who)
    return np.flatnonzero(paired), then[paired]


def single_powers(values: Floats, labels: Labels) -> Floats:
    """[f] the ROC AUC of each feature alone, up or down, missing as the lowest; 0.5 where a class has too few rows."""
    out = np.full(values.shape[1], 0.5)
    for one in np.unique(labels):
        positive = (labels == one).astype(np.int8)
        if min(int(positive.sum()), int((1 - positive).sum())) >= LEAST_OF_CLASS:
            areas = np.array([_area(values[:, i], positive) for i in range(values.shape[1])])
            out = np.maximum(out, np.maximum(areas, 1 - areas))
    return out


def _area(column: Floats, positive: Labels) -> float:
    ranked = Ranked.of(positive, np.nan_to_num(column, nan=-np.inf))
    return float(area_under_roc(*ranked.steps(np.ones((1, len(column)))))[0])
