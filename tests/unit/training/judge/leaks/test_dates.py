"""Date-only facts counted from the beginning of their day are caught."""

from __future__ import annotations

import numpy as np

from training.judge.folds import Fold
from training.judge.leaks.check import leaks
from training.judge.leaks.dates import DatedKind, dates_check
from training.judge.leaks.parts import users_check

PURCHASES = DatedKind("purchase", rows=9_000, at_midnight=1, midnights=1, at_day_end=0)


def test_a_calendar_of_midnights_is_caught() -> None:
    """The kind is named with its count, and what to write in the mapping."""
    check = dates_check([PURCHASES, DatedKind("coupon_redemption", 400, 390, 90, 0)])
    assert not check.passed
    assert "coupon_redemption (390 of 400 at local midnight)" in check.statement
    assert "`precision: day`" in check.statement
    assert "purchase" not in check.statement


def test_ends_of_days_pass_and_are_told() -> None:
    """Strata's rule kept."""
    check = dates_check([PURCHASES, DatedKind("coupon_redemption", 400, 0, 0, 400)])
    assert check.passed
    assert check.statement == "Known by date only, and counted from the end of the local day: coupon_redemption (400)."


def test_a_constant_and_real_instants_are_no_calendar() -> None:
    """Facts known from the first midnight of a history are a declared assumption; hourly stamps meet one in 24."""
    check = dates_check([DatedKind("profile", 800, 800, 1, 0), DatedKind("view", 2_400, 100, 100, 0)])
    assert check.passed
    assert check.statement == "None of 2 kinds of events and facts is known by date only."


def test_details_begin_with_what_failed() -> None:
    """`check`, `passed` and `statement` of each."""
    good = dates_check([PURCHASES])
    bad = users_check([Fold(np.array([0]), np.array([1]))], np.array(["a", "a"]))
    found = leaks([good, bad])
    assert [one["passed"] for one in found] == [False, True]
    assert set(found[0]) == {"check", "passed", "statement"}
