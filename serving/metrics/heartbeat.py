"""How late a worker's event loop is, told by a task that wants to wake four times a second."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from serving.metrics.named_numbers import NamedNumbers

BEAT_S: Final = 0.25
WINDOW_S: Final = 15.0
"""A page that is read once in 15 seconds misses no worst moment: the window before stays on it."""
_log = logging.getLogger("strata.gateway")


def open_heartbeat(path: Path) -> NamedNumbers:
    """A worker's file: its process id, its last beat, the worst lateness of this window and of the one before."""
    return NamedNumbers(path, 4)


class Heartbeat:
    """Notes beats. `now_s` is the machine's monotonic clock, one for all its processes."""

    def __init__(self, names: NamedNumbers, now_s: float) -> None:
        self._numbers = names.numbers
        self._ends_s = now_s + WINDOW_S
        for position, value in enumerate((os.getpid(), now_s, 0.0, 0.0)):
            self._numbers[position] = value

    def beat(self, due_s: float, now_s: float) -> None:
        """The loop came at `now_s` to what was due at `due_s`."""
        numbers = self._numbers
        if now_s >= self._ends_s:
            numbers[3], numbers[2], self._ends_s = numbers[2], 0.0, now_s + WINDOW_S
        numbers[1], numbers[2] = now_s, max(numbers[2], now_s - due_s)


def lag_s(names: NamedNumbers, now_s: float) -> float:
    """How late the loop was at worst in the last 15 to 30 s, or is by now when it does not come at all."""
    beat_s, worst_s, before_s = names.numbers[1:4]
    return max(worst_s, before_s, now_s - beat_s - BEAT_S)


def beat_age_s(path: Path, pid: int, now_s: float) -> float:
    """How long ago a worker's loop came round; 0 where it has not begun to beat."""
    if not path.exists():
        return 0.0
    process_id, beat_s = open_heartbeat(path).numbers[:2]
    return now_s - beat_s if process_id == pid else 0.0


@asynccontextmanager
async def beating(path: Path) -> AsyncIterator[None]:
    """Beat for as long as the context."""
    names = open_heartbeat(path)
    if not names.shared:
        _log.warning("no room for a heartbeat: nobody will see whether this worker hangs")
    beats = asyncio.create_task(_beat(Heartbeat(names, time.monotonic())))
    try:
        yield
    finally:
        beats.cancel()


async def _beat(heart: Heartbeat) -> None:
    while True:
        due_s = time.monotonic() + BEAT_S
        await asyncio.sleep(BEAT_S)
        heart.beat(due_s, time.monotonic())
