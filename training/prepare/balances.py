"""Ways to balance rare positives side by side, on the same untouched rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.judge.folds import Fold, grouped_folds
from training.labels.curves import average_precision, roc_auc
from training.prepare.prior import correct_prior
from training.prepare.resample import WAYS, Balanced, Way
from training.rows import Floats, Part
from training.side_by_side import both_cores

MOST_GAP: Final = 0.02
"""Of ROC AUC: by how much a way's lead on the rows it learned from may exceed that of no balancing."""
LEAST_LOSS: Final = 0.005
"""Of ROC AUC: what the chosen way may rank worse than no balancing before it is told."""
MOST_SHIFT: Final = 0.05
"""How far the mean probability may be from the base rate before it is recalibrated."""


@dataclass(frozen=True)
class Trial:
    """A model learned in one way."""

    learned: Balanced
    """The rows it was fitted on."""
    on_learned: Floats
    """[m] its raw scores of them."""
    base_rate: float
    """Share of positives before they were balanced."""
    on_judged: Floats
    """[n] its raw scores of the rows that judge: as they came, neither resampled nor weighed."""


@dataclass(frozen=True)
class Judged:
    """One way, judged."""

    way: Way
    roc_auc: float
    average_precision: float
    brier_before: float
    """Of probabilities as the rows it learned from have them."""
    brier_prior: float
    """Of those, put right by the two base rates alone (`correct_prior`)."""
    brier_after: float
    """Of probabilities calibrated on other untouched rows."""
    gap: float
    """ROC AUC on the rows it learned from, less that on the rows that judge."""
    mean_before: float
    """Mean probability, as `brier_before` has them."""


def compare_balances(trial: Callable[[Way], Trial], judging: Part, *, chosen: Way, seed: int) -> dict[str, Any]:
    """`details["balance"]`: `ways`, a row for each, and `warnings`, sentences. Two classes.

    `trial` learns in one way and scores the rows that judge, which are these. A way whose trial raises InputInvalid is
    left out, with a warning.
    """

    def judge(way: Way) -> Judged | str:
        try:
            return _judge(way, trial(way), judging, seed)
        except InputInvalid as error:
            return f"{_NAMES[way]} was not compared: {error}."

    found = both_cores([partial(judge, way) for way in WAYS])
    judged = [each for each in found if isinstance(each, Judged)]
    warnings = [each for each in found if isinstance(each, str)]
    base = float(judging.labels.mean())
    ways = [
        {
            "way": one.way,
            "roc_auc": one.roc_auc,
            "average_precision": one.average_precision,
            "brier_before": one.brier_before,
            "brier_prior": one.brier_prior,
            "brier_after": one.brier_after,
            "chosen": one.way == chosen,
        }
        for one in judged
    ]
    return {"ways": ways, "warnings": [*warnings, *_warnings(judged, base, chosen)]}


_NAMES: Final = {
    "none": "No balancing",
    "class_weights": "Weighing the classes",
    "smote": "SMOTE",
    "under": "Leaving out frequent rows",
}


def _judge(way: Way, trial: Trial, judging: Part, seed: int) -> Judged:
    learned, labels = trial.learned, judging.labels
    before = _probabilities(trial.on_learned, learned.labels, learned.weights, trial.on_judged)
    shown = float(np.average(learned.labels, weights=learned.weights))
    found = roc_auc(labels, trial.on_judged)
    return Judged(
        way,
        found,
        average_precision(labels, trial.on_judged),
        _brier(labels, before),
        _brier(labels, correct_prior(before, shown, trial.base_rate)),
        _brier(labels, _calibrated(trial.on_judged, judging, seed)),
        roc_auc(learned.labels, trial.on_learned) - found,
        float(before.mean()),
    )


def _warnings(judged: Sequence[Judged], base: float, chosen: Way) -> list[str]:
    plain = next((one for one in judged if one.way == "none"), None)
    said = []
    for one in judged:
        if plain is not None and one.way == chosen and one.roc_auc < plain.roc_auc - LEAST_LOSS:
            said.append(
                f"{_NAMES[one.way]}, the way chosen, ranks worse than no balancing on the same untouched rows: ROC AUC "
                f"{one.roc_auc:.3f} against {plain.roc_auc:.3f}."
            )
        if plain is not None and one.way == "smote" and one.gap > plain.gap + MOST_GAP:
            said.append(
                f"SMOTE over-fits: its ROC AUC is {one.gap:.3f} higher on the rows it learned from than on untouched "
                f"ones, without it {plain.gap:.3f}."
            )
        if abs(one.mean_before - base) > MOST_SHIFT:
            said.append(
                f"{_NAMES[one.way]} moves the base rate: the mean probability is {one.mean_before:.1%} where "
                f"{base:.1%} are positive; calibrating on untouched rows puts it right (Brier score "
                f"{one.brier_before:.4f} before, {one.brier_after:.4f} after)."
            )
    return said


def _calibrated(raw: Floats, judging: Part, seed: int) -> Floats:
    """Each half of the rows by a calibration on the other, all rows of a user in one half."""
    out, labels = np.empty(len(raw)), judging.labels
    for half in _halves(judging, seed):
        out[half.test] = _probabilities(raw[half.train], labels[half.train], None, raw[half.test])
    return out


def _halves(judging: Part, seed: int) -> list[Fold]:
    """About as many positives in each."""
    whose = np.arange(len(judging.labels)) if judging.users is None else judging.users
    return grouped_folds(whose, judging.labels, 2, seed)


def _probabilities(raw: Floats, labels: Labels, weights: Floats | None, asked: Floats) -> Floats:
    """Platt's line (1999) through some rows' raw scores, for others."""
    middle, spread = float(raw.mean()), float(raw.std()) or 1.0
    if len(np.unique(labels)) < 2:
        return np.full(len(asked), float(labels.mean()))
    line = LogisticRegression(C=1e6, max_iter=1_000).fit(((raw - middle) / spread)[:, None], labels, weights)
    found: Floats = line.predict_proba(((asked - middle) / spread)[:, None])[:, 1]
    return found


def _brier(labels: Labels, probabilities: Floats) -> float:
    return float(np.mean((probabilities - labels) ** 2))
