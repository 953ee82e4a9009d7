"""Asking every segmenter at once, each for the users it can be asked about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from serving.domain.deadline import Deadline
from serving.domain.features import FeatureRows
from serving.domain.ladder import Outcome, scorable
from serving.domain.waits import waiting
from serving.ports import Segmenter
from strata.errors import SegmenterUnavailable


async def score_all(segmenters: Sequence[Segmenter], rows: Sequence[FeatureRows], deadline: Deadline) -> list[Outcome]:
    """One outcome per segmenter. Those that wait on the network start first and together; no task is made for others.

    When the caller goes away, what was started for it is cancelled with it.
    """
    started: dict[int, asyncio.Task[Outcome]] = {}
    if len(segmenters) > 1:
        for position, segmenter in enumerate(segmenters):
            if segmenter.waits:
                started[position] = asyncio.create_task(_score(segmenter, rows[position], deadline))
    if not started:
        return [
            await _awaited(segmenter, _score(segmenter, row, deadline))
            for segmenter, row in zip(segmenters, rows, strict=True)
        ]
    await asyncio.sleep(0)  # lets the requests leave before this thread is busy with the embedded ones
    try:
        return [
            await _awaited(segmenter, started.get(position) or _score(segmenter, rows[position], deadline))
            for position, segmenter in enumerate(segmenters)
        ]
    finally:
        for task in started.values():
            task.cancel()


async def _awaited(segmenter: Segmenter, scoring: Awaitable[Outcome]) -> Outcome:
    if not segmenter.waits:
        return await scoring
    with waiting():
        return await scoring


async def _score(segmenter: Segmenter, rows: FeatureRows, deadline: Deadline) -> Outcome:
    values = rows.values
    some = scorable(rows)
    if some is not None:
        if not some.any():
            return None
        values = values[some]
    try:
        return await segmenter.score(values, deadline)
    except SegmenterUnavailable as unavailable:
        return unavailable
