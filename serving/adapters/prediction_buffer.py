"""Where answers wait to be logged: columns filled in place, so that nothing of an answer is kept alive by the log.

Keeping the answers themselves cost more than everything else about the log: their arrays are memory the next calls
would have used again while it is still in the cache (15 to 30 us a call, 2026-11).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.adapters.prediction_columns import Block, is_logged
from serving.domain.assignments import Answer, Column, Source


class PredictionBuffer:
    """One segmenter's answers, up to `capacity` rows. Not thread safe: its owner holds a lock."""

    def __init__(self, width: int, capacity: int) -> None:
        self._capacity, self._count = capacity, 0
        self._users: list[str] = []
        self._as_of_us = np.empty(capacity, dtype=np.int64)
        self._segment_indexes = np.empty(capacity, dtype=np.int32)
        self._scores = np.empty(capacity, dtype=np.float32)
        self._sources = np.empty(capacity, dtype=np.uint8)
        self._degradations = np.empty(capacity, dtype=np.uint8)
        self._values = np.empty((capacity, width), dtype=np.float64)

    def __len__(self) -> int:
        return self._count

    def add(self, answer: Answer, column: Column) -> bool:
        """Add one column of an answer; False, and nothing added, when there is no room for all of it."""
        begin, end = self._count, self._count + len(answer.users)
        if end > self._capacity:
            return False
        # One user is written at a position and not into a slice of one: a third of the time.
        at: int | slice = begin if end - begin == 1 else slice(begin, end)
        one = isinstance(at, int)
        self._users += answer.users
        self._as_of_us[at] = answer.as_of_us
        self._segment_indexes[at] = column.segment_indexes[0] if one else column.segment_indexes
        self._scores[at] = column.scores[0] if one else column.scores
        self._sources[at] = column.sources[0] if one else column.sources
        self._degradations[at] = column.degradations[0] if one else column.degradations
        self._values[at] = _used(column)
        self._count = end
        return True

    def take(self, share: float) -> Block | None:
        """The logged rows, as arrays of their own; the buffer is empty afterwards. None when there are none."""
        count, users = self._count, self._users
        self._count, self._users = 0, []
        kept = [position for position, user in enumerate(users) if share >= 1.0 or is_logged(user, share)]
        if not kept:
            return None
        encoded = [users[position].encode() for position in kept]
        rows: list[int] | slice = slice(count) if len(kept) == count else kept
        return Block(
            users=b"".join(encoded),
            user_bytes=np.array([len(each) for each in encoded], dtype=np.int32),
            as_of_us=self._as_of_us[rows].copy(),
            segment_indexes=self._segment_indexes[rows].copy(),
            scores=self._scores[rows].copy(),
            sources=self._sources[rows].copy(),
            degradations=self._degradations[rows].copy(),
            values=self._values[rows].copy(),
        )


def _used(column: Column) -> NDArray[np.float64] | float:
    """The features used: none for an answer that is not live."""
    if column.rows is None:
        return np.nan
    if column.all_live:
        return column.rows.values
    return np.where((column.sources == Source.LIVE)[:, None], column.rows.values, np.nan)
