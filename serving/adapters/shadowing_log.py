"""A PredictionLog that also has shadow versions score what was answered, later and off the request's way.

On the way of a request stands the copy of a reference. A task of its own takes answers from a bounded queue, scores
them with the shadow version at most for a share of the worker's time, and counts how often it agrees with the answer
that was given. What does not fit is dropped and counted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from serving.domain.assignments import Answer, Column, LiveAnswer, Source
from serving.domain.deadline import Deadline
from serving.domain.ending import end
from serving.domain.features import Floats
from serving.domain.segmenter import SegmenterProfile
from serving.metrics.recorder import Recorder
from serving.ports import FeatureSource, PredictionLog, Segmenter
from strata.errors import SegmenterUnavailable, StoreUnavailable

QUEUE_USERS: Final = 4_096
"""Users that may wait for their shadow score, per version: about 2 MB."""
STEP_USERS: Final = 128
"""Scored at once: some hundred microseconds of the event loop."""
SHARE_OF_TIME: Final = 0.2
"""A shadow may have so much of a worker, whatever its model costs."""
LEAST_PAUSE_S: Final = 0.005
SCORE_S: Final = 1.0
_log = logging.getLogger("strata.gateway")


@dataclass(frozen=True)
class Shadow:
    """One shadow version, and the live version it is compared with."""

    live: SegmenterProfile
    segmenter: Segmenter
    recorder: Recorder

    @property
    def same_features(self) -> bool:
        """Whether it reads exactly what the live version read."""
        return self.segmenter.profile.features == self.live.features


class Shadowing:
    """The queue and the task of one release's shadow versions. Start it on a loop, stop it before another's."""

    def __init__(self, shadows: Mapping[str, Shadow], features: FeatureSource) -> None:
        """`shadows` by the key of the live version; `features` reads what a shadow version reads that the live one
        does not."""
        self._lanes = {key: _Lane(shadow, features) for key, shadow in shadows.items()}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to score."""
        self._tasks = [asyncio.create_task(lane.run()) for lane in self._lanes.values()]

    async def stop(self) -> None:
        """Leave what waits unscored."""
        await end(*self._tasks)

    def offer(self, answer: Answer) -> None:
        """An answer about many."""
        for column in answer.columns:
            lane = self._lanes.get(column.profile.key)
            if lane is not None:
                lane.offer_column(answer.users, answer.as_of_us, column)

    def offer_live(self, answer: LiveAnswer) -> None:
        """An answer about one."""
        for profile, index, _, row in answer.assignments:
            lane = self._lanes.get(profile.key)
            if lane is not None:
                lane.offer(answer.user, answer.as_of_us, index, row.values.copy())


class ShadowingLog:
    """Keeps answers as `inner` does, and offers them to the shadows."""

    def __init__(self, inner: PredictionLog, shadowing: Shadowing) -> None:
        self._inner, self._shadowing = inner, shadowing

    def append(self, answer: Answer) -> None:
        self._inner.append(answer)
        self._shadowing.offer(answer)

    def append_live(self, answer: LiveAnswer) -> None:
        self._inner.append_live(answer)
        self._shadowing.offer_live(answer)


class _Lane:
    """What waits for one shadow version."""

    def __init__(self, shadow: Shadow, features: FeatureSource) -> None:
        profile, recorder = shadow.segmenter.profile, shadow.recorder
        self._shadow, self._features, self._recorder = shadow, features, recorder
        self._waiting: deque[tuple[str, int, int, Floats]] = deque()
        self._wake = asyncio.Event()
        at = (profile.name, profile.version)
        self._agreed, self._disagreed, self._dropped, self._failed = (
            recorder.position("strata_shadow_scores", *at, outcome)
            for outcome in ("agreed", "disagreed", "dropped", "failed")
        )
        self._seconds = recorder.position("strata_shadow_seconds", *at)
        self._meaning = _meanings(shadow.live, profile)

    def offer(self, user: str, at_us: int, index: int, values: Floats) -> None:
        if len(self._waiting) >= QUEUE_USERS:
            self._recorder.add(self._dropped)
            return
        self._waiting.append((user, at_us, index, values))
        if not self._wake.is_set():
            self._wake.set()

    def offer_column(self, users: list[str], at_us: int, column: Column) -> None:
        """Those answered live; an answer that is not says nothing about the version."""
        if column.rows is None:
            return
        for position in np.flatnonzero(column.sources == Source.LIVE).tolist():
            self.offer(users[position], at_us, int(column.segment_indexes[position]), column.rows.values[position])

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            step = [self._waiting.popleft() for _ in range(min(STEP_USERS, len(self._waiting)))]
            if not self._waiting:
                self._wake.clear()
            began = time.perf_counter()
            cpu = time.thread_time()
            await self._score(step)
            self._recorder.add(self._seconds, time.thread_time() - cpu)
            took = time.perf_counter() - began
            await asyncio.sleep(max(LEAST_PAUSE_S, took * (1.0 / SHARE_OF_TIME - 1.0)))

    async def _score(self, step: list[tuple[str, int, int, Floats]]) -> None:
        try:
            rows = await self._rows(step)
            found = await self._shadow.segmenter.score(rows, Deadline.after(SCORE_S))
        except (SegmenterUnavailable, StoreUnavailable, TimeoutError):
            self._recorder.add(self._failed, len(step))
            return
        except Exception:  # a defect of a version nobody is answered by must not end the comparison, nor the worker
            _log.exception("shadow scoring failed")
            self._recorder.add(self._failed, len(step))
            return
        same = int((self._meaning[[index for _, _, index, _ in step]] == found.segment_indexes).sum())
        self._recorder.add(self._agreed, same)
        self._recorder.add(self._disagreed, len(step) - same)

    async def _rows(self, step: list[tuple[str, int, int, Floats]]) -> Floats:
        if self._shadow.same_features:
            return np.stack([values for *_, values in step])
        users, at_us = [user for user, *_ in step], max(at for _, at, *_ in step)
        read = self._features.read((self._shadow.segmenter.profile.key,), users, at_us)
        if not isinstance(read, list):
            async with asyncio.timeout(SCORE_S):
                read = await read
        return read[0].values


def _meanings(live: SegmenterProfile, shadow: SegmenterProfile) -> NDArray[np.int64]:
    """For each segment of the live version, the shadow's of the same key; -1 where it has none."""
    keys = [meaning.key for meaning in shadow.vocabulary]
    return np.array([keys.index(each.key) if each.key in keys else -1 for each in live.vocabulary], dtype=np.int64)
