"""The circuit breaker, on a clock that is set."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from toy_segmenter import ToySegmenter

from serving.adapters.breaking_segmenter import BreakingSegmenter
from serving.domain.circuit import REST_S, TIMEOUTS
from serving.domain.deadline import Deadline
from strata.errors import SegmenterUnavailable

ROW = np.array([[1.0, 1.0]])


class World:
    def __init__(self) -> None:
        self.inner, self.now_s = ToySegmenter(), 0.0
        self.breaking = BreakingSegmenter(self.inner, monotonic=lambda: self.now_s)

    async def ask(self, patience_s: float = 1.0) -> bool:
        try:
            await self.breaking.score(ROW, Deadline.after(patience_s))
        except SegmenterUnavailable:
            return False
        return True

    async def open(self) -> None:
        self.inner.slow = True
        for _ in range(TIMEOUTS):
            await self.ask()


async def test_repeated_timeouts_open_the_circuit() -> None:
    """Then nobody waits for it any more."""
    world = World()
    await world.open()
    asked = len(world.inner.asked)
    assert not await world.ask()
    assert len(world.inner.asked) == asked


async def test_after_a_rest_one_call_tries_and_closes_it() -> None:
    world = World()
    await world.open()
    world.inner.slow = False
    assert not await world.ask()
    world.now_s = REST_S
    assert await world.ask()
    assert await world.ask()


async def test_a_try_that_fails_begins_another_rest() -> None:
    world = World()
    await world.open()
    world.now_s = REST_S
    assert not await world.ask()
    asked = len(world.inner.asked)
    assert not await world.ask()
    assert len(world.inner.asked) == asked


async def gives_up_its_try(world: World) -> None:
    """One that tries and hangs: nobody else tries meanwhile; then its caller goes away, and nothing hangs any more."""
    trying = asyncio.create_task(world.ask())
    await asyncio.sleep(0)
    assert not await world.ask()
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    world.inner.hangs = False


async def test_only_one_call_tries_at_a_time_and_one_given_up_frees_the_try() -> None:
    world = World()
    await world.open()
    world.now_s, world.inner.slow, world.inner.hangs = REST_S, False, True
    await gives_up_its_try(world)
    assert await world.ask()


async def test_quick_failures_do_not_open_it() -> None:
    """They cost callers nothing, and the segmenter may be back with the next one."""
    world = World()
    world.inner.down = True
    for _ in range(2 * TIMEOUTS):
        assert not await world.ask()
    world.inner.down = False
    assert await world.ask()


async def test_callers_with_next_to_no_time_do_not_open_it() -> None:
    """3 or 4 ms are their impatience; everybody else is still answered live."""
    world = World()
    world.inner.slow = True
    for _ in range(2 * TIMEOUTS):
        assert not await world.ask(0.004)
    world.inner.slow = False
    assert await world.ask()


async def test_a_try_by_such_a_caller_decides_nothing() -> None:
    """No rest begins anew, and nothing is closed: whoever comes next tries."""
    world = World()
    await world.open()
    world.now_s = REST_S
    assert not await world.ask(0.004)
    world.inner.slow, world.inner.hangs = False, True
    await gives_up_its_try(world)
    assert await world.ask()
