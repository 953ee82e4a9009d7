"""The state file's pages, in memory and mapped before the first read asks for them.

A page that is not in memory is waited for on the disk, one at a time, by the call that reads it. A page that is, but
not in this process' page table, costs half a microsecond, and has a process seem to grow for as long as it meets users
it had not met.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from strata.state.damage import data_file

MOST_BYTES: Final = 1 << 30
"""Of a larger file nothing: which of its users will be asked for is not known, and reading it all delays the start."""
MOST_OF_FREE: Final = 0.25
"""Nor of one above this share of the memory that is available: it would push out what others have read."""
MOST_S: Final = 5.0
"""A disk that takes longer is left to the reads: a start is not to wait for it."""
_STEP_BYTES: Final = 16 << 20
_POPULATE_READ: Final = 22
"""MADV_POPULATE_READ (Linux 5.14): reads pages and maps them, and answers with an error where reading would kill."""


def map_in(folder: Path, *, proc: Path = Path("/proc")) -> int:
    """Map the pages of an open environment's data file into this process; returns their bytes.

    At a process' start, before other threads use the environment. 0, and no harm, where the file is too large (see
    above), is not mapped here, or the kernel cannot: it is older than Linux 5.14, or it is no Linux.
    """
    path = Path(os.path.realpath(data_file(folder)))
    try:
        size = path.stat().st_size
        if size > min(MOST_BYTES, MOST_OF_FREE * _available_bytes(proc)):
            return 0
        return max((_populate(start, min(end - start, size)) for start, end in _mappings(path, proc)), default=0)
    except (OSError, StopIteration):
        return 0


def _populate(start: int, size: int) -> int:
    advise = getattr(ctypes.CDLL(None), "madvise", None)
    deadline_s, done = time.monotonic() + MOST_S, 0
    while advise is not None and done < size and time.monotonic() < deadline_s:
        step = min(_STEP_BYTES, -(-(size - done) // mmap.PAGESIZE) * mmap.PAGESIZE)
        if advise(ctypes.c_void_p(start + done), ctypes.c_size_t(step), _POPULATE_READ):
            break
        done += step
    return min(done, size)


def _mappings(path: Path, proc: Path) -> Iterator[tuple[int, int]]:
    for line in (proc / "self" / "maps").read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split(maxsplit=5)
        if len(words) == 6 and words[5] == str(path):
            start, end = (int(address, 16) for address in words[0].split("-"))
            yield start, end


def _available_bytes(proc: Path) -> int:
    lines = (proc / "meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1_024
