"""Numbers and money, vectorised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from strata.events import VALUE_SCALE
from streaming.columns.text import to_text

if TYPE_CHECKING:
    import pyarrow as pa

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

NUMBER: Final = r"^[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?$"
ABSURD: Final = 1e12
"""A value (in the currency) or a quantity past this is a fault, not a purchase."""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: NaN where there is none."""

    values: Floats
    missing: Flags
    """Nothing was written."""
    bad: Flags
    """Something was written that is no finite number."""


def to_numbers(column: pa.Array) -> Numbers:
    """Read numbers from a column of any type. Text must be a plain decimal number with a point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        cast = pc.cast(column, pa.float64(), safe=False)
    else:
        text = to_text(column)
        missing = pc.is_null(text).to_numpy(zero_copy_only=False)
        cast = _parse(text)
    values = pc.fill_null(cast, np.nan).to_numpy(zero_copy_only=False)
    return Numbers(values, missing, ~np.isfinite(values) & ~missing)


def to_cents(amounts: Floats, scale: float) -> tuple[NDArray[np.int64], Flags]:
    """Cents of finite amounts in units of `scale`, and which of them had more decimals than cents.

    Rounded half to even; what lies within a millionth of a cent counts as equal, since 8.575 has no exact double.

    >>> to_cents(np.array([2.5, 8.575, 0.125]), 1.0)[0].tolist()
    [250, 858, 12]
    """
    exact = np.round(amounts * (scale * VALUE_SCALE), 6)
    cents = np.rint(exact)
    return cents.astype(np.int64), np.abs(exact - cents) > 1e-6


def _parse(text: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    numeric = pc.if_else(pc.match_substring_regex(text, NUMBER), text, pa.scalar(None, pa.string()))
    numeric = pc.replace_substring_regex(numeric, r"^\+", "")
    try:
        return pc.cast(numeric, pa.float64())
    except pa.ArrowInvalid:
        values = [None if value is None else float(value) for value in numeric.to_pylist()]
        return pa.array(values, pa.float64())
