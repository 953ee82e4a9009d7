"""Columns by bins: a split of bins is one of values, and forests of them are few enough thresholds for the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from algorithm_rows import section_for
from hypothesis import given
from hypothesis import strategies as st
from kernels import forced

from strata.runtime.binned_trees import MOST_EDGES
from strata.runtime.booster import Booster
from strata.runtime.tree_text import ZERO, read_tree_text
from training.algorithms import label_algorithm
from training.algorithms._bins import edges_between, find_bins
from training.algorithms.xgboost import XgboostSection
from training.rows import Floats
from training.sections import LabelSection

STRANGE = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, ZERO, -ZERO, 2e-35, 1e300, -1e300, 5e-324]


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 40, 2_000]))
def test_a_split_of_bins_is_one_of_values(seed: int, distinct: int) -> None:
    """For edges, on them, beside them and far from them: `bin <= j` where the value is at most the edge, nowhere else.

    What LightGBM takes for 0 counts as 0, as where it scores."""
    chance = np.random.default_rng(seed)
    values = chance.choice(np.concatenate([chance.normal(size=distinct), STRANGE]), (400, 2))
    bins = find_bins(values)
    for column, edges in enumerate(bins.edges):
        own = edges[np.isfinite(edges)]
        asked = np.concatenate([own, np.nextafter(own, np.inf), np.nextafter(own, -np.inf), values[:, column], STRANGE])
        found = bins.of(np.column_stack([asked, asked]))[:, column]
        np.testing.assert_array_equal(np.isnan(found), np.isnan(asked))
        splits = np.append(chance.integers(0, len(own), 8) + 0.5, np.inf)
        parted = bins.thresholds(np.full(9, column), splits)
        np.testing.assert_array_equal(parted[:-1], own[splits[:-1].astype(int)])
        seen = np.where(np.abs(asked) <= ZERO, 0.0, asked)
        np.testing.assert_array_equal(found[:, None] <= splits, seen[:, None] <= parted)


@given(st.integers(1, 3_000), st.integers(1, 400), st.floats(0.0, 1.0), st.integers(0, 2**32 - 1))
def test_bins_are_within_their_number_and_none_is_empty(rows: int, distinct: int, zeros: float, seed: int) -> None:
    """Of few values each is a bin of its own; of many, each bin holds some."""
    chance = np.random.default_rng(seed)
    values = chance.choice(np.exp(chance.normal(size=distinct) * 3), rows)
    values[chance.random(rows) < zeros] = 0.0
    edges = edges_between(values, bins=50)
    held = np.bincount(edges.searchsorted(values), minlength=len(edges) + 1)
    assert len(held) <= 50
    assert held.min() > 0
    if len(np.unique(values)) <= 50:
        assert len(held) == len(np.unique(values))


def test_bins_of_many_values_hold_as_many_rows_each() -> None:
    """And a value that most rows have takes one of them, not most of them."""
    values = np.random.default_rng(1).permutation(np.concatenate([np.zeros(8_000), np.arange(1.0, 2_001.0)]))
    held = np.bincount(edges_between(values, bins=41).searchsorted(values))
    assert held.tolist() == [8_000] + [50] * 40


def test_numbers_side_by_side_and_far_apart_are_parted() -> None:
    """Where the middle of two is one of them, and where their sum is beyond numbers."""
    low = np.nextafter(1.0, 2.0)
    values = np.array([-1.7e308, 1.0, low, np.nextafter(low, 2.0), 1.6e308, 1.7e308])
    assert edges_between(values).searchsorted(values).tolist() == list(range(6))


def _noise(rows: int) -> tuple[Floats, Any]:
    """No value twice, some missing; what there is to learn is that they are, and chance for ever after."""
    chance = np.random.default_rng(2)
    values = chance.normal(size=(rows, 1))
    missing = chance.random(rows) < 0.2
    labels = (chance.random(rows) < np.where(missing, 0.6, 0.5)).astype(np.int8)
    return np.where(missing[:, None], np.nan, values), labels


def _thresholds(section: LabelSection, rows: int) -> tuple[int, bool]:
    """How many different ones its trees have, and whether the kernel sums them by bins: to the library's numbers."""
    values, labels = _noise(rows)
    scorer = label_algorithm(section).fit(values, labels, None, section, classes=2, seed=1)
    text = scorer.export().files["model.txt"].decode()
    cuts = np.concatenate([tree.cuts for tree in read_tree_text(text, 1).trees])
    with forced("native"):
        booster = Booster(text, 1)
    asked = np.concatenate([values, np.array(STRANGE)[:, None]])
    np.testing.assert_allclose(booster.raw(asked), scorer.raw(asked), rtol=0, atol=1e-12)
    assert booster.native is not None
    return len(np.unique(cuts)), booster.native.by_bins


def test_a_random_forest_stays_with_the_edges_of_its_bins() -> None:
    """Every edge in use, and the split between missing and present beside them."""
    assert _thresholds(section_for("random_forest"), 1_500) == (MOST_EDGES, True)


# Small trees of few rows each, so that in the end each place is split at that can be.
EAGER = {"max_depth": 6, "min_child_weight": 0, "subsample": 0.3, "reg_lambda": 0, "learning_rate": 0.3}


def _eager(**named: Any) -> XgboostSection:
    document = {**section_for("xgboost").model_dump(), "trees": 400, "parameters": {**EAGER, **named}}
    return XgboostSection.model_validate(document)


def test_xgboost_has_as_many_bins_as_the_kernel_takes() -> None:
    """Every place between them is in use, and the split beside missing values: XGBoost's own 256 bins are too many."""
    assert _thresholds(_eager(), 1_500) == (MOST_EDGES - 1, True)


def test_bins_that_a_file_states_are_xgboosts() -> None:
    """Fewer or more: past the kernel's bound its forests are summed node by node."""
    assert _thresholds(_eager(max_bin=16), 1_500) == (16, True)
    more, by_bins = _thresholds(_eager(max_bin=300), 1_500)
    assert (more > MOST_EDGES, by_bins) == (True, False)
