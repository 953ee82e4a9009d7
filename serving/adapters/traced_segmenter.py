"""A Segmenter whose work is a step of the trace at hand."""

from __future__ import annotations

from serving.domain.deadline import Deadline
from serving.domain.features import Floats
from serving.ports import RowScore, Scores, Segmenter
from strata.tracing import Tracing


class TracedSegmenter:
    """Tells which version scored how many rows. What stands below it may hand the trace on."""

    def __init__(self, inner: Segmenter, tracing: Tracing) -> None:
        self._inner, self._tracing = inner, tracing
        self.profile, self.waits = inner.profile, inner.waits
        self._notes = {"strata.segmenter": inner.profile.name, "strata.version": inner.profile.version}

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        step = self._tracing.step("score", **self._notes, **{"strata.rows": len(values)})
        if step is None:
            return await self._inner.score(values, deadline)
        with step:
            return await self._inner.score(values, deadline)

    def score_row(self, row: Floats) -> RowScore:
        step = self._tracing.step("score", **self._notes)
        if step is None:
            return self._inner.score_row(row)
        with step:
            return self._inner.score_row(row)
