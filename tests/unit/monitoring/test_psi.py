"""Decile PSI: its cells, its value, and how large chance makes it."""

import numpy as np
import pytest
from scipy.stats import chi2

from monitoring.drift.bins import count_cells, decile_edges, merge_thin
from monitoring.drift.psi import psi_category, psi_decile, psi_of_counts


def test_psi_is_the_textbook_sum_over_deciles() -> None:
    """1..1000 against the upper half of itself: five empty cells, five with twice the share."""
    reference = np.arange(1.0, 1001.0)
    p = (np.full(10, 100) + 0.5) / 1005
    q = (np.repeat([0, 100], 5) + 0.5) / 505
    expected = ((p - q) * np.log(p / q)).sum()
    assert psi_decile(reference, np.arange(501.0, 1001.0)).value == pytest.approx(expected)


def test_one_huge_value_moves_no_cell() -> None:
    """Cells come from the reference's deciles, so a single outlier in the log changes PSI by its own row only."""
    reference = np.random.default_rng(1).lognormal(size=5_000)
    current = np.random.default_rng(2).lognormal(size=5_000)
    with_outlier = np.append(current, 1e12)
    assert psi_decile(reference, with_outlier).value == pytest.approx(psi_decile(reference, current).value, abs=1e-3)


def test_outer_cells_are_open() -> None:
    """Values far outside the reference's range are counted in the outer cells."""
    edges = decile_edges(np.arange(100.0))
    counts = count_cells(np.array([-1e300, 1e300]), edges)
    assert (counts[0], counts[-1], counts.sum()) == (1, 1, 2)


def test_a_tied_value_has_a_cell_of_its_own() -> None:
    """Zeros in most rows: values leaving zero to either side land in other cells."""
    edges = decile_edges(np.concatenate([np.zeros(70), np.arange(1.0, 31.0)]))
    cells = [int(np.flatnonzero(count_cells(np.array([value]), edges))[0]) for value in (-0.1, 0.0, 0.1)]
    assert len(set(cells)) == 3


@pytest.mark.parametrize("moved", [4.0, 6.0])
def test_a_constant_that_moves_is_seen_on_both_sides(moved: float) -> None:
    """A reference of fives only, and a log of fours or of sixes."""
    assert psi_decile(np.full(500, 5.0), np.full(500, moved)).value > 5


def test_a_constant_that_stays_has_no_psi_and_no_noise() -> None:
    """One cell holds everything on both sides."""
    found = psi_decile(np.full(500, 5.0), np.full(300, 5.0))
    assert (found.value, found.noise(0.01)) == (0.0, 0.0)


def test_thin_cells_are_joined_until_the_smaller_sample_expects_five() -> None:
    """Two samples of 500 expect five in a cell of ten: of twelve rare categories ten become one, two join the next."""
    joined = merge_thin(np.array([*[1] * 12, 488]), np.array([*[0] * 12, 500]))
    assert [counts.tolist() for counts in joined] == [[10, 490], [0, 500]]


def test_all_cells_thin_leaves_one() -> None:
    """Three rows against three rows have nothing to say."""
    assert psi_of_counts(*merge_thin(np.array([1, 1, 1]), np.array([1, 2, 0]))).cells == 1


def test_psi_under_no_drift_is_as_large_as_the_noise_says() -> None:
    """2,000 pairs of 200 and 400 rows of one population: the 1 % noise level is passed by about 1 %, and the mean
    is that of chi-squared with 9 degrees of freedom over the rows, well above zero."""
    rng = np.random.default_rng(5)
    pairs = [psi_decile(rng.lognormal(size=400), rng.lognormal(size=200)) for _ in range(2_000)]
    values = np.array([pair.value for pair in pairs])
    scale = 1 / 200 + 1 / 400
    assert values.mean() / scale == pytest.approx(9, rel=0.05)
    assert 0.004 <= np.mean(values > pairs[0].noise(0.01)) <= 0.018
    assert pairs[0].noise(0.01) == pytest.approx(scale * chi2.isf(0.01, 9))


def test_a_vanished_category_raises_psi() -> None:
    """A tenth of the reference moves to its neighbour."""
    assert psi_category(np.array([100, 450, 450]), np.array([0, 550, 450])).value > 0.2
    assert psi_category(np.array([100, 450, 450]), np.array([100, 450, 450])).value == 0
