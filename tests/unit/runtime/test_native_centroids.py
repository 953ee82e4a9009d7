"""The kernel's nearest centroid against plain numbers and numpy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.features import kernel
from strata.runtime.kmeans import FeatureScale, KMeansModel
from strata.runtime.native_centroids import MOST_SEGMENTS, native_centroids

pytestmark = pytest.mark.skipif(kernel.native() is None, reason="the C kernel is not built here: there is no compiler")


def _model(chance: np.random.Generator, k: int, width: int, knots: int) -> KMeansModel:
    scales = []
    for _ in range(width):
        at = np.unique(chance.normal(size=chance.integers(1, knots + 1)))
        scales.append(FeatureScale(float(chance.normal()), at, np.sort(chance.random(len(at)))))
    return KMeansModel(tuple(scales), chance.random((k, width)))


def _pure(model: KMeansModel) -> KMeansModel:
    """The same numbers, searched in Python."""
    twin = KMeansModel(model.scales, model.centroids)
    twin.__dict__["_native"] = None
    return twin


def _rows(chance: np.random.Generator, model: KMeansModel, count: int) -> np.ndarray:
    """Between, on and beyond the knots, missing, and on the centroids' own borders."""
    rows = chance.normal(size=(count, len(model.scales))) * 2
    for column, scale in enumerate(model.scales):
        strange = np.concatenate([scale.knots, [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300]])
        rows[:, column] = np.where(chance.random(count) < 0.5, chance.choice(strange, count), rows[:, column])
    return rows


@given(st.integers(2, MOST_SEGMENTS), st.integers(1, 20), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_kernel_finds_what_python_finds(k: int, width: int, knots: int, seed: int) -> None:
    """Segments and margins to the last bit: one row, and many."""
    chance = np.random.default_rng(seed)
    model = _model(chance, k, width, knots)
    assert model._native is not None
    twin, rows = _pure(model), _rows(chance, model, 40)
    assert [model.score_row(row) for row in rows] == [twin.score_row(row) for row in rows]
    ours, wanted = model.score(rows), twin.score(rows)
    np.testing.assert_array_equal(ours.segment_indexes, wanted.segment_indexes)
    np.testing.assert_array_equal(ours.scores, wanted.scores)
    assert (ours.segment_indexes.dtype, ours.scores.dtype) == (wanted.segment_indexes.dtype, wanted.scores.dtype)


def test_equal_distances_go_to_the_first_segment() -> None:
    """Two centroids in one place, and a row between two: margin 0, the first of them."""
    scale = FeatureScale(0.0, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    model = KMeansModel((scale,), np.array([[1.0], [0.0], [0.0], [1.0]]))
    assert [model.score_row(np.array([value])) for value in (0.0, 0.5, 1.0)] == [(1, 0.0), (0, 0.0), (0, 0.0)]
    assert [_pure(model).score_row(np.array([value])) for value in (0.0, 0.5, 1.0)] == [(1, 0.0), (0, 0.0), (0, 0.0)]


def test_rows_that_are_not_contiguous_are_read_rightly() -> None:
    """Columns of a larger table, and every second value of a row."""
    chance = np.random.default_rng(3)
    model = _model(chance, 5, 6, 9)
    twin, wide = _pure(model), chance.normal(size=(30, 12))
    np.testing.assert_array_equal(model.score(wide[:, ::2]).scores, twin.score(wide[:, ::2].copy()).scores)
    assert model.score_row(wide[0, ::2]) == twin.score_row(wide[0, ::2].copy())


def test_no_rows_are_no_answers() -> None:
    """An empty batch."""
    model = _model(np.random.default_rng(1), 3, 2, 4)
    assert model.score(np.empty((0, 2))).segment_indexes.shape == (0,)


def test_more_segments_than_the_kernel_takes_are_searched_in_python() -> None:
    """The bound is the kernel's array."""
    chance = np.random.default_rng(2)
    model = _model(chance, MOST_SEGMENTS + 1, 2, 4)
    assert native_centroids([0.0, 0.0], [(s.knots, s.levels) for s in model.scales], model.centroids) is None
    assert 0 <= model.score(np.zeros((3, 2))).segment_indexes.max() <= MOST_SEGMENTS


def test_threads_search_at_once() -> None:
    """Nothing is shared but what is only read."""
    chance = np.random.default_rng(4)
    model = _model(chance, 8, 13, 30)
    rows = _rows(chance, model, 500)
    wanted = _pure(model).score(rows).scores
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.score(rows).scores, range(40)):
            np.testing.assert_array_equal(found, wanted)
