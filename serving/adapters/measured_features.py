"""A FeatureSource that is timed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from serving.domain.features import FeatureRows
from serving.ports import FeatureSource


class MeasuredFeatures:
    """Reports the seconds of every read, failed ones too."""

    def __init__(self, inner: FeatureSource, observe: Callable[[float], None]) -> None:
        self._inner, self._observe = inner, observe

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        began = time.perf_counter()
        waiting = False
        try:
            found = self._inner.read(segmenters, users, at_us)
            waiting = type(found) is not list
            return self._awaited(found, began) if waiting else found  # type: ignore[arg-type]
        finally:
            if not waiting:
                self._observe(time.perf_counter() - began)

    async def _awaited(self, found: Awaitable[list[FeatureRows]], began: float) -> list[FeatureRows]:
        try:
            return await found
        finally:
            self._observe(time.perf_counter() - began)
