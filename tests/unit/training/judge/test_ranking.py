"""Lift and gains: what the likeliest hold, ties by what they give on average, intervals around it."""

from __future__ import annotations

import numpy as np
import pytest

from training.judge.intervals import Resampling
from training.judge.ranking import SHARES, lift_table


def test_the_top_holds_what_counting_says() -> None:
    """Without ties each share's gain, precision and lift are a count over the first rows."""
    rng = np.random.default_rng(8)
    labels = (rng.random(1_000) < 0.2).astype(np.int8)
    scores = rng.normal(labels * 1.0, 1.0)
    order = np.argsort(-scores)
    found = lift_table(labels, scores)
    assert [one["share"] for one in found] == list(SHARES)
    for one in found:
        top = labels[order[: round(one["share"] * 1_000)]]
        assert one["rows"] == len(top)
        assert one["gain"] == pytest.approx(top.sum() / labels.sum())
        assert one["precision"]["value"] == pytest.approx(top.mean())
        assert one["lift"] == pytest.approx(top.mean() / labels.mean())
        assert one["precision"]["low"] <= one["precision"]["value"] <= one["precision"]["high"]
    assert (found[-1]["gain"], found[-1]["lift"]) == (1.0, 1.0)


def test_equal_scores_promise_nothing() -> None:
    """A constant score has a lift of 1 at every share, however the rows happen to lie in the file."""
    labels = np.repeat([1, 0], [20, 80]).astype(np.int8)
    for one in lift_table(labels, np.zeros(100)):
        assert one["lift"] == pytest.approx(1.0)
        assert one["gain"] == pytest.approx(one["share"])


def test_the_interval_narrows_with_rows() -> None:
    """A hundred times the rows, a tenth of the width; repeatable by seed."""
    rng = np.random.default_rng(8)
    widths = []
    for rows in (500, 50_000):
        labels = (rng.random(rows) < 0.3).astype(np.int8)
        scores = rng.normal(labels * 1.0, 1.0)
        found = lift_table(labels, scores, Resampling(100, seed=1), shares=[0.2])
        assert found == lift_table(labels, scores, Resampling(100, seed=1), shares=[0.2])
        widths.append(found[0]["precision"]["high"] - found[0]["precision"]["low"])
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.35)
