"""A mapping's time rule applied to a column: instants and local offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from strata.errors import DefinitionInvalid
from streaming.columns.stamps import DAY_US, Flags, Micros, read_stamps
from streaming.columns.zones import LocalTime
from streaming.mapping.model import TimeColumn, TimeConstant

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Instants:
    """When each row happened: microseconds UTC, and the local offset in seconds. Zero where there is no time."""

    at_us: Micros
    offset_s: NDArray[np.int32]
    missing: Flags
    bad: Flags


class TimeReader:
    """Applies one `TimeColumn`; it remembers the zone's offsets from batch to batch."""

    def __init__(self, rule: TimeColumn) -> None:
        self._rule = rule
        self._here = LocalTime(rule.zone)
        self._written_in = LocalTime(rule.written_in or rule.zone)

    def read(self, column: pa.Array) -> Instants:
        """The instants of a column of stamps."""
        rule = self._rule
        stamps = read_stamps(column, rule.unit, rule.format)
        at_us = np.where(stamps.absolute, stamps.micros, self._written_in.to_utc(stamps.micros))
        by_day = stamps.date_only | (rule.precision == "day")
        if by_day.any():
            local_us = at_us + self._here.offsets_s(at_us).astype(np.int64) * 1_000_000
            # A bare date is a date here already; moving it between zones could move it to its neighbour.
            local_us = np.where(stamps.date_only, stamps.micros, local_us)
            at_us = np.where(by_day, self._end_of_day(local_us), at_us)
        return Instants(at_us, self._here.offsets_s(at_us), stamps.missing, stamps.bad)

    def _end_of_day(self, local_us: Micros) -> Micros:
        """The last microsecond of each local day: what is known by date counts from then, or it leaks."""
        return self._here.to_utc((local_us // DAY_US + 1) * DAY_US) - 1


def constant_instant(rule: TimeConstant) -> int:
    """Microseconds UTC of a constant local time; a date is its first instant."""
    import pyarrow as pa

    stamps = read_stamps(pa.array([rule.at]), None, None)
    if stamps.bad[0] or stamps.missing[0]:
        raise DefinitionInvalid(f"time.at {rule.at!r} is neither 'earliest-event' nor ISO 8601, such as 2017-01-01")
    at_us = stamps.micros if stamps.absolute[0] else LocalTime(rule.zone).to_utc(stamps.micros)
    return int(at_us[0])
