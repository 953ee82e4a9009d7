"""The kernel's nearest point against numpy: boxes that are passed over change no bit."""

from __future__ import annotations

import doctest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import strata.runtime.boxes
from strata.features import kernel
from strata.runtime.boxes import box_count, boxes
from strata.runtime.native_neighbours import LANES, MOST_BOXES, native_neighbours
from strata.runtime.neighbours import LEAST, NeighboursModel
from strata.runtime.present import LIMIT

native = pytest.mark.skipif(kernel.native() is None, reason="the C kernel is not built here: there is no compiler")

STRANGE = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, LIMIT, -LIMIT, 1e300, -1e300, 5e-324, 1e-160, 0.1, 1 / 3])


def _model(chance: np.random.Generator, count: int, width: int, segments: int, spread: int) -> NeighboursModel:
    """Points of which many are equal or equally near, in steps as different as numbers allow."""
    points = chance.normal(size=(count, width)) * 10.0 ** chance.integers(-spread, spread + 1)
    coarse = chance.random(count) < 0.5
    points[coarse] = np.round(points[coarse], 1)
    points[chance.random(points.shape) < 0.02] = chance.choice([LIMIT, -LIMIT, 1e-160, 0.0])
    scales = chance.choice([0.5, 1.0, 2.0, chance.random() + LEAST], count)
    scales[chance.random(count) < 0.02 * spread] = chance.choice([LEAST, LIMIT, 1e-20])
    reach = float(chance.choice([chance.random() * 2 + LEAST, LEAST, 10.0, LIMIT]))
    places = chance.integers(0, segments, count).astype(np.int32)
    return NeighboursModel(np.clip(points, -LIMIT, LIMIT), places, scales, reach, int(chance.integers(0, segments)))


def _pure(model: NeighboursModel) -> NeighboursModel:
    """The same points, searched in numpy."""
    twin = replace(model)
    twin.__dict__["_native"] = None
    return twin


def _rows(chance: np.random.Generator, model: NeighboursModel, count: int) -> np.ndarray:
    """On points, between two, coarse, far from all, missing and infinite."""
    points = model.points
    some, others = (points[chance.integers(0, len(points), count)] for _ in range(2))
    rows = np.where(chance.random((count, 1)) < 0.5, some, some / 2 + others / 2)
    rows = rows + np.where(chance.random((count, 1)) < 0.5, 0.0, np.round(chance.normal(size=rows.shape), 1))
    strange = chance.random(rows.shape) < chance.choice([0.0, 0.05, 0.5])
    return np.where(strange, chance.choice(STRANGE, rows.shape), rows)


def _assert_same(model: NeighboursModel, rows: np.ndarray) -> None:
    """Segments, and margins bit for bit, of rows together and alone."""
    twin = _pure(model)
    assert [model.score_row(row) for row in rows] == [twin.score_row(row) for row in rows]
    ours, wanted = model.score(rows), twin.score(rows)
    np.testing.assert_array_equal(ours.segment_indexes, wanted.segment_indexes)
    np.testing.assert_array_equal(ours.scores.view(np.uint32), wanted.scores.view(np.uint32))
    assert (ours.segment_indexes.dtype, ours.scores.dtype) == (wanted.segment_indexes.dtype, wanted.scores.dtype)


@native
@given(
    count=st.integers(2, 300),
    width=st.integers(1, 9),
    segments=st.integers(1, 12),
    spread=st.sampled_from([0, 1, 6]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_kernel_finds_what_numpy_finds(count: int, width: int, segments: int, spread: int, seed: int) -> None:
    """Any number of points, columns and segments, and whatever a row holds."""
    chance = np.random.default_rng(seed)
    model = _model(chance, count, width, segments, spread)
    assert model._native is not None
    _assert_same(model, _rows(chance, model, 30))


@native
def test_where_squares_run_out_of_numbers_it_finds_the_same() -> None:
    """The square of a difference is the least number there is, and its quotient by the scale's halfway to the next:
    rounded up or down by the way it is worked out, equally near points stay equally near."""
    points, places = np.full((2 * LANES, 1), 5e-324**0.5), np.repeat([1, 0], LANES).astype(np.int32)
    for scale in (np.arange(0.5, 40.0)[:, None] ** -0.5 * (1 + np.arange(-3, 4) * 2.0**-53)).ravel():
        model = NeighboursModel(points, places, np.full(2 * LANES, scale), 1.0, 0)
        assert model.score_row(np.zeros(1))[0] == 1
        _assert_same(model, np.array([[0.0], [5e-324], [1e-162], [-1e-162]]))


@native
@pytest.mark.parametrize("count", [LANES - 1, LANES, LANES + 1, 3 * LANES])
def test_of_equally_near_points_the_first_decides(count: int) -> None:
    """In whichever boxes they are: rows in the middle of a grid, all points of which are as near, in both orders."""
    around = np.array([[x, y] for x in (-1.0, 1.0) for y in (-1.0, 1.0)])
    points = np.concatenate([around + 4.0 * each for each in range(count)])
    for order in (np.arange(len(points)), np.arange(len(points))[::-1]):
        segments = (np.arange(len(points)) % 3).astype(np.int32)
        model = NeighboursModel(points[order], segments, np.ones(len(points)), 5.0, 0)
        middles = np.array([[4.0 * each, 4.0 * each] for each in range(count)])
        _assert_same(model, middles)
        nearest = [int(np.flatnonzero((np.abs(points[order] - row) == 1.0).all(axis=1))[0]) for row in middles]
        assert [model.score_row(row)[0] for row in middles] == [segments[each] for each in nearest]


@native
def test_rows_that_are_not_contiguous_are_read_rightly() -> None:
    """Columns of a larger table, and every second value of a row."""
    chance = np.random.default_rng(3)
    model = _model(chance, 100, 6, 3, 0)
    twin, wide = _pure(model), chance.normal(size=(30, 12))
    np.testing.assert_array_equal(model.score(wide[:, ::2]).scores, twin.score(wide[:, ::2].copy()).scores)
    assert model.score_row(wide[0, ::2]) == twin.score_row(wide[0, ::2].copy())
    assert model.score(np.empty((0, 6))).segment_indexes.shape == (0,)


@native
def test_more_boxes_than_the_kernel_takes_are_searched_in_numpy() -> None:
    """The bound is the kernel's array; up to it the kernel answers."""
    count = LANES * MOST_BOXES
    points, scales = np.linspace(0.0, 1.0, count + 1)[:, None], np.ones(count + 1)
    within = NeighboursModel(points[:count], np.arange(count, dtype=np.int32) // LANES % 2, scales[:count], 1.0, 0)
    assert within._native is not None
    _assert_same(within, np.array([[0.3], [0.7001], [2.5]]))
    groups = np.zeros(count + 1, dtype=np.int32)
    assert native_neighbours(points, groups, scales, reach=1.0, noise=0) is None
    assert NeighboursModel(points, groups, scales, 1.0, 0).score_row(np.array([0.5])) == (0, 1.0)


@native
def test_threads_search_at_once() -> None:
    """Nothing is shared but what is only read."""
    chance = np.random.default_rng(4)
    model = _model(chance, 200, 7, 4, 1)
    rows = _rows(chance, model, 300)
    wanted = _pure(model).score(rows).scores
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.score(rows).scores, range(40)):
            np.testing.assert_array_equal(found, wanted)


@given(st.integers(1, 200), st.integers(1, 6), st.integers(1, 17), st.integers(0, 2**32 - 1))
def test_each_point_is_in_one_box_of_its_group(count: int, groups: int, size: int, seed: int) -> None:
    """As few boxes as can be, none of them too full or empty; equal points are no endless halving."""
    chance = np.random.default_rng(seed)
    points, theirs = np.round(chance.normal(size=(count, 3))), chance.integers(0, groups, count).astype(np.int32)
    found = boxes(points, theirs, size)
    assert sorted(np.concatenate(found).tolist()) == list(range(count))
    assert len(found) == box_count(theirs, size)
    assert all(0 < len(box) <= size and len(set(theirs[box].tolist())) == 1 for box in found)


def test_doctests() -> None:
    """What the docstrings show is so."""
    assert doctest.testmod(strata.runtime.boxes) == (0, 1)
