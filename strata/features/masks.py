"""Columns of a batch as partials need them: filters as masks, derived numbers, ids as ranks. Each worked out once."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from strata.features.conditions import TEXT_COLUMNS, Condition, Conjunction
from strata.features.events import DAY_US, EventBatch, Text

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
HOUR_US: Final = 3_600_000_000
THURSDAY: Final = 3
"""1970-01-01, with Monday as 0."""
COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "in": np.isin,
}


class Columns:
    """A batch's columns, remembered."""

    def __init__(self, events: EventBatch) -> None:
        self._events = events
        self.event_time_us = events.event_time_us
        self._wheres: dict[Conjunction, BoolArray] = {}
        self._conditions: dict[Condition, BoolArray] = {}
        self._derived: dict[str, IntArray] = {}

    @staticmethod
    def is_text(name: str) -> bool:
        """Whether a column holds text."""
        return name in TEXT_COLUMNS

    def where(self, where: Conjunction) -> BoolArray:
        """Which events satisfy every condition."""
        mask = self._wheres.get(where)
        if mask is None:
            mask = np.ones(len(self._events), dtype=np.bool_)
            for condition in where:
                mask &= self._satisfying(condition)
            self._wheres[where] = mask
        return mask

    def text(self, name: str) -> BoolArray:
        """Which events have the text column."""
        codes: npt.NDArray[np.int32] = getattr(self._events, name).codes
        return codes >= 0

    def numbers(self, name: str) -> tuple[IntArray, BoolArray]:
        """A number column's values, and where they are not null."""
        if name in ("value", "quantity", "discount"):
            column = getattr(self._events, name)
            return column.values, column.valid
        if name not in self._derived:
            self._derived[name] = self._derive(name)
        return self._derived[name], np.ones(len(self._events), dtype=np.bool_)

    def _derive(self, name: str) -> IntArray:
        local = self._events.event_time_us + self._events.utc_offset_s * 1_000_000
        day = local // DAY_US
        derive: dict[str, Callable[[], IntArray]] = {
            "day": lambda: day,
            "week": lambda: (day + THURSDAY) // 7,
            "weekday": lambda: (day + THURSDAY) % 7,
            "hour": lambda: local // HOUR_US % 24,
        }
        return derive[name]()

    def ids(self, name: str) -> tuple[BoolArray, IntArray, npt.NDArray[np.uint64]]:
        """(not null, rank, hashes): each event's id as a rank into ascending hashes."""
        if self.is_text(name):
            column: Text = getattr(self._events, name).compact()
            hashes, rank = np.unique(column.hashes(), return_inverse=True)
            ranks = np.append(rank.astype(np.int64), 0)[column.codes]
            return column.codes >= 0, ranks, hashes
        values, valid = self.numbers(name)
        unique, ranks = np.unique(values, return_inverse=True)
        # The sign bit is flipped so that hashes ascend as the numbers do.
        return valid, ranks.astype(np.int64), unique.astype(np.uint64) ^ np.uint64(1 << 63)

    def _satisfying(self, condition: Condition) -> BoolArray:
        mask = self._conditions.get(condition)
        if mask is None:
            wanted = list(condition.value) if isinstance(condition.value, tuple) else condition.value
            if self.is_text(condition.column):
                mask = _text_mask(getattr(self._events, condition.column), condition.op, wanted)
            else:
                values, valid = self.numbers(condition.column)
                mask = COMPARE[condition.op](values, wanted) & valid
            self._conditions[condition] = mask
        return mask


def _text_mask(column: Text, op: str, wanted: Any) -> BoolArray:
    words = set(wanted) if op == "in" else {wanted}
    table = np.array([(word in words) != (op == "ne") for word in column.words] + [False], dtype=np.bool_)
    return table[column.codes]  # a null's code, -1, reads the last entry
