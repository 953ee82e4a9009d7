"""How records lie in a file of the embedded log: frames, each one partition's records of one commit.

    offset  size
    0       4      "SLG1"
    4       4      CRC-32 of all that follows
    8       4      bytes after these 40
    12      2      partition
    14      2      kind: 0 records, 1 the head of a segment
    16      8      where in the log the commit begins: all before that was durable when this was written
    24      8      offset of the first record
    32      4      records (of a segment's head: partitions)
    36      4      0
    40      ...    the length of each record, uint32, then the records (of a segment's head: the offset at which
                   each partition goes on, uint64)

Little endian. A place in the log is a byte count from its very beginning; a segment is named for its first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise, repeat
from struct import Struct, pack, unpack_from
from typing import Final, NamedTuple

from streaming.log.ports import Record

MAGIC: Final = b"SLG1"
HEAD: Final = Struct("<4sIIHHQQII")
CHECKED_FROM: Final = 8
RECORDS: Final = 0
SEGMENT: Final = 1
MAX_FRAME_RECORDS: Final = 4_096
MAX_FRAME_BYTES: Final = 4 << 20
"""What one frame holds at most (or one record, if that is larger), so that a reader's memory is bounded."""
MAX_BODY_BYTES: Final = MAX_FRAME_BYTES + 4 * MAX_FRAME_RECORDS


class Frame(NamedTuple):
    """A frame's head."""

    body_bytes: int
    partition: int
    kind: int
    commit_at: int
    first: int
    record_count: int

    @property
    def size(self) -> int:
        """All its bytes."""
        return HEAD.size + self.body_bytes


class BadFrame(ValueError):
    """These bytes are no frame; the message is a clause."""


def encode(frame: Frame, body: bytes) -> bytes:
    """One frame."""
    checked = HEAD.pack(MAGIC, 0, *frame, 0)[CHECKED_FROM:]
    crc = zlib.crc32(body, zlib.crc32(checked))
    return b"".join((MAGIC, crc.to_bytes(4, "little"), checked, body))


def encode_records(partition: int, commit_at: int, first: int, records: Sequence[bytes]) -> Iterator[bytes]:
    """Frames with a partition's records in order; more than one where they are many or large."""
    lengths = tuple(map(len, records))
    if len(records) > 1 and (len(records) > MAX_FRAME_RECORDS or sum(lengths) > MAX_FRAME_BYTES):
        middle = len(records) // 2
        yield from encode_records(partition, commit_at, first, records[:middle])
        yield from encode_records(partition, commit_at, first + middle, records[middle:])
        return
    body = b"".join((pack(f"<{len(records)}I", *lengths), *records))
    yield encode(Frame(len(body), partition, RECORDS, commit_at, first, len(records)), body)


def encode_segment_head(at: int, following: Mapping[int, int]) -> bytes:
    """The first frame of a segment: where each partition goes on."""
    body = pack(f"<{len(following)}Q", *(following[partition] for partition in range(len(following))))
    return encode(Frame(len(body), 0, SEGMENT, at, 0, len(following)), body)


def read_head(chunk: bytes, at: int) -> Frame:
    """The head at a place in a chunk that has all of it. Raises BadFrame."""
    magic, _, body_bytes, partition, kind, commit_at, first, count, _ = HEAD.unpack_from(chunk, at)
    if magic != MAGIC:
        raise BadFrame("no frame begins there")
    if body_bytes > MAX_BODY_BYTES:
        raise BadFrame("a frame there is longer than any can be")
    return Frame(body_bytes, partition, kind, commit_at, first, count)


def check_body(chunk: bytes, at: int, frame: Frame) -> None:
    """See that a whole frame is as it was written. Raises BadFrame."""
    crc = zlib.crc32(memoryview(chunk)[at + CHECKED_FROM : at + frame.size])
    if crc != int.from_bytes(chunk[at + 4 : at + CHECKED_FROM], "little"):
        raise BadFrame("its checksum differs")


def records_of(chunk: bytes, at: int, frame: Frame) -> list[Record]:
    """The records of a checked frame."""
    lengths_at = at + HEAD.size
    lengths = unpack_from(f"<{frame.record_count}I", chunk, lengths_at)
    places = accumulate(lengths, initial=lengths_at + 4 * frame.record_count)
    data = [chunk[start:end] for start, end in pairwise(places)]
    offsets = range(frame.first, frame.first + frame.record_count)
    return list(map(Record._make, zip(repeat(frame.partition), offsets, data, strict=False)))


def following_of(chunk: bytes, at: int, frame: Frame) -> dict[int, int]:
    """Where each partition goes on, from a checked segment head."""
    return dict(enumerate(unpack_from(f"<{frame.record_count}Q", chunk, at + HEAD.size)))
