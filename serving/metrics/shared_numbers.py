"""A worker's numbers in a file both it and the supervisor map.

8-byte floats, written by one worker and read by the supervisor: an aligned 8-byte store is seen whole. A killed
worker's counts stay in the file, and its replacement goes on counting in it.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path

from serving.metrics.families import Family, Labels


class Layout:
    """Where each series of each family begins."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = tuple(families)
        self._starts: dict[tuple[str, Labels], int] = {}
        position = 0
        for family in self.families:
            for labels in family.series:
                self._starts[family.name, labels] = position
                position += family.width
        self.size = position

    def start(self, family: str, *labels: str) -> int:
        """The position of a series' first number."""
        return self._starts[family, labels]


def create_numbers(path: Path, layout: Layout) -> None:
    """An empty file of the right size, or none: a short one could never be mapped. Raises OSError.

    Zeros are written, not left out: a full disk is met here, and not by whoever counts.
    """
    pending = path.with_name(f".{path.name}")
    try:
        pending.write_bytes(bytes(8 * layout.size))
        pending.replace(path)
    except OSError:
        pending.unlink(missing_ok=True)
        raise


def map_numbers(path: Path, layout: Layout) -> memoryview[float]:
    """The file's numbers, shared and writable."""
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), 8 * layout.size)
    return memoryview(shared).cast("d")
