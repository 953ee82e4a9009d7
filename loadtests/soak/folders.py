"""How fast the folders of a home grow on the disk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

BLOCK: Final = 512
"""Bytes of a block as stat counts them, whatever the file system's own are."""
HOUR_S: Final = 3_600.0
WATCHED: Final = ("predictions", "log", "history", "state", "run")


class Folders:
    """Sizes over time."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._began_s = time.monotonic()
        self.sizes: list[tuple[float, dict[str, int]]] = []
        """Seconds since the beginning, and the bytes of each folder then."""

    def look(self) -> None:
        """Add them up once."""
        sizes = {name: size_of(self._home / name) for name in WATCHED}
        self.sizes.append((time.monotonic() - self._began_s, sizes))


def size_of(folder: Path) -> int:
    """Bytes on the disk, of what is there; files may go while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * BLOCK
        except FileNotFoundError:
            continue
    return total


def per_hour(sizes: Sequence[tuple[float, Mapping[str, int]]], warm_s: float) -> dict[str, Any]:
    """Per folder: its last size, and its growth an hour from the first look after the warm-up to the last.

    >>> per_hour([(0, {"log": 0}), (100, {"log": 50}), (1900, {"log": 1050})], 60)
    {'log': {'bytes': 1050, 'bytes_per_hour': 2000}}
    """
    counted = [each for each in sizes if each[0] >= warm_s] or sizes[-1:]
    if not counted:
        return {}
    (first_s, first), (last_s, last) = counted[0], counted[-1]
    hours = (last_s - first_s) / HOUR_S
    return {
        name: {"bytes": last[name], "bytes_per_hour": round((last[name] - first[name]) / hours) if hours else None}
        for name in last
    }
