"""A feature made after the label date is caught by computing it from what was recorded by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from strata.events import DAY_US
from training.judge.leaks.recomputed import MOST_USERS, AskedRows, Read, recomputed_check
from training.rows import Floats

KEYS = ["v:orders", "v:recency", "v:next"]
NAMES = [f"u{n:03d}" for n in range(150)]
DATES = np.array([100, 130, 160]) * DAY_US
ROWS = AskedRows(np.tile(NAMES, 3), np.repeat(DATES, 150))
# Each user buys every five to eleven days, all year.
BOUGHT = {name: np.arange(n % 7, 365, 5 + n % 7) * DAY_US for n, name in enumerate(NAMES)}


def _reader(known_us: int, *, leaking: bool) -> Read:
    """Orders and recency at t; `next` is days to the next order when it leaks, else days since the one before last."""

    def read(users: Sequence[str], times_us: NDArray[np.int64]) -> Floats:
        rows = []
        for user, at in zip(users, times_us.tolist(), strict=True):
            known = BOUGHT[user][BOUGHT[user] <= known_us]
            past, coming = known[known <= at], known[known > at]
            other = (coming[0] - at if len(coming) else np.nan) if leaking else at - past[-2]
            rows.append([len(past), at - past[-1], other])
        return np.array(rows, dtype=np.float64)

    return read


def _check(*, leaking: bool, asked: list[tuple[int, int]] | None = None) -> tuple[bool, str]:
    @contextmanager
    def known_by(instant: int, users: Sequence[str]) -> Iterator[Read]:
        if asked is not None:
            asked.append((instant, len(users)))
        yield _reader(instant, leaking=leaking)

    check = recomputed_check(_reader(10**18, leaking=leaking), known_by, KEYS, ROWS)
    return check.passed, check.statement


def test_a_feature_computed_after_the_label_date_is_caught() -> None:
    """By name, with how many rows it moved; the honest ones are not named."""
    passed, said = _check(leaking=True)
    assert not passed
    assert "v:next (200 rows)" in said
    assert "v:orders" not in said
    assert "v:recency" not in said


def test_honest_features_pass_on_a_small_sample() -> None:
    """The first and the last label date, at most a hundred users each."""
    asked: list[tuple[int, int]] = []
    passed, said = _check(leaking=False, asked=asked)
    assert passed
    assert asked == [(int(DATES[0]), MOST_USERS), (int(DATES[-1]), MOST_USERS)]
    assert said == (
        "200 rows at 2 label dates were computed again from what was recorded by then: all 3 features are equal."
    )


def test_missing_is_equal_to_missing_and_to_nothing_else() -> None:
    """NaN on both sides is no leak; a value that was missing then is one."""

    def known(users: Sequence[str], times_us: NDArray[np.int64]) -> Floats:
        return np.tile([np.nan, np.nan], (len(users), 1))

    def now(users: Sequence[str], times_us: NDArray[np.int64]) -> Floats:
        return np.tile([np.nan, 1.0], (len(users), 1))

    @contextmanager
    def known_by(instant: int, users: Sequence[str]) -> Iterator[Read]:
        yield known

    found = recomputed_check(now, known_by, ["v:same", "v:late"], AskedRows(ROWS.users[:4], ROWS.times_us[:4]))
    assert not found.passed
    assert "v:late (4 rows)" in found.statement
    assert "v:same" not in found.statement
