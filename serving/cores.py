"""Which core a worker keeps to."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_TASKS: Final = Path("/proc/self/task")


def core_of(slot: int, cores: set[int]) -> int:
    """Workers take the cores they may have in turn; more workers than cores share.

    >>> [core_of(slot, {4, 5, 9}) for slot in range(4)]
    [4, 5, 9, 4]
    """
    return sorted(cores)[slot % len(cores)]


def keep_to_core(slot: int) -> None:
    """Keep this process to one core: the threads that imports have started, and all it starts from now on.

    Nothing where the system cannot.
    """
    if hasattr(os, "sched_setaffinity"):
        core = core_of(slot, os.sched_getaffinity(0))
        for thread in _TASKS.iterdir():
            with suppress(ProcessLookupError):  # it has just ended
                os.sched_setaffinity(int(thread.name), {core})
