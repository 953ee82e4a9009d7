"""What keeps a process that lives long from holding memory it no longer uses."""

from __future__ import annotations

from typing import Final

FRUGAL: Final = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Environment. A dozen threads that allocate now and then have an arena each by default, and Arrow a pool that gives
little back: 30 MB in a gateway's worker, 5 MB steps in a stream process (2026-11)."""
