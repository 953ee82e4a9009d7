"""Confusion and figures by class are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as theirs

from training.judge.classes import class_metrics, confusion, confusion_of
from training.judge.intervals import Resampling


def _rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 400).astype(np.int8)
    scores = rng.dirichlet(np.ones(3), 400) + np.eye(3)[labels] * 0.4
    return labels, scores / scores.sum(axis=1, keepdims=True)


def test_the_matrix_and_each_classs_figures() -> None:
    """Rows are what they are, columns what they were called."""
    labels, scores = _rows()
    found = confusion_of(labels, scores, ["a", "b", "c"])
    called = scores.argmax(axis=1)
    assert found["classes"] == ["a", "b", "c"]
    assert found["matrix"] == theirs.confusion_matrix(labels, called).tolist()
    expected = theirs.precision_recall_fscore_support(labels, called)
    for name, column in zip(("precision", "recall", "f1", "rows"), expected, strict=True):
        assert [one[name] for one in found["per_class"]] == pytest.approx(column.tolist())
    for one in found["per_class"]:
        assert one["recall_interval"][0] < one["recall"] < one["recall_interval"][1]


def test_a_class_nobody_is_called_has_no_precision() -> None:
    """None, not a number that means something else; the same for recall of a class nobody is."""
    found = confusion(np.array([0, 1], dtype=np.int8), np.array([0, 0]), ["a", "b", "c"])["per_class"]
    assert (found[1]["precision"], found[1]["recall"], found[1]["f1"]) == (None, 0.0, 0.0)
    assert (found[2]["precision"], found[2]["recall"], found[2]["f1"]) == (None, None, None)


def test_metrics_of_classes_have_intervals() -> None:
    """Accuracy, macro F1, macro area and log loss, each inside its interval."""
    labels, scores = _rows()
    found = class_metrics(labels, scores, Resampling(100))
    assert found["accuracy"]["value"] == pytest.approx((scores.argmax(axis=1) == labels).mean())
    assert found["roc_auc"]["value"] == pytest.approx(theirs.roc_auc_score(labels, scores, multi_class="ovr"))
    assert set(found) == {"accuracy", "macro_f1", "roc_auc", "log_loss"}
    assert all(one["low"] < one["value"] < one["high"] for one in found.values())
