"""One writer of a history at a time, by a lock the system releases when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from strata.errors import AlreadyRunning
from streaming.history import History
from streaming.store.faults import storage_faults


@contextmanager
def exclusive_writer(history: History) -> Iterator[None]:
    """Hold the history for writing. Raises AlreadyRunning at once when another process does."""
    with storage_faults(history.imports):
        history.imports.mkdir(parents=True, exist_ok=True)
        lock = os.open(history.imports / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunning(
                f"another import (process {holder}) is writing to {history.root}; wait until it is done"
            ) from None
        with storage_faults(history.imports):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(lock)
