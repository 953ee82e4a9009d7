"""Bootstrap intervals: seeded, as wide as theory says, by groups and within strata."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from training.judge import intervals
from training.judge.intervals import Resampling, bootstrap, interval, percentile_interval, wilson
from training.rows import Floats


def _mean_of(values: Floats) -> intervals.Statistic:
    return lambda weights: weights @ values / weights.sum(axis=1)


def test_a_mean_has_the_interval_of_its_standard_error() -> None:
    """Within a tenth of 1.96 standard errors on either side, the value itself untouched; repeatable by seed."""
    values = np.random.default_rng(1).normal(3.0, 2.0, 1_000)
    found = interval(_mean_of(values), 1_000, Resampling(4_000, seed=2))
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * 2.0 / np.sqrt(1_000), rel=0.1)
    assert found == interval(_mean_of(values), 1_000, Resampling(4_000, seed=2))
    assert found != interval(_mean_of(values), 1_000, Resampling(4_000, seed=3))


def test_rows_of_one_user_are_drawn_together() -> None:
    """Each user's ten equal rows are one piece of evidence: the interval is that of 100 rows, not of 1,000."""
    users = np.repeat(np.arange(100), 10)
    values = np.random.default_rng(1).normal(size=100)[users]
    rows, whole = (interval(_mean_of(values), 1_000, Resampling(2_000, groups=g)) for g in (None, users))
    assert (whole.high - whole.low) / (rows.high - rows.low) == pytest.approx(np.sqrt(10), rel=0.15)
    for block in Resampling(50, groups=users).weights(1_000):
        assert (block.reshape(-1, 100, 10) == block.reshape(-1, 100, 10)[:, :, :1]).all()


def test_strata_keep_their_size_in_every_resample() -> None:
    """Three positives among 500 rows stay three draws, so no resample is without one; groups follow their largest."""
    labels = np.zeros(500, dtype=np.int8)
    labels[:3] = 1
    drawn = np.concatenate(list(Resampling(200, strata=labels).weights(500)))
    assert (drawn[:, :3].sum(axis=1) == 3).all()
    assert (drawn.sum(axis=1) == 500).all()
    pairs = np.repeat(np.arange(250), 2)
    drawn = np.concatenate(list(Resampling(200, groups=pairs, strata=labels).weights(500)))
    assert (drawn[:, :4].sum(axis=1) == 4).all()


def test_blocks_do_not_change_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by cells; the resamples of one stratum are the same however they are cut."""
    values = np.arange(40.0)
    whole = bootstrap(_mean_of(values), 40, Resampling(100))
    monkeypatch.setattr(intervals, "_CELLS", 280)
    np.testing.assert_array_equal(bootstrap(_mean_of(values), 40, Resampling(100)), whole)


def test_undefined_resamples_are_left_out() -> None:
    """A NaN among resamples moves nothing; nothing but NaN gives no interval, and is not a crash."""
    assert percentile_interval(np.array([0.5, np.nan, 0.0, 1.0])) == percentile_interval(np.array([0.5, 0.0, 1.0]))
    assert np.isnan(percentile_interval(np.array([0.5, np.nan])).low)


@pytest.mark.parametrize(("hits", "rows"), [(0, 7), (1, 10), (40, 80), (9, 9)])
def test_a_shares_interval_is_scipys(hits: int, rows: int) -> None:
    """Wilson's, at 95 %."""
    expected = binomtest(hits, rows).proportion_ci(method="wilson")
    assert wilson(hits, rows) == pytest.approx((expected.low, expected.high), abs=1e-4)
