"""What calls leave behind is collected soon."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_features import FakeFeatures
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.adapters.silent import Unlogged
from serving.collector import settle_collector
from strata.v1 import segmentation_pb2 as pb

CALLS = 800


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.mark.asyncio
async def test_a_few_hundred_calls_leave_no_heap_of_cycles(tmp_path: Path) -> None:
    """Uncollected, theirs would be 4,000 objects."""
    parts = toy_parts(
        tmp_path, {"tiers": ToySegmenter(toy_profile("tiers"))}, FakeFeatures({"ann": [0, 1]}), Unlogged()
    )  # fmt: skip
    most = 0
    async with served(parts) as (stub, _):
        settle_collector()
        for _ in range(CALLS):
            await stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
            most = max(most, gc.get_count()[0])
    assert most <= 2_500


def test_what_a_start_made_is_looked_through_no_more() -> None:
    """It lives as long as the process."""
    before = gc.get_freeze_count()
    settle_collector()
    assert gc.get_freeze_count() > before + 1_000
