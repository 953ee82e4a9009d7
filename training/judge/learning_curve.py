"""Whether more rows would help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Labels
from training.judge.cross_validation import FitScore
from training.judge.folds import Indexes, grouped_folds, stratified_folds
from training.judge.intervals import Resampling, interval
from training.judge.metrics import LOWER_IS_BETTER, metric
from training.rows import Part
from training.side_by_side import both_cores

PARTS: Final = 10
SHARES: Final = (1, 2, 4, 6, 8, 10)
"""Tenths of the training rows."""


def learning_curve(
    fit_score: FitScore,
    train: Part,
    judged: Part,
    how: Resampling,
    *,
    metric_name: str = "roc_auc",
    tenths: Sequence[int] = SHARES,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[dict[str, Any]]:
    """`details["learning_curve"]`: more and more training rows, the same rows judged each time.

    Each size holds the smaller ones, classes in proportion, users whole. `train` is the figure
    on the rows learned from, `test` on `judged` with its interval (`how.groups` are users of the judged rows).
    """
    order = _tenths(train.labels, train.users, how.seed)
    within = Resampling(how.resamples, how.seed, how.groups, strata=judged.labels)

    def step(count: int) -> dict[str, Any]:
        rows = np.sort(np.concatenate(order[:count]))
        learned = train.chosen(rows)
        scores = fit_score(learned, np.vstack([learned.values, judged.values]))
        own = metric(metric_name, learned.labels, scores[: len(rows)])(np.ones((1, len(rows))))
        held_out = metric(metric_name, judged.labels, scores[len(rows) :])
        found = interval(held_out, len(judged.labels), within)
        return {"rows": len(rows), "train": float(own[0]), "test": found.to_json()}

    return both_cores([partial(step, count) for count in tenths], progress)


def learning_sentence(curve: Sequence[dict[str, Any]], metric_name: str = "roc_auc") -> str:
    """What the last step of the curve says about more rows: a standard error of the last figure is chance.

    >>> test = lambda value: {"value": value, "low": value - 0.02, "high": value + 0.02}
    >>> print(learning_sentence([{"rows": 800, "test": test(0.71)}, {"rows": 1000, "test": test(0.712)}]))
    From 800 to 1,000 training rows roc_auc changes by +0.002, within chance: more such rows would hardly help.
    >>> print(learning_sentence([{"rows": 800, "test": test(0.71)}, {"rows": 1000, "test": test(0.75)}]))
    From 800 to 1,000 training rows roc_auc changes by +0.040: it still improves, and more rows would help.
    """
    before, last = curve[-2], curve[-1]
    change = last["test"]["value"] - before["test"]["value"]
    gained = -change if metric_name in LOWER_IS_BETTER else change
    said = f"From {before['rows']:,} to {last['rows']:,} training rows {metric_name} changes by {change:+.3f}"
    if gained > (last["test"]["high"] - last["test"]["low"]) / 4:
        return f"{said}: it still improves, and more rows would help."
    return f"{said}, within chance: more such rows would hardly help."


def _tenths(labels: Labels, users: NDArray[Any] | None, seed: int) -> list[Indexes]:
    if users is None:
        return [fold.test for fold in stratified_folds(labels, PARTS, seed)]
    return [fold.test for fold in grouped_folds(users, labels, PARTS, seed)]
