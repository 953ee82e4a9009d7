"""A Segmenter that is timed."""

from __future__ import annotations

import time
from collections.abc import Callable

from serving.domain.deadline import Deadline
from serving.domain.features import Floats
from serving.ports import RowScore, Scores, Segmenter


class MeasuredSegmenter:
    """Reports the seconds of every scoring, failed ones too."""

    def __init__(self, inner: Segmenter, observe: Callable[[float], None]) -> None:
        self._inner, self._observe = inner, observe
        self.profile, self.waits = inner.profile, inner.waits

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        began = time.perf_counter()
        try:
            return await self._inner.score(values, deadline)
        finally:
            self._observe(time.perf_counter() - began)

    def score_row(self, row: Floats) -> RowScore:
        began = time.perf_counter()
        try:
            return self._inner.score_row(row)
        finally:
            self._observe(time.perf_counter() - began)
