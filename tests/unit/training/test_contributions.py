"""What features contribute to each class, of every algorithm, against what its model answers."""

from __future__ import annotations

import numpy as np
import pytest
from mixed_rows import label_definition, mixed_schema
from toy_training import RESPONDERS

from training.algorithms import list_algorithms, section_of
from training.definition import Definition
from training.labels.choosing import Chosen
from training.labels.contributions import contributions
from training.labels.fitted_classes import fit_classes
from training.labels.judged import explained
from training.labels.learn import Learned, learn
from training.rows import Part, TrainingRows
from training.sections import LabelSection

KINDS = [kind for kind in list_algorithms() if issubclass(section_of(kind), LabelSection)]
OWN = {
    "lightgbm": {"trees": 8, "parameters": {"num_leaves": 4, "min_data_in_leaf": 5}},
    "random_forest": {"trees": 8},
    "xgboost": {"trees": 8, "parameters": {"max_depth": 2}},
}
SCHEMA = mixed_schema()
CLASSES = 6
CHANCE = np.random.default_rng(4)
VALUES = np.column_stack([CHANCE.normal(size=(600, 3)), CHANCE.integers(0, 4, 600)])
SUMS = 2 * VALUES[:, 0] + (VALUES[:, 3] == 2) + CHANCE.normal(size=600) * 0.3
LABELS = np.searchsorted(np.quantile(SUMS, np.arange(1, CLASSES) / CLASSES), SUMS).astype(np.int8)
PART = Part(VALUES, LABELS, np.arange(600))


def _definition(kind: str) -> Definition:
    classes = [
        {"key": f"c{i}", "label": f"C{i}", "description": "", **({"below": i + 1.0} if i + 1 < CLASSES else {})}
        for i in range(CLASSES)
    ]
    label = {"event_type": "purchase", "horizon_days": 30, "classes": classes}
    algorithm = {"kind": kind, **OWN.get(kind, {})}
    document = {**RESPONDERS, "label": label, "algorithm": algorithm, "baseline": None, "fallback": ["c0"], "gates": {}}
    return Definition.model_validate({**document, "balance": "none", "prepare": {"categories": "onehot"}})


def _adjusted(kind: str) -> Learned:
    """As it is packed: with its probabilities adjusted to the validation rows."""
    definition = _definition(kind)
    learned = learn(definition, SCHEMA, PART)
    rows = TrainingRows(SCHEMA, PART, PART)
    return fit_classes(
        rows, Chosen(definition, learned, None, None), learned.raw(VALUES), lambda _: None
    ).chosen.learned


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_to_what_is_answered(kind: str) -> None:
    """[n, classes, d + 1]; with the expected value they are the logarithms of the probabilities beside their mean, in
    a forest parts of a whole whose shares are the probabilities."""
    learned = _adjusted(kind)
    prepared = learned.preparation.apply(VALUES)
    found = contributions(learned, prepared)
    assert found is not None
    assert found.shape == (600, CLASSES, prepared.shape[1] + 1)
    sums, probabilities = found.sum(axis=2), learned.raw(VALUES)
    if kind == "random_forest":
        np.testing.assert_allclose(sums / sums.sum(axis=1, keepdims=True), probabilities, atol=1e-9)
    else:
        logs = np.log(probabilities)
        np.testing.assert_allclose(sums, logs - logs.mean(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_label_was_made_of_moves_the_classes(kind: str) -> None:
    """The days order the six classes: most for the outermost, and in opposite directions."""
    found = explained(_definition(kind), SCHEMA, _adjusted(kind), PART)
    assert found["shap"]["classes"] == [f"c{i}" for i in range(CLASSES)]
    first, *others = found["shap"]["features"]
    assert first["feature"] == "v:days"
    assert (first["direction"][0], first["direction"][-1]) == (-1, 1)
    assert {one["feature"] for one in others} == {"v:orders", "v:spend", "v:tier"}
    assert all(one["direction"] == [0] * CLASSES for one in others if one["feature"] == "v:tier")
    assert sum(one["share"] for one in found["importances"]) == pytest.approx(1.0)
    assert found["importances"][0]["share"] > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_two_classes_have_one_sum(kind: str) -> None:
    """What the algorithm's own library says, with points to draw."""
    bands = RESPONDERS["algorithm"]["bands"]  # type: ignore[index]
    definition = label_definition(algorithm={"kind": kind, "bands": bands, **OWN.get(kind, {})})
    two = Part(VALUES, (LABELS > 2).astype(np.int8))
    learned = learn(definition, SCHEMA, two)
    found = contributions(learned, learned.preparation.apply(VALUES))
    assert found is not None
    assert found.shape[1] == 1
    np.testing.assert_allclose(found[:, 0].sum(axis=1), learned.raw(VALUES), atol=1e-6)
    assert "points" in explained(definition, SCHEMA, learned, two)["shap"]
