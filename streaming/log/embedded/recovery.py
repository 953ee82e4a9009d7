"""Opening an embedded log to write: find its end, and cut what a kill or a power cut left half-written.

Only the newest segment can have a torn tail, and only from its last commit: each commit is made durable before the
next is written. So a bad frame is a torn tail if nothing after it was ever durable, and damage otherwise.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from strata.errors import LogDamaged
from streaming.log.embedded.frames import HEAD, MAGIC, RECORDS, BadFrame, Frame, check_body, read_head
from streaming.log.embedded.segments import Segment, damaged, following_in, list_segments, sync_folder

logger = logging.getLogger(__name__)


class Recovered(NamedTuple):
    """A log's whole segments, oldest first, its end, and where each partition goes on."""

    segments: list[Segment]
    end: int
    following: dict[int, int]


def recover(folder: Path, partitions: int, durable_end: int) -> Recovered:
    """The state of a log that nobody writes. Raises LogDamaged; cuts a torn tail and logs what was cut.

    `durable_end`: all before this byte is known to have been durable.
    """
    segments = list_segments(folder)
    _check_joined(segments)
    while segments:
        segment = segments[-1]
        content = segment.path.read_bytes()
        whole, following, fault = _scan(segment, content, partitions)
        if whole < len(content) or fault is not None:
            _check_torn(segment, content, whole, durable_end, fault or BadFrame("it ends in the middle of a frame"))
            _cut(segment, whole, len(content))
        if following is None:
            # A segment is begun once all before it is durable.
            durable_end = max(durable_end, segments.pop().start)
            continue
        if segment.start + whole < durable_end:
            raise damaged(segment.path, whole, f"the log was durable up to byte {durable_end - segment.start}")
        _sync(segment.path)
        return Recovered(segments, segment.start + whole, following)
    if durable_end:
        raise LogDamaged(f"the event log in {folder} was durable up to byte {durable_end}, and its segments are gone")
    return Recovered([], 0, dict.fromkeys(range(partitions), 0))


def _check_joined(segments: list[Segment]) -> None:
    for before, after in pairwise(segments):
        size = before.path.stat().st_size
        if before.start + size != after.start:
            raise damaged(before.path, size, f"the next segment goes on at byte {after.start - before.start} of it")


def _scan(segment: Segment, content: bytes, partitions: int) -> tuple[int, dict[int, int] | None, BadFrame | None]:
    """How many bytes are whole frames, where the partitions go on (None without a head), and what ended it."""
    try:
        following = following_in(content, partitions)
    except BadFrame as fault:
        return 0, None, fault
    at = HEAD.size + 8 * partitions
    while at < len(content):
        try:
            frame = _frame_at(content, at)
            if frame.kind != RECORDS or following.get(frame.partition) != frame.first:
                raise BadFrame("its records do not continue those before")
        except BadFrame as fault:
            return at, following, fault
        following[frame.partition] += frame.record_count
        at += frame.size
    return at, following, None


def _frame_at(content: bytes, at: int) -> Frame:
    if at + HEAD.size > len(content):
        raise BadFrame("it ends in the middle of a frame")
    frame = read_head(content, at)
    if at + frame.size > len(content):
        raise BadFrame("it ends in the middle of a frame")
    check_body(content, at, frame)
    return frame


def _check_torn(segment: Segment, content: bytes, whole: int, durable_end: int, fault: BadFrame) -> None:
    """Raise LogDamaged where something after the whole part was durable once."""
    bad_at = segment.start + whole
    if durable_end > bad_at or any(frame.commit_at > bad_at for frame in _frames_after(content, whole)):
        raise damaged(segment.path, whole, fault)


def _frames_after(content: bytes, whole: int) -> Iterator[Frame]:
    at = content.find(MAGIC, whole + 1)
    while at >= 0:
        with suppress(BadFrame):
            yield _frame_at(content, at)
        at = content.find(MAGIC, at + 1)


def _cut(segment: Segment, whole: int, size: int) -> None:
    logger.warning(
        "cut %d bytes off %s at byte %d: a write that had not finished, and was not acknowledged, when its process "
        "or the machine stopped",
        size - whole, segment.path, whole,
    )  # fmt: skip
    if whole:
        os.truncate(segment.path, whole)
    else:
        segment.path.unlink()
        sync_folder(segment.path.parent)


def _sync(path: Path) -> None:
    """What a killed writer wrote and had not synced is kept, so it must be durable before anyone reads it."""
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
