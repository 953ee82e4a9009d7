"""ROC and precision-recall from ranked scores, with bootstrap intervals, vectorised over resamples.

A resample is a vector of row weights, so one pass of cumulative sums over [resamples, distinct scores] gives every
curve. Rows with equal scores count as one step, as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.judge.intervals import Interval, Resampling, bootstrap, percentile_interval, wilson
from training.judge.metrics import Ranked, area_under_roc, mean_precision
from training.rows import Floats

GRID = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Ranking:
    """How well scores put positives first."""

    roc_auc: Interval
    average_precision: Interval
    roc: dict[str, list[float]]
    """`x` false-positive rate, `y` true-positive rate, and the band `low`..`high`."""
    precision_recall: dict[str, list[float]]
    """`x` recall, `y` precision, and the band."""

    def to_json(self) -> dict[str, Any]:
        return {
            "roc_auc": self.roc_auc.to_json(),
            "average_precision": self.average_precision.to_json(),
            "roc": self.roc,
            "precision_recall": self.precision_recall,
        }


def rank(
    labels: NDArray[np.int8],
    scores: Floats,
    *,
    resamples: int = 200,
    seed: int = 0,
    groups: NDArray[Any] | None = None,
) -> Ranking:
    """Judge scores against 0/1 labels; both classes must occur. `groups`: [n] whose row it is, where users repeat."""
    ranked = Ranked.of(labels, scores)
    how = Resampling(resamples, seed, groups)
    found = bootstrap(lambda weights: _curves(*ranked.steps(weights)), len(labels), how)
    over_fall_out, over_recall = found[:, 2 : 2 + len(GRID)], found[:, 2 + len(GRID) :]
    return Ranking(
        percentile_interval(found[:, 0]), percentile_interval(found[:, 1]), _band(over_fall_out), _band(over_recall)
    )


def roc_auc(labels: NDArray[np.int8], scores: Floats) -> float:
    """Area under the ROC curve: the probability that a positive outranks a negative (ties count half).

    >>> roc_auc(np.array([0, 1, 1], dtype=np.int8), np.array([0.1, 0.1, 0.9]))
    0.75
    """
    return float(area_under_roc(*_steps(labels, scores))[0])


def average_precision(labels: NDArray[np.int8], scores: Floats) -> float:
    """Mean precision over the positives, each at its own rank."""
    return float(mean_precision(*_steps(labels, scores))[0])


def calibration_curve(labels: NDArray[np.int8], probability: Floats, bins: int = 10) -> list[dict[str, float]]:
    """Equal-count bins of predicted probability: mean prediction, observed share with a 95 % Wilson interval, rows."""
    out = []
    for rows in np.array_split(probability.argsort(kind="stable"), bins):
        if len(rows):
            low, high = wilson(int(labels[rows].sum()), len(rows))
            out.append(
                {"predicted": float(probability[rows].mean()), "observed": float(labels[rows].mean()),
                 "low": low, "high": high, "rows": float(len(rows))}
            )  # fmt: skip
    return out


def expected_calibration_error(curve: list[dict[str, float]]) -> float:
    """Mean distance between predicted and observed, weighted by rows."""
    rows = sum(point["rows"] for point in curve)
    return sum(point["rows"] * abs(point["predicted"] - point["observed"]) for point in curve) / rows


def _steps(labels: NDArray[np.int8], scores: Floats) -> tuple[Floats, Floats]:
    return Ranked.of(labels, scores).steps(np.ones((1, len(labels))))


def _curves(positives: Floats, negatives: Floats) -> Floats:
    """[b, 2 + 2 grids]: both areas, then true-positive rates over the grid, then precision over it."""
    hits, misses = positives.cumsum(axis=1), negatives.cumsum(axis=1)
    recall, fall_out = hits / np.maximum(hits[:, -1:], 1), misses / np.maximum(misses[:, -1:], 1)
    precision = hits / np.maximum(hits + misses, 1)
    areas = np.stack([area_under_roc(positives, negatives), mean_precision(positives, negatives)], axis=1)
    return np.hstack([areas, _on_grid(fall_out, recall), _on_grid(recall, precision)])


def _on_grid(x: Floats, y: Floats) -> Floats:
    return np.array([np.interp(GRID, xs, ys) for xs, ys in zip(x, y, strict=True)])


def _band(lines: Floats) -> dict[str, list[float]]:
    low, high = np.quantile(lines[1:] if len(lines) > 1 else lines, [0.025, 0.975], axis=0)
    return {"x": GRID.tolist(), "y": lines[0].tolist(), "low": low.tolist(), "high": high.tolist()}
