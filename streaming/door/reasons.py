"""Why a row is kept out. The first reason found is the one that is written down."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Flags = NDArray[np.bool_]


class Reason(StrEnum):
    """Every reason; docs/events.md explains each."""

    BROKEN_LINE = "broken_line"
    FILTERED = "filtered"
    MISSING_USER = "missing_user"
    USER_TOO_LONG = "user_too_long"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    MISSING_TIME = "missing_time"
    BAD_TIME = "bad_time"
    FUTURE_TIME = "future_time"
    MISSING_VALUE = "missing_value"
    BAD_VALUE = "bad_value"
    ABSURD_VALUE = "absurd_value"
    ZERO_VALUE = "zero_value"
    NEGATIVE_VALUE = "negative_value"
    POSITIVE_VALUE = "positive_value"
    BAD_QUANTITY = "bad_quantity"
    FORBIDDEN_QUANTITY = "forbidden_quantity"
    BAD_DISCOUNT = "bad_discount"
    MISSING_EVENT_ID = "missing_event_id"
    EVENT_ID_TOO_LONG = "event_id_too_long"
    UNKNOWN_CATEGORY = "unknown_category"


_ORDER = list(Reason)


class Verdict:
    """For each row of a batch: no reason yet, or the first one given."""

    def __init__(self, row_count: int) -> None:
        self._codes = np.full(row_count, -1, dtype=np.int8)

    def reject(self, rows: Flags, reason: Reason) -> None:
        """Give a reason to the flagged rows that have none."""
        self._codes[rows & (self._codes < 0)] = _ORDER.index(reason)

    @property
    def accepted(self) -> Flags:
        return self._codes < 0

    def reasons(self) -> pa.Array:
        """The reasons of the rejected rows, in row order."""
        import pyarrow as pa

        return pa.array([_ORDER[code].value for code in self._codes[~self.accepted]], pa.string())

    def counts(self) -> dict[str, int]:
        """How many rows have each reason."""
        codes, numbers = np.unique(self._codes[~self.accepted], return_counts=True)
        return {_ORDER[code].value: int(number) for code, number in zip(codes, numbers, strict=True)}
