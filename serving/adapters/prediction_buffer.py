"""Where answers wait to be logged: columns filled in place, so that nothing of an answer is kept alive by the log.

Keeping the answers themselves cost more than everything else about the log: their arrays are memory the next calls
would have used again while it is still in the cache (15 to 30 us a call, 2026-11).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from serving.adapters.prediction_columns import Block, is_logged
from serving.adapters.private_pages import PrivatePages
from serving.domain.assignments import Answer, Column, Degradation, LiveAssignment, Source

_ANSWER: Final = Struct("<qqifBB")
"""What a row says beside its user and values; packed, so that one call writes it."""
_ANSWER_BYTES: Final = _ANSWER.size
_LIVE, _UNDEGRADED = int(Source.LIVE), int(Degradation.NONE)
_FIELDS: Final = np.dtype(
    [
        ("as_of_us", "<i8"),
        ("known_at_us", "<i8"),
        ("segment_index", "<i4"),
        ("score", "<f4"),
        ("source", "u1"),
        ("degradation", "u1"),
    ]
)
_VALUE_BYTES: Final = np.dtype(np.float64).itemsize
SETTLE_TAKES: Final = 128
"""After so many takes it gives back what none of them filled, or one burst would be resident for good: 2 MB of a
segmenter of 12 features, 8 MB of one of 49, twice. At five takes a second each of two buffers is asked every 51 s."""


class PredictionBuffer:
    """One segmenter's answers, up to `capacity` rows. Not thread safe: its owner holds a lock."""

    def __init__(self, width: int, capacity: int) -> None:
        self._capacity, self._count = capacity, 0
        self._users: list[str] = []
        self._row_bytes = width * _VALUE_BYTES
        self._of_answers = PrivatePages(capacity * _ANSWER_BYTES)
        self._of_values = PrivatePages(capacity * self._row_bytes)
        self._packed = self._of_answers.map
        self._answers = np.frombuffer(self._packed, dtype=_FIELDS, count=capacity)
        self._values = np.frombuffer(self._of_values.map, dtype=np.float64, count=capacity * width)
        self._values = self._values.reshape(capacity, width)
        self._takes, self._most = 0, 0

    def __len__(self) -> int:
        return self._count

    def add(self, answer: Answer, column: Column) -> bool:
        """Add one column of an answer; False, and nothing added, when there is no room for all of it."""
        begin, end = self._count, self._count + len(answer.users)
        if end > self._capacity:
            return False
        rows = self._answers[begin:end]
        self._users += answer.users
        rows["as_of_us"] = answer.as_of_us
        rows["known_at_us"] = column.live_at_us
        rows["segment_index"] = column.segment_indexes
        rows["score"] = column.scores
        rows["source"] = column.sources
        rows["degradation"] = column.degradations
        self._values[begin:end] = _used(column)
        self._count = end
        return True

    def add_live(self, user: str, as_of_us: int, assignment: LiveAssignment) -> bool:
        """Add one user's live assignment; False when there is no room."""
        at = self._count
        if at >= self._capacity:
            return False
        _, index, score, row = assignment
        self._users.append(user)
        _ANSWER.pack_into(self._packed, at * _ANSWER_BYTES, as_of_us, 0, index, score, _LIVE, _UNDEGRADED)
        self._values[at] = row.values
        self._count = at + 1
        return True

    def take(self, share: float) -> Block | None:
        """The logged rows, as arrays of their own; the buffer is empty afterwards. None when there are none."""
        try:
            return self._copied(share)
        finally:
            self._most = max(self._most, self._count)
            self._count, self._users = 0, []
            self._settle()

    def _copied(self, share: float) -> Block | None:
        count, users = self._count, self._users
        kept = [position for position, user in enumerate(users) if share >= 1.0 or is_logged(user, share)]
        if not kept:
            return None
        encoded = [users[position].encode() for position in kept]
        rows: list[int] | slice = slice(count) if len(kept) == count else kept
        answers = self._answers[rows]
        return Block(
            users=b"".join(encoded),
            user_bytes=np.array([len(each) for each in encoded], dtype=np.int32),
            as_of_us=answers["as_of_us"].copy(),
            known_at_us=answers["known_at_us"].copy(),
            segment_indexes=answers["segment_index"].copy(),
            scores=answers["score"].copy(),
            sources=answers["source"].copy(),
            degradations=answers["degradation"].copy(),
            values=self._values[rows].copy(),
        )

    def _settle(self) -> None:
        self._takes += 1
        if self._takes >= SETTLE_TAKES:
            self._of_answers.give_back(self._most * _ANSWER_BYTES)
            self._of_values.give_back(self._most * self._row_bytes)
            self._takes, self._most = 0, 0


def _used(column: Column) -> NDArray[np.float64] | float:
    """The features used: none for an answer that is not live."""
    if column.rows is None:
        return np.nan
    if column.all_live:
        return column.rows.values
    return np.where((column.sources == Source.LIVE)[:, None], column.rows.values, np.nan)
