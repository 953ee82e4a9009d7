"""How long a call waited for others, by a clock of the test's."""

from __future__ import annotations

import asyncio

import pytest

from serving.domain import waits
from serving.domain.waits import together, waited_here_s, waiting


class Clock:
    """Stands still until somebody waits."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s

    async def wait(self, seconds: float, *, work_s: float = 0.0, fails: bool = False) -> str:
        """Work, then wait until the clock has got there."""
        self.now_s += work_s
        until_s = self.now_s + seconds
        with waiting():
            await asyncio.sleep(0)
            self.now_s = max(self.now_s, until_s)
            if fails:
                raise TimeoutError
        return f"waited {seconds}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(waits, "time", made)
    return made


async def test_waits_add_up_and_work_is_none(clock: Clock) -> None:
    """One after the other; a wait that fails was one too."""
    await clock.wait(2.0, work_s=5.0)
    with pytest.raises(TimeoutError):
        await clock.wait(1.0, fails=True)
    assert waited_here_s() == 3.0


async def test_another_call_begins_with_nothing(clock: Clock) -> None:
    """Each has a task of its own."""

    async def call() -> float:
        await clock.wait(2.0)
        return waited_here_s()

    assert [await asyncio.create_task(call()) for _ in range(2)] == [2.0, 2.0]


async def test_waits_side_by_side_count_once(clock: Clock) -> None:
    """As the longest, beside what was waited before; the answers come in order."""
    await clock.wait(1.0)
    assert await together(clock.wait(2.0), clock.wait(3.0), clock.wait(0.0)) == [
        "waited 2.0",
        "waited 3.0",
        "waited 0.0",
    ]
    assert waited_here_s() == 4.0
