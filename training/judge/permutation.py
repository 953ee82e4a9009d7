"""Importance by permutation (Breiman 2001): what a ranking loses when one feature tells nothing any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from training.algorithms.port import Labels
from training.judge.intervals import Resampling, percentile_interval
from training.judge.metrics import LOWER_IS_BETTER, metric
from training.rows import Floats
from training.side_by_side import both_cores

Score = Callable[[Floats], Floats]
"""Rows as the permuted ones are (raw or prepared) -> scores."""

# Past this many rows a seeded sample says the same: an area's standard error is then below 0.01 with 5 % positives.
MOST_ROWS: Final = 5_000


def permutation_importance(
    score: Score,
    values: Floats,
    labels: Labels,
    columns: Mapping[str, Sequence[int]],
    how: Resampling,
    *,
    metric_name: str = "roc_auc",
    repeats: int = 5,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[dict[str, Any]]:
    """`details["permutation"]`: features by what shuffling their `columns` together costs, the dearest first.

    `values` should be rows the model was not fitted on: on its own it praises what it learned by heart. `drop` is the
    mean over repeats, above 0 where the feature helps, for a loss (Brier) too; its interval covers which rows were
    judged as well as how they were shuffled. Two features that say the same can stand in for one another, and then
    neither seems to matter: see `pruning` before leaving out both.
    """
    kept = _sample(len(labels), how)
    values, labels = values[kept], labels[kept]
    whose = None if how.groups is None else how.groups[kept]
    weights = np.concatenate(list(Resampling(how.resamples, how.seed, whose, strata=labels).weights(len(labels))))
    sign = -1.0 if metric_name in LOWER_IS_BETTER else 1.0
    whole = metric(metric_name, labels, score(values))(weights)

    def without(place: int, feature: str, positions: Sequence[int]) -> dict[str, Any]:
        rng = np.random.default_rng([how.seed, place])
        found = [metric(metric_name, labels, score(_shuffled(values, positions, rng)))(weights) for _ in range(repeats)]
        drop = percentile_interval(sign * _drawn_again(whole - np.array(found), rng))
        return {"feature": feature, "drop": drop.to_json()}

    jobs = [partial(without, place, *column) for place, column in enumerate(columns.items())]
    return sorted(both_cores(jobs, progress), key=lambda one: -one["drop"]["value"])


def pays(one: Mapping[str, Any]) -> bool:
    """Whether a feature's drop can be told from nothing."""
    return float(one["drop"]["low"]) > 0


def _shuffled(values: Floats, positions: Sequence[int], rng: np.random.Generator) -> Floats:
    out, order = values.copy(), rng.permutation(len(values))
    for position in positions:
        out[:, position] = values[order, position]
    return out


def _drawn_again(drops: Floats, rng: np.random.Generator) -> Floats:
    """[repeats, b] -> [b]: the mean over repeats; in a resample over repeats drawn again, whose spread it then has."""
    repeats, resamples = drops.shape
    drawn = rng.integers(0, repeats, (repeats, resamples))
    drawn[:, 0] = np.arange(repeats)
    mean: Floats = np.take_along_axis(drops, drawn, axis=0).mean(axis=0)
    return mean


def _sample(rows: int, how: Resampling) -> Any:
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(how.seed).choice(rows, MOST_ROWS, replace=False))
