"""Probabilities of classes, scaled and shifted: inside the model, so that a package needs no more than the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strata.runtime.booster import Booster
from training.algorithms import label_algorithm, section_of
from training.rows import Floats

SECTIONS: dict[str, dict[str, Any]] = {
    "lightgbm": {"trees": 3, "parameters": {"num_leaves": 4}},
    "logistic": {},
    "random_forest": {"trees": 5, "least_rows": 20},
    "xgboost": {"trees": 3, "parameters": {"max_depth": 2}},
}
CHANCE = np.random.default_rng(4)
VALUES = CHANCE.normal(size=(400, 3))
LABELS = np.digitize(VALUES[:, 0] + CHANCE.normal(size=400), [-1.0, 1.0]).astype(np.int8)


def _softmax(sums: Floats) -> Floats:
    odds = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("kind", sorted(SECTIONS))
def test_an_adjusted_model_says_softmax_of_scaled_logarithms_and_shifts(kind: str) -> None:
    """Where it can be scaled by 1.7; the model itself is as it was."""
    section = section_of(kind).model_validate({"kind": kind, **SECTIONS[kind]})
    scorer = label_algorithm(section).fit(VALUES, LABELS, None, section, classes=3, seed=1)  # type: ignore[arg-type]
    before = scorer.raw(VALUES)
    scale, shifts = 1.7 if scorer.scalable else 1.0, (0.0, 0.4, -0.9)
    adjusted = scorer.adjusted(scale, shifts)
    wanted = _softmax(scale * np.log(np.maximum(before, 1e-300)) + shifts)
    np.testing.assert_allclose(adjusted.raw(VALUES), wanted, atol=1e-12)
    np.testing.assert_array_equal(scorer.raw(VALUES), before)
    if kind != "logistic":
        sums = Booster(adjusted.export().files["model.txt"].decode(), 3, 3).sums(VALUES)
        told = sums / sums.sum(axis=1, keepdims=True) if kind == "random_forest" else _softmax(sums)
        np.testing.assert_allclose(told, adjusted.raw(VALUES), atol=1e-12)
