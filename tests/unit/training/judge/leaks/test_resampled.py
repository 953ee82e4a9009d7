"""Resampling before the split, in every way it is done by mistake, is caught; inside the training rows it passes."""

from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler

from training.judge.folds import Fold, stratified_folds
from training.judge.leaks.resampled import MADE_UP, Used, resampling_check, trace

RNG = np.random.default_rng(5)
VALUES = RNG.normal(size=(600, 6))
LABELS = (RNG.random(600) < 0.1).astype(np.int8)
FOLD = stratified_folds(LABELS, 5)[0]


def _judged(rows: np.ndarray) -> Used:
    return Used(VALUES[rows], rows)


def _smote(rows: np.ndarray) -> Used:
    """SMOTE appends synthetic rows to those it was given."""
    values, _ = SMOTE(random_state=1, k_neighbors=3).fit_resample(VALUES[rows], LABELS[rows])
    return Used(values, np.r_[rows, np.full(len(values) - len(rows), MADE_UP)])


def test_smote_inside_the_training_rows_passes() -> None:
    """Every synthetic row lies between two training rows; the sentence counts them."""
    check = resampling_check(VALUES, FOLD, _smote(FOLD.train), _judged(FOLD.test))
    assert check.passed
    assert f"The {len(FOLD.test)} rows judged are originals, once each and unchanged" in check.statement
    assert "synthetic) come from the 480 training rows alone." in check.statement


def test_smote_before_the_split_is_caught_by_what_synthetic_rows_are_made_of() -> None:
    """The judged rows are untouched originals and no row is copied: only the lines synthetic rows lie on tell it."""
    everything = _smote(np.arange(600))
    kept = ~np.isin(everything.origins, FOLD.test)
    check = resampling_check(VALUES, FOLD, Used(everything.values[kept], everything.origins[kept]), _judged(FOLD.test))
    assert not check.passed
    assert check.statement.startswith("Synthetic rows learned from lie between originals of which one is judged.")


def test_synthetic_rows_among_the_judged_are_caught() -> None:
    """A split after SMOTE judges rows that never were."""
    everything = _smote(np.arange(600))
    rows = np.r_[FOLD.test, np.arange(600, 620)]
    judged = Used(everything.values[rows], everything.origins[rows])
    check = resampling_check(VALUES, FOLD, _judged(FOLD.train), judged)
    assert (check.passed, check.statement[:37]) == (False, "20 of 140 rows judged are synthetic. ")


def test_copies_of_judged_rows_are_caught() -> None:
    """Over-sampling by drawing again, before the split: the same row on both sides."""
    sampler = RandomOverSampler(random_state=1)
    sampler.fit_resample(VALUES, LABELS)
    drawn = sampler.sample_indices_[600:]
    learned = np.r_[FOLD.train, drawn]
    check = resampling_check(VALUES, FOLD, _judged(learned), _judged(FOLD.test))
    assert not check.passed
    assert f"{np.isin(drawn, FOLD.test).sum()} rows learned from are copies of rows that are judged" in check.statement


@pytest.mark.parametrize("sampler", [RandomOverSampler, RandomUnderSampler])
def test_drawing_again_inside_the_training_rows_passes(sampler: type) -> None:
    """Over and under: rows repeat or are missing on the training side only."""
    drawn = sampler(random_state=1)
    drawn.fit_resample(VALUES[FOLD.train], LABELS[FOLD.train])
    assert resampling_check(VALUES, FOLD, _judged(FOLD.train[drawn.sample_indices_]), _judged(FOLD.test)).passed


@pytest.mark.parametrize(
    ("rows", "said"),
    [(FOLD.test[:-5], "115 rows were judged, and they are not the 120"),
     (np.r_[FOLD.test[:-1], FOLD.test[0]], "120 rows were judged, and they are not the 120"),
     (np.r_[FOLD.test[:-1], FOLD.train[0]], "120 rows were judged, and they are not the 120 the fold holds out")],
)  # fmt: skip
def test_judged_rows_left_out_repeated_or_swapped_are_caught(rows: np.ndarray, said: str) -> None:
    """Under-sampling what is judged flatters: a count betrays it, and so do the positions."""
    check = resampling_check(VALUES, FOLD, _judged(FOLD.train), _judged(rows))
    assert not check.passed
    assert check.statement.startswith(said)


def test_a_judged_row_that_was_changed_is_caught() -> None:
    """Its position is right, its values are not."""
    judged = _judged(FOLD.test)
    judged.values[3, 2] += 1e-9
    check = resampling_check(VALUES, FOLD, _judged(FOLD.train), judged)
    assert check.statement.startswith("1 rows judged are no longer what they were before resampling.")


def test_a_fold_and_nothing_resampled_passes() -> None:
    """No synthetic row: nothing to trace."""
    fold = Fold(np.arange(3), np.array([3, 4]))
    assert resampling_check(VALUES, fold, _judged(fold.train), _judged(fold.test)).passed


def test_rows_are_traced_by_what_they_hold() -> None:
    """A sampler that keeps no account of its rows: copies are found, made-up rows are not, missing values match."""
    values = VALUES.copy()
    values[::7, 2] = np.nan
    drawn = np.random.default_rng(2).integers(0, 600, 900)
    assert trace(values[drawn], values).tolist() == drawn.tolist()
    assert trace(np.vstack([values[:2], values[:2] + 1e-12]), values).tolist() == [0, 1, MADE_UP, MADE_UP]
    fold = Fold(np.arange(500), np.arange(500, 600))
    judged = Used(values[fold.test], fold.test)
    assert resampling_check(values, fold, Used(values[fold.train], fold.train), judged).passed
    assert trace(_smote(FOLD.train).values, VALUES)[: len(FOLD.train)].tolist() == FOLD.train.tolist()
