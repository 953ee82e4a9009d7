"""Group commit: appends of many coroutines become durable together, by one thread that writes and syncs.

    append, append, append  ->  queue  ->  thread: one write, one sync  ->  all three go on

While a sync runs the next appends gather; when nothing runs, an append is written at once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from strata.errors import LogFull, LogUnavailable, StrataError
from streaming.log.embedded.segment_writer import Groups, SegmentWriter
from streaming.log.offered import by_partition, in_order

logger = logging.getLogger(__name__)

HOUSEKEEPING_S: Final = 5.0
"""How often retention is looked at."""
QUEUE_BYTES: Final = 64 << 20
"""What may wait to become durable, beside its bound in records."""
MIN_RETRY_S: Final = 0.05
MAX_RETRY_S: Final = 5.0

Answer = dict[int, int] | StrataError


class Waiting(NamedTuple):
    """An append in the queue."""

    groups: Groups
    records: int
    size: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[dict[int, int]]


class EmbeddedWriter:
    """The one writer of an embedded log."""

    def __init__(
        self,
        segments: SegmentWriter,
        partitions: int,
        *,
        queue_records: int,
        committed: Callable[[], None],
        keep_house: Callable[[], None],
    ) -> None:
        self._segments, self._partitions = segments, partitions
        self._queue_records = queue_records
        self._committed, self._keep_house = committed, keep_house
        self._waiting: list[Waiting] = []
        self._queued = self._queued_bytes = 0
        self._records_per_s = 0.0
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def partitions(self) -> int:
        return self._partitions

    @property
    def queued(self) -> int:
        return self._queued

    async def append(self, records: Sequence[tuple[int, bytes]]) -> list[int]:
        groups = by_partition(records, self._partitions)
        if not groups:
            return []
        size = sum(sum(map(len, group)) for group in groups.values())
        loop = asyncio.get_running_loop()
        future: asyncio.Future[dict[int, int]] = loop.create_future()
        self._enqueue(Waiting(groups, len(records), size, loop, future))
        return in_order(records, await future)

    def close(self) -> None:
        """Make durable what was taken, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._segments.close()

    def _enqueue(self, offered: Waiting) -> None:
        with self._wake:
            if self._closing:
                raise LogUnavailable("the event log is closed")
            full = (
                self._queued + offered.records > self._queue_records or self._queued_bytes + offered.size > QUEUE_BYTES
            )
            # An append larger than the whole queue is taken when nothing else waits, or it never could be.
            if full and self._queued:
                raise LogFull(self._queued, self._retry_after_s())
            self._queued += offered.records
            self._queued_bytes += offered.size
            self._waiting.append(offered)
            self._wake.notify()

    def _retry_after_s(self) -> float:
        wait_s = self._queued / self._records_per_s if self._records_per_s else MIN_RETRY_S
        return min(max(wait_s, MIN_RETRY_S), MAX_RETRY_S)

    def _run(self) -> None:
        next_round = time.monotonic() + HOUSEKEEPING_S
        while (batch := self._take(next_round)) is not None:
            if batch:
                self._commit(batch)
            if time.monotonic() >= next_round:
                self._housekeep()
                next_round = time.monotonic() + HOUSEKEEPING_S

    def _take(self, until: float) -> list[Waiting] | None:
        """All that waits; nothing when it is time for housekeeping, None at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._closing, max(0.0, until - time.monotonic()))
            batch, self._waiting = self._waiting, []
            return batch or (None if self._closing else [])

    def _commit(self, batch: list[Waiting]) -> None:
        began = time.monotonic()
        records = sum(one.records for one in batch)
        answers: Sequence[Answer]
        try:
            answers = self._segments.commit([one.groups for one in batch])
            self._records_per_s = records / max(time.monotonic() - began, 1e-6)
            self._committed()
        except LogUnavailable as fault:
            answers = [fault] * len(batch)
        except Exception as fault:  # an append must get an answer, whatever it is
            logger.exception("the event log's writer failed")
            answers = [LogUnavailable(f"the event log cannot be written: {fault}")] * len(batch)
        with self._wake:
            self._queued -= records
            self._queued_bytes -= sum(one.size for one in batch)
        _answer(batch, answers)

    def _housekeep(self) -> None:
        try:
            self._keep_house()
        except (OSError, StrataError) as fault:
            logger.warning("old segments of the event log could not be removed: %s", fault)


def _answer(batch: list[Waiting], answers: Sequence[Answer]) -> None:
    """Wake each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[dict[int, int]], Answer]]] = {}
    for one, answer in zip(batch, answers, strict=True):
        by_loop.setdefault(one.loop, []).append((one.future, answer))
    for loop, answered in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, answered)
        except RuntimeError:  # the loop was closed: nobody waits there any more
            continue


def _resolve(answered: list[tuple[asyncio.Future[dict[int, int]], Answer]]) -> None:
    for future, answer in answered:
        if future.done():  # its append was cancelled
            continue
        if isinstance(answer, StrataError):
            future.set_exception(answer)
        else:
            future.set_result(answer)
