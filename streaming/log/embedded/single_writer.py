"""One writer of an embedded log at a time, by a lock the system releases when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from strata.errors import AlreadyRunning


def hold_writer_lock(folder: Path) -> int:
    """The open lock file. Raises AlreadyRunning at once when another holds it."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise AlreadyRunning(
            f"process {holder} writes the event log in {folder}, and an embedded log has one writer: stop that "
            "process, or use Kafka (log.kind) for several"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
    return lock
