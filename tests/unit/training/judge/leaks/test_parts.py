"""A user planted on two sides and a label window that overlaps are caught; honest parts pass."""

from __future__ import annotations

import numpy as np

from strata.events import DAY_US
from training.judge.folds import Fold, grouped_folds, stratified_folds
from training.judge.leaks.parts import inside_check, users_check, windows_check

USERS = np.repeat([f"user-{n}" for n in range(50)], 3)
LABELS = (np.arange(150) % 5 == 0).astype(np.int8)


def test_a_user_in_two_folds_is_caught() -> None:
    """Folds by row put users on both sides; the sentence counts them and names none."""
    check = users_check(stratified_folds(LABELS, 5), USERS)
    assert not check.passed
    assert check.statement.startswith("49 of 50 users are on two sides of a fold")
    assert "user-" not in check.statement


def test_a_user_judged_twice_is_caught() -> None:
    """Never on two sides of one fold, and judged in two."""
    folds = [Fold(np.array([3, 4, 5]), np.array([0, 1])), Fold(np.array([6, 7, 8]), np.array([2, 3, 4, 5]))]
    check = users_check(folds, USERS)
    assert (check.passed, check.statement[:18]) == (False, "1 of 2 users are o")


def test_grouped_folds_pass() -> None:
    """The sentence says how many users were looked at."""
    check = users_check(grouped_folds(USERS, LABELS, 5), USERS)
    assert check.passed
    assert check.statement == "Each of 50 users is on one side of every one of 5 folds."


def test_a_user_in_two_folds_of_an_encoding_is_caught() -> None:
    """Dealt by row they are; dealt by user they are not, whatever order the rows have."""
    by_row, by_user = (inside_check(folds, USERS) for folds in (np.arange(150) % 5, np.repeat(np.arange(50) % 5, 3)))
    assert (by_row.check, by_row.passed, by_user.passed) == ("no user in two folds of an encoding", False, True)
    assert by_row.statement.startswith("50 of 50 users are on two sides of a fold")
    assert by_user.statement == "Each of 50 users is on one side of every one of 5 folds."


def test_an_overlapping_label_window_is_caught() -> None:
    """Ten days short of a window: said so. A window apart, and more, is right."""
    learned = np.array([0, 20]) * DAY_US
    short, exact, wide = (windows_check(learned, np.array([day, 200]) * DAY_US, 60 * DAY_US) for day in (70, 80, 95))
    assert not short.passed
    assert short.statement.startswith("Label windows of training and test rows overlap by 10 of 60 days")
    assert exact.passed
    assert exact.statement.endswith("ends as the first judged begins.")
    assert wide.statement == (
        "The last label window (60 days) of training and test rows ends 15 days before the first judged begins."
    )
