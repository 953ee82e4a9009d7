"""A few numbers that all who have an embedded log open share through memory: how far it is durable and released.

A reader goes by the durable end, never by the size of a file: what is written and not yet synced may be gone after
a power cut, and its offsets would then be given out again. The numbers are aligned 8 byte words, each written by
one side alone and only ever upward. They are not synced: a power cut may take them back, never forward.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

NAME = "marks"


class Marks:
    """The file `marks`, mapped."""

    def __init__(self, folder: Path, partitions: int) -> None:
        self._partitions = partitions
        size = 8 * (1 + 2 * partitions)
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.fstat(handle).st_size < size:
                os.posix_fallocate(handle, 0, size)  # a store into a hole is SIGBUS on a full disk
            self._map = mmap.mmap(handle, size)
        finally:
            os.close(handle)
        self._words = memoryview(self._map).cast("Q")

    @property
    def end(self) -> int:
        """The log is durable up to this byte."""
        return self._words[0]

    def durable(self, end: int, following: dict[int, int]) -> None:
        """The writer's: all before this byte, and before these offsets, is durable."""
        for partition, offset in following.items():
            self._words[1 + partition] = offset
        self._words[0] = end

    def following(self) -> dict[int, int]:
        """One past the last durable offset of each partition."""
        return dict(enumerate(self._words[1 : 1 + self._partitions]))

    def release(self, partition: int, offset: int) -> None:
        """A consumer's: nothing below is needed. Only the owner of a partition says so."""
        at = 1 + self._partitions + partition
        self._words[at] = max(offset, self._words[at])

    def released(self) -> dict[int, int]:
        """What is released of each partition."""
        return dict(enumerate(self._words[1 + self._partitions :]))

    def flush(self) -> None:
        """Write the numbers to the disk."""
        self._map.flush()

    def close(self) -> None:
        """Let go of the memory."""
        self._words.release()
        self._map.close()
