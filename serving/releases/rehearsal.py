"""A version answers before anybody is answered by it: a row of nothing, then the users this worker was asked about
lately. What it says of them is remembered, so that the last-known rung is there from its first call on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
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
USERS_S: Final = 10.0
"""All the users together: 2,000 of them from a store that takes 200 ms a read."""
LATELY_LIVE_S: Final = 0.3
"""All of it, for versions that were live before: a rollback is served within a second, whatever store and segmenters
do."""
_FAILED: Final = (Degradation.SEGMENTER_UNAVAILABLE, Degradation.SEGMENTER_TIMEOUT)


async def rehearse(
    parts: Parts, segmenters: Sequence[Segmenter], last_known: LastKnown, *, lately_live: bool = False
) -> int:
    """Have versions answer for users asked about lately; returns for how many. Raises SegmenterUnavailable.

    What its time does not suffice for is left out. `lately_live`: they all were live before, and the time is short.
    """
    answered = 0
    if segmenters:
        with suppress(TimeoutError):
            async with asyncio.timeout(LATELY_LIVE_S if lately_live else None):
                for segmenter in segmenters:
                    await _score_nothing(segmenter)
                async with asyncio.timeout(USERS_S):
                    async for users in _answer_lately(parts, segmenters, last_known):
                        answered += users
    return answered


async def _answer_lately(
    parts: Parts, segmenters: Sequence[Segmenter], last_known: LastKnown
) -> AsyncGenerator[int, None]:
    """Answers for some users at a time; yields for how many."""
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
        yield len(answer.users)
        await asyncio.sleep(0)


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
