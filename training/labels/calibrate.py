"""From what a model says to probabilities, fitted on rows it did not learn from."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from strata.errors import InputInvalid
from strata.runtime.calibration import Calibration, Isotonic, Platt
from training.algorithms.port import Labels
from training.rows import Floats

_STEEPEST: Final = 1e-9
"""Of the range of raw scores: breakpoints nearer than this would make two roundings of one score two probabilities."""
_LEAST: Final = 1e-9
"""A forest says 0 where no tree holds a class; its logarithm has to be something."""


class Adjustment(NamedTuple):
    """Probabilities p of classes become softmax(scale * log p + shifts)."""

    scale: float
    shifts: tuple[float, ...]


def calibrate(kind: str, raw: Floats, labels: Labels) -> Calibration:
    """Of two classes. Raises InputInvalid where the rows are ranked no better than by chance."""
    if kind == "isotonic":
        return _isotonic(raw, labels)
    line = LogisticRegression(C=1e6, max_iter=1_000).fit(raw[:, None], labels)
    slope = float(line.coef_[0, 0])
    if slope <= 0:
        raise InputInvalid(
            "the model ranks the validation rows no better than chance, so no probability can be made of its scores; "
            "give it other features, a longer history, or fewer leaves and trees"
        )
    return Platt(slope, float(line.intercept_[0]))


def adjust(probabilities: Floats, labels: Labels, *, scalable: bool) -> Adjustment:
    """Of more classes: temperature scaling with a bias for each class (Alexandari et al. 2020), by log loss.

    The biases give back what class weights took from frequent classes, the temperature what over-fitting added;
    without `scalable` there are biases alone.
    """
    logs, rows = np.log(np.maximum(probabilities, _LEAST)), np.arange(len(labels))

    def loss(found: Floats) -> tuple[float, Floats]:
        sums = found[0] * logs + np.r_[0.0, found[1:]]
        sums -= sums.max(axis=1, keepdims=True)
        odds = np.exp(sums)
        shares = odds / odds.sum(axis=1, keepdims=True)
        fault = shares.copy()
        fault[rows, labels] -= 1
        slope = np.r_[(fault * logs).sum() if scalable else 0.0, fault.sum(axis=0)[1:]] / len(labels)
        return float(-np.log(np.maximum(shares[rows, labels], _LEAST)).mean()), slope

    start = np.r_[1.0, np.zeros(logs.shape[1] - 1)]
    bounds = [(0.05, 20.0) if scalable else (1.0, 1.0), *[(-15.0, 15.0)] * (len(start) - 1)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Adjustment(float(found[0]), (0.0, *found[1:].tolist()))


def _isotonic(raw: Floats, labels: Labels) -> Isotonic:
    fitted = IsotonicRegression(out_of_bounds="clip").fit(raw, labels)
    points = fitted.X_thresholds_.astype(np.float64)
    apart = np.r_[True, np.diff(points) > _STEEPEST * max(float(np.ptp(points)), 1e-300)]
    return Isotonic(points[apart], fitted.y_thresholds_.astype(np.float64)[apart])
