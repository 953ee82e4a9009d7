"""For models that read no missing values and add up squares: rows and parameters that cannot overflow.

A prepared row is finite but where a feature was infinite or a scale made it so; no such row may end in an answer that
is not a number. Past 1e50 no unit of a feature is meant, and sums of squares of squares stay below 1e308.
"""

from __future__ import annotations

from math import isnan
from typing import Any, Final

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.model import Floats
from strata.runtime.numbers import read_matrix, read_vector

LIMIT: Final = 1e50
MOST_NUMBERS: Final = 2**20
"""Of one model's matrix: single rows would take milliseconds above it."""


def bounded(values: Floats) -> Floats:
    """Any shape, each number kept within -LIMIT and LIMIT; what is no number is 0.

    >>> bounded(np.array([1.5, -np.inf, np.nan])).tolist()
    [1.5, -1e+50, 0.0]
    """
    return np.minimum(np.maximum(np.where(np.isnan(values), 0.0, values), -LIMIT), LIMIT)


def bounded_row(row: Floats) -> Floats:
    """The same for one row, [d]; itself where it is within, as nearly every one is: Python looks sooner than numpy."""
    numbers: list[float] = row.tolist()
    within = min(numbers) >= -LIMIT and max(numbers) <= LIMIT and not isnan(sum(numbers))
    return row if within else bounded(row)


def read_bounded_vector(value: Any, what: str, *, length: int) -> Floats:
    """So many numbers within the limit."""
    return _within(read_vector(value, what, length=length), what)


def read_bounded_matrix(value: Any, what: str, *, columns: int) -> Floats:
    """Rows of so many numbers within the limit, one row at least, MOST_NUMBERS in all."""
    found = read_matrix(value, what, columns=columns)
    if found.size > MOST_NUMBERS:
        raise PackageInvalid(f"{what}: {len(found)} rows of {columns} are more than {MOST_NUMBERS} numbers")
    return _within(found, what)


def refuse_unknown(document: dict[str, Any], what: str, *known: str) -> None:
    """Raise PackageInvalid where a document has another field than `format` and these."""
    unknown = sorted(set(document) - {"format", *known})
    if unknown:
        raise PackageInvalid(f"{what} has no field {', '.join(f'{name!r:.40}' for name in unknown)}")


def _within(array: Floats, what: str) -> Floats:
    if np.abs(array).max() > LIMIT:
        raise PackageInvalid(f"{what}: a number is beyond {LIMIT:g}")
    return array
