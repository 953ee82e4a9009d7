"""A start that uses the store, and does not wait for one that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from fake_features import FakeFeatures

from serving.adapters.hurried_features import HurriedFeatures
from serving.domain.features import FeatureRows, StoredUser
from strata.errors import StoreUnavailable

KEYS = ("toy@1",)


class SlowFeatures(FakeFeatures):
    """Across a network: each read takes so long by a clock of its own, or for ever."""

    def __init__(self) -> None:
        super().__init__({"ann": [1.0, 1.0]})
        self.now_s, self.takes_s, self.hangs = 0.0, 0.2, False

    async def read(  # type: ignore[override] # to be awaited, as the port allows
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows]:
        self.reads.append((segmenters, len(users)))
        if self.hangs:
            await asyncio.Event().wait()
        self.now_s += self.takes_s
        return []

    async def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser:  # type: ignore[override]
        await self.read(segmenters, [user], 0)
        return StoredUser(segmenters, user, [], [], [])


def test_a_store_in_memory_is_read_at_once_and_as_often_as_wanted() -> None:
    inner = FakeFeatures({"ann": [1.0, 1.0]})
    hurried = HurriedFeatures(inner, 0.001)
    for _ in range(3):
        assert isinstance(hurried.read(KEYS, ["ann"], 0), list)
        assert isinstance(hurried.find_user(KEYS, "ann"), StoredUser)
    assert len(inner.reads) == 6


async def test_reads_have_so_long_together() -> None:
    """0.2 s each: the third is begun within half a second, the fourth is not."""
    inner = SlowFeatures()
    hurried = HurriedFeatures(inner, 0.5, lambda: inner.now_s)
    await hurried.find_user(KEYS, "ann")  # type: ignore[misc]
    await hurried.read(KEYS, ["ann"], 0)  # type: ignore[misc]
    await hurried.find_user(KEYS, "ann")  # type: ignore[misc]
    with pytest.raises(StoreUnavailable):
        hurried.read(KEYS, ["ann"], 0)
    assert len(inner.reads) == 3


async def test_a_store_that_hangs_is_asked_once() -> None:
    inner = SlowFeatures()
    inner.hangs = True
    hurried = HurriedFeatures(inner, 0.02)
    with pytest.raises(StoreUnavailable):
        await hurried.find_user(KEYS, "ann")  # type: ignore[misc]
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            hurried.find_user(KEYS, "ann")
    assert len(inner.reads) == 1
