"""Features from an online state across the network: one round trip a request, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from serving.adapters.feature_values import LayoutUnknownError, evaluate, read_many
from serving.adapters.moved_users import MAX_HOPS, has_moved, moved
from serving.adapters.table_marks import LOOK_S, Features, Readings, Sightings
from serving.domain.features import FeatureRows, StoredUser, UserRow
from strata.errors import StoreUnavailable
from strata.registry.catalog import Catalog
from strata.state.ports import AsyncStateReader


class SharedFeatures:
    """A FeatureSource whose reads are awaited. What it believes of the tables is looked up beside the requests."""

    def __init__(
        self,
        state: AsyncStateReader,
        catalog: Catalog,
        features: Features,
        seen: Sightings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`features`: per segmenter, the ordered (view, feature) pairs it reads, all of them in the catalog. `seen`: by
        any source over this state."""
        self._state, self._seen = state, seen
        self._readings = Readings(catalog, features)
        seen.tell(self._readings)
        self._monotonic = monotonic
        self._looked_s = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def read(self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int) -> list[FeatureRows]:
        if self._looks_when_due():
            await self._look_now()
        try:
            return await self._read(segmenters, users, at_us, strict=True)
        except LayoutUnknownError:
            await self._look_now()
            return await self._read(segmenters, users, at_us, strict=False)

    async def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser:
        if self._looks_when_due():
            await self._look_now()
        reading, marks = self._readings.reading(segmenters)
        return StoredUser(segmenters, user, await self._state.read_user(reading.tables, user), reading, marks)

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        if has_moved(found.rows):
            return self._evaluate_moved(found, at_us)
        try:
            return evaluate(found, at_us, strict=True)
        except LayoutUnknownError:
            return self._evaluate_again(found, at_us)

    async def _evaluate_moved(self, found: StoredUser, at_us: int) -> list[UserRow]:
        try:
            return evaluate(await self._follow(found), at_us, strict=True)
        except LayoutUnknownError:
            return await self._evaluate_again(found, at_us)

    async def _evaluate_again(self, found: StoredUser, at_us: int) -> list[UserRow]:
        """By another look at the tables."""
        await self._look_now()
        return evaluate(await self._follow(found), at_us, strict=False)

    async def _follow(self, found: StoredUser) -> StoredUser:
        """The rows again, of whom the user has become."""
        reading, marks = self._readings.reading(found.segmenters)
        rows = [rows[0] for rows in await self._rows(reading.tables, (found.user,))]
        return StoredUser(found.segmenters, found.user, rows, reading, marks)

    async def _read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int, *, strict: bool
    ) -> list[FeatureRows]:
        reading, marks = self._readings.reading(segmenters)
        return read_many(reading, await self._rows(reading.tables, users), marks, at_us, strict=strict)

    def _looks_when_due(self) -> bool:
        """Look beside the requests. Whether it has to be waited for: where a table was never seen."""
        if self._readings.version < 0:
            return True
        if self._monotonic() - self._looked_s > LOOK_S:
            self._begin_look()
        return False

    async def _look_now(self) -> None:
        """A rebuild with another layout may just have become current."""
        await asyncio.shield(self._begin_look())

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
        notes = {table: await state.note(table) for table in tables} if changed else {}
        found = await asyncio.gather(*(state.watermark_us(table) for table in tables))
        marks = dict(zip(tables, found, strict=True))
        self._readings.take(version, notes, marks)
        self._seen.add(version, notes, marks)
        self._looked_s = self._monotonic()


def _seen(task: asyncio.Task[None]) -> None:
    """A look that failed is tried again by the next request; its reads will say what is wrong."""
    if not task.cancelled():
        with suppress(StoreUnavailable):
            task.result()
