"""Numbers as people read them, and intervals as every part of an evaluation writes them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

NONE = "none"


class Interval(NamedTuple):
    """A figure with its 95 % interval; where none was measured, both ends are the figure."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether an interval was measured."""
        return self.low < self.high


def interval(found: Any) -> Interval | None:
    """Read `{"value", "low", "high"}`, an Interval or a bare number; None where there is none."""
    if isinstance(found, Interval):
        return found
    if isinstance(found, Mapping):
        value = found.get("value")
        if value is None:
            return None
        low, high = found.get("low"), found.get("high")
        return Interval(float(value), float(value if low is None else low), float(value if high is None else high))
    return None if found is None else Interval(float(found), float(found), float(found))


def spread(found: Any, digits: int = 3) -> str:
    """A figure with its interval; large ones with fewer digits, as nobody compares them to the third place.

    >>> spread({"value": 0.71, "low": 0.68, "high": 0.74}, 2)
    '0.71 (0.68 to 0.74)'
    """
    read = interval(found)
    if read is None:
        return NONE
    kept = 0 if abs(read.value) >= 10_000 else 1 if abs(read.value) >= 100 else digits
    return f"{read.value:,.{kept}f}" + (f" ({read.low:,.{kept}f} to {read.high:,.{kept}f})" if read.known else "")


def percent(found: float | None, digits: int = 1) -> str:
    """A share."""
    return NONE if found is None else f"{found:.{digits}%}"


def rounded(share: float) -> str:
    """A share in whole percent.

    >>> [rounded(each) for each in (0.0, 0.002, 0.31)]
    ['0%', '<1%', '31%']
    """
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def number(found: float | str | None) -> str:
    """A figure of any size, with as many digits as tell something.

    >>> [number(each) for each in (1234567.0, 12.345, 0.0012, 3e-09, 1e15, None)]
    ['1,234,567', '12.3', '0.0012', '3e-09', '1e+15', 'none']
    """
    if found is None:
        return NONE
    if isinstance(found, str):
        return found
    size = abs(found)
    if not isfinite(found) or size >= 1e12 or 0 < size < 1e-4:
        return f"{found:.3g}"
    if size >= 100 or float(found).is_integer():
        return f"{found:,.0f}"
    return f"{found:,.1f}" if size >= 1 else f"{found:.4f}".rstrip("0")
