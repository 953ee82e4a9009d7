"""Contributions in the shape a page draws: per feature, in original units, of a bounded sample."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training.judge.shap_values import shap_details


def test_columns_of_a_feature_add_up_and_values_are_the_features_own() -> None:
    """Two one-hot columns are one feature; its value is the category's position; missing is null."""
    values = np.array([[0.0, 5.0], [1.0, np.nan], [0.0, 7.0]])
    prepared = np.array([[1.0, 0.0, 0.5, 9.0], [0.0, 1.0, 0.0, 8.0], [1.0, 0.0, 0.7, 7.0]])
    contributions = np.array([[0.3, 0.1, -1.0, 0.0, 2.0], [-0.2, 0.1, 1.0, 0.1, 2.0], [0.3, 0.1, -1.0, 0.0, 2.0]])
    found = shap_details(
        contributions, ["v:town=a", "v:town=b", "v:spend", "rfm"], values, ["v:town", "v:spend"], prepared
    )
    assert [one["feature"] for one in found["features"]] == ["v:spend", "v:town", "rfm"]
    assert [one["mean_abs"] for one in found["features"]] == pytest.approx([1.0, 0.3, 0.1 / 3])
    assert found["points"]["v:town"]["value"] == [0.0, 1.0, 0.0]
    assert found["points"]["v:town"]["effect"] == pytest.approx([0.4, -0.1, 0.4])
    assert found["points"]["v:spend"]["value"] == [5.0, None, 7.0]
    assert found["points"]["rfm"] == {"value": [9.0, 8.0, 7.0], "effect": [0.0, 0.1, 0.0]}
    json.dumps(found, allow_nan=False)


def test_points_are_bounded_and_repeatable() -> None:
    """At most 500 rows of the first twelve features, the same by seed; effect and value are of one row."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(900, 20))
    contributions = np.column_stack([values * np.arange(20, 0, -1), np.zeros(900)])
    names = [f"v:{i}" for i in range(20)]
    found, again = (shap_details(contributions, names, values, names, values, seed=4) for _ in range(2))
    assert found == again
    assert list(found["points"]) == names[:12]
    assert len(found["features"]) == 20
    assert all(len(one["value"]) == len(one["effect"]) == 500 for one in found["points"].values())
    assert found["points"]["v:0"]["effect"] == pytest.approx([20 * each for each in found["points"]["v:0"]["value"]])
