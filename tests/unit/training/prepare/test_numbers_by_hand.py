"""Numbers anybody can check: examples in the docstrings, scores and encodings worked out by hand."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest
from mixed_rows import DAYS, ORDERS, SPEND, TIER, cluster_definition, label_definition, mixed_rows, mixed_schema

from training.prepare.derived import fit_logistic, score_bins
from training.prepare.encodings import target
from training.prepare.fills import commonest_fill, linear_fill
from training.prepare.fit import fit_preparation

SCHEMA = mixed_schema()
NAN = np.nan


@pytest.mark.parametrize("module", ["cleaning", "derived", "encodings", "fills", "folds", "scales"])
def test_the_examples_hold(module: str) -> None:
    """Those of the docstrings."""
    assert doctest.testmod(importlib.import_module(f"training.prepare.{module}")).failed == 0


def test_scores_count_quantiles_from_the_bad_end() -> None:
    """Fewest orders have 1 and most 5; the longest ago has 1, today 5."""
    column = np.arange(10.0)
    for low_is_best, expected in ((False, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]), (True, [5, 5, 4, 4, 3, 3, 2, 2, 1, 1])):
        edges, scores = score_bins(column, 5, reversed_=low_is_best)
        assert scores[edges.searchsorted(column)].tolist() == expected


def test_a_constant_column_has_one_score() -> None:
    """There is no better and worse."""
    edges, scores = score_bins(np.full(9, 4.0), 5, reversed_=False)
    assert scores[edges.searchsorted(np.array([4.0]))].tolist() == [1.0]


def test_a_categorys_share_is_drawn_towards_everybodys() -> None:
    """(1 positive + 20 * 0.5) / (1 + 20) of one row; everybody's without a row."""
    found = target(np.array([0.0, 1.0, NAN, NAN]), np.array([1, 0, 1, 0], dtype=np.int8), 3, 2)
    assert found.rows[:, 0].tolist() == [11 / 21, 10 / 21, 0.5]
    assert (found.missing.tolist(), found.other.tolist()) == ([11 / 22], [0.5])


def test_more_classes_have_a_share_each() -> None:
    """They add up to 1."""
    found = target(np.array([0.0, 0.0, 1.0]), np.array([0, 1, 2], dtype=np.int8), 2, 3)
    np.testing.assert_allclose(found.rows[0], [(1 + 20 / 3) / 22, (1 + 20 / 3) / 22, (20 / 3) / 22])
    np.testing.assert_allclose(found.rows.sum(axis=1), 1.0)


def test_a_column_without_values_is_filled_with_nothing_learned() -> None:
    """A fold of rare rows may have such a column; the door refuses it for all rows."""
    assert commonest_fill(np.array([NAN, NAN])) == 0.0
    assert linear_fill(np.array([NAN, NAN]), [np.zeros(2)], seed=0) is None
    values = mixed_rows(40, missing=0.0).values
    values[:, 2:] = NAN
    found = fit_preparation(label_definition(), SCHEMA, values, mixed_rows(40).labels, reads_missing=False)
    assert np.isfinite(found.training).all()
    assert found.record["warnings"] == [f"{key} has no value in any training row." for key in (SPEND, TIER)]


def test_one_class_alone_has_its_rate_as_propensity() -> None:
    """Drawn towards one half, so that log-odds are finite."""
    found = fit_logistic(np.zeros((3, 2)), np.ones(3, dtype=np.int8))
    assert found.weights == (0.0, 0.0)
    assert found.intercept == pytest.approx(np.log(3.5 / 0.5))


def test_rfm_scores_and_engagement_stand_beside_the_features() -> None:
    """Even where the features are left out: clusters of scores alone. A missing value shares the
    bad end with the worst that was seen."""
    values = np.array([[float(i), 10.0 - i, 100.0 - i, 0.0] for i in range(10)])
    values[9, 0] = values[9, 1] = NAN
    derive = [
        {"kind": "rfm_scores", "recency": DAYS, "frequency": ORDERS, "monetary": SPEND},
        {"kind": "engagement", "weights": {DAYS: -1.0, ORDERS: 3.0}},
        {"kind": "engagement", "weights": {SPEND: 1.0}},
    ]
    definition = cluster_definition(scale="none", leave_out=[DAYS, ORDERS, SPEND, TIER], derive=derive)
    found = fit_preparation(definition, SCHEMA, values)
    assert found.names == (
        "rfm_scores.recency", "rfm_scores.frequency", "rfm_scores.monetary", "rfm_scores.mean", "engagement",
        "engagement_2",
    )  # fmt: skip
    assert found.training[0].tolist() == pytest.approx([5.0, 5.0, 5.0, 5.0, 1.0, 1.0])
    assert found.training[9].tolist() == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.05, 0.0])
