"""How much of a file the system holds in memory."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path

import numpy as np

_LIBC = ctypes.CDLL(None, use_errno=True)


def cached_bytes(path: Path) -> int:
    """Bytes of a file's pages in the page cache, by mincore(2), which tells a file's owner the truth. Raises OSError.

    >>> cached_bytes(Path("/dev/null"))
    0
    """
    size = path.stat().st_size
    if not size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as mapped:
        view = np.frombuffer(mapped, dtype=np.uint8)
        pages = np.zeros(-(-size // mmap.PAGESIZE), dtype=np.uint8)
        failed = _LIBC.mincore(
            ctypes.c_void_p(view.ctypes.data), ctypes.c_size_t(size), ctypes.c_void_p(pages.ctypes.data)
        )
        del view  # or the map could not be closed
        if failed:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(path))
        return min(size, int((pages & 1).sum()) * mmap.PAGESIZE)
