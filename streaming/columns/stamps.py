"""Written stamps as wall time or instants, vectorised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from streaming.columns.numbers import to_numbers
from streaming.columns.text import to_text

if TYPE_CHECKING:
    import pyarrow as pa

Micros = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY_US: Final = 86_400_000_000
_PER_UNIT_US: Final = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_EARLIEST_US: Final = int(np.datetime64("1900-01-01", "us").astype(np.int64))
_LATEST_US: Final = int(np.datetime64("2200-01-01", "us").astype(np.int64))
_OFFSET: Final = r"(?P<z>Z|z|[+-]\d{2}:?\d{2})?"
_ISO: Final = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[Tt ](?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?" + _OFFSET + r")?$"
)
_DIRECTIVES: Final = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})", "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})", "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>Z|z|[+-]\d{2}:?\d{2})",
}  # fmt: skip


@dataclass(frozen=True)
class Stamps:
    """Stamps as written: microseconds, on the clock that `absolute` names."""

    micros: Micros
    absolute: Flags
    """True where the micros are UTC, false where they are wall time."""
    date_only: Flags
    missing: Flags
    bad: Flags


def read_stamps(column: pa.Array, unit: str | None, layout: str | None) -> Stamps:
    """Read a column of timestamps, dates, numbers in `unit`, or text in `layout` (ISO 8601 without one)."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return _typed(column, column.type.unit, absolute=column.type.tz is not None)
    if pa.types.is_date(column.type):
        return _typed(column.cast(pa.date32()).cast(pa.timestamp("s")), "s", absolute=False, date_only=True)
    if unit is not None:
        return _epoch(column, unit)
    return _written(to_text(column), _pattern(layout))


def _typed(column: pa.Array, unit: str, *, absolute: bool, date_only: bool = False) -> Stamps:
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    written = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    if unit == "ns":
        micros, bad = written // 1_000, np.zeros(len(written), dtype=bool)
    else:
        factor = int(_PER_UNIT_US[unit])
        bad = np.abs(written) > _LATEST_US // factor
        micros = np.where(bad, 0, written) * factor
    return _bounded(micros, np.full(len(micros), absolute), np.full(len(micros), date_only), missing, bad)


def _epoch(column: pa.Array, unit: str) -> Stamps:
    numbers = to_numbers(column)
    fine = np.abs(np.nan_to_num(numbers.values)) * _PER_UNIT_US[unit] < _LATEST_US
    values = np.where(fine, np.nan_to_num(numbers.values), 0.0)
    micros = np.floor(values * _PER_UNIT_US[unit]).astype(np.int64)
    always, never = np.ones(len(micros), dtype=bool), np.zeros(len(micros), dtype=bool)
    return _bounded(micros, always, never, numbers.missing, numbers.bad | ~fine)


def _pattern(layout: str | None) -> str:
    if layout is None:
        return _ISO
    pieces = re.split(r"%(.)", layout)
    return "^" + "".join(_DIRECTIVES[piece] if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)) + "$"


def _written(text: pa.Array, pattern: str) -> Stamps:
    import pyarrow.compute as pc

    missing = pc.is_null(text).to_numpy(zero_copy_only=False)
    found = pc.extract_regex(text, pattern)
    bad = pc.is_null(found).to_numpy(zero_copy_only=False) & ~missing
    groups = {field.name: _blank_to_none(pc.struct_field(found, field.name)) for field in found.type}
    count = len(text)

    def number(name: str, default: int) -> NDArray[np.int64]:
        return _integers(groups[name], default) if name in groups else np.full(count, default, dtype=np.int64)

    year = number("Y", 1970) if "Y" in groups else 2000 + number("y", 0)
    days, wrong_day = _days(year, number("m", 1), number("d", 1))
    hour, minute, second = number("H", 0), number("M", 0), number("S", 0)
    bad |= wrong_day | (hour > 23) | (minute > 59) | (second > 59)
    micros = days * DAY_US + ((hour * 60 + minute) * 60 + second) * 1_000_000 + _fraction_us(groups.get("f"), count)
    offset_us, absolute = _offsets(groups.get("z"), count)
    date_only = pc.is_null(groups["H"]).to_numpy(zero_copy_only=False) if "H" in groups else np.ones(count, dtype=bool)
    return _bounded(micros - offset_us, absolute, date_only, missing, bad)


def _bounded(micros: Micros, absolute: Flags, date_only: Flags, missing: Flags, bad: Flags) -> Stamps:
    bad = (bad | (micros < _EARLIEST_US) | (micros >= _LATEST_US)) & ~missing
    return Stamps(np.where(bad | missing, 0, micros), absolute, date_only, missing, bad)


def _blank_to_none(text: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _integers(text: pa.Array, default: int) -> NDArray[np.int64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    found: NDArray[np.int64] = pc.fill_null(pc.cast(text, pa.int64()), default).to_numpy(zero_copy_only=False)
    return found


def _days(year: Micros, month: Micros, day: Micros) -> tuple[Micros, Flags]:
    """Days since 1970-01-01, and which dates are not in the calendar."""
    wrong = (month < 1) | (month > 12) | (day < 1)
    months = (year - 1970) * 12 + np.where(wrong, 1, month) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days = first + day - 1
    return days, wrong | (days >= following)


def _fraction_us(text: pa.Array | None, count: int) -> Micros:
    import pyarrow.compute as pc

    if text is None:
        return np.zeros(count, dtype=np.int64)
    padded = pc.utf8_slice_codeunits(pc.utf8_rpad(text, 6, padding="0"), 0, 6)
    return _integers(padded, 0)


def _offsets(text: pa.Array | None, count: int) -> tuple[Micros, Flags]:
    import pyarrow.compute as pc

    if text is None:
        return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)
    absolute = pc.is_valid(text).to_numpy(zero_copy_only=False)
    digits = pc.replace_substring_regex(pc.replace_substring_regex(text, "[Zz]", "+0000"), "[+:-]", "")
    packed = _integers(digits, 0)
    sign = np.where(pc.fill_null(pc.starts_with(text, "-"), False).to_numpy(zero_copy_only=False), -1, 1)
    return sign * (packed // 100 * 60 + packed % 100) * 60_000_000, absolute
