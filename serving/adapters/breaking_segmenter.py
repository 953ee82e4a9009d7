"""A Segmenter behind a circuit breaker: one that keeps running into its timeout is left alone for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from serving.domain.deadline import Deadline
from serving.domain.features import Floats
from serving.ports import RowScore, Scores, Segmenter
from strata.errors import SegmenterUnavailable

TIMEOUTS: Final = 5
"""So many in a row open the circuit. Quick failures do not count: they cost callers nothing."""
REST_S: Final = 1.0
"""How long it stays open; then one call tries, and the others still go without."""
_log = logging.getLogger("strata.gateway")


class BreakingSegmenter:
    """Fails at once while open. A call that its caller gave up says nothing about the segmenter."""

    def __init__(self, inner: Segmenter, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._inner, self._monotonic = inner, monotonic
        self.profile, self.waits = inner.profile, inner.waits
        self._timeouts = 0
        self._rests_until = 0.0
        self._trying = False

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        if self._timeouts < TIMEOUTS:
            return await self._counted(values, deadline)
        if self._trying or self._monotonic() < self._rests_until:
            raise SegmenterUnavailable(self.profile.name, "it timed out repeatedly and is left alone", timed_out=True)
        self._trying = True
        try:
            return await self._counted(values, deadline)
        finally:
            self._trying = False

    def score_row(self, row: Floats) -> RowScore:
        return self._inner.score_row(row)

    async def _counted(self, values: Floats, deadline: Deadline) -> Scores:
        try:
            scores = await self._inner.score(values, deadline)
        except SegmenterUnavailable as unavailable:
            if unavailable.timed_out:
                self._timed_out()
            raise
        if self._timeouts >= TIMEOUTS:
            _log.info("segmenter answers again", extra={"fields": {"segmenter": self.profile.name}})
        self._timeouts = 0
        return scores

    def _timed_out(self) -> None:
        self._timeouts += 1
        if self._timeouts >= TIMEOUTS:
            self._rests_until = self._monotonic() + REST_S
            _log.warning(
                "segmenter left alone after timeouts",
                extra={"fields": {"segmenter": self.profile.name, "rest_s": REST_S}},
            )
