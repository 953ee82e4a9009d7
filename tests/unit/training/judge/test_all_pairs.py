"""Differences between groups hold for every pair at once, and a small group widens only its own."""

from __future__ import annotations

import numpy as np
import pytest

from training.judge.all_pairs import AllPairs


def _pairs(hits: list[int], rows: list[int], resamples: int = 4_000, repeats: int = 1) -> AllPairs:
    """As a bootstrap draws them: binomial counts about the sample's own rates; `repeats` rows of one user agree."""
    rng = np.random.default_rng(3)
    h, r = np.array(hits, dtype=float), np.array(rows, dtype=float)
    drawn = rng.binomial((r / repeats).astype(int), h / r, (resamples, len(hits))) * repeats / r
    return AllPairs.of(np.vstack([h / r, drawn]), h, r)


def test_two_groups_have_the_textbooks_interval() -> None:
    """1.96 standard errors of a difference of proportions on either side."""
    found = _pairs([300, 200], [1_000, 1_000]).difference(0, 1)
    reach = 1.96 * np.sqrt(0.3 * 0.7 / 1_000 + 0.2 * 0.8 / 1_000)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1 - reach, 0.1 + reach), abs=0.003)


def test_more_groups_ask_for_more() -> None:
    """Tukey's (1949) factor for six equal groups is 2.85 standard errors of a difference, where two have 1.96."""
    assert _pairs([200] * 6, [1_000] * 6).factor == pytest.approx(2.85, abs=0.08)
    assert _pairs([200] * 2, [1_000] * 2).factor == pytest.approx(1.96, abs=0.08)


def test_a_small_group_widens_only_its_own_differences() -> None:
    """Beside a group of forty, two of four thousand are told apart as finely as before, but for the factor."""
    two, three = _pairs([1_000, 800], [4_000, 4_000]), _pairs([1_000, 800, 9], [4_000, 4_000, 40])
    narrow, beside = (each.difference(0, 1).high - each.difference(0, 1).low for each in (two, three))
    assert beside / narrow == pytest.approx(2.3 / 1.96, rel=0.1)
    wide = three.difference(0, 2)
    assert wide.high - max(wide.low, -1) > 3 * beside


def test_none_of_twelve_is_not_never() -> None:
    """No resample has a hit, and yet the interval is wide; the ratio of 0 may be more."""
    found = _pairs([6, 0], [40, 12])
    assert found.difference(0, 1).low == 0.0
    assert (found.ratio(0, 1).value, found.ratio(0, 1).low) == (0.0, 0.0)
    assert found.ratio(0, 1).high == 1.0
    assert 0.01 < _pairs([300, 0], [1_000, 600]).ratio(0, 1).high < 0.1


def test_a_ratio_has_the_textbooks_interval() -> None:
    """Katz's (1978): the logarithm's standard error from the four counts; both 0 is a ratio of 1."""
    found = _pairs([300, 200], [1_000, 1_000]).ratio(0, 1)
    error = np.sqrt(1 / 300 - 1 / 1_000 + 1 / 200 - 1 / 1_000)
    expected = np.exp(np.log(2 / 3) + np.array([-1.96, 1.96]) * error)
    assert (found.value, found.low, found.high) == pytest.approx((2 / 3, *expected), abs=0.01)
    assert _pairs([0, 0], [50, 50]).ratio(0, 1).value == 1.0


def test_users_that_repeat_are_fewer_than_their_rows() -> None:
    """Nine equal rows a user: three times as wide."""
    once, often = (_pairs([270, 180], [900, 900], repeats=each).difference(0, 1) for each in (1, 9))
    assert (often.high - often.value) / (once.high - once.value) == pytest.approx(3, rel=0.1)
