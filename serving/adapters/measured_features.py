"""A FeatureSource that is timed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from serving.domain.features import FeatureRows, StoredUser, UserRow
from serving.ports import FeatureSource

T = TypeVar("T", list[FeatureRows], list[UserRow])


class MeasuredFeatures:
    """Reports the seconds of every read, failed ones too. One user's are told whole, when the rows are evaluated; what
    finding them took goes with them."""

    def __init__(self, inner: FeatureSource, observe: Callable[[float], None]) -> None:
        self._inner, self._observe = inner, observe

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        began = time.perf_counter()
        return self._told(lambda: self._inner.read(segmenters, users, at_us), began)

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser | Awaitable[StoredUser]:
        began = time.perf_counter()
        try:
            found = self._inner.find_user(segmenters, user)
        except BaseException:
            self._observe(time.perf_counter() - began)
            raise
        if type(found) is not StoredUser:
            return self._found_later(found, began)  # type: ignore[arg-type]
        found.took_s = time.perf_counter() - began
        return found

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        began = time.perf_counter() - found.took_s
        return self._told(lambda: self._inner.evaluate_user(found, at_us), began)

    def _told(self, read: Callable[[], T | Awaitable[T]], began: float) -> T | Awaitable[T]:
        waiting = False
        try:
            found = read()
            waiting = type(found) is not list
            return self._awaited(found, began) if waiting else found  # type: ignore[arg-type]
        finally:
            if not waiting:
                self._observe(time.perf_counter() - began)

    async def _awaited(self, found: Awaitable[T], began: float) -> T:
        try:
            return await found
        finally:
            self._observe(time.perf_counter() - began)

    async def _found_later(self, finding: Awaitable[StoredUser], began: float) -> StoredUser:
        try:
            found = await finding
        except BaseException:
            self._observe(time.perf_counter() - began)
            raise
        found.took_s = time.perf_counter() - began
        return found
