"""A way of learning on several folds: scikit-learn's figures, corrected intervals, faults told before any fit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, cross_val_score

from strata.errors import InputInvalid
from training.judge.cross_validation import corrected_interval, cross_validate
from training.judge.folds import Fold, stratified_folds
from training.rows import Floats, Part


def _rows() -> Part:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(400, 3))
    return Part(values, (rng.random(400) < 1 / (1 + np.exp(1 - values[:, 0]))).astype(np.int8))


def _logistic(part: Part, judged: Floats) -> Floats:
    found: Floats = LogisticRegression().fit(part.values, part.labels).decision_function(judged)
    return found


def test_folds_give_scikit_learns_scores() -> None:
    """Each fold's area and each row's score are cross_val_score's and cross_val_predict's on the same folds."""
    part = _rows()
    values, labels = part.values, part.labels
    folds = stratified_folds(labels, 5, seed=1)
    seen: list[tuple[int, int]] = []
    found = cross_validate(_logistic, part, folds, kind="stratified", progress=lambda done, of: seen.append((done, of)))
    pairs = [(fold.train, fold.test) for fold in folds]
    expected = cross_val_score(LogisticRegression(), values, labels, cv=pairs, scoring="roc_auc")
    told = found.to_json()
    np.testing.assert_allclose([one["roc_auc"]["value"] for one in told["per_fold"]], expected)
    assert told["roc_auc"]["value"] == pytest.approx(expected.mean())
    predicted = cross_val_predict(LogisticRegression(), values, labels, cv=pairs, method="decision_function")
    np.testing.assert_allclose(found.scores, predicted)
    assert seen == [(n, 5) for n in range(1, 6)]
    assert (told["kind"], told["n"], told["per_fold"][0]["train"], told["per_fold"][0]["test"]) == (
        "stratified", 5, len(folds[0].train), len(folds[0].test),
    )  # fmt: skip
    for one in told["per_fold"]:
        assert one["roc_auc"]["low"] < one["roc_auc"]["value"] < one["roc_auc"]["high"]


def test_the_corrected_interval_is_wider_than_the_naive_one() -> None:
    """By the root of (1/J + ratio) J: for ten folds of ten, 1.453 times; and it never leaves 0..1."""
    values = np.random.default_rng(2).normal(0.8, 0.01, 10).tolist()
    naive, corrected = (corrected_interval(values, ratio) for ratio in (0.0, 1 / 9))
    assert (corrected.high - corrected.low) / (naive.high - naive.low) == pytest.approx(np.sqrt(1 + 10 / 9))
    assert corrected_interval([0.99, 0.5, 1.0], 0.5).high == 1.0


def test_a_fold_without_a_class_is_refused_before_anything_is_fitted() -> None:
    """The sentence names the fold and what to lower."""
    part = _rows()
    zeros, rest = np.flatnonzero(part.labels == 0)[:20], np.flatnonzero(part.labels)
    fold = Fold(np.sort(np.r_[zeros[:10], rest]), zeros[10:])

    def never(part: Part, judged: Floats) -> Floats:
        raise AssertionError("fitted")

    with pytest.raises(InputInvalid, match="the 10 rows judged in fold 1 of 1 hold 1 of 2 classes; lower the folds"):
        cross_validate(never, part, [fold], kind="time")
