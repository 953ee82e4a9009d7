"""Which users of today were known at earlier instants, so that clusters can be found again there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strata.events import DAY_US
from training.definition import Judgement
from training.history import History
from training.rows import Floats


@dataclass(frozen=True)
class EarlierUsers:
    """At one instant: which of today's users, by position, were known then."""

    as_of_us: int
    places: NDArray[np.intp]


def earlier_users(judge: Judgement, history: History, users: Sequence[str], as_of_us: int) -> list[EarlierUsers]:
    """From the latest instant back, as far as the file asks; those at which nobody was known are left out."""
    place = {user: row for row, user in enumerate(users)}
    found = []
    for back in range(1, judge.drift_windows + 1):
        at_us = as_of_us - back * judge.drift_step_days * DAY_US
        known = [place[user] for user in history.known_users(at_us) if user in place]
        if known:
            found.append(EarlierUsers(at_us, np.array(known, dtype=np.intp)))
    return found


def with_earlier(
    users: list[str], as_of_us: int, earlier: Sequence[EarlierUsers]
) -> tuple[list[str], NDArray[np.int64]]:
    """One list of users and instants to read: today's first, then those of each earlier instant."""
    everyone = [*users, *(users[place] for one in earlier for place in one.places)]
    sizes = [len(users), *(len(one.places) for one in earlier)]
    return everyone, np.repeat(np.array([as_of_us, *(one.as_of_us for one in earlier)], dtype=np.int64), sizes)


def split_earlier(values: Floats, users: int, earlier: Sequence[EarlierUsers]) -> list[Floats]:
    """What was read, as today's rows and those of each earlier instant."""
    sizes = [users, *(len(one.places) for one in earlier)]
    return np.split(values, np.cumsum(sizes)[:-1])
