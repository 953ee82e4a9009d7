"""A consumer of the embedded log: one place in the files, and the next offset of each partition it reads.

All partitions lie in the same files in the order of their commits. A record is handed out when its offset is the
next one of its partition, and passed over when it is another's partition or was handed out before; so going back
for one partition needs no memory of the others.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, Protocol

from strata.errors import LogDamaged, LogUnavailable
from streaming.log.begin import check_begin
from streaming.log.embedded.frames import Frame
from streaming.log.embedded.group import CHECK_S, Group
from streaming.log.embedded.marks import Marks
from streaming.log.embedded.segment_reader import SegmentReader
from streaming.log.ports import Assigned, Record, Revoked

POLL_BYTES: Final = 4 << 20
"""A poll answers when it has this much, however many records were asked for."""


class Commits(Protocol):
    """Wakes who waits for the log to grow."""

    def wait(self, end: int, timeout_s: float) -> None:
        """Return when the durable end may have moved past `end`, or the time is up."""
        ...


class EmbeddedConsumer:
    """Reads its share of an embedded log."""

    def __init__(
        self,
        reader: SegmentReader,
        group: Group,
        marks: Marks,
        commits: Commits,
        *,
        assigned: Assigned,
        revoked: Revoked,
    ) -> None:
        self._reader, self._group, self._marks, self._commits = reader, group, marks, commits
        self._assigned, self._revoked = assigned, revoked
        self._next: dict[int, int] = {}
        self._ready: list[Record] = []
        self._ready_place = 0

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        until = time.monotonic() + timeout_s
        while True:
            self._take_share()
            end = self._marks.end
            found = self._read(max_records, end) if self._next else []
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            self._commits.wait(end, min(left, CHECK_S))

    def start_offsets(self) -> Mapping[int, int]:
        return self._reader.start_offsets()

    def end_offsets(self) -> Mapping[int, int]:
        return self._marks.following()

    def seek(self, partition: int, offset: int) -> None:
        self._begin({partition: offset})

    def release(self, partition: int, offset: int) -> None:
        self._marks.release(partition, offset)

    def close(self) -> None:
        try:
            if self._next:
                self._revoked(sorted(self._next))
        finally:
            self._next.clear()
            self._group.leave()
            self._reader.close()

    def _read(self, max_records: int, end: int) -> list[Record]:
        found, self._ready = self._ready[:max_records], self._ready[max_records:]
        size = 0
        while len(found) < max_records and size < POLL_BYTES:
            place = self._reader.place
            try:
                frame = self._reader.next_frame(end)
                if frame is None:
                    break
                records = self._wanted(frame)
            except LogUnavailable:
                self._reader.go_to(place)
                if not found:
                    raise
                break  # what was read before it is handed out first; the next poll comes back to it
            room = max_records - len(found)
            if len(records) > room:
                self._ready, self._ready_place = records[room:], place
                records = records[:room]
            if records:
                found += records
                size += frame.size
        return found

    def _wanted(self, frame: Frame) -> list[Record]:
        """The records of a frame that come next in their partition."""
        following = self._next.get(frame.partition)
        if following is None or frame.first + frame.record_count <= following:
            return []
        if frame.first > following:
            raise LogDamaged(
                f"the event log is damaged: partition {frame.partition} goes from offset {following} to {frame.first}"
            )
        self._next[frame.partition] = frame.first + frame.record_count
        return self._reader.records()[following - frame.first :]

    def _take_share(self) -> None:
        share = self._group.share()
        if share == self._next.keys():
            return
        lost = sorted(self._next.keys() - share)
        if lost:
            self._put_back()
            self._revoked(lost)
            for partition in lost:
                del self._next[partition]
                self._group.give(partition)
        taken = [partition for partition in sorted(share - self._next.keys()) if self._group.take(partition)]
        if taken:
            self._start(taken)

    def _start(self, taken: list[int]) -> None:
        try:
            start = self.start_offsets()
            self._begin({partition: start[partition] for partition in taken} | dict(self._assigned(taken)))
        except BaseException:
            for partition in taken:
                self._next.pop(partition, None)
                self._group.give(partition)
            raise

    def _begin(self, offsets: Mapping[int, int]) -> None:
        self._put_back()
        start, end = self.start_offsets(), self.end_offsets()
        for partition, offset in offsets.items():
            check_begin(partition, offset, start[partition], end[partition])
        places = [self._reader.place_of(partition, offset) for partition, offset in offsets.items()]
        if self._next.keys() - offsets.keys():
            places.append(self._reader.place)
        self._next.update(offsets)
        self._reader.go_to(min(places))

    def _put_back(self) -> None:
        """Read again what was read and not handed out: the rest of one frame, so of one partition."""
        if self._ready:
            self._next[self._ready[0].partition] = self._ready[0].offset
            self._reader.go_to(self._ready_place)
            self._ready = []
