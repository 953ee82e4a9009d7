"""A Segmenter behind a circuit breaker: one that keeps running into its timeout is left alone for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from serving.domain.circuit import REST_S, SLOW_S, Circuit
from serving.domain.deadline import Deadline
from serving.domain.features import Floats
from serving.ports import RowScore, Scores, Segmenter
from strata.errors import SegmenterUnavailable

_log = logging.getLogger("strata.gateway")


class BreakingSegmenter:
    """Fails at once while open. A call whose caller went away or had next to no time says nothing of the segmenter."""

    def __init__(self, inner: Segmenter, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._inner, self._circuit = inner, Circuit(monotonic)
        self.profile, self.waits = inner.profile, inner.waits

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        if not self._circuit.allows():
            raise SegmenterUnavailable(self.profile.name, "it timed out repeatedly and is left alone", timed_out=True)
        # Not how long it took: a busy event loop comes late to what its caller has long given up.
        patience_s = deadline.for_segmenter_s()
        try:
            scores = await self._inner.score(values, deadline)
        except SegmenterUnavailable as unavailable:
            self._failed(unavailable, patience_s)
            raise
        except BaseException:
            self._circuit.left()
            raise
        if self._circuit.succeeded():
            _log.info("segmenter answers again", extra={"fields": {"segmenter": self.profile.name}})
        return scores

    def score_row(self, row: Floats) -> RowScore:
        return self._inner.score_row(row)

    def _failed(self, unavailable: SegmenterUnavailable, patience_s: float) -> None:
        if not unavailable.timed_out or patience_s < SLOW_S:
            self._circuit.left()
        elif self._circuit.timed_out():
            _log.warning(
                "segmenter left alone after timeouts",
                extra={"fields": {"segmenter": self.profile.name, "rest_s": REST_S}},
            )
