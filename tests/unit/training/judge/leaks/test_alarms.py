"""Leaks that show in numbers alone, and features that are only good."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from strata.events import DAY_US
from training.judge.leaks.alarms import lag_check, lagged_rows, separation_check, single_powers

KEYS = ["v:habit", "v:leak", "v:noise"]


def _world() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """500 users at four dates a horizon apart. A steady habit and what happens in the window make the label.

    The habit's feature is honest; the leak has seen what happens in the window.
    """
    rng = np.random.default_rng(1)
    users, dates = np.tile(np.arange(500), 4), np.repeat(np.arange(4) * 60 * DAY_US, 500)
    habit, happens = rng.normal(size=500)[users], rng.normal(size=2_000)
    labels = (habit + happens > 1).astype(np.int8)
    noise = rng.normal(size=(3, 2_000))
    return users, dates, np.column_stack([habit + noise[0] / 3, happens + noise[1] / 3, noise[2]]), labels


def test_a_feature_made_from_the_label_is_caught() -> None:
    """It separates almost perfectly, upside down too, and is named; the habit, which only ranks well, is not."""
    _, _, values, labels = _world()
    values[:, 1] = -labels * 10.0 + values[:, 2]
    check = separation_check(values, labels, KEYS)
    assert not check.passed
    assert "v:leak (1.000)" in check.statement
    assert "v:habit" not in check.statement


def test_a_strong_feature_is_no_alarm() -> None:
    """It is told as the strongest."""
    _, _, values, labels = _world()
    check = separation_check(values[:, [0, 2]], labels, ["v:habit", "v:noise"])
    assert check.passed
    assert check.statement.startswith("The strongest single feature, v:habit, has a ROC AUC of 0.8")


def test_a_handful_of_positives_is_no_alarm() -> None:
    """Among 5 positives a perfect ranking happens by chance."""
    labels = np.zeros(100, dtype=np.int8)
    labels[:5] = 1
    assert separation_check(labels[:, None] * 1.0, labels, ["v:lucky"]).passed
    labels[:25] = 1
    assert not separation_check(labels[:, None] * 1.0, labels, ["v:lucky"]).passed


def test_a_feature_that_sees_ahead_collapses_when_it_is_older() -> None:
    """A window before, the leak knows nothing of this label; the habit is as good as ever."""
    users, dates, values, labels = _world()
    now, then = lagged_rows(users, dates, 60 * DAY_US)
    assert len(now) == 1_500
    check = lag_check(values[now], values[then], labels[now], KEYS)
    assert not check.passed
    assert "v:leak (0.8" in check.statement
    assert " to 0.5" in check.statement
    assert "v:habit" not in check.statement
    assert lag_check(values[now][:, [0, 2]], values[then][:, [0, 2]], labels[now], ["v:habit", "v:noise"]).passed


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_the_newest_of_the_same_user_old_enough(seed: int) -> None:
    """Against a search row by row."""
    rng = np.random.default_rng(seed)
    users, times = rng.integers(0, 12, 80), rng.integers(0, 30, 80)
    now, then = lagged_rows(users, times, 7)
    expected = {}
    for row in range(80):
        older = [t for t in range(80) if users[t] == users[row] and times[t] <= times[row] - 7]
        if older:
            expected[row] = max(times[each] for each in older)
    assert {int(a): int(times[b]) for a, b in zip(now, then, strict=True)} == expected
    assert (users[now] == users[then]).all()


def test_powers_are_scikit_learns_up_or_down_with_missing_lowest() -> None:
    """Of two classes, and of three the best class against the rest."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 3, 300).astype(np.int8)
    values = np.column_stack([-labels + rng.normal(size=300), rng.normal(size=300)])
    values[::9, 1] = np.nan
    filled = np.nan_to_num(values, nan=-99.0)
    expected = []
    for i in range(2):
        areas = [roc_auc_score(labels == one, filled[:, i]) for one in range(3)]
        expected.append(max(max(area, 1 - area) for area in areas))
    np.testing.assert_allclose(single_powers(values, labels), expected)
