"""Each class as a ranking of its own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from training.judge.intervals import Resampling
from training.labels.class_rankings import class_rankings


def test_each_class_is_held_against_the_rest() -> None:
    """Areas are scikit-learn's; the curve's ends and the last row of the lift are what they must be."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 600).astype(np.int8)
    scores = np.exp(rng.normal(size=(600, 3)) + 1.5 * np.eye(3)[labels])
    scores /= scores.sum(axis=1, keepdims=True)
    found = class_rankings(labels, scores, ("a", "b", "c"), Resampling(50, 1))
    assert [one["class"] for one in found] == ["a", "b", "c"]
    for place, one in enumerate(found):
        own = labels == place
        assert one["base_rate"] == pytest.approx(own.mean())
        assert one["roc_auc"]["value"] == pytest.approx(roc_auc_score(own, scores[:, place]))
        assert one["average_precision"]["value"] == pytest.approx(average_precision_score(own, scores[:, place]))
        assert one["roc_auc"]["low"] < one["roc_auc"]["value"] < one["roc_auc"]["high"]
        assert one["precision_recall"]["y"][-1] == pytest.approx(own.mean(), abs=0.02)
        assert (one["lift"][-1]["gain"], one["lift"][-1]["lift"]) == (1.0, pytest.approx(1.0))


def test_a_class_nobody_has_is_left_out() -> None:
    """As is one that everybody has: there is nothing to rank before anything."""
    scores = np.tile([0.5, 0.3, 0.2], (8, 1))
    found = class_rankings(np.repeat([0, 1], 4).astype(np.int8), scores, ("a", "b", "c"), Resampling(5, 1))
    assert [one["class"] for one in found] == ["a", "b"]
    assert class_rankings(np.zeros(8, dtype=np.int8), scores, ("a", "b", "c"), Resampling(5, 1)) == []
