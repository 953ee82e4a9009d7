"""Reading an embedded log frame by frame, from a place up to its durable end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from strata.errors import LogDamaged
from streaming.log.embedded.frames import HEAD, RECORDS, BadFrame, Frame, check_body, read_head, records_of
from streaming.log.embedded.marks import Marks
from streaming.log.embedded.segments import Segment, damaged, list_segments, read_following
from streaming.log.ports import Record

CHUNK_BYTES: Final = 1 << 20


class SegmentReader:
    """A place in the log. Holds one file and one chunk of it."""

    def __init__(self, folder: Path, partitions: int, marks: Marks) -> None:
        self._folder, self._partitions, self._marks = folder, partitions, marks
        self._segment: Segment | None = None
        self._file = -1
        self._chunk, self._chunk_at = b"", 0
        self._at = 0
        self._frame: Frame | None = None
        self.place = 0

    def go_to(self, place: int) -> None:
        """Go on reading at the beginning of a frame."""
        self._leave_segment()
        self.place = place

    def place_of(self, partition: int, offset: int) -> int:
        """Where the segment begins that has a partition's record, or will have it."""
        segments = self._durable_segments()
        for segment in reversed(segments):
            try:
                if read_following(segment, self._partitions)[partition] <= offset:
                    return segment.start
            except FileNotFoundError:  # retention was quicker
                break
        return segments[0].start if segments else 0

    def start_offsets(self) -> dict[int, int]:
        """The first offset kept of each partition."""
        for segment in self._durable_segments():
            try:
                return read_following(segment, self._partitions)
            except FileNotFoundError:  # retention was quicker
                continue
        return dict.fromkeys(range(self._partitions), 0)

    def next_frame(self, end: int) -> Frame | None:
        """Go over the next frame that is whole before `end`, checked; None at the end."""
        while self.place < end:
            self._at, self._frame = self._load(end)
            self.place += self._frame.size
            if self._frame.kind == RECORDS:
                return self._frame
        return None

    def records(self) -> list[Record]:
        """The records of the frame gone over last."""
        assert self._frame is not None
        return records_of(self._chunk, self._at, self._frame)

    def close(self) -> None:
        """Let go of the file."""
        self._leave_segment()

    def _load(self, end: int) -> tuple[int, Frame]:
        """Have the frame at the place in the chunk: where in the chunk, and its head."""
        at = self.place - self._chunk_at
        try:
            if at < 0 or at + HEAD.size > len(self._chunk):
                at = self._fill(end, CHUNK_BYTES)
            frame = read_head(self._chunk, at)
            if at + frame.size > len(self._chunk):
                at = self._fill(end, max(frame.size, CHUNK_BYTES))
            if frame.size > len(self._chunk) - at:
                raise BadFrame("it ends in the middle of a frame")
            check_body(self._chunk, at, frame)
        except BadFrame as fault:
            assert self._segment is not None
            raise damaged(self._segment.path, self.place - self._segment.start, fault) from None
        return at, frame

    def _fill(self, end: int, size: int) -> int:
        self._enter_segment()
        assert self._segment is not None
        self._chunk = os.pread(self._file, min(size, end - self.place), self.place - self._segment.start)
        self._chunk_at = self.place
        if len(self._chunk) < HEAD.size:
            raise BadFrame("it ends in the middle of a frame")
        return 0

    def _enter_segment(self) -> None:
        """Be in the file that has the place."""
        if self._has_place():
            return
        self._leave_segment()
        before = [segment for segment in self._durable_segments() if segment.start <= self.place]
        if before:
            with suppress(FileNotFoundError):
                self._file = os.open(before[-1].path, os.O_RDONLY | os.O_CLOEXEC)
                self._segment = before[-1]
        if not self._has_place():
            raise LogDamaged(f"the event log in {self._folder} is damaged: the file with its byte {self.place} is gone")

    def _durable_segments(self) -> list[Segment]:
        """Without one that is being begun: it is there before its head is."""
        end = self._marks.end
        return [segment for segment in list_segments(self._folder) if segment.start < end]

    def _has_place(self) -> bool:
        return self._segment is not None and self.place < self._segment.start + os.fstat(self._file).st_size

    def _leave_segment(self) -> None:
        if self._segment is not None:
            os.close(self._file)
        self._segment, self._file = None, -1
        self._chunk, self._chunk_at = b"", 0
