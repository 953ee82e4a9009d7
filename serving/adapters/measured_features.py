"""A FeatureSource that is timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from serving.domain.features import FeatureRows
from serving.ports import FeatureSource


class MeasuredFeatures:
    """Reports the seconds of every read, failed ones too."""

    def __init__(self, inner: FeatureSource, observe: Callable[[float], None]) -> None:
        self._inner, self._observe = inner, observe

    def read(self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int) -> list[FeatureRows]:
        began = time.perf_counter()
        try:
            return self._inner.read(segmenters, users, at_us)
        finally:
            self._observe(time.perf_counter() - began)
