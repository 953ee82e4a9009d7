"""The kernel's trees give LightGBM's numbers, to the last bit, or are not used."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import forced

from strata.runtime import binned_trees
from strata.runtime import booster as booster_module
from strata.runtime.booster import Booster
from strata.runtime.native_trees import NativeTrees, agree, native_trees
from strata.runtime.tree_text import Forest, read_tree_text

FEATURES = 5


@cache
def model_text(seed: int, leaves: int = 15, rounds: int = 30, classes: int = 1, **parameters: Any) -> str:
    """A model trained on noise with missing values and zeros."""
    chance = np.random.default_rng(seed)
    values = np.round(chance.normal(size=(600, FEATURES)), 1)
    values[chance.random(values.shape) < 0.15] = np.nan
    values[chance.random(values.shape) < 0.15] = 0.0
    drawn = np.nan_to_num(values[:, 0]) + np.isnan(values[:, 1]) + chance.normal(size=600)
    told = (drawn > 0.5).astype(int) if classes == 1 else np.argsort(np.argsort(drawn)) * classes // 600
    chosen = {"objective": "binary", "num_leaves": leaves, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
    if classes > 1:
        chosen |= {"objective": "multiclass", "num_class": classes}
    made = lightgbm.train(chosen | parameters, lightgbm.Dataset(values, told), rounds)
    return str(made.model_to_string())


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> Any:
    with forced("native"):
        yield


def rows(seed: int, count: int) -> Any:
    chance = np.random.default_rng(seed)
    values = np.round(chance.normal(size=(count, FEATURES)), 1)
    strange = np.array([np.nan, 0.0, -0.0, 1e-40, np.inf, -np.inf])
    return np.where(chance.random(values.shape) < 0.3, chance.choice(strange, values.shape), values)


@pytest.mark.parametrize("parameters", [{}, {"use_missing": False}, {"leaves": 2}, {"leaves": 63, "rounds": 7}])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 63, 64, 65, 500])
def test_sums_are_lightgbms_to_the_last_bit(parameters: dict[str, Any], count: int) -> None:
    """For any number of rows, alone and together, with missing, strange and ordinary values."""
    text = model_text(3, **parameters)
    scored, values = Booster(text, FEATURES), rows(count, count)
    assert scored.native is not None
    wanted = lightgbm.Booster(model_str=text).predict(values, raw_score=True) if count else np.zeros(0)
    np.testing.assert_array_equal(scored.raw(values), wanted)
    np.testing.assert_array_equal([scored.raw_one(row) for row in values], wanted)


@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize("leaves", [15, 80])
@pytest.mark.parametrize("count", [0, 1, 7, 15, 16, 64, 79, 80, 200])
def test_sums_of_several_classes_are_lightgbms_to_the_last_bit(classes: int, leaves: int, count: int) -> None:
    """By bins and node by node, for any number of rows, alone and together."""
    text = model_text(3, leaves=leaves, rounds=9, classes=classes, min_data_in_leaf=1)
    scored, values = Booster(text, FEATURES, classes), rows(count, count)
    assert scored.native is not None
    assert scored.native.by_bins == (leaves <= binned_trees.MOST_LEAVES)
    wanted = lightgbm.Booster(model_str=text).predict(values, raw_score=True) if count else np.zeros((0, classes))
    np.testing.assert_array_equal(scored.sums(values), wanted)
    assert [scored.sums_one(row) for row in values] == wanted.tolist()
    with forced("pure"):
        plain = Booster(text, FEATURES, classes)
    np.testing.assert_array_equal(plain.sums(values), wanted)
    assert [plain.sums_one(row) for row in values] == wanted.tolist()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    leaves=st.sampled_from([2, 3, 31, 64, 65]),
    classes=st.sampled_from([1, 2, 5]),
    max_bin=st.sampled_from([3, 255, 600]),
    count=st.integers(1, 140),
)
def test_any_forest_and_any_rows(seed: int, leaves: int, classes: int, max_bin: int, count: int) -> None:
    """Random forests on random values, many of them missing; both of the kernel's ways and LightGBM's own."""
    text = model_text(seed, leaves=leaves, rounds=4, classes=classes, max_bin=max_bin, min_data_in_bin=1)
    values = rows(seed, count)
    wanted = lightgbm.Booster(model_str=text).predict(values, raw_score=True).reshape(count, classes)
    with forced("native"):
        scored = Booster(text, FEATURES, classes)
        assert scored.native is not None
        np.testing.assert_array_equal(scored.sums(values), wanted)
        assert [scored.sums_one(row) for row in values[:5]] == wanted[:5].tolist()
        np.testing.assert_array_equal(_node_by_node(text, classes).sums(values), wanted)


def _node_by_node(text: str, classes: int) -> NativeTrees:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(binned_trees, "MOST_TREES", 0)
        made = native_trees(read_tree_text(text, FEATURES, classes))
    assert made is not None
    assert not made.by_bins
    return made


@pytest.mark.parametrize(
    ("bound", "value"), [("MOST_LEAVES", 14), ("MOST_TREES", 29), ("MOST_USED", 4), ("MOST_EDGES", 9)]
)
def test_past_each_bound_trees_are_summed_node_by_node(monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    """A leaf, a tree, a feature or a threshold too many for bytes and bits: the same numbers, later."""
    text, values = model_text(3), rows(5, 40)
    within = Booster(text, FEATURES)
    monkeypatch.setattr(binned_trees, bound, value)
    past = Booster(text, FEATURES)
    assert within.native is not None
    assert past.native is not None
    assert (within.native.by_bins, past.native.by_bins) == (True, False)
    np.testing.assert_array_equal(past.raw(values), within.raw(values))


def test_a_feature_of_the_most_thresholds_and_trees_of_the_most_leaves() -> None:
    """255 thresholds (infinity is one) and 64 leaves fit the bytes and bits exactly; missing values go both ways."""
    chance = np.random.default_rng(2)
    values = np.where(chance.random((20_000, 2)) < 0.1, np.nan, chance.integers(0, 255, (20_000, 2)) / 1.0)
    told = np.nan_to_num(values[:, 0] * 7 % 11 + values[:, 1] * 5 % 13, nan=3.0) + chance.normal(size=20_000)
    chosen = {"num_leaves": 64, "min_data_in_leaf": 1, "min_data_in_bin": 1, "verbose": -1, "num_threads": 1}
    dense = chosen | {"max_bin": 256, "objective": "regression"}
    made = lightgbm.train(dense, lightgbm.Dataset(values, told), 60)
    scored = Booster(made.model_to_string(), 2)
    assert scored.native is not None
    forest = read_tree_text(made.model_to_string(), 2)
    edges = [np.unique([cut for tree in forest.trees for cut in tree.cuts[tree.feature == one]]) for one in (0, 1)]
    assert max(map(len, edges)) == binned_trees.MOST_EDGES
    assert max(len(tree.leaf) for tree in forest.trees) == binned_trees.MOST_LEAVES
    assert scored.native.by_bins
    np.testing.assert_array_equal(scored.raw(values[:3_000]), made.predict(values[:3_000], raw_score=True))
    np.testing.assert_array_equal([scored.raw_one(row) for row in values[:300]], made.predict(values[:300]))


def test_a_matrix_that_is_not_in_order_is_scored_all_the_same() -> None:
    """Columns first, a slice, a row of a column-ordered matrix."""
    scored, values = Booster(model_text(3), FEATURES), rows(5, 40)
    wanted = scored.raw(values)
    np.testing.assert_array_equal(scored.raw(np.asfortranarray(values)), wanted)
    np.testing.assert_array_equal([scored.raw_one(row) for row in np.asfortranarray(values)], wanted)


def test_trees_it_does_not_walk_are_left_to_lightgbm() -> None:
    """Where zeros count as missing."""
    text = model_text(3, zero_as_missing=True)
    scored, values = Booster(text, FEATURES), rows(5, 40)
    assert scored.native is None
    np.testing.assert_array_equal(scored.raw(values), lightgbm.Booster(model_str=text).predict(values, raw_score=True))


def _nudged(forest: Forest, **changed: Any) -> NativeTrees:
    first = forest.trees[0]
    made = native_trees(replace(forest, trees=(replace(first, **changed), *forest.trees[1:])))
    assert made is not None
    return made


@pytest.mark.parametrize(("leaves", "classes"), [(15, 1), (80, 1), (15, 3)])
def test_a_difference_is_found_before_anybody_is_scored(
    monkeypatch: pytest.MonkeyPatch, leaves: int, classes: int
) -> None:
    """A threshold, a leaf, the way of missing values: the smallest change, and LightGBM scores."""
    text = model_text(3, leaves=leaves, classes=classes, min_data_in_leaf=3)
    forest = read_tree_text(text, FEATURES, classes)
    lightgbms = Booster(text, FEATURES, classes).by_lightgbm
    sound = native_trees(forest)
    assert sound is not None
    assert agree(forest, sound, lightgbms)
    first = forest.trees[0]
    for changed in (
        {"threshold": np.nextafter(first.threshold, np.inf)},
        {"leaf": np.nextafter(first.leaf, np.inf)},
        {"missing_left": ~first.missing_left},
        {"left": first.right, "right": first.left},
    ):
        assert not agree(forest, _nudged(forest, **changed), lightgbms), changed
    monkeypatch.setattr(booster_module, "agree", lambda *_: False)
    assert Booster(text, FEATURES, classes).native is None


def test_without_the_kernel_lightgbm_scores() -> None:
    """The same numbers."""
    text, values = model_text(3), rows(5, 40)
    wanted = Booster(text, FEATURES).raw(values)
    with forced("pure"):
        plain = Booster(text, FEATURES)
        assert plain.native is None
        np.testing.assert_array_equal(plain.raw(values), wanted)
