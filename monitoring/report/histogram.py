"""Small histograms of both samples on one scale, for a person's eye; nothing is judged by them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np

from monitoring.drift.bins import Floats
from monitoring.drift.judge import count_labels
from monitoring.drift.verdict import Column

BARS: Final = 16
WIDE: Final = 6.0
"""A 99th percentile this many medians away is drawn on a logarithmic scale."""


def histogram(column: Column) -> dict[str, Any]:
    """`{"scale", "labels", "reference", "log"}`: a label and both shares of the present values per bar."""
    if column.kind == "category":
        before, after = count_labels(column)
        return _document("category", list(column.labels), before.astype(float), after.astype(float))
    reference, current = column.present()
    pooled = np.concatenate([reference, current])
    if pooled.size == 0:
        return _document("linear", [], np.zeros(0), np.zeros(0))
    scale, edges = _edges(pooled)
    labels = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    if scale == "log":
        labels[0] = "0"
    return _document(scale, labels, _count(reference, scale, edges), _count(current, scale, edges))


def _edges(pooled: Floats) -> tuple[str, Floats]:
    """Bar limits between the 1st and the 99th percentile; on a log scale the first bar holds the zeros."""
    low, middle, high = np.quantile(pooled, [0.01, 0.5, 0.99])
    positive = pooled[pooled > 0]
    if pooled.min() >= 0 and positive.size and high > WIDE * max(middle, float(np.quantile(positive, 0.02))):
        start = float(np.quantile(positive, 0.02))
        if high > start:
            return "log", np.concatenate([[0.0], np.geomspace(start, high, BARS)])
    if high <= low:
        low, high = low - 0.5, high + 0.5
    return "linear", np.linspace(low, high, BARS + 1)


def _count(values: Floats, scale: str, edges: Floats) -> Floats:
    bars = np.searchsorted(edges[1:-1], values, side="right")
    if scale == "log":
        bars = np.where(values > 0, np.maximum(bars, 1), 0)
    return np.bincount(bars, minlength=len(edges) - 1).astype(float)


def _document(scale: str, labels: list[str], before: Floats, after: Floats) -> dict[str, Any]:
    return {"scale": scale, "labels": labels, "reference": _shares(before), "log": _shares(after)}


def _shares(counts: Floats) -> list[float]:
    return [round(float(share), 5) for share in counts / max(1.0, counts.sum())]
