"""From what a model says to probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from toy_training import RESPONDERS, toy_definition

from strata.errors import InputInvalid
from strata.events import DAY_US
from strata.runtime.calibration import Isotonic, read_calibration
from training.labels.calibrate import adjust, calibrate
from training.labels.row_folds import fewer_rows, row_folds, seen_rows
from training.rows import FeatureSchema, Part, TrainingRows

CHANCE = np.random.default_rng(6)


def test_platt_finds_the_line_that_made_the_labels() -> None:
    """Log-odds halved and moved come back doubled and moved."""
    truth = CHANCE.normal(size=20_000)
    labels = (CHANCE.random(20_000) < 1 / (1 + np.exp(-truth))).astype(np.int8)
    found = calibrate("platt", truth / 2 + 1, labels).to_json()
    assert found["slope"] == pytest.approx(2, abs=0.1)
    assert found["offset"] == pytest.approx(-2, abs=0.1)


def test_a_model_that_ranks_backwards_is_refused() -> None:
    """A package could not carry its calibration; the sentence says what to try."""
    with pytest.raises(InputInvalid, match=r"no better than chance.*give it other features"):
        calibrate("platt", np.array([1.0, 2.0, 3.0, 4.0] * 5), np.array([1, 1, 0, 0] * 5, dtype=np.int8))


def test_isotonic_makes_no_step_within_a_rounding() -> None:
    """Two roundings of one score get one probability; a package takes the breakpoints."""
    raw = np.r_[np.linspace(0, 1, 50), np.linspace(0, 1, 50) + 1e-12]
    labels = np.r_[np.zeros(50), np.ones(50)].astype(np.int8)
    labels[:25], labels[50:75] = 0, 0
    found = calibrate("isotonic", raw, labels)
    assert isinstance(found, Isotonic)
    assert np.diff(found.raw).min() > 1e-9
    np.testing.assert_allclose(found.apply(raw[:50]), found.apply(raw[50:]), atol=1e-6)
    assert read_calibration(found.to_json()).to_json() == found.to_json()


def test_classes_get_back_what_weights_took_from_them() -> None:
    """Probabilities as if classes were equally frequent, and too sure: shares and log loss come right again."""
    truth = CHANCE.dirichlet([4.0, 1.0, 0.5], size=20_000)
    labels = np.array([CHANCE.choice(3, p=each) for each in truth], dtype=np.int8)
    skewed = truth**2 / np.array([0.8, 0.15, 0.05])
    skewed /= skewed.sum(axis=1, keepdims=True)
    found = adjust(skewed, labels, scalable=True)
    sums = found.scale * np.log(np.maximum(skewed, 1e-9)) + found.shifts
    given = np.exp(sums - sums.max(axis=1, keepdims=True))
    given /= given.sum(axis=1, keepdims=True)
    assert found.scale == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(given.mean(axis=0), np.bincount(labels) / len(labels), atol=0.005)
    assert adjust(skewed, labels, scalable=False).scale == 1.0


def _rows(instants: list[int] | None, users: np.ndarray | None = None) -> TrainingRows:  # type: ignore[type-arg]
    times = None if instants is None else np.repeat(np.array(instants), 40) * DAY_US
    count = 200 if times is None else len(times)
    part = Part(np.zeros((count, 1)), np.tile([0, 1], count // 2).astype(np.int8), users, times)
    return TrainingRows(FeatureSchema("toy", (), {}), part)


def test_folds_are_laid_in_time_before_by_user_before_at_random() -> None:
    """In time as many as dates allow; label windows (30 days) end before what is judged begins."""
    definition = toy_definition(RESPONDERS)
    laid = row_folds(definition, seen_rows(_rows([0, 10, 20, 35, 50])), 5)
    assert laid.kind == "time"
    assert [(len(fold.train), len(fold.test)) for fold in laid.folds] == [(40, 40), (120, 40)]
    assert row_folds(definition, seen_rows(_rows(None, np.arange(200) // 2)), 4).kind == "grouped"
    assert row_folds(definition, seen_rows(_rows(None)), 4).kind == "stratified"
    with pytest.raises(InputInvalid, match=r"1 of 3 label dates lie a whole label window after the first"):
        row_folds(definition, seen_rows(_rows([0, 10, 40])), 5)


def test_many_rows_are_made_fewer_by_user() -> None:
    """About as many as asked for, each user with all rows or none, and a sentence; few stay as they are."""
    users = np.arange(400) // 4
    part = Part(np.zeros((400, 1)), np.zeros(400, dtype=np.int8), users)
    rows = TrainingRows(
        FeatureSchema("toy", (), {}), part.chosen(np.arange(400) % 4 > 0), part.chosen(np.arange(400) % 4 == 0)
    )
    fewer, notes = fewer_rows(rows, 100, 1)
    assert fewer.validation is not None
    kept = np.unique(fewer.train.users, return_counts=True)
    assert set(kept[1].tolist()) == {3}
    assert fewer.validation.users is not None
    assert kept[0].tolist() == fewer.validation.users.tolist()
    assert notes == [
        f"Folds and the learning curve were made on {4 * len(kept[0])} of 400 rows, users whole, at random."
    ]
    assert 60 <= 4 * len(kept[0]) <= 140
    assert fewer_rows(rows, 400, 1) == (rows, [])
