"""The event log in lists: what a room tests with instead of files or a broker. Passes the same contract suite."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence

from strata.errors import LogFull, LogUnavailable
from streaming.log.begin import check_begin
from streaming.log.offered import by_partition, in_order
from streaming.log.ports import Assigned, Lost, Record, Revoked
from streaming.log.shares import share_of

POLL_BYTES = 4 << 20
"""A poll answers when it has this much."""


class FakeLog:
    """One process's memory.

    `hold()` keeps appends waiting (their records are neither durable nor read) until `let_go()`; `fault`, when
    set, is what every append and poll raises.
    """

    def __init__(self, partitions: int = 8, queue_records: int = 100_000) -> None:
        self.partitions = partitions
        self.queue_records = queue_records
        self.fault: LogUnavailable | None = None
        self.kept: list[list[bytes]] = [[] for _ in range(partitions)]
        self.starts = [0] * partitions
        self.released = [0] * partitions
        self.queued = 0
        self.members: list[FakeConsumer] = []
        self.owners: dict[int, FakeConsumer] = {}
        self.changed = threading.Condition()
        self._open = asyncio.Event()
        self._open.set()

    def hold(self) -> None:
        """Let nothing become durable."""
        self._open.clear()

    def let_go(self) -> None:
        """Let what waits, and all that follows, become durable."""
        self._open.set()

    def writer(self) -> FakeLog:
        return self

    async def append(self, records: Sequence[tuple[int, bytes]]) -> list[int]:
        self.check()
        groups = by_partition(records, self.partitions)
        if self.queued and self.queued + len(records) > self.queue_records:
            raise LogFull(self.queued, 0.05)
        self.queued += len(records)
        try:
            await asyncio.sleep(0)
            await self._open.wait()
        finally:
            self.queued -= len(records)
        self.check()
        with self.changed:
            first = {partition: self.starts[partition] + len(self.kept[partition]) for partition in groups}
            for partition, group in groups.items():
                self.kept[partition].extend(group)
            self.changed.notify_all()
        return in_order(records, first)

    def consumer(self, assigned: Assigned, revoked: Revoked, lost: Lost | None = None) -> FakeConsumer:
        return FakeConsumer(self, assigned, revoked)

    def close(self) -> None:
        self.let_go()

    def check(self) -> None:
        """Raise the fault that was set."""
        if self.fault is not None:
            raise self.fault


class FakeConsumer:
    """A member of the group."""

    def __init__(self, log: FakeLog, assigned: Assigned, revoked: Revoked) -> None:
        self._log, self._assigned, self._revoked = log, assigned, revoked
        self._next: dict[int, int] = {}
        log.members.append(self)

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        until = time.monotonic() + timeout_s
        while True:
            self._log.check()
            self._take_share()
            with self._log.changed:
                found = self._read(max_records)
                left = until - time.monotonic()
                if found or left <= 0:
                    return found
                self._log.changed.wait(min(left, 0.02))

    def start_offsets(self) -> Mapping[int, int]:
        return dict(enumerate(self._log.starts))

    def end_offsets(self) -> Mapping[int, int]:
        return {p: self._log.starts[p] + len(kept) for p, kept in enumerate(self._log.kept)}

    def seek(self, partition: int, offset: int) -> None:
        self._begin({partition: offset})

    def release(self, partition: int, offset: int) -> None:
        self._log.released[partition] = max(offset, self._log.released[partition])

    def close(self) -> None:
        self._give_up(set(self._next))
        self._log.members.remove(self)

    def _read(self, max_records: int) -> list[Record]:
        found: list[Record] = []
        size = 0
        for partition, offset in self._next.items():
            at = offset - self._log.starts[partition]
            for data in self._log.kept[partition][at : at + max_records - len(found)]:
                if size >= POLL_BYTES:
                    break
                found.append(Record(partition, self._next[partition], data))
                self._next[partition] += 1
                size += len(data)
        return found

    def _take_share(self) -> None:
        log = self._log
        with log.changed:
            wanted = share_of(log.members.index(self), len(log.members), log.partitions)
        self._give_up(set(self._next) - wanted)
        with log.changed:
            taken = sorted(p for p in wanted - set(self._next) if p not in log.owners)
            log.owners.update(dict.fromkeys(taken, self))
        try:
            self._begin({p: log.starts[p] for p in taken} | dict(self._assigned(taken)) if taken else {})
        except BaseException:
            for partition in taken:
                self._next.pop(partition, None)
                del log.owners[partition]
            raise

    def _give_up(self, partitions: set[int]) -> None:
        if partitions:
            self._revoked(sorted(partitions))
            for partition in partitions:
                del self._next[partition]
                del self._log.owners[partition]

    def _begin(self, offsets: Mapping[int, int]) -> None:
        for partition, offset in offsets.items():
            check_begin(partition, offset, self._log.starts[partition], self.end_offsets()[partition])
        self._next.update(offsets)
