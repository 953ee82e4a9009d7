"""A FeatureSource that takes longer, on purpose: for drills that show what a slow store does to callers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from serving.domain.features import FeatureRows, StoredUser, UserRow
from serving.ports import FeatureSource


class DelayedFeatures:
    """Holds every read back. It blocks the worker, as a read of a slow disk would: the store is read in place."""

    def __init__(self, inner: FeatureSource, delay_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._inner, self._delay_s, self._sleep = inner, delay_s, sleep

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        self._sleep(self._delay_s)
        return self._inner.read(segmenters, users, at_us)

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser | Awaitable[StoredUser]:
        self._sleep(self._delay_s)
        return self._inner.find_user(segmenters, user)

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        return self._inner.evaluate_user(found, at_us)
