"""A state across a network that is slow or hangs, over any state in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from strata.state import StateReader
from strata.state.ports import Rows


class AwaitedState:
    """See `ports.AsyncStateReader`. Faults are fields, and may change while calls are under way."""

    def __init__(self, state: StateReader) -> None:
        self._state = state
        self.after_s = 0.0
        """How long each call takes."""
        self.hangs = False
        """Calls do not end; those that hang do not end later either."""
        self.asked = 0

    async def read_views(self, tables: Sequence[str], users: Sequence[str]) -> list[Rows]:
        await self._wait()
        return self._state.read_views(tables, users)

    async def read_user(self, tables: Sequence[str], user: str) -> Rows:
        await self._wait()
        return self._state.read_user(tables, user)

    async def watermark_us(self, table: str) -> int | None:
        await self._wait()
        return self._state.watermark_us(table)

    async def note(self, table: str) -> bytes | None:
        await self._wait()
        return self._state.note(table)

    async def version(self) -> int:
        await self._wait()
        return self._state.version()

    async def _wait(self) -> None:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.after_s)
