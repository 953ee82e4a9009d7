"""Forests of scikit-learn and XGBoost as LightGBM text: the same ways, the same sums, and their explanation."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost as library
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from strata.runtime.booster import Booster
from strata.runtime.tree_text import ZERO, Forest, read_tree_text
from training.algorithms import label_algorithm, section_of
from training.algorithms._tree_text import SplitTree, as_single, forest_text, last_at_most
from training.algorithms.random_forest import RandomForestScorer
from training.algorithms.xgboost import XgboostScorer
from training.rows import Floats

BANDS = [
    {"key": "a", "label": "A", "description": "", "precision_at_least": 0.4},
    {"key": "b", "label": "B", "description": ""},
]
SECTIONS: dict[str, dict[str, Any]] = {
    "random_forest": {"trees": 6, "leaves": 8},
    "xgboost": {"trees": 6, "parameters": {"max_depth": 3, "min_split_loss": 0.1}},
}
KINDS = sorted(SECTIONS)
STRANGE = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 1e-40, ZERO, -ZERO, 1.0000001e-35, 3e38, 1e300, -1e300]

singles = st.floats(width=32, allow_nan=True, allow_infinity=True)
doubles = st.floats(allow_nan=True, allow_infinity=True)


def _fit(kind: str, values: Floats, labels: NDArray[np.int8], classes: int = 2, **more: Any) -> Any:
    section = section_of(kind).model_validate({"kind": kind, "bands": BANDS, **SECTIONS[kind], **more})
    return label_algorithm(section).fit(values, labels, None, section, classes=classes, seed=3)  # type: ignore[arg-type]


def _world(classes: int = 2) -> tuple[Floats, NDArray[np.int8]]:
    """Few distinct values, so that many rows tie; tiny, huge and missing ones; being missing tells something."""
    chance = np.random.default_rng(5)
    values = chance.choice([-2.0, -0.1, 0.0, 0.1, 0.3, 1.7, 2.5], size=(240, 4)).astype(np.float32).astype(np.float64)
    values[:, 1] *= 1e37
    values[:, 2] = np.where(chance.random(240) < 0.5, 1e-40, values[:, 2])
    values[chance.random(240) < 0.3, 0] = np.nan
    found = np.nan_to_num(values[:, 0], nan=4.0) + values[:, 1] / 1e37 + chance.normal(size=240)
    return values, np.digitize(found, [1.0] if classes == 2 else [0.0, 2.0]).astype(np.int8)


def _theirs(kind: str, scorer: Any, values: Floats) -> Floats:
    """[n, classes] by the library's own `predict`, on what it accepts."""
    if kind == "random_forest":
        assert isinstance(scorer, RandomForestScorer)
        return np.asarray(scorer.forest.predict_proba(scorer.bins.of(values)))
    assert isinstance(scorer, XgboostScorer)
    found = scorer.booster.predict(library.DMatrix(as_single(values)))
    return np.column_stack([1 - found, found]) if found.ndim == 1 else np.asarray(found)


def _ours(kind: str, scorer: Any, values: Floats, classes: int) -> Floats:
    """[n, classes] from the exported text alone."""
    text = scorer.export().files["model.txt"].decode()
    booster = Booster(text, values.shape[1], 1 if classes == 2 else classes)
    np.testing.assert_array_equal(booster.sums(values), booster.by_lightgbm(values))
    sums = booster.sums(values)
    if kind == "random_forest":
        if classes == 2:
            positive = sums[:, 0] * 8 / 6  # six trees, each an eighth
            return np.column_stack([1 - positive, positive])
        return np.asarray(sums / sums.sum(axis=1, keepdims=True))
    sums = np.column_stack([np.zeros(len(sums)), sums]) if classes == 2 else sums
    odds = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


FITTED = {(kind, classes): _fit(kind, *_world(classes), classes) for kind in KINDS for classes in (2, 3)}
CASES = sorted(FITTED)


def _thresholds(kind: str, classes: int) -> list[list[float]]:
    """Per feature, every threshold of the exported text."""
    forest = _forest(kind, classes)
    return [sorted({float(t) for tree in forest.trees for t in tree.threshold[tree.feature == f]}) for f in range(4)]


def _forest(kind: str, classes: int) -> Forest:
    text = FITTED[kind, classes].export().files["model.txt"].decode()
    return read_tree_text(text, 4, 1 if classes == 2 else classes)


def _same(kind: str, classes: int, values: Floats) -> None:
    scorer = FITTED[kind, classes]
    theirs, ours = _theirs(kind, scorer, values), _ours(kind, scorer, values, classes)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    ranked = np.sort(theirs, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > 1e-6  # nearer ones are the library's own float32 rounding
    np.testing.assert_array_equal(ours.argmax(axis=1)[clear], theirs.argmax(axis=1)[clear])
    raw = scorer.raw(values)
    np.testing.assert_allclose(raw if classes > 2 else raw[:, None], _raw(kind, scorer, values, classes), atol=1e-15)


def _raw(kind: str, scorer: Any, values: Floats, classes: int) -> Floats:
    if classes > 2:
        return _ours(kind, scorer, values, classes)
    return Booster(scorer.export().files["model.txt"].decode(), 4).sums(values)


@pytest.mark.parametrize(("kind", "classes"), CASES)
@given(rows=st.lists(st.tuples(singles, singles, singles, singles), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_any_float32_row_is_answered_as_by_the_library(kind: str, classes: int, rows: list[Any]) -> None:
    """NaN, infinities, subnormals: probabilities within 1e-6, the same likeliest class."""
    _same(kind, classes, np.array(rows, dtype=np.float64))


@pytest.mark.parametrize(("kind", "classes"), CASES)
@given(rows=st.lists(st.tuples(doubles, doubles, doubles, doubles), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_any_float64_row_is_answered_as_by_the_library_on_its_float32(kind: str, classes: int, rows: list[Any]) -> None:
    """Rows need no rounding before: thresholds stand where rounding would turn a row."""
    _same(kind, classes, np.array(rows))


@pytest.mark.parametrize(("kind", "classes"), CASES)
def test_rows_on_and_beside_thresholds_go_the_librarys_way(kind: str, classes: int) -> None:
    """At each threshold, its float64 and float32 neighbours, and the strange values."""
    chance = np.random.default_rng(1)
    columns = []
    for thresholds in _thresholds(kind, classes):
        on = np.array([t for t in thresholds if np.isfinite(t)] or [0.0])
        single = as_single(on).astype(np.float64)
        near = [on, np.nextafter(on, np.inf), np.nextafter(on, -np.inf), single]
        near += [np.nextafter(single.astype(np.float32), np.float32(way)).astype(np.float64) for way in (1e38, -1e38)]
        columns.append(chance.choice(np.concatenate([*near, STRANGE]), 3_000))
    _same(kind, classes, np.column_stack(columns))


def test_a_split_between_missing_and_present_is_carried_over() -> None:
    """scikit-learn's threshold for it is infinite; a model that has none would show nothing here."""
    values = np.array([[np.nan], [1.0], [2.0], [np.nan], [3.0], [-4.0]] * 10)
    labels = np.isnan(values[:, 0]).astype(np.int8)
    for kind in KINDS:
        scorer = _fit(kind, values, labels)
        raw = Booster(scorer.export().files["model.txt"].decode(), 1).raw(np.array([[np.nan], [3.0], [-1e300]]))
        assert raw[0] > raw[1] == raw[2], kind


def test_a_threshold_is_the_last_number_that_rounds_to_its_left() -> None:
    """Between two float32 the middle decides, and belongs to the even one."""
    at = np.array([1.0, np.nextafter(np.float32(1.0), np.float32(2.0)), -3.3, 0.0, 5e-46, 1e39])
    found = last_at_most(at)
    for threshold, last in zip(at, found, strict=True):
        with np.errstate(over="ignore"):
            assert np.float32(last) <= threshold or last == np.inf
            assert last == np.inf or np.float32(np.nextafter(last, np.inf)) > threshold
    assert found[-1] == np.inf


def test_what_lightgbm_takes_for_zero_is_zero_to_the_others() -> None:
    """And what leaves float32 stays finite."""
    seen = as_single(np.array([[1e-40, -ZERO, 1.1e-35, 1e300, -np.inf, np.nan]]))[0].tolist()
    assert seen[:2] == [0.0, 0.0]
    assert seen[2] == np.float32(1.1e-35)
    assert seen[3:5] == [np.finfo(np.float32).max, np.finfo(np.float32).min]
    assert np.isnan(seen[5])


def _tiny() -> SplitTree:
    """x0 <= 0: x1 <= 1 -> 1, else 4; x0 > 0: x1 <= 2 -> 10, else 6. Eight rows came through."""
    return SplitTree(
        left=np.array([1, 3, 5, -1, -1, -1, -1]), right=np.array([2, 4, 6, -1, -1, -1, -1]),
        feature=np.array([0, 1, 1, 0, 0, 0, 0]), threshold=np.array([0.0, 1.0, 2.0, 0, 0, 0, 0]),
        missing_left=np.zeros(7, dtype=np.bool_), value=np.array([0, 0, 0, 1.0, 4.0, 10.0, 6.0]),
        rows=np.array([8, 5, 3, 2, 3, 1, 2]),
    )  # fmt: skip


def _expected(tree: SplitTree, row: Floats, known: frozenset[int], node: int = 0) -> float:
    """The tree's mean where only some features are known: an unknown one goes both ways, weighed by rows."""
    if tree.left[node] < 0:
        return float(tree.value[node])
    left, right, feature = int(tree.left[node]), int(tree.right[node]), int(tree.feature[node])
    if feature in known:
        return _expected(tree, row, known, left if row[feature] <= tree.threshold[node] else right)
    shares = (float(tree.rows[child] / tree.rows[node]) for child in (left, right))
    return sum(share * _expected(tree, row, known, child) for share, child in zip(shares, (left, right), strict=True))


def _shapley(tree: SplitTree, row: Floats, features: int) -> list[float]:
    found = []
    for feature in range(features):
        others, total = [f for f in range(features) if f != feature], 0.0
        for size in range(features):
            weight = factorial(size) * factorial(features - size - 1) / factorial(features)
            for chosen in map(frozenset, combinations(others, size)):
                gain = _expected(tree, row, chosen | {feature}) - _expected(tree, row, chosen)
                total += weight * gain
        found.append(total)
    return found


def test_contributions_are_shapley_values() -> None:
    """TreeSHAP on the written text equals the definition, term by term, with the rows as weights."""
    trees = [_tiny(), SplitTree(**{**_tiny().__dict__, "feature": np.array([2, 0, 1, 0, 0, 0, 0])})]
    booster = lightgbm.Booster(model_str=forest_text(trees, 3))
    rows = np.array([[0.0, 1.5, -1.0], [1.0, 2.0, 0.0], [-3.0, 0.0, 9.0]])
    found = np.asarray(booster.predict(rows, pred_contrib=True))
    for row, told in zip(rows, found, strict=True):
        wanted = np.sum([_shapley(tree, row, 3) for tree in trees], axis=0)
        np.testing.assert_allclose(told[:3], wanted, atol=1e-12)
        assert told[3] == pytest.approx(sum(_expected(tree, row, frozenset()) for tree in trees))


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_to_raw(kind: str) -> None:
    """Expected value and contributions, [n, d + 1]; the row counts are those of the training rows."""
    values, _ = _world()
    scorer = FITTED[kind, 2]
    found = scorer.contributions(values)
    assert found.shape == (len(values), 5)
    np.testing.assert_allclose(found.sum(axis=1), scorer.raw(values), atol=1e-9)
    assert FITTED[kind, 3].contributions(values) is None


def test_xgboosts_row_counts_are_those_of_the_rows() -> None:
    """XGBoost keeps none: each tree's root has all of them, each split the sum of its children."""
    for tree, count in zip(FITTED["xgboost", 2]._trees, FITTED["xgboost", 2].counts, strict=True):
        assert count[0] == 240
        for node in np.flatnonzero(tree.left >= 0):
            assert count[node] == count[tree.left[node]] + count[tree.right[node]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_text(kind: str) -> None:
    """And the text is one LightGBM writes back: it read all of it."""
    values, labels = _world()
    text = _fit(kind, values, labels).export().files["model.txt"]
    assert text == FITTED[kind, 2].export().files["model.txt"]
    again = lightgbm.Booster(model_str=text.decode()).model_to_string()
    assert read_tree_text(again, 4).trees[-1].leaf.tolist() == _forest(kind, 2).trees[-1].leaf.tolist()
