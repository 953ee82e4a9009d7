"""Folds: no row twice, no user on two sides, no label window across, inner ones inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.judge.folds import Fold, grouped_folds, nested, stratified_folds, time_folds


def _each_row_judged_once(folds: list[Fold], rows: int) -> None:
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(rows))
    for fold in folds:
        assert sorted([*fold.train, *fold.test]) == list(range(rows))


@settings(deadline=None, max_examples=40)
@given(sizes=st.lists(st.integers(10, 60), min_size=2, max_size=4), count=st.integers(2, 10), seed=st.integers(0, 99))
def test_stratified_folds_share_every_class(sizes: list[int], count: int, seed: int) -> None:
    """Each class differs by at most one row between folds; the seed decides which rows."""
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int8)
    folds = stratified_folds(labels, count, seed)
    _each_row_judged_once(folds, len(labels))
    for one in range(len(sizes)):
        counts = [(labels[fold.test] == one).sum() for fold in folds]
        assert max(counts) - min(counts) <= 1
    again = stratified_folds(labels, count, seed)
    assert all((a.test == b.test).all() for a, b in zip(folds, again, strict=True))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 6))
def test_no_user_is_on_two_sides(seed: int, count: int) -> None:
    """Users with one to five rows, labels that go together: each user judged in one fold, rows and classes balanced."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(200), rng.integers(1, 6, 200))
    labels = (rng.random(200) < 0.3)[users].astype(np.int8)
    names = np.array([f"u{each}" for each in users])
    folds = grouped_folds(names, labels, count, seed)
    _each_row_judged_once(folds, len(labels))
    for fold in folds:
        assert not set(names[fold.train]) & set(names[fold.test])
        assert len(fold.test) == pytest.approx(len(labels) / count, abs=12)
        assert labels[fold.test].mean() == pytest.approx(labels.mean(), abs=0.06)


def test_too_few_groups_are_refused() -> None:
    """Twenty positive rows of two users make no three folds."""
    users = np.array([0] * 10 + [1] * 10 + list(range(2, 50)))
    labels = (users < 2).astype(np.int8)
    with pytest.raises(InputInvalid, match="class 1 is found in 2 groups only; 3 folds need as many"):
        grouped_folds(users, labels, 3)
    assert len(grouped_folds(users, labels, 2)) == 2


@settings(deadline=None, max_examples=60)
@given(
    dates=st.lists(st.integers(0, 400), min_size=8, max_size=30, unique=True), horizon=st.integers(1, 60),
    gap=st.integers(0, 20), count=st.integers(2, 4),
)  # fmt: skip
def test_no_label_window_overlaps_in_time(dates: list[int], horizon: int, gap: int, count: int) -> None:
    """Every window learned from ended, a gap ago, before the first window judged begins; dates are judged once."""
    times = np.repeat(np.array(dates) * DAY_US, 3)
    if sum(each >= min(dates) + horizon + gap for each in dates) < count:
        with pytest.raises(InputInvalid, match="a whole label window after the first"):
            time_folds(times, horizon * DAY_US, count, gap * DAY_US)
        return
    folds = time_folds(times, horizon * DAY_US, count, gap * DAY_US)
    assert len(folds) == count
    judged = np.concatenate([fold.test for fold in folds])
    assert len(set(judged.tolist())) == len(judged) == sum(times >= times.min() + (horizon + gap) * DAY_US)
    for fold in folds:
        assert len(fold.train)
        assert times[fold.train].max() + (horizon + gap) * DAY_US <= times[fold.test].min()


def test_a_fold_in_time_learns_from_all_that_was_over() -> None:
    """Dates 0, 10, ... 50 with a window of 20: folds judge 20-30 and 40-50, and learn from 0, and from 0, 10, 20."""
    days = np.arange(6) * 10 * DAY_US
    first, second = time_folds(days, 20 * DAY_US, 2)
    assert (first.train.tolist(), first.test.tolist()) == ([0], [2, 3])
    assert (second.train.tolist(), second.test.tolist()) == ([0, 1, 2], [4, 5])
    with pytest.raises(InputInvalid, match="1 of 6 label dates lie a whole label window after the first"):
        time_folds(days, 50 * DAY_US, 2)


def test_inner_folds_never_see_what_is_judged_outside() -> None:
    """Nested folds by user: inner parts lie inside the outer training rows, users still whole."""
    users = np.repeat(np.arange(60), 2)
    labels = (users % 3 == 0).astype(np.int8)
    outer = grouped_folds(users, labels, 5)
    for fold in nested(outer, lambda rows: grouped_folds(users[rows], labels[rows], 3)):
        assert len(fold.inner) == 3
        for inner in fold.inner:
            assert set(inner.train) | set(inner.test) == set(fold.train)
            assert not set(users[inner.train]) & set(users[inner.test])
            assert not set(users[inner.test]) & set(users[fold.test])
