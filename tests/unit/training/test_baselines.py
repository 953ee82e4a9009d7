"""Simpler ways beside a version, on its own test rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from strata.runtime import FeatureInput
from training.definition import RecencyBaseline
from training.judge.intervals import Resampling
from training.labels.baselines import baselines, class_baselines
from training.rows import FeatureSchema, Part, TrainingRows

SCHEMA = FeatureSchema("toy", (FeatureInput("v", "days", "float64"), FeatureInput("v", "x", "float64")), {"v": "0"})
HOW = Resampling(200, 3)


def _rows(edges: list[float]) -> TrainingRows:
    chance = np.random.default_rng(9)

    def part(count: int) -> Part:
        values = np.column_stack([chance.integers(0, 100, count), chance.normal(size=count)]).astype(np.float64)
        return Part(values, np.digitize(values[:, 1] + chance.normal(size=count), edges).astype(np.int8))

    return TrainingRows(SCHEMA, part(800), part(10), part(600))


def test_each_way_has_its_interval_and_how_far_the_version_is_ahead() -> None:
    """A version that ranks by what decides is ahead of nobody's answer beyond chance, and of itself by nothing."""
    rows = _rows([1.0])
    assert rows.test is not None
    scores = rows.test.values[:, 1]
    nobody, recent, logistic = baselines(
        rows, RecencyBaseline(name="r", feature="v:days", at_most_days=30), scores, HOW
    )
    assert [one["name"] for one in (nobody, recent, logistic)] == [
        "nobody responds (majority)", "r", "logistic regression",
    ]  # fmt: skip
    assert nobody["roc_auc"]["value"] == 0.5
    area = roc_auc_score(rows.test.labels, scores)
    assert nobody["ahead"]["value"] == pytest.approx(area - 0.5)
    assert nobody["ahead"]["low"] > 0.2
    assert logistic["roc_auc"]["low"] < logistic["roc_auc"]["value"] < logistic["roc_auc"]["high"]
    assert abs(logistic["ahead"]["value"]) < 0.02
    assert logistic["ahead"]["low"] < 0 < logistic["ahead"]["high"] + 0.02


def test_classes_have_a_logistic_regression_beside_them_too() -> None:
    """The most frequent of three classes is right as often as it occurs; who reads the features does better."""
    rows = _rows([-0.7, 0.7])
    assert rows.test is not None
    most, logistic = class_baselines(rows, HOW)
    assert most["accuracy"]["value"] == np.bincount(rows.test.labels).max() / 600
    assert logistic["name"] == "logistic regression"
    assert logistic["accuracy"]["low"] > most["accuracy"]["high"]
