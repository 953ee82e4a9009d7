"""What is offered to a log, checked and sorted by partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strata.errors import InputInvalid
from streaming.log.ports import MAX_RECORD_BYTES


def by_partition(records: Sequence[tuple[int, bytes]], partitions: int) -> dict[int, list[bytes]]:
    """Each partition's data in the order offered. Raises InputInvalid."""
    groups: dict[int, list[bytes]] = {}
    for partition, data in records:
        if partition in groups:
            groups[partition].append(data)
        else:
            groups[partition] = [data]
    for partition, group in groups.items():
        if not 0 <= partition < partitions:
            raise InputInvalid(f"the event log has no partition {partition}, only 0 to {partitions - 1}")
        largest = max(map(len, group))
        if largest > MAX_RECORD_BYTES:
            raise InputInvalid(f"a record of {largest} bytes is over the event log's {MAX_RECORD_BYTES}")
    return groups


def in_order(records: Sequence[tuple[int, bytes]], first: Mapping[int, int]) -> list[int]:
    """The offset of each record offered, from the first that its partition's data got.

    >>> in_order([(1, b"a"), (0, b"b"), (1, b"c")], {0: 7, 1: 3})
    [3, 7, 4]
    """
    following, offsets = dict(first), []
    for partition, _ in records:
        offset = following[partition]
        offsets.append(offset)
        following[partition] = offset + 1
    return offsets
