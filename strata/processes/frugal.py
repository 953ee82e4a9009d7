"""What keeps a process that lives long from holding memory it no longer uses."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Final

FRUGAL: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Environment. A dozen threads that allocate now and then have an arena each by default, and Arrow a pool that gives
little back: 30 MB in a gateway's worker, 5 MB steps in a stream process. By default glibc also learns, from every large
block that is freed, to put such blocks into the heap, where they keep what lies around them resident: from a quarter of
a megabyte on a block is the kernel's instead (the demonstration's feed: 97 MB for 247; 2026-11)."""

EVERY_S: Final = 60.0
"""How often a process that is never idle gives back. Of 35 MB it takes 1 to 3 ms of the thread that asks, in which
others wait only where they allocate (2026-11)."""


def give_back() -> None:
    """Hand what the heap holds free back to the kernel; nothing where the C library cannot (musl, macOS).

    For one that works now and then and sleeps in between: its heap is else as large as its largest work was, and grows
    with it, an arena at a time. It takes a millisecond or two, and the next work's first pages a fault each.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class GiveBack:
    """`give_back`, no more than once in a while.

    For a thread that writes files in a process that answers: its buffers, of all sizes, come and go between what others
    allocate, and the pieces that lie free there add up to megabytes.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._given_s = monotonic()

    def when_due(self) -> None:
        """Do it, if it has not been done for `EVERY_S`."""
        now_s = self._monotonic()
        if now_s - self._given_s >= EVERY_S:
            self._given_s = now_s
            give_back()
