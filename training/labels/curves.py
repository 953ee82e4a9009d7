"""ROC and precision-recall from ranked scores, with bootstrap intervals, vectorised over resamples.

A resample is a vector of row weights, so one pass of cumulative sums over [resamples, distinct scores] gives every
curve. Rows with equal scores count as one step, as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats

GRID = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Interval:
    """A figure and the 2.5 and 97.5 percentiles of its bootstrap."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


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


def rank(labels: NDArray[np.int8], scores: Floats, *, resamples: int = 200, seed: int = 0) -> Ranking:
    """Judge scores against 0/1 labels; both classes must occur."""
    weights = _weights(len(labels), resamples, seed)
    positives, negatives = _steps(labels, scores, weights)
    hits, misses = positives.cumsum(axis=1), negatives.cumsum(axis=1)
    total_hits, total_misses = np.maximum(hits[:, -1:], 1), np.maximum(misses[:, -1:], 1)
    auc = (negatives * (hits - positives / 2)).sum(axis=1) / (total_hits * total_misses)[:, 0]
    precision = hits / np.maximum(hits + misses, 1)
    average = (positives / total_hits * precision).sum(axis=1)
    return Ranking(
        _interval(auc),
        _interval(average),
        _band(misses / total_misses, hits / total_hits),
        _band(hits / total_hits, precision),
    )


def roc_auc(labels: NDArray[np.int8], scores: Floats) -> float:
    """Area under the ROC curve: the probability that a positive outranks a negative (ties count half).

    >>> roc_auc(np.array([0, 1, 1], dtype=np.int8), np.array([0.1, 0.1, 0.9]))
    0.75
    """
    return rank(labels, scores, resamples=0).roc_auc.value


def average_precision(labels: NDArray[np.int8], scores: Floats) -> float:
    """Mean precision over the positives, each at its own rank."""
    return rank(labels, scores, resamples=0).average_precision.value


def calibration_curve(labels: NDArray[np.int8], probability: Floats, bins: int = 10) -> list[dict[str, float]]:
    """Equal-count bins of predicted probability: mean prediction, observed share with a 95 % Wilson interval, rows."""
    out = []
    for rows in np.array_split(probability.argsort(kind="stable"), bins):
        if len(rows):
            low, high = _wilson(int(labels[rows].sum()), len(rows))
            out.append(
                {"predicted": float(probability[rows].mean()), "observed": float(labels[rows].mean()),
                 "low": low, "high": high, "rows": float(len(rows))}
            )  # fmt: skip
    return out


def expected_calibration_error(curve: list[dict[str, float]]) -> float:
    """Mean distance between predicted and observed, weighted by rows."""
    rows = sum(point["rows"] for point in curve)
    return sum(point["rows"] * abs(point["predicted"] - point["observed"]) for point in curve) / rows


def _weights(rows: int, resamples: int, seed: int) -> Floats:
    drawn = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=resamples)
    return np.vstack([np.ones(rows), drawn])


def _steps(labels: NDArray[np.int8], scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted positives and negatives per distinct score, highest first; row 0 is the sample itself."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) != 0])
    ranked, positive = weights[:, order], labels[order].astype(np.float64)
    positives: Floats = np.add.reduceat(ranked * positive, starts, axis=1)
    negatives: Floats = np.add.reduceat(ranked * (1 - positive), starts, axis=1)
    return positives, negatives


def _interval(values: Floats) -> Interval:
    spread = values[1:] if len(values) > 1 else values
    low, high = np.quantile(spread, [0.025, 0.975])
    return Interval(float(values[0]), float(low), float(high))


def _band(x: Floats, y: Floats) -> dict[str, list[float]]:
    lines = np.array([np.interp(GRID, xs, ys) for xs, ys in zip(x, y, strict=True)])
    low, high = np.quantile(lines[1:] if len(lines) > 1 else lines, [0.025, 0.975], axis=0)
    return {"x": GRID.tolist(), "y": lines[0].tolist(), "low": low.tolist(), "high": high.tolist()}


def _wilson(hits: int, rows: int, z: float = 1.96) -> tuple[float, float]:
    share = hits / rows
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return float(max(centre - half, 0.0)), float(min(centre + half, 1.0))
