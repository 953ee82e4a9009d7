"""What is fitted on labels says nothing of a training row's own label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mixed_rows import DAYS, ORDERS, SPEND, label_definition, mixed_schema
from sklearn.metrics import roc_auc_score

from training.prepare.encodings import target_out_of_fold
from training.prepare.fit import fit_preparation
from training.prepare.folds import lay_folds

ROWS, CATEGORIES = 2_000, 1_000
SCHEMA = mixed_schema(tuple(f"c{number}" for number in range(CATEGORIES)))


def _noise(seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two rows a category on average, and labels that have nothing to do with anything."""
    rng = np.random.default_rng(seed)
    values = np.column_stack([rng.random((ROWS, 3)), rng.integers(0, CATEGORIES, ROWS)])
    return values, (rng.random(ROWS) < 0.3).astype(np.int8)


def test_a_random_category_ranks_training_rows_by_chance() -> None:
    """Where the table a package carries, which has seen the labels, ranks them near perfectly: the planted leak."""
    definition = label_definition(categories="target", leave_out=[DAYS, ORDERS, SPEND])
    honest, leaking = [], []
    for seed in range(5):
        values, labels = _noise(seed)
        found = fit_preparation(definition, SCHEMA, values, labels, reads_missing=True)
        honest.append(roc_auc_score(labels, found.training[:, 0]))
        leaking.append(roc_auc_score(labels, found.apply(values)[:, 0]))
    assert min(leaking) > 0.75
    assert np.mean(honest) == pytest.approx(0.5, abs=0.03)


def test_a_propensity_ranks_training_rows_by_chance_too() -> None:
    """With 60 columns for 200 rows a full fit finds labels in noise."""
    honest, leaking = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        schema = type(SCHEMA)("wide", tuple(_numbers(60)), SCHEMA.view_fingerprints)
        values, labels = rng.normal(size=(200, 60)), (rng.random(200) < 0.5).astype(np.int8)
        derive = [{"kind": "propensity", "features": schema.keys}]
        found = fit_preparation(
            label_definition(derive=derive, leave_out=schema.keys), schema, values, labels, reads_missing=True
        )
        honest.append(roc_auc_score(labels, found.training[:, 0]))
        leaking.append(roc_auc_score(labels, found.apply(values)[:, 0]))
    assert min(leaking) > 0.75
    assert np.mean(honest) == pytest.approx(0.5, abs=0.06)


def test_a_category_that_tells_something_keeps_telling_it() -> None:
    """Out of fold is not out of mind: each half of the categories answers at its own rate."""
    values, _ = _noise(0)
    values[:, 3] %= 50
    labels = (np.random.default_rng(9).random(ROWS) < np.where(values[:, 3] < 25, 0.6, 0.1)).astype(np.int8)
    definition = label_definition(categories="target", leave_out=[DAYS, ORDERS, SPEND])
    found = fit_preparation(definition, SCHEMA, values, labels, reads_missing=True)
    assert roc_auc_score(labels, found.training[:, 0]) > 0.7


def test_a_row_is_encoded_without_its_user() -> None:
    """Changing one user's labels changes the encoding of no row of his, but for everybody's share."""
    rng = np.random.default_rng(0)
    users, column = np.repeat(np.arange(40), 5), rng.integers(0, 4, 200).astype(np.float64)
    labels = rng.integers(0, 2, 200).astype(np.int8)
    turned = labels.copy()
    theirs = users == 7
    turned[theirs] = turned[theirs][::-1]  # as many positives as before, at other rows
    folds = lay_folds(200, users, seed=1)
    before, after = (target_out_of_fold(column, each, 4, 2, folds) for each in (labels, turned))
    assert not np.array_equal(labels, turned)
    assert np.array_equal(before[theirs], after[theirs])
    assert all(len(set(folds[users == user])) == 1 for user in range(40))


def _numbers(count: int) -> list[Any]:
    from strata.runtime import FeatureInput

    return [FeatureInput("v", f"f{number}", "float64") for number in range(count)]
