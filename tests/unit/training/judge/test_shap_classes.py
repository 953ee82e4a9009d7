"""Contributions to several classes: a size, a direction and the class that is moved most, per feature."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training.judge.shap_classes import class_shap_details

KEYS = ["v:spend", "v:town"]
NAMES = ["v:spend", "v:town=a", "v:town=b"]
VALUES = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [np.nan, 1.0]])
PREPARED = np.zeros((4, 3))
SPEND = np.array([[-3.0, 3.0, 0.5], [0.0, 0.0, -0.5], [3.0, -3.0, 0.5], [0.0, 0.0, -0.5]])  # [n, classes]


def _details(**more: object) -> dict[str, object]:
    town = np.full((4, 3, 2), 0.1)
    contributions = np.concatenate([SPEND[:, :, None], town, np.full((4, 3, 1), 9.0)], axis=2)
    return class_shap_details(
        contributions, NAMES, VALUES, KEYS, PREPARED, classes=["low", "high", "odd"], nominal={"v:town"}, **more
    )


def test_each_feature_has_its_cell_in_each_class() -> None:
    """Columns of a category add up, the expected value is left out, what moves most comes first."""
    found = _details()
    assert found["classes"] == ["low", "high", "odd"]
    spend, town = found["features"]  # type: ignore[misc]
    assert spend["feature"] == "v:spend"
    assert spend["by_class"] == [1.5, 1.5, 0.5]
    assert (spend["mean_abs"], spend["most"]) == (3.5, "low")
    assert town["by_class"] == pytest.approx([0.2, 0.2, 0.2])
    json.dumps(found, allow_nan=False)


def test_a_direction_is_told_where_it_is_clear() -> None:
    """More spend speaks for the first class and against the second; in the third both ends do. A category has none,
    and rows without a value do not count."""
    spend, town = _details()["features"]  # type: ignore[misc]
    assert spend["direction"] == [1, -1, 0]
    assert town["direction"] == [0, 0, 0]
