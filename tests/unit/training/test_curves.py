"""Curves equal scikit-learn's, and intervals cover what they should."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from training.labels.curves import average_precision, calibration_curve, expected_calibration_error, rank, roc_auc


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("levels", [3, 1_000_000])
def test_areas_equal_scikit_learns(seed: int, levels: int) -> None:
    """With and without ties."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(500) < 0.2).astype(np.int8)
    scores = np.round(rng.random(500) * levels + (labels > 0) * (levels / 4)) / levels
    assert roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


def test_a_perfect_and_a_constant_ranking() -> None:
    """Perfect: 1 and 1. Constant: one half, and the base rate."""
    labels = np.array([0, 0, 0, 1], dtype=np.int8)
    assert (roc_auc(labels, labels * 1.0), average_precision(labels, labels * 1.0)) == (1.0, 1.0)
    assert (roc_auc(labels, np.zeros(4)), average_precision(labels, np.zeros(4))) == (0.5, 0.25)


def test_intervals_hold_the_figure_and_are_repeatable() -> None:
    """The bootstrap is seeded, its interval contains the estimate, and its width is that of the known formula."""
    rng = np.random.default_rng(3)
    labels = (rng.random(2_000) < 0.1).astype(np.int8)
    scores = rng.normal(labels * 1.0, 1.0)
    first, again = (rank(labels, scores, seed=1) for _ in range(2))
    assert first.to_json() == again.to_json()
    assert first.roc_auc.low < first.roc_auc.value < first.roc_auc.high
    # Hanley and McNeil (1982) give a standard error of about 0.0186 for 200 positives at an area of 0.76.
    assert (first.roc_auc.high - first.roc_auc.low) / 3.92 == pytest.approx(0.0186, rel=0.25)


def test_calibration_bins_hold_equal_counts() -> None:
    """Ten tenths, whose predictions rise; a perfect forecast has almost no error."""
    rng = np.random.default_rng(5)
    probability = rng.random(20_000)
    labels = (rng.random(20_000) < probability).astype(np.int8)
    curve = calibration_curve(labels, probability)
    assert [point["rows"] for point in curve] == [2_000.0] * 10
    assert expected_calibration_error(curve) < 0.01
    assert all(point["low"] <= point["observed"] <= point["high"] for point in curve)
