"""The files of an embedded log: `<first byte, 20 digits>.log`, each begun by a frame that says where it stands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from strata.errors import LogDamaged
from streaming.log.embedded.frames import HEAD, SEGMENT, BadFrame, check_body, following_of, read_head

SUFFIX = ".log"


class Segment(NamedTuple):
    """One file and the bytes of the log in it."""

    start: int
    path: Path


def path_of(folder: Path, start: int) -> Path:
    """The file whose first byte is the log's byte `start`."""
    return folder / f"{start:020d}{SUFFIX}"


def list_segments(folder: Path) -> list[Segment]:
    """The segments there are, oldest first."""
    return [Segment(int(path.stem), path) for path in sorted(folder.glob(f"[0-9]*{SUFFIX}"))]


def read_following(segment: Segment, partitions: int) -> dict[int, int]:
    """The offset at which each partition goes on in a segment. Raises LogDamaged, or FileNotFoundError."""
    with segment.path.open("rb") as file:
        chunk = file.read(HEAD.size + 8 * partitions)
    try:
        return following_in(chunk, partitions)
    except BadFrame as fault:
        raise damaged(segment.path, 0, fault) from None


def following_in(chunk: bytes, partitions: int) -> dict[int, int]:
    """The same from the first bytes of a segment. Raises BadFrame."""
    if len(chunk) < HEAD.size + 8 * partitions:
        raise BadFrame("it is too short for a segment's head")
    frame = read_head(chunk, 0)
    if (frame.kind, frame.record_count, frame.body_bytes) != (SEGMENT, partitions, 8 * partitions):
        raise BadFrame("it does not begin with a segment's head")
    check_body(chunk, 0, frame)
    return following_of(chunk, 0, frame)


def damaged(path: Path, at: int, fault: BadFrame | str) -> LogDamaged:
    """What to say of a file that is not as it was written."""
    return LogDamaged(
        f"the event log is damaged: {path} at byte {at}: {fault}. Records from there on cannot be read; restore the "
        "file from a copy. Nothing was removed"
    )


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
