"""The desk: from users and segmenters to an answer. Read this to know what a gateway does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from serving.domain.assignments import Answer, Column
from serving.domain.deadline import Deadline
from serving.domain.features import FeatureRows
from serving.domain.ladder import settle
from serving.domain.last_known import LastKnown
from serving.domain.scoring import score_all
from serving.domain.waits import waiting
from serving.ports import AnswerMeter, FeatureSource, PredictionLog, Segmenter
from strata.clock import Clock
from strata.errors import StoreUnavailable


class SegmentationDesk:
    """Answers for users that are valid ids, by versions that are served. Always has an answer.

    Versions go by their keys (`SegmenterProfile.key`).
    """

    def __init__(
        self,
        segmenters: Mapping[str, Segmenter],
        *,
        features: FeatureSource,
        last_known: LastKnown,
        predictions: PredictionLog,
        meter: AnswerMeter,
        clock: Clock,
    ) -> None:
        self.segmenters = segmenters
        self._features = features
        self._last_known = last_known
        self._predictions = predictions
        self._meter = meter
        self._clock = clock

    async def answer(
        self, users: list[str], keys: tuple[str, ...], deadline: Deadline, at_us: int | None = None
    ) -> Answer:
        """One column per key, one position per user; all features are evaluated at one instant, by default now."""
        at_us = self._clock.now_us() if at_us is None else at_us
        rows = await self._read(keys, users, at_us, deadline)
        return await self.answer_rows(users, keys, rows, at_us, deadline)

    async def answer_rows(
        self,
        users: list[str],
        keys: tuple[str, ...],
        rows: list[FeatureRows] | None,
        at_us: int,
        deadline: Deadline,
    ) -> Answer:
        """`answer` from features already read at `at_us`; None: they could not be."""
        columns = await self._columns(users, keys, rows, at_us, deadline)
        answer = Answer(users, at_us, columns)
        self._predictions.append(answer)
        self._meter.answered(answer)
        return answer

    async def _read(
        self, keys: tuple[str, ...], users: list[str], at_us: int, deadline: Deadline
    ) -> list[FeatureRows] | None:
        try:
            found = self._features.read(keys, users, at_us)
            if not isinstance(found, list):
                with waiting():
                    async with asyncio.timeout(deadline.for_store_s()):
                        found = await found
        except (StoreUnavailable, TimeoutError):
            return None
        return found

    async def _columns(
        self,
        users: list[str],
        keys: tuple[str, ...],
        rows: list[FeatureRows] | None,
        at_us: int,
        deadline: Deadline,
    ) -> list[Column]:
        segmenters = [self.segmenters[key] for key in keys]
        if rows is None:
            return [
                settle(each.profile, users, rows=None, outcome=None, last_known=self._last_known, at_us=at_us)
                for each in segmenters
            ]
        outcomes = await score_all(segmenters, rows, deadline)
        return [
            settle(segmenter.profile, users, rows=row, outcome=outcome, last_known=self._last_known, at_us=at_us)
            for segmenter, row, outcome in zip(segmenters, rows, outcomes, strict=True)
        ]
