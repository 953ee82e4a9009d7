"""Reading arrays of a manifest: finite, of the right shape, or one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.errors import PackageInvalid


def read_vector(value: Any, what: str, *, length: int | None = None) -> NDArray[np.float64]:
    """A finite one-dimensional float array, not empty; of `length` when that is given."""
    array = _read(value, what)
    if array.ndim != 1 or array.size == 0 or (length is not None and array.size != length):
        raise PackageInvalid(f"{what}: {length or 'some'} numbers are needed, shape {array.shape} was found")
    return array


def read_matrix(value: Any, what: str, *, columns: int) -> NDArray[np.float64]:
    """A finite float array with at least one row and exactly `columns` columns."""
    array = _read(value, what)
    if array.ndim != 2 or array.shape[0] == 0 or array.shape[1] != columns:
        raise PackageInvalid(f"{what}: rows of {columns} numbers are needed, shape {array.shape} was found")
    return array


def check_line(knots: NDArray[np.float64], levels: NDArray[np.float64], what: str) -> None:
    """Raise PackageInvalid where knots do not ascend, or lie so near that the line between two is not finite."""
    if np.any(knots[1:] <= knots[:-1]):
        raise PackageInvalid(f"{what} are out of order")
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = np.diff(levels) / np.diff(knots)
    if not np.isfinite(slopes).all():
        raise PackageInvalid(f"{what}: two are too near each other for the levels they lead to")


def read_number(value: Any, what: str) -> float:
    """A finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise PackageInvalid(f"{what}: a number is needed, {value!r:.40} was found")
    return float(read_vector([value], what)[0])


def read_index(value: Any, what: str, *, below: int) -> int:
    """A whole number from 0 up, `below` excluded."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
        raise PackageInvalid(f"{what}: a whole number from 0 to {below - 1} is needed, {value!r:.40} was found")
    return value


def _read(value: Any, what: str) -> NDArray[np.float64]:
    try:
        found = np.array(value)
        if found.dtype.kind in "SUb":  # numpy would read numbers out of words
            raise TypeError
        array = found.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise PackageInvalid(f"{what}: not an array of numbers") from None
    if not np.isfinite(array).all():
        raise PackageInvalid(f"{what}: not every number is finite")
    return array
