"""What keeps a process that lives long from holding memory it no longer uses."""

from __future__ import annotations

import ctypes
from typing import Final

FRUGAL: Final = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Environment. A dozen threads that allocate now and then have an arena each by default, and Arrow a pool that gives
little back: 30 MB in a gateway's worker, 5 MB steps in a stream process (2026-11)."""


def give_back() -> None:
    """Hand what the heap holds free back to the kernel; nothing where the C library cannot (musl, macOS).

    For one that works now and then and sleeps in between: its heap is else as large as its largest work was, and grows
    with it, an arena at a time. It takes a millisecond or two, and the next work's first pages a fault each.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
