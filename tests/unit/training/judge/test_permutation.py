"""Importance by permutation: what helps costs, what is idle does not, columns of a feature move together."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import LogisticRegression

from training.judge.columns import columns_by_feature
from training.judge.importance import importance_sentence
from training.judge.intervals import Resampling
from training.judge.permutation import pays, permutation_importance

HOW = Resampling(200, seed=5)


def _rows(rows: int = 1_500) -> tuple[np.ndarray, np.ndarray]:
    """Four columns: strong, weak, idle, and a copy of nothing."""
    rng = np.random.default_rng(9)
    values = rng.normal(size=(rows, 4))
    chance = 1 / (1 + np.exp(-(2 * values[:, 0] + 0.5 * values[:, 1])))
    return values, (rng.random(rows) < chance).astype(np.int8)


def test_drops_are_scikit_learns() -> None:
    """The mean drop in area agrees with sklearn.inspection on the same model within the spread of its repeats."""
    values, labels = _rows()
    model = LogisticRegression().fit(values, labels)
    found = permutation_importance(
        model.decision_function, values, labels, {str(i): [i] for i in range(4)}, HOW, repeats=10
    )
    expected = theirs(model, values, labels, scoring="roc_auc", n_repeats=10, random_state=1)
    for one in found:
        place = int(one["feature"])
        assert one["drop"]["value"] == pytest.approx(expected.importances_mean[place], abs=0.01)
    assert [one["feature"] for one in found[:2]] == ["0", "1"]
    assert [pays(one) for one in found] == [True, True, False, False]
    assert importance_sentence(found).endswith("2 of 4 features show that they pay.")


def test_it_is_repeatable_and_untouched_by_other_features() -> None:
    """The same seed gives the same numbers; the values come back as they were."""
    values, labels = _rows()
    kept = values.copy()
    columns = {str(i): [i] for i in range(4)}
    first, again = (permutation_importance(lambda v: v[:, 0], values, labels, columns, HOW) for _ in range(2))
    assert first == again
    np.testing.assert_array_equal(values, kept)
    idle = {one["feature"]: one["drop"] for one in first}
    assert all(idle[name] == {"value": 0.0, "low": 0.0, "high": 0.0} for name in "123")


def test_columns_of_one_feature_are_shuffled_together() -> None:
    """A model that reads the sum of two one-hot columns sees nothing when they move together, and much when apart."""
    rng = np.random.default_rng(1)
    hot = np.eye(2)[rng.integers(0, 2, 800)]
    values = np.column_stack([hot, rng.normal(size=800)])
    labels = (rng.random(800) < 1 / (1 + np.exp(-2 * values[:, 2]))).astype(np.int8)

    def score(rows: np.ndarray) -> np.ndarray:
        return rows[:, 2] + 9.0 * np.abs(rows[:, 0] + rows[:, 1] - 1)

    columns = columns_by_feature(["v:town=a", "v:town=b", "v:spend"], ["v:town", "v:spend"])
    found = permutation_importance(score, values, labels, columns, HOW)
    assert found[1] == {"feature": "v:town", "drop": {"value": 0.0, "low": 0.0, "high": 0.0}}
    apart = permutation_importance(score, values, labels, {"a": [0], "b": [1]}, HOW)
    assert all(pays(one) for one in apart)


def test_a_loss_that_rises_is_a_drop_too() -> None:
    """With the Brier score a feature that helps is above 0 as well."""
    values, labels = _rows()
    model = LogisticRegression().fit(values, labels)
    found = permutation_importance(
        lambda v: model.predict_proba(v)[:, 1], values, labels, {"strong": [0], "idle": [2]}, HOW, metric_name="brier"
    )
    assert [pays(one) for one in found] == [True, False]


def test_the_interval_knows_which_rows_were_judged() -> None:
    """Fewer rows, a wider interval; users whose rows repeat are one piece of evidence."""
    values, labels = _rows(2_000)
    few = permutation_importance(lambda v: v[:, 0], values[:200], labels[:200], {"a": [0]}, HOW)
    many = permutation_importance(lambda v: v[:, 0], values, labels, {"a": [0]}, HOW)
    whole = Resampling(200, seed=5, groups=np.tile(np.arange(200), 10))
    repeated = permutation_importance(
        lambda v: v[:, 0], np.tile(values[:200], (10, 1)), np.tile(labels[:200], 10), {"a": [0]}, whole
    )
    wide, narrow, same = (each[0]["drop"]["high"] - each[0]["drop"]["low"] for each in (few, many, repeated))
    assert wide > 2 * narrow
    assert same > 2 * narrow
