"""Processes left behind by a run that was killed, or by a child that died over its own children.

Every process of a platform carries its home in its environment, and so do the processes it starts. On systems
without /proc nothing is found: there the port check speaks up instead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

PLATFORM_VARIABLE = "_STRATA_PLATFORM"
CHILD_VARIABLE = "_STRATA_CHILD"


def find_marked(variable: str, value: str, spare: Iterable[int] = ()) -> list[int]:
    """Ids of this user's living processes whose environment says `variable=value`, without `spare` and this one."""
    mark = f"{variable}={value}".encode()
    spared = {os.getpid(), *spare}
    return [pid for pid in _process_ids() if pid not in spared and mark in _environment(pid)]


def end_processes(pids: Iterable[int], grace_s: float = 5.0) -> None:
    """Ask each to end, and make those end that have not after the grace time."""
    left = list(pids)
    for pid in left:
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [pid for pid in left if _environment(pid)]
    for pid in left:
        _signal(pid, signal.SIGKILL)


def _process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _environment(pid: int) -> list[bytes]:
    """A process's environment; nothing for one that has ended (a zombie's is empty) or belongs to another user."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return []
    return content.split(b"\0") if content else []


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
