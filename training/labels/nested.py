"""The honest figure of a way of learning that is tuned: every outer fold searches anew, on inner folds of its own rows.

What is searched on never meets what is judged, and rows of one group lie on one side of both (Cawley and Talbot 2010).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from training.definition import Definition
from training.judge.cross_validation import METRICS, corrected_interval
from training.judge.folds import Fold, Indexes, grouped_folds, nested, stratified_folds
from training.judge.intervals import Interval, Resampling, interval
from training.judge.metrics import metric
from training.labels.learn import fit_score
from training.labels.tune import Parameters, Tuned, search_scratch, tune
from training.rows import FeatureSchema, Floats, Part


@dataclass(frozen=True)
class Nested:
    """Judged rows of all outer folds, each scored once by a model that was neither fitted nor tuned on it."""

    means: dict[str, Interval]
    """Per metric its mean over outer folds, with the corrected interval of Nadeau and Bengio (2003)."""
    pooled: dict[str, Interval]
    """Per metric its value over all rows ranked together, bootstrapped by group: as if one model had scored them."""
    per_fold: list[dict[str, Any]]
    """`train`, `test` rows, each metric, the inner score of the best trial, and its `parameters`."""
    scores: Floats
    """[n] of each row, as a probability's rank within its fold."""

    def to_json(self) -> dict[str, Any]:
        means = {name: found.to_json() for name, found in self.means.items()}
        pooled = {name: found.to_json() for name, found in self.pooled.items()}
        return {"kind": "nested", "n": len(self.per_fold), **means, "pooled": pooled, "per_fold": self.per_fold}


def nested_judgement(
    definition: Definition,
    schema: FeatureSchema,
    part: Part,
    *,
    outer: int = 10,
    inner: int = 3,
    scratch: Path | None = None,
    metrics: Sequence[str] = METRICS,
    progress: Callable[[str], None] = lambda stage: None,
) -> Nested:
    """Two classes. Grouped by `part.users` where it has them. Without `tune` the outer folds alone are judged.

    Deterministic by the definition's seed; with `scratch` a killed one goes on with the trial it was in. Raises
    InputInvalid where a class lies in fewer groups than folds.
    """
    laid = nested(
        _folds(part, np.arange(len(part.labels)), outer, definition.seed),
        lambda rows: _folds(part, rows, inner, definition.seed + 1) if definition.tune is not None else [],
    )
    kept = search_scratch(scratch, definition, part)
    scores = np.empty(len(part.labels))
    per_fold: list[dict[str, Any]] = []
    for number, fold in enumerate(laid, start=1):
        own = part.chosen(fold.train)
        say = partial(_say, progress, f"fold {number} of {outer}")
        tuned = None
        if definition.tune is not None:
            inside = _among(fold.inner, fold.train)
            tuned = tune(definition, schema, own, inside, scratch=kept, name=f"fold {number} ", progress=say)
        say("judging")
        chosen = definition if tuned is None else tuned.definition
        judged = part.chosen(fold.test)
        found = fit_score(chosen, schema)(own, judged.values)
        scores[fold.test] = _ranks(found)
        values = {name: _value(name, judged, found) for name in metrics}
        per_fold.append({"train": len(fold.train), "test": len(fold.test), **values, **_told(tuned)})
    ratio = float(np.mean([one["test"] / one["train"] for one in per_fold]))
    how = Resampling(definition.judge.resamples, definition.seed, part.users, strata=part.labels)
    return Nested(
        {name: corrected_interval([one[name] for one in per_fold], ratio) for name in metrics},
        {name: interval(metric(name, part.labels, scores), len(scores), how) for name in metrics},
        per_fold,
        scores,
    )


def _folds(part: Part, rows: Indexes, count: int, seed: int) -> list[Fold]:
    labels = part.labels[rows]
    if part.users is None:
        return stratified_folds(labels, count, seed)
    return grouped_folds(part.users[rows], labels, count, seed)


def _among(folds: Sequence[Fold], rows: Indexes) -> list[Fold]:
    """Positions among all rows -> positions among `rows`, which ascend."""
    return [Fold(np.searchsorted(rows, one.train), np.searchsorted(rows, one.test)) for one in folds]


def _say(progress: Callable[[str], None], where: str, stage: str) -> None:
    progress(f"{where}: {stage}")


def _told(tuned: Tuned | None) -> dict[str, Any]:
    if tuned is None:
        return {}
    parameters: Parameters = tuned.best.parameters
    return {"inner": tuned.best.value, "parameters": dict(parameters)}


def _value(name: str, part: Part, scores: Floats) -> float:
    return float(metric(name, part.labels, scores)(np.ones((1, len(scores))))[0])


def _ranks(scores: Floats) -> Floats:
    """0 to 1 by rank, equal ones alike: folds' models have scales of their own."""
    distinct, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place, minlength=len(distinct))
    middle = np.cumsum(counts) - counts / 2
    ranks: Floats = middle[place] / len(scores)
    return ranks
