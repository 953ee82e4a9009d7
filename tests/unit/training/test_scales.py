"""Quantile scores: ranks as piecewise linear scales."""

from __future__ import annotations

import numpy as np
import pytest

from training.prepare.scales import fit_scale, unit_levels
from training.sections import Axis

NAN = float("nan")


def _axis(missing: str = "low", count: int = 1, reverse: bool = False) -> Axis:
    names = tuple(f"v:f{i}" for i in range(count))
    return Axis(features=names, missing=missing, reversed=reverse, unit="u")  # type: ignore[arg-type]


def test_the_middle_value_scores_one_half() -> None:
    """Levels are ranks: lowest 0, median 0.5, highest 1, whatever the distances between values."""
    scale = fit_scale(np.array([1.0, 2.0, 3.0, 4.0, 1_000.0]), _axis(), 5)
    assert scale.apply(np.array([1.0, 3.0, 1_000.0, -5.0, 1e9])).tolist() == [0.0, 0.5, 1.0, 0.0, 1.0]


def test_equal_values_share_the_middle_of_their_ranks() -> None:
    """Half the users at zero: zero scores a quarter, not the bottom."""
    scale = fit_scale(np.array([0.0] * 50 + list(range(1, 51))), _axis(), 101)
    assert scale.apply(np.array([0.0]))[0] == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(("missing", "level"), [("low", 0.0), ("median", 0.5), ("high", 1.0)])
def test_missing_values_go_where_the_axis_says(missing: str, level: float) -> None:
    """At the low end, the middle or the high end."""
    scale = fit_scale(np.array([1.0, 2.0, 3.0, 4.0, 5.0, NAN]), _axis(missing), 5)
    assert scale.apply(np.array([NAN]))[0] == pytest.approx(level)


def test_a_column_without_values_is_flat() -> None:
    """It adds nothing to any distance."""
    scale = fit_scale(np.array([NAN, NAN]), _axis(), 5)
    assert scale.apply(np.array([NAN, 3.0])).tolist() == [0.0, 0.0]


def test_an_axis_of_three_windows_weighs_as_much_as_an_axis_of_one() -> None:
    """The squared distance from end to end is 1 for either."""
    column = np.arange(100.0)
    for count in (1, 3):
        ends = np.array([fit_scale(column, _axis(count=count), 11).apply(np.array([0.0, 99.0])) for _ in range(count)])
        assert ((ends[:, 1] - ends[:, 0]) ** 2).sum() == pytest.approx(1.0)
        assert unit_levels(ends.T, _axis(count=count)).tolist() == pytest.approx([0.0, 1.0])
        assert unit_levels(ends.T, _axis(count=count, reverse=True)).tolist() == pytest.approx([1.0, 0.0])
