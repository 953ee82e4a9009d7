"""How much may be on its way through the door at once: what is past that is refused, or waits, and takes no memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from strata.errors import StrataError

RETRY_AFTER_S: Final = 0.1
"""A few appends; what is in flight is durable by then, or the log says itself that it is full."""


class DoorFull(StrataError):
    """More is on its way through the door than it may hold. Nothing was taken."""

    def __init__(self, held_bytes: int, calls: int) -> None:
        self.retry_after_s = RETRY_AFTER_S
        super().__init__(
            f"the door takes no more just now: {held_bytes} bytes in {calls} calls are on their way into the log; "
            f"try again in {RETRY_AFTER_S} s"
        )


class Room:
    """Counts bytes and calls in flight. Used by one event loop."""

    def __init__(self, max_bytes: int, max_calls: int) -> None:
        self._max_bytes, self._max_calls = max_bytes, max_calls
        self.held_bytes = 0
        self.calls = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count a call in and out. Raises DoorFull."""
        if self.calls >= self._max_calls:
            raise DoorFull(self.held_bytes, self.calls)
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1

    def take(self, size: int) -> None:
        """Hold so many bytes. Raises DoorFull, also when others wait already."""
        if self._waiting or not self._fits(size):
            raise DoorFull(self.held_bytes, self.calls)
        self.held_bytes += size

    async def wait(self, size: int) -> None:
        """Hold so many bytes as soon as there is room, in the order asked."""
        if not self._waiting and self._fits(size):
            self.held_bytes += size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(size)
            raise

    def give(self, size: int) -> None:
        """Let go of so many bytes, and let in who waited."""
        self.held_bytes -= size
        while self._waiting:
            wanted, turn = self._waiting[0]
            if not turn.done():
                if not self._fits(wanted):
                    return
                self.held_bytes += wanted
                turn.set_result(None)
            self._waiting.popleft()

    def _fits(self, size: int) -> bool:
        return not self.held_bytes or self.held_bytes + size <= self._max_bytes
