"""Threads that let others of their process go first."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import Final

STEPS: Final = 5
"""Niceness: where both want the core, a third of the others' share. Not much less: it must let go of what they wait for
(Python's lock) soon, also on a machine that is busy with something else."""


def step_back() -> None:
    """Have the calling thread, and those it starts, come after the others of this process. Linux alone gives a thread a
    niceness of its own; elsewhere nothing happens."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + STEPS)
