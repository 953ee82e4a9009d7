"""The kernel's trees give LightGBM's numbers, to the last bit, or are not used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest
from kernels import forced

from strata.runtime import booster as booster_module
from strata.runtime.booster import Booster
from strata.runtime.native_trees import NativeTrees, agree, native_trees
from strata.runtime.tree_text import Forest, read_tree_text

FEATURES = 5


def model_text(seed: int, leaves: int = 15, rounds: int = 30, **parameters: Any) -> str:
    """A model trained on noise with missing values and zeros."""
    chance = np.random.default_rng(seed)
    values = np.round(chance.normal(size=(600, FEATURES)), 1)
    values[chance.random(values.shape) < 0.15] = np.nan
    values[chance.random(values.shape) < 0.15] = 0.0
    told = (np.nan_to_num(values[:, 0]) + np.isnan(values[:, 1]) + chance.normal(size=600) > 0.5).astype(int)
    chosen = {"objective": "binary", "num_leaves": leaves, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
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


def test_a_difference_is_found_before_anybody_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A threshold, a leaf, the way of missing values: the smallest change, and LightGBM scores."""
    text = model_text(3)
    forest = read_tree_text(text, FEATURES)
    lightgbms = Booster(text, FEATURES)._by_lightgbm
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
    assert Booster(text, FEATURES).native is None


def test_without_the_kernel_lightgbm_scores() -> None:
    """The same numbers."""
    text, values = model_text(3), rows(5, 40)
    wanted = Booster(text, FEATURES).raw(values)
    with forced("pure"):
        plain = Booster(text, FEATURES)
        assert plain.native is None
        np.testing.assert_array_equal(plain.raw(values), wanted)
