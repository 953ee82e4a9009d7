"""Every metric is scikit-learn's, with row weights and ties."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as theirs

from strata.errors import InputInvalid
from training.judge.metrics import METRICS, metric

_TWO = {
    "accuracy": lambda y, p, w: theirs.accuracy_score(y, p >= 0.5, sample_weight=w),
    "average_precision": lambda y, p, w: theirs.average_precision_score(y, p, sample_weight=w),
    "brier": lambda y, p, w: theirs.brier_score_loss(y, p, sample_weight=w),
    "log_loss": lambda y, p, w: theirs.log_loss(y, p, sample_weight=w),
    "macro_f1": lambda y, p, w: theirs.f1_score(y, p >= 0.5, average="macro", sample_weight=w),
    "roc_auc": lambda y, p, w: theirs.roc_auc_score(y, p, sample_weight=w),
}
_MORE = {
    "accuracy": lambda y, p, w: theirs.accuracy_score(y, p.argmax(axis=1), sample_weight=w),
    "average_precision": lambda y, p, w: theirs.average_precision_score(np.eye(3)[y], p, sample_weight=w),
    "brier": lambda y, p, w: np.average(((p - np.eye(3)[y]) ** 2).sum(axis=1), weights=w),
    "log_loss": lambda y, p, w: theirs.log_loss(y, p, sample_weight=w),
    "macro_f1": lambda y, p, w: theirs.f1_score(y, p.argmax(axis=1), average="macro", sample_weight=w),
    "roc_auc": lambda y, p, w: theirs.roc_auc_score(np.eye(3)[y], p, sample_weight=w),
}


@pytest.mark.parametrize("levels", [4, 10_000])
@pytest.mark.parametrize("name", sorted(METRICS))
def test_two_classes(name: str, levels: int) -> None:
    """With ties and without; weights are whole numbers, nought among them, as a bootstrap draws them."""
    rng = np.random.default_rng(levels)
    labels = (rng.random(300) < 0.3).astype(np.int8)
    scores = np.clip(np.round((rng.random(300) + labels * 0.3) * levels) / levels / 1.4 + 0.01, 0, 1)
    weights = rng.integers(0, 4, (3, 300)).astype(np.float64)
    expected = [_TWO[name](labels, scores, each) for each in weights]
    np.testing.assert_allclose(metric(name, labels, scores)(weights), expected, atol=1e-12)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_three_classes(name: str) -> None:
    """Scores [n, 3]; ranking metrics are means over classes, each against the rest."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 200).astype(np.int8)
    scores = rng.dirichlet(np.ones(3), 200) + np.eye(3)[labels] * 0.3
    scores /= scores.sum(axis=1, keepdims=True)
    weights = rng.integers(0, 4, (3, 200)).astype(np.float64)
    expected = [_MORE[name](labels, scores, each) for each in weights]
    np.testing.assert_allclose(metric(name, labels, scores)(weights), expected, atol=1e-12)


def test_a_resample_without_positives_has_no_area() -> None:
    """NaN, not a number that would widen an interval."""
    labels, scores = np.array([0, 0, 1], dtype=np.int8), np.array([0.1, 0.2, 0.3])
    weights = np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    for name in ("roc_auc", "average_precision"):
        found = metric(name, labels, scores)(weights)
        assert np.isnan(found[0])
        assert found[1] == 1.0


def test_an_unknown_metric_is_refused() -> None:
    """The sentence lists those there are."""
    with pytest.raises(InputInvalid, match=r"auc is no metric of scores; there are accuracy, .*roc_auc"):
        metric("auc", np.zeros(2, dtype=np.int8), np.zeros(2))
