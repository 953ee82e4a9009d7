"""Shadow versions: scored beside the answers, bounded, counted, and never in anybody's way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_features import FakeFeatures
from live_answers import live
from toy_segmentation import KeptPredictions
from toy_segmenter import ToySegmenter, toy_profile

from serving.adapters import shadowing_log
from serving.adapters.shadowing_log import Shadow, Shadowing, ShadowingLog
from serving.domain.assignments import Answer, Column, Source
from serving.domain.features import feature_rows
from serving.domain.segmenter import SegmentMeaning
from serving.metrics.version_numbers import private_recorder

OLD, NEW = "0123456789ab", "ba9876543210"
LIVE = toy_profile("a", OLD)


class World:
    """One shadow of `a`, and what was counted about it."""

    def __init__(self, **changed: Any) -> None:
        self.segmenter = ToySegmenter(replace(toy_profile("a", NEW), **changed))
        self.recorder = private_recorder("a", NEW)
        self.features = FakeFeatures({"ann": [2, 1], "bob": [0, 1]})
        self.shadowing = Shadowing({LIVE.key: Shadow(LIVE, self.segmenter, self.recorder)}, self.features)
        self.kept = KeptPredictions()
        self.log = ShadowingLog(self.kept, self.shadowing)

    def counted(self) -> dict[str, float]:
        numbers = self.recorder._numbers
        outcomes = ("agreed", "disagreed", "dropped", "failed")
        positions = {each: self.recorder.position("strata_shadow_scores", "a", NEW, each) for each in outcomes}
        return {each: numbers[position] for each, position in positions.items() if numbers[position]}

    async def scored(self) -> dict[str, float]:
        self.shadowing.start()
        await asyncio.sleep(0.05)
        await self.shadowing.stop()
        return self.counted()


def batch(users: list[str], indexes: list[int], sources: list[int]) -> Answer:
    count = len(users)
    values = np.array([[float(index), 1.0] for index in indexes])
    column = Column(
        LIVE, np.array(indexes, dtype=np.int32), np.full(count, 0.5, dtype=np.float32),
        np.array(sources, dtype=np.uint8), np.zeros(count, dtype=np.uint8), np.zeros(count, dtype=np.int64),
        feature_rows(values, np.full(count, True), np.zeros(count, dtype=np.int64)), all_live=False,
    )  # fmt: skip
    return Answer(users, 7, [column])


async def test_answers_are_kept_and_compared() -> None:
    """One that the shadow gives too, one that it does not; a batch as one by one; no other segmenter's."""
    world = World()
    world.log.append_live(live("ann", "a", "b"))
    world.log.append_live(live("ann", "a", values=(2.0, 1.0)))
    world.log.append(batch(["bob", "cat"], [0, 2], [Source.LIVE, Source.LIVE]))
    assert await world.scored() == {"agreed": 3.0, "disagreed": 1.0}
    assert (len(world.kept.live), len(world.kept.answers)) == (2, 1)


async def test_only_live_answers_are_compared() -> None:
    """A fallback says nothing of a version."""
    world = World()
    world.log.append(batch(["ann", "bob"], [0, 1], [Source.FALLBACK, Source.LIVE]))
    assert await world.scored() == {"agreed": 1.0}


async def test_segments_are_compared_by_their_keys() -> None:
    """Another order of the same words is agreement; a word the shadow does not have never is."""
    words = tuple(SegmentMeaning(key, key, key) for key in ("high", "middle", "extra"))
    world = World(vocabulary=words)
    for user, index in (("a", 0), ("b", 1), ("c", 2)):
        world.log.append_live(live(user, "a", values=(float(index), 1.0)))
    # The live answer is always `middle`; the shadow says high, middle, extra.
    assert await world.scored() == {"agreed": 1.0, "disagreed": 2.0}


async def test_what_does_not_fit_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is bounded, whatever comes."""
    monkeypatch.setattr(shadowing_log, "QUEUE_USERS", 5)
    world = World()
    for _ in range(12):
        world.log.append_live(live("ann", "a"))
    assert world.counted() == {"dropped": 7.0}
    assert await world.scored() == {"dropped": 7.0, "agreed": 5.0}


async def test_a_shadow_that_fails_is_counted_and_asked_again() -> None:
    """Unavailable, or with a defect of its own."""
    world = World()
    world.segmenter.down = True
    world.log.append_live(live("ann", "a"))
    assert await world.scored() == {"failed": 1.0}
    world.segmenter.down = False
    world.segmenter._scores = lambda values: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    world.log.append_live(live("ann", "a"))
    assert await world.scored() == {"failed": 2.0}
    del world.segmenter._scores  # type: ignore[attr-defined]
    world.log.append_live(live("ann", "a"))
    assert await world.scored() == {"failed": 2.0, "agreed": 1.0}


async def test_a_shadow_that_reads_other_features_reads_its_own() -> None:
    """Not the values the live version was asked with."""
    world = World(features=(("orders", "f0"), ("orders", "f2")))
    world.log.append_live(live("ann", "a"))
    assert await world.scored() == {"disagreed": 1.0}
    assert world.features.reads == [((f"a@{NEW}",), 1)]
