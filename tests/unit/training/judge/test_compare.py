"""A challenger against the champion: paired, signed for the better, honest about chance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.judge.compare import compare
from training.judge.intervals import Resampling, interval
from training.judge.metrics import metric
from training.rows import Floats


@pytest.fixture
def rows() -> tuple[Labels, Floats, Floats]:
    """A probability that is right, and the same with a little noise."""
    rng = np.random.default_rng(4)
    right = rng.random(3_000)
    return (rng.random(3_000) < right).astype(np.int8), np.clip(right + rng.normal(0, 0.15, 3_000), 0, 1), right


def test_the_better_one_wins_and_the_interval_says_so(rows: tuple[Labels, Floats, Floats]) -> None:
    """Above 0 for a ranking and for a loss alike; turned around it is as much below."""
    labels, noisy, right = rows
    auc = compare(labels, noisy, right, "roc_auc")
    assert auc["value"] == pytest.approx(roc_auc_score(labels, right) - roc_auc_score(labels, noisy))
    assert 0 < auc["low"] < auc["value"] < auc["high"]
    loss = compare(labels, noisy, right, "brier")
    assert loss["value"] == pytest.approx(brier_score_loss(labels, noisy) - brier_score_loss(labels, right))
    assert loss["low"] > 0
    assert compare(labels, right, noisy, "brier")["high"] == pytest.approx(-loss["low"])


def test_pairing_is_narrower_than_two_intervals(rows: tuple[Labels, Floats, Floats]) -> None:
    """What both get wrong cancels: less than half as wide as two independent intervals would make it."""
    labels, noisy, right = rows
    found = compare(labels, noisy, right, "roc_auc")
    apart = [interval(metric("roc_auc", labels, each), len(labels), Resampling()) for each in (noisy, right)]
    unpaired = np.hypot(*(each.high - each.low for each in apart))
    assert found["high"] - found["low"] < unpaired / 2


def test_the_same_scores_differ_by_nothing(rows: tuple[Labels, Floats, Floats]) -> None:
    """Exactly 0, whatever is drawn."""
    labels, noisy, _ = rows
    assert compare(labels, noisy, noisy.copy(), "average_precision") == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_repeated_users_widen_the_interval(rows: tuple[Labels, Floats, Floats]) -> None:
    """The same rows three times over are no more evidence when drawn by user."""
    labels, noisy, right = (np.tile(each[:800], 3) for each in rows)
    users = np.tile(np.arange(800), 3)
    by_row, by_user = (compare(labels, noisy, right, "roc_auc", groups) for groups in (None, users))
    assert (by_user["high"] - by_user["low"]) / (by_row["high"] - by_row["low"]) == pytest.approx(3**0.5, rel=0.25)


def test_other_rows_are_refused(rows: tuple[Labels, Floats, Floats]) -> None:
    """Both have to have scored these rows."""
    labels, noisy, right = rows
    with pytest.raises(InputInvalid, match="the same 3000 rows; they scored 2999 and 3000"):
        compare(labels, noisy[1:], right, "roc_auc")
