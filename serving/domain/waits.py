"""How long the call at hand waited for others: a store or a segmenter across a network. That is no work of this worker,
and the ladder ends it inside the caller's deadline; so no call is refused because others waited long (`admission`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Final, TypeVar

T = TypeVar("T")
_waited: ContextVar[float] = ContextVar("waited_s", default=0.0)

waited_here_s: Final = _waited.get
"""Of the call at hand, which has a task, and with it a context, of its own. Asking costs 0.01 us; who waits pays."""


class waiting:  # noqa: N801 - read as a statement: `with waiting():`
    """Around what is awaited from others. Not within another one.

    A class: every read of a store across a network goes through it, and a generator costs three times as much.
    """

    __slots__ = ("_began_s",)

    def __enter__(self) -> None:
        self._began_s = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        _waited.set(_waited.get() + time.perf_counter() - self._began_s)


async def together(*works: Awaitable[T]) -> list[T]:
    """`asyncio.gather`. Waits side by side count once: as the longest of them."""

    async def ended(work: Awaitable[T]) -> tuple[T, float]:
        return await work, _waited.get()

    found = await asyncio.gather(*map(ended, works))
    _waited.set(max(waited_s for _, waited_s in found))
    return [each for each, _ in found]
