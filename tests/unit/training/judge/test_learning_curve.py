"""A learning curve: nested sizes, the same rows judged, users whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from training.judge.intervals import Resampling
from training.judge.learning_curve import learning_curve
from training.rows import Part


def _rows(rows: int, seed: int) -> Part:
    values = np.random.default_rng(seed).normal(size=(rows, 30))
    chance = 1 / (1 + np.exp(1 - values[:, 0] - values[:, 1]))
    return Part(values, (np.random.default_rng(seed + 1).random(rows) < chance).astype(np.int8))


def _logistic(part: Part, judged: np.ndarray) -> np.ndarray:
    return LogisticRegression(C=100.0).fit(part.values, part.labels).decision_function(judged)


def test_held_out_rises_and_learned_from_falls() -> None:
    """With 30 columns and few rows a line over-fits; the last point is the fit on all rows, judged as sklearn does."""
    train, judged = _rows(600, 1), _rows(500, 5)
    seen: list[int] = []
    found = learning_curve(_logistic, train, judged, Resampling(100), progress=lambda done, of: seen.append(done))
    assert [one["rows"] for one in found] == [60, 120, 240, 360, 480, 600]
    assert seen == [1, 2, 3, 4, 5, 6]
    assert found[0]["train"] > found[-1]["train"] > found[-1]["test"]["value"] > found[0]["test"]["value"]
    assert found[-1]["test"]["value"] == pytest.approx(roc_auc_score(judged.labels, _logistic(train, judged.values)))
    assert all(one["test"]["low"] < one["test"]["value"] < one["test"]["high"] for one in found)


def test_each_size_holds_the_smaller_ones_and_users_stay_whole() -> None:
    """A user's rows come together, a smaller training set is part of a larger one, classes keep their proportion."""
    part = replace(_rows(1_000, 1), users=np.repeat(np.arange(500), 2))
    part.values[:, 0] = np.arange(1_000)
    learned: list[set[int]] = []

    def spy(own: Part, judged: np.ndarray) -> np.ndarray:
        learned.append({int(each) for each in own.values[:, 0]})
        assert own.labels.mean() == pytest.approx(part.labels.mean(), abs=0.05)
        assert own.users is not None
        assert np.array_equal(own.users, own.values[:, 0] // 2)
        return judged[:, 1]

    learning_curve(spy, part, _rows(100, 3), Resampling(50))
    learned.sort(key=len)  # they end in any order
    assert all(less < more for less, more in pairwise(learned))
    for each in learned:
        assert all((row ^ 1) in each for row in each)
