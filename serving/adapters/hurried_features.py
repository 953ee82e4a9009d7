"""A FeatureSource that may keep its one asker waiting for so long and no longer, in all its reads together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from serving.domain.features import FeatureRows, StoredUser, UserRow
from serving.ports import FeatureSource
from strata.errors import StoreUnavailable

T = TypeVar("T")


class HurriedFeatures:
    """Raises StoreUnavailable once its time is over. Reads that do not wait take none of it."""

    def __init__(self, inner: FeatureSource, wait_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._inner, self._left_s, self._monotonic = inner, wait_s, monotonic

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        return self._hurried(self._inner.read, segmenters, users, at_us)

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser | Awaitable[StoredUser]:
        return self._hurried(self._inner.find_user, segmenters, user)

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        """What was found is there; the store is asked again only after a rebuild with another layout."""
        return self._inner.evaluate_user(found, at_us)

    def _hurried(self, read: Callable[..., T | Awaitable[T]], *asked: Any) -> T | Awaitable[T]:
        if self._left_s <= 0:
            raise StoreUnavailable("the online state was waited for long enough")
        found = read(*asked)
        return self._awaited(found) if isinstance(found, Awaitable) else found

    async def _awaited(self, found: Awaitable[T]) -> T:
        began_s = self._monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                return await found
        except TimeoutError:
            raise StoreUnavailable("the online state took too long") from None
        finally:
            self._left_s -= self._monotonic() - began_s
