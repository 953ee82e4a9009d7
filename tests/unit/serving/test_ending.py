"""Tasks end, whatever they make of being cancelled."""

from __future__ import annotations

import asyncio

import pytest

from serving.domain import ending
from serving.domain.ending import end


async def _swallow(times: int) -> str:
    """Goes on when it is cancelled, so often."""
    while times:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            times -= 1
    return "done"


async def _break() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise OSError("as told")


async def test_a_task_that_loses_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes it for a broken connection must not keep a server from its end."""
    monkeypatch.setattr(ending, "AGAIN_S", 0.01)
    stubborn, broken, plain = (asyncio.create_task(each) for each in (_swallow(3), _break(), asyncio.Event().wait()))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(stubborn, broken, plain, None)
    assert (stubborn.result(), type(broken.exception()), plain.cancelled()) == ("done", OSError, True)


async def test_what_is_done_already_is_left_alone() -> None:
    """And nothing is nothing."""
    done = asyncio.create_task(_swallow(0))
    await done
    await end(done, None)
    await end()
    assert done.result() == "done"
