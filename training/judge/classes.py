"""Right and wrong by class: of two classes or more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Labels
from training.judge.intervals import Resampling, interval, wilson
from training.judge.metrics import metric, predicted
from training.rows import Floats


def confusion(labels: Labels, given: NDArray[np.integer], classes: Sequence[str]) -> dict[str, Any]:
    """`details["confusion"]`: `matrix[i][j]` rows of class i that were called j, and each class's own figures.

    >>> found = confusion(np.array([0, 0, 1], dtype=np.int8), np.array([0, 1, 1]), ["a", "b"])
    >>> found["matrix"], found["per_class"][1]["precision"], found["per_class"][0]["recall"]
    ([[1, 1], [0, 1]], 0.5, 0.5)
    """
    count = len(classes)
    matrix = np.bincount(labels.astype(np.intp) * count + given, minlength=count * count).reshape(count, count)
    return {
        "classes": list(classes),
        "matrix": matrix.tolist(),
        "per_class": [_figures(key, matrix, place) for place, key in enumerate(classes)],
    }


def class_metrics(labels: Labels, scores: Floats, how: Resampling) -> dict[str, dict[str, float]]:
    """Accuracy, macro F1, macro ROC AUC (each class against the rest) and log loss of [n, classes], with intervals."""
    names = ("accuracy", "macro_f1", "roc_auc", "log_loss")
    return {name: interval(metric(name, labels, scores), len(labels), how).to_json() for name in names}


def confusion_of(labels: Labels, scores: Floats, classes: Sequence[str]) -> dict[str, Any]:
    """`confusion` of the likeliest classes of [n, classes] probabilities."""
    return confusion(labels, predicted(scores), classes)


def _figures(key: str, matrix: NDArray[np.int64], place: int) -> dict[str, Any]:
    """None where nothing was called so (precision), or nothing is so (recall)."""
    right, called, own = int(matrix[place, place]), int(matrix[:, place].sum()), int(matrix[place].sum())
    return {
        "class": key,
        "rows": own,
        "precision": right / called if called else None,
        "precision_interval": wilson(right, called) if called else None,
        "recall": right / own if own else None,
        "recall_interval": wilson(right, own) if own else None,
        "f1": 2 * right / (called + own) if called + own else None,
    }
