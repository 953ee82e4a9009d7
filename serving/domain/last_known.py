"""The last live assignment of each of the users asked about lately."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from serving.domain.assignments import LiveAnswer, PastAnswers

_NEVER = np.iinfo(np.int64).min


class Remembered(NamedTuple):
    """What is remembered of n users; positions that are not `found` mean nothing."""

    found: NDArray[np.bool_]
    segment_indexes: NDArray[np.int32]
    scores: NDArray[np.float32]
    live_at_us: NDArray[np.int64]


class _Column:
    """One version's numbers, a place per slot."""

    def __init__(self, users: int) -> None:
        self.indexes = np.zeros(users, dtype=np.int16)
        self.scores = np.zeros(users, dtype=np.float32)
        self.at_us = np.full(users, _NEVER, dtype=np.int64)
        # A number is put through a view in a third of the time.
        self.index_view: memoryview[int] = self.indexes.data
        self.score_view = cast("memoryview[float]", self.scores.data)
        self.at_us_view: memoryview[int] = self.at_us.data


class LastKnown:
    """Bounded; the user not answered for the longest time is forgotten first.

    A column per segmenter and version, since an index means something in one version's vocabulary only. Numbers live
    in arrays (14 bytes a user and version), so that 100,000 users cost a worker some 25 MB.
    """

    def __init__(self, keys: Iterable[str], users: int) -> None:
        """`keys`: of the versions served (`SegmenterProfile.key`)."""
        self._capacity = users
        self._slots: OrderedDict[str, int] = OrderedDict()
        self._columns: dict[str, _Column] = {}
        self._times: list[memoryview[int]] = []
        self._latest: tuple[Sequence[str], list[int]] = (), []
        for key in keys:
            self.admit(key)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def full(self) -> bool:
        """Whether one more user would be remembered in another's place."""
        return len(self._slots) >= self._capacity

    def admit(self, key: str) -> None:
        """Have room for a version's assignments; nothing happens where there is."""
        if key not in self._columns:
            self._columns[key] = _Column(self._capacity)
            self._times = [column.at_us_view for column in self._columns.values()]

    def forget(self, key: str) -> None:
        """Give up a version that is served no more."""
        if self._columns.pop(key, None) is not None:
            self._times = [column.at_us_view for column in self._columns.values()]

    def lately(self, most: int) -> list[str]:
        """The users answered last, the newest first."""
        return list(islice(reversed(self._slots), most))

    def remember_live(self, answer: LiveAnswer) -> None:
        """Remember every assignment of one user."""
        if not self._capacity:
            return
        slot, at_us, columns = self._slot(answer.user), answer.as_of_us, self._columns
        for profile, index, score, _ in answer.assignments:
            column = columns.get(profile.key)
            if column is not None:  # a call that began before its version was given up
                column.index_view[slot] = index
                column.score_view[slot] = score
                column.at_us_view[slot] = at_us

    def remember(
        self,
        users: Sequence[str],
        key: str,
        segment_indexes: NDArray[np.int32],
        scores: NDArray[np.float32],
        at_us: int,
    ) -> None:
        """Remember live assignments; for a user named twice, the last one."""
        column = self._columns.get(key)
        if column is None:
            return
        if len(users) > self._capacity:  # a slot would be given out twice within one call
            users = users[: self._capacity]
            segment_indexes, scores = segment_indexes[: self._capacity], scores[: self._capacity]
        slots = self._slots_of(users)
        column.indexes[slots] = segment_indexes
        column.scores[slots] = scores
        column.at_us[slots] = at_us

    def restore(self, key: str, past: PastAnswers) -> int:
        """Remember what was live before this memory was; returns how many assignments were news to it.

        What it has of a user stays where it is the newer, and nobody is forgotten to make room. Users it did not know
        count as answered before all whom it did: give the newest first.
        """
        column, slots, news = self._columns.get(key), self._slots, 0
        if column is None:
            return 0
        for user, index, score, at_us in zip(*past, strict=True):
            slot = slots.get(user)
            if slot is None:
                if self.full:
                    continue
                slot = slots[user] = len(slots)
                slots.move_to_end(user, last=False)
            elif column.at_us_view[slot] >= at_us:
                continue
            column.index_view[slot], column.score_view[slot], column.at_us_view[slot] = index, score, at_us
            news += 1
        return news

    def _slots_of(self, users: Sequence[str]) -> list[int]:
        """The columns of one answer are about the same users, one after the other: they are looked up once."""
        if users is not self._latest[0]:
            self._latest = users, [self._slot(user) for user in users]
        return self._latest[1]

    def recall(self, users: Sequence[str], key: str) -> Remembered:
        """What is remembered of each user for one version."""
        column = self._columns.get(key)
        slots = np.fromiter((self._slots.get(user, -1) for user in users), dtype=np.int64, count=len(users))
        if not self._slots or column is None:
            nothing = np.zeros(len(users), dtype=np.int32)
            return Remembered(
                np.zeros(len(users), dtype=np.bool_),
                nothing,
                nothing.astype(np.float32),
                nothing.astype(np.int64),
            )
        at_us = column.at_us[slots]
        return Remembered(
            (slots >= 0) & (at_us != _NEVER), column.indexes[slots].astype(np.int32), column.scores[slots], at_us
        )

    def _slot(self, user: str) -> int:
        slot = self._slots.get(user)
        if slot is not None:
            self._slots.move_to_end(user)
            return slot
        self._latest = (), []  # a slot may change hands
        slot = len(self._slots) if len(self._slots) < self._capacity else self._slots.popitem(last=False)[1]
        self._slots[user] = slot
        for times in self._times:
            times[slot] = _NEVER
        return slot
