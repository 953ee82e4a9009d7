"""Balanced rows against imbalanced-learn, and what balancing does to probabilities."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, SMOTENC
from imblearn.under_sampling import RandomUnderSampler
from sklearn.linear_model import LogisticRegression

from strata.errors import InputInvalid
from training.prepare import prior, resample
from training.prepare.balances import Trial, compare_balances
from training.prepare.prior import correct_prior, log_odds_shift
from training.prepare.resample import Balanced, Way, balance
from training.rows import Part

RNG = np.random.default_rng(3)
ROWS = 400
NUMBERS = RNG.normal(size=(ROWS, 2))
LABELS = (RNG.random(ROWS) < 1 / (1 + np.exp(3.0 - 1.5 * NUMBERS[:, 0]))).astype(np.int8)
ONE_HOT = np.eye(3)[RNG.integers(0, 3, ROWS)]
MIXED = np.column_stack([NUMBERS[:, 0], ONE_HOT, NUMBERS[:, 1], RNG.integers(0, 2, ROWS)])
NOMINAL = ((1, 2, 3), (5,))
JUDGING = Part(NUMBERS[200:], LABELS[200:])


@pytest.mark.parametrize("module", [prior, resample])
def test_the_examples_hold(module: object) -> None:
    """Those of the docstrings."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_made_up_rows_are_imbalanced_learns() -> None:
    """SMOTE among quantities; the real rows come first and as they were."""
    found = balance("smote", NUMBERS, LABELS, (), seed=1)
    theirs, labels = SMOTE(random_state=1, k_neighbors=5).fit_resample(NUMBERS, LABELS)
    assert np.array_equal(found.values, theirs)
    assert np.array_equal(found.labels, labels)
    assert found.labels.dtype == np.int8
    assert np.array_equal(found.values[:ROWS], NUMBERS)


def test_made_up_rows_have_whole_categories() -> None:
    """SMOTENC: one of the one-hot columns is 1, an indicator is 0 or 1, and quantities are theirs."""
    found = balance("smote", MIXED, LABELS, NOMINAL, seed=1)
    codes = np.column_stack([NUMBERS, 2 - ONE_HOT.argmax(axis=1), MIXED[:, 5]])
    theirs, _ = SMOTENC([2, 3], random_state=1, k_neighbors=5).fit_resample(codes, LABELS)
    assert set(found.values[:, 1:4].sum(axis=1)) == {1.0}
    assert set(found.values[:, [1, 2, 3, 5]].ravel()) == {0.0, 1.0}
    np.testing.assert_allclose(found.values[:, [0, 4]], theirs[:, :2])
    assert np.array_equal(found.values[:ROWS], MIXED)
    assert np.bincount(found.labels).tolist() == [int((LABELS == 0).sum())] * 2


def test_categories_alone_can_be_made_up() -> None:
    """Without a quantity the neighbours are by categories."""
    found = balance("smote", MIXED[:, [1, 2, 3, 5]], LABELS, ((0, 1, 2), (3,)), seed=1)
    assert set(found.values[:, :3].sum(axis=1)) == {1.0}


def test_frequent_rows_are_left_out_at_random_and_in_order() -> None:
    """As many of each class as the rarest has, imbalanced-learn's own choice."""
    found = balance("under", MIXED, LABELS, NOMINAL, seed=1)
    sampler = RandomUnderSampler(random_state=1)
    sampler.fit_resample(MIXED, LABELS)
    assert np.array_equal(found.values, MIXED[np.sort(sampler.sample_indices_)])
    assert np.bincount(found.labels).tolist() == [int(LABELS.sum())] * 2


def test_weights_change_no_row() -> None:
    """The rare class weighs as much as the other; `none` weighs nothing."""
    found = balance("class_weights", MIXED, LABELS, NOMINAL, seed=1)
    assert found.values is MIXED
    assert found.weights is not None
    assert found.weights[LABELS == 1].sum() == pytest.approx(found.weights[LABELS == 0].sum())
    assert balance("none", MIXED, LABELS, NOMINAL, seed=1).weights is None


def test_rows_that_cannot_be_made_up_are_refused() -> None:
    """A single row of a class, or a missing value: with what to do instead."""
    one = np.zeros(ROWS, dtype=np.int8)
    one[7] = 1
    with pytest.raises(InputInvalid, match="one class has one row; weigh it instead"):
        balance("smote", NUMBERS, one, (), seed=1)
    gaps = NUMBERS.copy()
    gaps[0, 0] = np.nan
    with pytest.raises(InputInvalid, match=r"some have missing values; declare prepare\.missing"):
        balance("smote", gaps, LABELS, (), seed=1)


def test_a_base_rate_is_put_right_in_closed_form() -> None:
    """Left out at random within classes, a logistic regression moves by just that: its intercept, no weight."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40_000, 1))
    labels = (rng.random(40_000) < 1 / (1 + np.exp(3.0 - values[:, 0]))).astype(np.int8)
    under = balance("under", values, labels, (), seed=1)
    model = LogisticRegression(C=1e6).fit(under.values, under.labels)
    real = float(labels.mean())
    corrected = correct_prior(model.predict_proba(values)[:, 1], 0.5, real)
    assert model.predict_proba(values)[:, 1].mean() > 0.3
    assert corrected.mean() == pytest.approx(real, rel=0.05)
    by_odds = 1 / (1 + np.exp(-(model.decision_function(values) + log_odds_shift(0.5, real))))
    np.testing.assert_allclose(corrected, by_odds, rtol=1e-9)
    assert model.intercept_[0] + log_odds_shift(0.5, real) == pytest.approx(-3.0, abs=0.15)


def _trial(way: Way, noise: float = 0.0) -> Trial:
    """A logistic regression; `noise`: how much of what it says of rows it learned from is their label."""
    train, judged = slice(0, 200), slice(200, ROWS)
    learned = balance(way, NUMBERS[train], LABELS[train], (), seed=1)
    model = LogisticRegression().fit(learned.values, learned.labels, learned.weights)
    seen = model.decision_function(learned.values) + noise * (way == "smote") * learned.labels
    return Trial(learned, seen, float(LABELS[train].mean()), model.decision_function(NUMBERS[judged]))


def test_ways_stand_side_by_side_on_the_same_untouched_rows() -> None:
    """Balanced classes move the base rate; the closed form and a calibration put it right; that is said."""
    found = compare_balances(_trial, JUDGING, chosen="under", seed=0)
    ways = {one["way"]: one for one in found["ways"]}
    assert list(ways) == ["none", "class_weights", "smote", "under"]
    assert [name for name, one in ways.items() if one["chosen"]] == ["under"]
    for name in ("class_weights", "smote", "under"):
        assert ways[name]["brier_before"] > 1.5 * ways["none"]["brier_before"]
        assert ways[name]["brier_prior"] < 1.1 * ways["none"]["brier_before"]
        assert ways[name]["brier_after"] < 1.1 * ways["none"]["brier_before"]
        assert ways[name]["roc_auc"] == pytest.approx(ways["none"]["roc_auc"], abs=0.02)
    moved = [each.split(" moves the base rate")[0] for each in found["warnings"] if "base rate" in each]
    assert moved == ["Weighing the classes", "SMOTE", "Leaving out frequent rows"]
    assert not [each for each in found["warnings"] if "over-fits" in each]


def test_smote_that_over_fits_is_said() -> None:
    """Its lead on the rows it learned from is greater than that of no balancing."""
    found = compare_balances(lambda way: _trial(way, noise=9.0), JUDGING, chosen="smote", seed=0)
    assert [each for each in found["warnings"] if each.startswith("SMOTE over-fits: its ROC AUC is 0.")]


@pytest.mark.parametrize(("chosen", "told"), [("under", 1), ("smote", 0), ("none", 0)])
def test_a_chosen_way_that_ranks_worse_is_said(chosen: Way, told: int) -> None:
    """Of the way chosen alone: a worse one that nobody took harms nobody."""

    def trial(way: Way) -> Trial:
        found = _trial(way)
        return replace(found, on_judged=found.on_judged * (-1 if way == "under" else 1))

    said = compare_balances(trial, JUDGING, chosen=chosen, seed=0)["warnings"]
    assert len([each for each in said if "the way chosen, ranks worse than no balancing" in each]) == told


def test_a_way_that_cannot_be_gone_is_left_out_with_its_reason() -> None:
    """The others are compared."""

    def trial(way: Way) -> Trial:
        if way == "smote":
            raise InputInvalid("no row is made up")
        return _trial(way)

    found = compare_balances(trial, JUDGING, chosen="none", seed=0)
    assert [one["way"] for one in found["ways"]] == ["none", "class_weights", "under"]
    assert found["warnings"][0] == "SMOTE was not compared: no row is made up."


def test_a_half_is_recalibrated_without_its_users() -> None:
    """Two users answer, at opposite ends of the scores, two in the middle do not: a line through both ends is flat,
    a line through one is right for one of them and wrong for the other."""
    whose = np.repeat(np.arange(4), 40)
    labels = (whose < 2).astype(np.int8)
    raw = np.array([10.0, -10.0, 0.0, 0.0])[whose]
    learned = Trial(Balanced(raw[:, None], labels, None), raw, 0.5, raw)
    rows = Part(raw[:, None], labels)
    by_row, by_user = (
        compare_balances(lambda way: learned, part, chosen="none", seed=0)["ways"][0]["brier_after"]
        for part in (rows, replace(rows, users=whose))
    )
    assert by_row == pytest.approx(0.25, abs=0.01)
    assert by_user > 0.4
