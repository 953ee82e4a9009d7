"""A way of learning judged on several folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.judge.folds import Fold
from training.judge.intervals import Interval, Resampling, interval
from training.judge.metrics import metric
from training.rows import Floats, Part
from training.side_by_side import both_cores

FitScore = Callable[[Part, Floats], Floats]
"""Training rows, values to judge -> their scores, [n] or [n, classes]. Whatever is fitted (preparation, resampling, the
model) is fitted inside, on the training rows alone. Those come with their users, so that folds laid inside them keep a
user's rows together, as the folds around them do."""

METRICS: Final = ("roc_auc", "average_precision")


@dataclass(frozen=True)
class CrossValidated:
    """Each metric's mean over folds with its interval, every fold's own, and each judged row's score."""

    kind: Literal["stratified", "grouped", "time"]
    metrics: dict[str, Interval]
    per_fold: list[dict[str, Any]]
    """`train` and `test` rows, and each metric with the bootstrap interval of its fold."""
    scores: Floats
    """[n] or [n, classes]; NaN for rows no fold judged."""

    def to_json(self) -> dict[str, Any]:
        """`details["folds"]`."""
        means = {name: found.to_json() for name, found in self.metrics.items()}
        return {"kind": self.kind, "n": len(self.per_fold), **means, "per_fold": self.per_fold}


def cross_validate(
    fit_score: FitScore,
    part: Part,
    folds: Sequence[Fold],
    *,
    kind: Literal["stratified", "grouped", "time"],
    metrics: Sequence[str] = METRICS,
    resamples: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> CrossValidated:
    """Fit and judge once a fold, two folds at a time.

    The interval of a mean is the corrected one (see `corrected_interval`), a fold's own is a bootstrap, by `part.users`
    where it has them. Raises InputInvalid, before anything is fitted, when a part of a fold lacks a class.
    """
    labels = part.labels
    _require_classes(folds, labels)

    def judge(number: int, fold: Fold) -> tuple[Floats, dict[str, Any]]:
        judged = part.chosen(fold.test)
        found = fit_score(part.chosen(fold.train), judged.values)
        own = judged.labels
        how = Resampling(resamples, seed + number, judged.users, strata=own)
        told = {name: interval(metric(name, own, found), len(own), how).to_json() for name in metrics}
        return found, {"train": len(fold.train), "test": len(fold.test), **told}

    every = both_cores([partial(judge, number, fold) for number, fold in enumerate(folds)], progress)
    per_fold = [told for _, told in every]
    scores = np.full((len(labels), *every[0][0].shape[1:]), np.nan)
    for fold, (found, _) in zip(folds, every, strict=True):
        scores[fold.test] = found
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in folds]))
    means = {name: corrected_interval([one[name]["value"] for one in per_fold], ratio, _most(name)) for name in metrics}
    return CrossValidated(kind, means, per_fold, scores)


def corrected_interval(values: Sequence[float], ratio: float, most: float = 1.0) -> Interval:
    """Mean over two folds or more, and its 95 % interval as Nadeau and Bengio (2003) correct it, within 0..`most`.

    Folds share training rows, so their variance S2 over J is too small; (1/J + ratio) S2 with J - 1 degrees of
    freedom is not, `ratio` being rows judged to rows learned from.

    >>> found = corrected_interval([0.70, 0.80, 0.75, 0.72, 0.78], 0.25)
    >>> [round(each, 3) for each in (found.value, found.low, found.high)]
    [0.75, 0.673, 0.827]
    """
    from scipy.stats import t

    mean, count = float(np.mean(values)), len(values)
    half = float(t.ppf(0.975, count - 1)) * float(np.sqrt((1 / count + ratio) * np.var(values, ddof=1)))
    return Interval(mean, max(mean - half, 0.0), min(mean + half, most))


def _most(name: str) -> float:
    return {"log_loss": np.inf, "brier": 2.0}.get(name, 1.0)


def _require_classes(folds: Sequence[Fold], labels: Labels) -> None:
    wanted = len(np.unique(labels))
    for number, fold in enumerate(folds, start=1):
        for part, rows in (("learned from", fold.train), ("judged", fold.test)):
            if len(found := np.unique(labels[rows])) < wanted:
                raise InputInvalid(
                    f"the {len(rows)} rows {part} in fold {number} of {len(folds)} hold {len(found)} of {wanted} "
                    "classes; lower the folds, or import a longer history"
                )
