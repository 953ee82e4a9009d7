"""Features from an online state across the network: one round trip a request, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from serving.adapters.feature_values import LayoutUnknownError, read_many, read_one
from serving.adapters.moved_users import MAX_HOPS, moved
from serving.adapters.table_marks import LOOK_S, Features, Readings
from serving.domain.features import FeatureRows, UserRow
from strata.errors import StoreUnavailable
from strata.registry.catalog import Catalog
from strata.state.ports import AsyncStateReader

T = TypeVar("T")


class SharedFeatures:
    """A FeatureSource whose reads are awaited. What it believes of the tables is looked up beside the requests."""

    def __init__(
        self,
        state: AsyncStateReader,
        catalog: Catalog,
        features: Features,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`features`: per segmenter, the ordered (view, feature) pairs it reads, all of them in the catalog."""
        self._state = state
        self._readings = Readings(catalog, features)
        self._monotonic = monotonic
        self._looked_s = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def read(self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int) -> list[FeatureRows]:
        return await self._current(self._read_many, segmenters, users, at_us)

    async def read_user(self, segmenters: tuple[str, ...], user: str, at_us: int) -> list[UserRow]:
        return await self._current(self._read_one, segmenters, user, at_us)

    async def _current(
        self, read: Callable[..., Awaitable[T]], segmenters: tuple[str, ...], asked: object, at_us: int
    ) -> T:
        """Read by what is believed of the tables, looking at them when that is old or proves wrong."""
        if self._readings.version < 0:
            await asyncio.shield(self._begin_look())
        elif self._monotonic() - self._looked_s > LOOK_S:
            self._begin_look()
        try:
            return await read(segmenters, asked, at_us, True)
        except LayoutUnknownError:
            await asyncio.shield(self._begin_look())  # a rebuild with another layout may just have become current
            return await read(segmenters, asked, at_us, False)

    async def _read_many(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int, strict: bool
    ) -> list[FeatureRows]:
        reading, marks = self._readings.reading(segmenters)
        stored = await self._rows(reading.tables, users)
        return read_many(reading, stored, marks, at_us, strict=strict)

    async def _read_one(self, segmenters: tuple[str, ...], user: str, at_us: int, strict: bool) -> list[UserRow]:
        reading, marks = self._readings.reading(segmenters)
        stored = await self._rows(reading.tables, (user,))
        return read_one(reading, [rows[0] for rows in stored], marks, at_us, strict=strict)

    async def _rows(self, tables: Sequence[str], users: Sequence[str]) -> list[list[bytes | None]]:
        stored = await self._state.read_views(tables, users)
        for _ in range(MAX_HOPS):
            targets = moved(stored, users)
            if not targets:
                break
            found = await self._state.read_views(tables, list(targets.values()))
            for rows, others in zip(stored, found, strict=True):
                for position, row in zip(targets, others, strict=True):
                    rows[position] = row
        return stored

    def _begin_look(self) -> asyncio.Task[None]:
        """One look at a time; whoever needs it waits for the same one."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
            self._looking.add_done_callback(_seen)
        return self._looking

    async def _look(self) -> None:
        tables, state = self._readings.tables, self._state
        version = await state.version()
        changed = version != self._readings.version
        notes = [await state.note(table) for table in tables] if changed else []
        marks = await asyncio.gather(*(state.watermark_us(table) for table in tables))
        self._readings.take(version, dict(zip(tables, notes, strict=False)), dict(zip(tables, marks, strict=True)))
        self._looked_s = self._monotonic()


def _seen(task: asyncio.Task[None]) -> None:
    """A look that failed is tried again by the next request; its reads will say what is wrong."""
    if not task.cancelled():
        with suppress(StoreUnavailable):
            task.result()
