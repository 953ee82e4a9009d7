"""A FeatureSource that is timed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from serving.domain.features import FeatureRows, UserRow
from serving.ports import FeatureSource

Row = TypeVar("Row", FeatureRows, UserRow)


class MeasuredFeatures:
    """Reports the seconds of every read, failed ones too."""

    def __init__(self, inner: FeatureSource, observe: Callable[[float], None]) -> None:
        self._inner, self._observe = inner, observe

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        return self._timed(self._inner.read, segmenters, users, at_us)

    def read_user(self, segmenters: tuple[str, ...], user: str, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        return self._timed(self._inner.read_user, segmenters, user, at_us)

    def _timed(
        self, read: Callable[..., list[Row] | Awaitable[list[Row]]], segmenters: tuple[str, ...], asked: Any, at_us: int
    ) -> list[Row] | Awaitable[list[Row]]:
        began = time.perf_counter()
        waiting = False
        try:
            found = read(segmenters, asked, at_us)
            waiting = type(found) is not list
            return self._awaited(found, began) if waiting else found  # type: ignore[arg-type]
        finally:
            if not waiting:
                self._observe(time.perf_counter() - began)

    async def _awaited(self, found: Awaitable[list[Row]], began: float) -> list[Row]:
        try:
            return await found
        finally:
            self._observe(time.perf_counter() - began)
