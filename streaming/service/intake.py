"""Judge, append, remember: what both methods do with a batch."""

from __future__ import annotations

import asyncio
from typing import Any

from strata.errors import LogFull
from streaming.log.ports import LogWriter
from streaming.service.batches import JudgedBatch, judge_batch
from streaming.service.recent_ids import RecentIds
from streaming.service.room import Room
from streaming.service.stamps import Stamps


class Intake:
    """The door's inside. A batch it has begun goes on when its caller leaves: only so is what is durable remembered."""

    def __init__(self, writer: LogWriter, stamps: Stamps, recent: RecentIds, room: Room, house_currency: str) -> None:
        self.room = room
        self._writer, self._stamps, self._recent, self._house_currency = writer, stamps, recent, house_currency
        self._running: set[asyncio.Task[JudgedBatch]] = set()

    def begin(self, events: Any, held_bytes: int, *, patient: bool = False) -> asyncio.Task[JudgedBatch]:
        """Judge a batch now and append what is accepted; the task is done once that is durable.

        The task owns `held_bytes` of the room and gives them back. It raises LogUnavailable and, unless it is
        patient and tries again, LogFull. Await it shielded.
        """
        try:
            batch = judge_batch(
                events, self._stamps.next_us(), self._writer.partitions, self._recent, self._house_currency
            )
        except BaseException:
            self.room.give(held_bytes)
            raise
        task = asyncio.get_running_loop().create_task(self._append(batch, patient))
        self._running.add(task)

        def end(ended: asyncio.Task[JudgedBatch]) -> None:
            self._running.discard(ended)
            self.room.give(held_bytes)
            if not ended.cancelled():
                ended.exception()  # seen: its caller may be gone

        task.add_done_callback(end)
        return task

    async def settle(self) -> None:
        """Wait until nothing is on its way into the log."""
        while self._running:
            await asyncio.wait(self._running)

    async def _append(self, batch: JudgedBatch, patient: bool) -> JudgedBatch:
        while batch.records:
            try:
                await self._writer.append(batch.records)
            except LogFull as full:
                if not patient:
                    raise
                await asyncio.sleep(full.retry_after_s)
            else:
                self._recent.remember(batch.event_times)
                break
        return batch
