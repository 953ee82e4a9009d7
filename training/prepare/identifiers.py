"""Columns that name a user instead of saying anything about one.

A model learns who was positive by heart from such a column, and knows nothing of tomorrow's users.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats

FEWEST_USERS: Final = 20
"""Among fewer, a count may be different for each of them by chance."""
_OWN: Final = 0.99
"""Share of users with a value, and of values nobody else has: amounts in cents come near that, too, so that a number
has to be in line with the ids, or without gaps, besides."""
_IN_LINE: Final = 0.99
_DENSE: Final = 0.9


def identifier_reason(column: Floats, users: NDArray[np.int64] | None, *, category: bool) -> str | None:
    """Why it names users, in words that follow the column's name; None where it does not. [n] values, NaN missing.

    `users`, [n]: numbers in the order of users' ids; None: each row is another's, in that order. `category`: the values
    are positions in a vocabulary, whose order means nothing.
    """
    if not category and not _whole(column[:1_000]):  # most columns end here
        return None
    values = _one_each(column, users)
    if len(values) < FEWEST_USERS or not _whole(values) or len(np.unique(values)) < _OWN * len(values):
        return None
    return f"has another category for nearly each of {len(values):,} users" if category else _sign(values)


def _sign(values: Floats) -> str | None:
    """What whole numbers, of which nearly each user has his own, have to do with the order of the users' ids."""
    texts = np.array([f"{value:.0f}" for value in values.tolist()])  # as ids are sorted: 10 before 9
    if max(_in_line(values), _in_line(texts)) >= _IN_LINE:
        return "is a whole number for each user, in the order of their ids"
    if len(np.unique(values)) >= _DENSE * (values.max() - values.min() + 1):
        return "numbers the users one by one"
    return None


def _in_line(values: NDArray[Any]) -> float:
    """How near the ranks are to the order the values are in, or its reverse (Spearman)."""
    ranks = values.argsort(kind="stable").argsort(kind="stable")
    return float(abs(np.corrcoef(ranks, np.arange(len(values)))[0, 1]))


def _whole(values: Floats) -> bool:
    present = values[np.isfinite(values)]
    return bool(np.all(present == np.floor(present)))


def _one_each(column: Floats, users: NDArray[np.int64] | None) -> Floats:
    """A value for each user, in the order of ids; none where users lack one, or have several over time."""
    if users is None:
        values, who = column, np.arange(len(column))
    else:
        _, first, who = np.unique(users, return_index=True, return_inverse=True)
        values = column[first]
    if np.mean(column == values[who]) < _OWN:  # a missing value equals nothing
        return np.empty(0)
    return values[~np.isnan(values)]
