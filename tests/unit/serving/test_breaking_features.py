"""A store across a network that keeps running into its callers' time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from fake_features import FakeFeatures

from serving.adapters.breaking_features import BreakingFeatures
from serving.domain.circuit import REST_S, TIMEOUTS
from serving.domain.features import FeatureRows, StoredUser
from strata.errors import StoreUnavailable


class RemoteFeatures(FakeFeatures):
    """Reads that are awaited. `hangs`: until they are given up."""

    hangs = False

    async def read(  # type: ignore[override]
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows]:
        found = super().read(segmenters, users, at_us)
        if self.hangs:
            await asyncio.Event().wait()
        return found

    async def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser:  # type: ignore[override]
        await self.read(segmenters, [user], 0)
        return FakeFeatures.find_user(FakeFeatures(self.rows), segmenters, user)


class World:
    """A store, its breaker, and a clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.store = RemoteFeatures({"ann": [1, 1]})
        self.features = BreakingFeatures(self.store, lambda: self.now_s)

    async def ask(self, patience_s: float = 0.1) -> str:
        """One caller, who gives up when the store hangs."""
        try:
            reading = self.features.find_user(("tiers",), "ann")
        except StoreUnavailable:
            return "left alone"
        task = asyncio.ensure_future(reading)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not task.done():
            self.now_s += patience_s
            task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "gave up"
        except StoreUnavailable:
            return "failed"
        return "read"


@pytest.fixture
def world() -> World:
    return World()


async def _open(world: World) -> None:
    world.store.hangs = True
    assert [await world.ask() for _ in range(TIMEOUTS)] == ["gave up"] * TIMEOUTS


async def test_a_store_that_hangs_is_left_alone_then_tried_by_one_caller_at_a_time(world: World) -> None:
    """And answers everybody again after one success."""
    await _open(world)
    assert await world.ask() == "left alone"
    world.now_s += REST_S
    trying = world.features.find_user(("tiers",), "ann")
    assert await world.ask() == "left alone"
    task = asyncio.ensure_future(trying)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    world.now_s += 0.1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await world.ask() == "left alone"
    world.now_s += REST_S
    world.store.hangs = False
    assert [await world.ask() for _ in range(3)] == ["read"] * 3


async def test_a_success_in_between_begins_the_count_anew(world: World) -> None:
    """Slowness now and then opens nothing."""
    for _ in range(3):
        world.store.hangs = True
        assert [await world.ask() for _ in range(TIMEOUTS - 1)] == ["gave up"] * (TIMEOUTS - 1)
        world.store.hangs = False
        assert await world.ask() == "read"


async def test_quick_failures_and_impatient_callers_say_nothing(world: World) -> None:
    """They cost nobody time."""
    world.store.down = True
    assert [await world.ask() for _ in range(TIMEOUTS * 2)] == ["failed"] * (TIMEOUTS * 2)
    world.store.down, world.store.hangs = False, True
    assert [await world.ask(0.001) for _ in range(TIMEOUTS * 2)] == ["gave up"] * (TIMEOUTS * 2)
    world.store.hangs = False
    assert await world.ask() == "read"


def test_reads_that_do_not_wait_pass(world: World) -> None:
    """A store in memory."""
    plain = BreakingFeatures(FakeFeatures({"ann": [1, 1]}))
    found = plain.find_user(("tiers",), "ann")
    assert isinstance(found, StoredUser)
    [row] = plain.evaluate_user(found, 7)  # type: ignore[misc]
    assert row.known
