"""How well each class's own probability puts its rows before all others: ROC, precision-recall and lift of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.algorithms.port import Labels
from training.judge.intervals import Resampling
from training.judge.ranking import lift_table
from training.labels.curves import rank
from training.rows import Floats


def class_rankings(labels: Labels, scores: Floats, classes: Sequence[str], how: Resampling) -> list[dict[str, Any]]:
    """`details["class_rankings"]`: of [n, classes] probabilities, for each class that has rows and leaves others some.

    Each has `class`, `base_rate` (its share of the rows), what a `ranking` has, and `lift`. The macro average of
    `roc_auc` is the one of `classes`.
    """
    return [
        _ranked(key, (labels == place).astype(np.int8), scores[:, place], how)
        for place, key in enumerate(classes)
        if 0 < (labels == place).sum() < len(labels)
    ]


def _ranked(key: str, own: Labels, scores: Floats, how: Resampling) -> dict[str, Any]:
    found = rank(own, scores, resamples=how.resamples, seed=how.seed, groups=how.groups)
    return {
        "class": key,
        "base_rate": float(own.mean()),
        **found.to_json(),
        "lift": lift_table(own, scores, how),
    }
