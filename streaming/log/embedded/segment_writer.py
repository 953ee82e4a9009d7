"""The end of an embedded log: commits of many appends, one write and one sync each."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from strata.errors import LogUnavailable
from streaming.log.embedded.frames import encode_records, encode_segment_head
from streaming.log.embedded.marks import Marks
from streaming.log.embedded.recovery import Recovered
from streaming.log.embedded.segments import Segment, path_of, sync_folder

WRITE_AND_SYNC: Final = getattr(os, "RWF_DSYNC", 0)
"""Linux writes and syncs in one call, which takes the interpreter's lock once where two calls take it twice."""

Groups = Mapping[int, Sequence[bytes]]
"""What one append offers: each partition's data."""


class SegmentWriter:
    """Writes after the end of a recovered log. Used by one thread."""

    def __init__(
        self, folder: Path, recovered: Recovered, marks: Marks, *, segment_bytes: int, segment_s: float, fsync: bool
    ) -> None:
        self._folder, self._marks, self._fsync = folder, marks, fsync
        self._segment_bytes, self._segment_s = segment_bytes, segment_s
        self.segments, self._end, self._following = list(recovered.segments), recovered.end, recovered.following
        self._file = -1
        self._begun_s = time.monotonic()
        self._dirty = False
        if self.segments:
            self._file = os.open(self.segments[-1].path, os.O_RDWR | os.O_CLOEXEC)
            self._start = self.segments[-1].start
            marks.durable(self._end, self._following)
        else:
            self._roll()

    def commit(self, appends: Sequence[Groups]) -> list[dict[int, int]]:
        """Make appends durable in order; for each, the offset of the first record of each partition.

        Raises LogUnavailable; then nothing of them is in the log, unless the process ends before it could be cut.
        """
        self._clean()
        if self._is_full():
            self._roll()
        following = dict(self._following)
        firsts, merged = _merge(appends, following)
        frames = [
            frame
            for partition, records in merged.items()
            for frame in encode_records(partition, self._end, self._following[partition], records)
        ]
        self._write(b"".join(frames))
        self._following = following
        self._marks.durable(self._end, following)
        return firsts

    def close(self) -> None:
        """Let go of the file."""
        self._marks.flush()
        os.close(self._file)

    def _is_full(self) -> bool:
        held = self._end - self._start
        return held >= self._segment_bytes or (
            time.monotonic() - self._begun_s >= self._segment_s and held > len(encode_segment_head(0, self._following))
        )

    def _roll(self) -> None:
        """Begin a segment at the end. What is left of one that failed at once is overwritten."""
        path = path_of(self._folder, self._end)
        head = encode_segment_head(self._end, self._following)
        with _as_sentence(self._folder):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                write_whole(file, head, 0, sync=True)
                sync_folder(self._folder)
            except BaseException:
                os.close(file)
                path.unlink(missing_ok=True)
                raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._start = file, self._end
        self.segments.append(Segment(self._start, path))
        self._end += len(head)
        self._begun_s = time.monotonic()
        self._marks.durable(self._end, self._following)

    def _write(self, data: bytes) -> None:
        with _as_sentence(self._folder):
            self._dirty = True
            try:
                write_whole(self._file, data, self._end - self._start, sync=self._fsync)
            except OSError:
                self._clean()
                raise
        self._dirty = False
        self._end += len(data)

    def _clean(self) -> None:
        """Cut what a failed commit left, before anything else is written: the next one may be shorter."""
        if self._dirty:
            with _as_sentence(self._folder):
                os.ftruncate(self._file, self._end - self._start)
            self._dirty = False


def write_whole(file: int, data: bytes, at: int, *, sync: bool) -> None:
    """Write all of the data at a place; with `sync`, return when it is durable."""
    rest = memoryview(data)
    while rest:
        written = os.pwritev(file, [rest], at, WRITE_AND_SYNC if sync else 0)
        rest, at = rest[written:], at + written
    if sync and not WRITE_AND_SYNC:
        os.fsync(file)


def _merge(appends: Sequence[Groups], following: dict[int, int]) -> tuple[list[dict[int, int]], dict[int, list[bytes]]]:
    """Each append's first offsets, and each partition's data of all; moves `following` on."""
    firsts, merged = [], dict[int, list[bytes]]()
    for groups in appends:
        first = {}
        for partition, records in groups.items():
            first[partition] = following[partition]
            following[partition] += len(records)
            merged.setdefault(partition, []).extend(records)
        firsts.append(first)
    return firsts, merged


@contextmanager
def _as_sentence(folder: Path) -> Iterator[None]:
    """Raise an OSError inside as LogUnavailable."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise LogUnavailable(
            f"the event log in {folder} cannot be written: {reason}. Nothing of this was taken; it goes on by itself "
            "when that is mended"
        ) from error
