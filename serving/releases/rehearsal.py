"""A version answers before anybody is answered by it: a row of nothing, then the users this worker was asked about
lately. What it says of them is remembered, so that the last-known rung is there from its first call on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np

from serving.adapters.silent import Unlogged, Unmetered
from serving.composition import Parts
from serving.domain.assignments import Answer, Degradation
from serving.domain.deadline import Deadline
from serving.domain.desk import SegmentationDesk
from serving.domain.last_known import LastKnown
from serving.ports import Segmenter
from strata.errors import SegmenterUnavailable

USERS: Final = 2_000
STEP_USERS: Final = 100
"""A step is a millisecond or two; calls come in between."""
STEP_S: Final = 5.0
_FAILED: Final = (Degradation.SEGMENTER_UNAVAILABLE, Degradation.SEGMENTER_TIMEOUT)


async def rehearse(parts: Parts, segmenters: Sequence[Segmenter], last_known: LastKnown) -> int:
    """Have versions answer for users asked about lately; returns for how many. Raises SegmenterUnavailable."""
    if not segmenters:
        return 0
    for segmenter in segmenters:
        await _score_nothing(segmenter)
    desk = SegmentationDesk(
        {each.profile.key: each for each in segmenters},
        features=parts.features,
        last_known=last_known,
        predictions=Unlogged(),
        meter=Unmetered(),
        clock=parts.clock,
    )
    for segmenter in segmenters:
        last_known.admit(segmenter.profile.key)
    keys = tuple(each.profile.key for each in segmenters)
    users = last_known.lately(USERS)[::-1]
    for begin in range(0, len(users), STEP_USERS):
        answer = await desk.answer(users[begin : begin + STEP_USERS], keys, Deadline.after(STEP_S))
        _check(answer)
        await asyncio.sleep(0)
    return len(users)


async def _score_nothing(segmenter: Segmenter) -> None:
    row = np.full((1, len(segmenter.profile.features)), np.nan)
    found = await segmenter.score(row, Deadline.after(STEP_S))
    index, score = int(found.segment_indexes[0]), float(found.scores[0])
    if not segmenter.waits:
        segmenter.score_row(row[0])
    if not (0 <= index < len(segmenter.profile.vocabulary) and 0.0 <= score <= 1.0):
        raise SegmenterUnavailable(segmenter.profile.name, f"it answered segment {index} with score {score}")


def _check(answer: Answer) -> None:
    for column in answer.columns:
        if np.isin(column.degradations, _FAILED).any():
            raise SegmenterUnavailable(
                column.profile.name, f"version {column.profile.version} could not score users asked about lately"
            )
