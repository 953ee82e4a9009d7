"""What segments hold of the test rows, and how sure that is."""

from __future__ import annotations

import numpy as np
import pytest

from training.judge.intervals import Resampling, wilson
from training.labels.band_table import band_table
from training.sections import Band

BANDS = [Band(key=key, label=key.upper(), description="") for key in ("top", "rest", "none")]


def test_shares_are_counted() -> None:
    """2 of 4 positives are among the 3 rows of the top band; a band nobody got has no precision."""
    labels = np.array([1, 1, 0, 1, 1, 0, 0, 0], dtype=np.int8)
    top, rest, none = band_table(BANDS, labels, np.array([0, 0, 0, 1, 1, 1, 1, 1], dtype=np.int32), Resampling())
    assert (top["segment"], top["label"], top["rows"], top["share"], top["positives"]) == ("top", "TOP", 3, 0.375, 2)
    assert (top["precision"], top["recall"]) == (2 / 3, 0.5)
    assert (rest["precision"], rest["recall"]) == (0.4, 0.5)
    assert (none["rows"], none["precision"], none["precision_interval"], none["recall"]) == (0, None, None, 0.0)


def test_intervals_are_as_wide_as_those_of_a_share() -> None:
    """Wilson's, within a tenth, where each row is another user's; wider where four rows are one user's."""
    chance = np.random.default_rng(4)
    users = np.repeat(np.arange(500), 4)
    positions = np.repeat(chance.integers(0, 2, 500), 4).astype(np.int32)
    labels = np.repeat(chance.random(500) < 0.3, 4).astype(np.int8)

    def width(groups: np.ndarray | None) -> float:
        low, high = band_table(BANDS, labels, positions, Resampling(1_000, 1, groups))[0]["precision_interval"]
        return float(high - low)

    inside = positions == 0
    low, high = wilson(int(labels[inside].sum()), int(inside.sum()))
    assert width(None) == pytest.approx(high - low, rel=0.1)
    assert width(users) == pytest.approx(2 * (high - low), rel=0.15)  # a quarter of the evidence
