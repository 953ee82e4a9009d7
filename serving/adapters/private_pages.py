"""Memory straight from the kernel, whose pages go back one by one when they are no longer worth having."""

from __future__ import annotations

import mmap


class PrivatePages:
    """Zeroed bytes of this process alone. `map` is a writable buffer of them: numpy arrays may be made over it.

    A page is resident from the first write to it. The heap would hold it for as long as the array lives, and an array
    of 8 MB numpy asks for by huge pages, two megabytes at the first touch.
    """

    def __init__(self, size: int) -> None:
        self.map = mmap.mmap(-1, max(1, size), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def give_back(self, kept: int) -> None:
        """Forget what lies beyond the first `kept` bytes, but for the rest of a page; it reads as zeros afterwards.

        Nothing where the system has no such advice (it is optional in POSIX).
        """
        begin = -(-kept // mmap.PAGESIZE) * mmap.PAGESIZE
        if hasattr(mmap, "MADV_DONTNEED") and begin < len(self.map):
            self.map.madvise(mmap.MADV_DONTNEED, begin)
