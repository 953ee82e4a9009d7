"""The last live assignment of each of the users asked about lately."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from serving.domain.assignments import LiveAnswer

_NEVER = np.iinfo(np.int64).min


class Remembered(NamedTuple):
    """What is remembered of n users; positions that are not `found` mean nothing."""

    found: NDArray[np.bool_]
    segment_indexes: NDArray[np.int32]
    scores: NDArray[np.float32]
    live_at_us: NDArray[np.int64]


class LastKnown:
    """Bounded; the user not answered for the longest time is forgotten first.

    Numbers live in arrays (14 bytes a user and segmenter), so that 100,000 users cost a worker some 25 MB.
    """

    def __init__(self, segmenters: Sequence[str], users: int) -> None:
        self._capacity = users
        self._slots: OrderedDict[str, int] = OrderedDict()
        self._column = {name: position for position, name in enumerate(segmenters)}
        shape = (len(segmenters), users)
        self._indexes = np.zeros(shape, dtype=np.int16)
        self._scores = np.zeros(shape, dtype=np.float32)
        self._at_us = np.zeros(shape, dtype=np.int64)
        # A number is put through a view in a third of the time.
        self._index_view: memoryview[int] = self._indexes.reshape(-1).data
        self._score_view = cast("memoryview[float]", self._scores.reshape(-1).data)
        self._at_us_view: memoryview[int] = self._at_us.reshape(-1).data

    def __len__(self) -> int:
        return len(self._slots)

    def remember_live(self, answer: LiveAnswer) -> None:
        """Remember every assignment of one user."""
        capacity = self._capacity
        if not capacity:
            return
        slot, at_us = self._slot(answer.user), answer.as_of_us
        indexes, scores, times = self._index_view, self._score_view, self._at_us_view
        for assignment in answer.assignments:
            place = self._column[assignment.profile.name] * capacity + slot
            indexes[place] = assignment.segment_index
            scores[place] = assignment.score
            times[place] = at_us

    def remember(
        self,
        users: Sequence[str],
        segmenter: str,
        segment_indexes: NDArray[np.int32],
        scores: NDArray[np.float32],
        at_us: int,
    ) -> None:
        """Remember live assignments; for a user named twice, the last one."""
        if len(users) > self._capacity:  # a slot would be given out twice within one call
            users = users[: self._capacity]
            segment_indexes, scores = segment_indexes[: self._capacity], scores[: self._capacity]
        column = self._column[segmenter]
        slots = [self._slot(user) for user in users]
        self._indexes[column, slots] = segment_indexes
        self._scores[column, slots] = scores
        self._at_us[column, slots] = at_us

    def recall(self, users: Sequence[str], segmenter: str) -> Remembered:
        """What is remembered of each user for one segmenter."""
        column = self._column[segmenter]
        slots = np.fromiter((self._slots.get(user, -1) for user in users), dtype=np.int64, count=len(users))
        if not self._slots:
            nothing = np.zeros(len(users), dtype=np.int32)
            return Remembered(
                np.zeros(len(users), dtype=np.bool_),
                nothing,
                nothing.astype(np.float32),
                nothing.astype(np.int64),
            )
        at_us = self._at_us[column, slots]
        return Remembered(
            (slots >= 0) & (at_us != _NEVER),
            self._indexes[column, slots].astype(np.int32),
            self._scores[column, slots],
            at_us,
        )

    def _slot(self, user: str) -> int:
        slot = self._slots.get(user)
        if slot is not None:
            self._slots.move_to_end(user)
            return slot
        slot = len(self._slots) if len(self._slots) < self._capacity else self._slots.popitem(last=False)[1]
        self._slots[user] = slot
        self._at_us[:, slot] = _NEVER
        return slot
