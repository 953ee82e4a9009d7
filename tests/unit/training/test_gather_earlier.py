"""Rows of earlier instants: the same users, as they were then, and only those known then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from toy_training import NOW_US, TIERS, USERS, ToyReader, toy_definition

from strata.events import DAY_US
from training.gather import gather
from training.history import History


@dataclass(frozen=True)
class GrowingHistory:
    """One more user is known every day, in an order of its own: u000 from the start, the last of all today."""

    def known_users(self, at_us: int) -> list[str]:
        days = (NOW_US - at_us) // DAY_US
        return sorted(USERS[: max(len(USERS) - int(days) * 10, 0)])

    def first_event_us(self) -> int:
        return NOW_US - 400 * DAY_US


def _gather(**judge: int) -> Any:
    return gather(toy_definition(TIERS, judge=judge), ToyReader(), cast("History", GrowingHistory()), NOW_US)


def test_earlier_rows_are_of_users_known_then() -> None:
    """Each names its row of today and holds its features of then, from the latest instant back."""
    rows = _gather(drift_windows=2, drift_step_days=7).rows
    assert [one.as_of_us for one in rows.earlier] == [NOW_US - 7 * DAY_US, NOW_US - 14 * DAY_US]
    assert [len(one.values) for one in rows.earlier] == [170, 100]
    for one in rows.earlier:
        users = [USERS[place] for place in one.places]
        then = ToyReader().matrix("toy", users, np.full(len(users), one.as_of_us))
        np.testing.assert_array_equal(one.values, then)
    np.testing.assert_array_equal(rows.train.values, _gather().rows.train.values)


def test_an_instant_at_which_nobody_was_known_is_left_out() -> None:
    """And without being asked for, there are none."""
    assert [len(one.values) for one in _gather(drift_windows=3, drift_step_days=10).rows.earlier] == [140, 40]
    assert _gather().rows.earlier == ()
