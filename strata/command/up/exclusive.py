"""One `strata up` per home."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strata.errors import AlreadyRunning, SettingsInvalid

LOCK_NAME = "up.lock"


@contextmanager
def exclusive_run(run_folder: Path) -> Iterator[None]:
    """Hold the home until left. Raises AlreadyRunning when another process does.

    The kernel lets go of the lock when its holder ends, however it ends: a killed run blocks nobody.
    """
    lock = _open(run_folder / LOCK_NAME)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunning(
                f"strata up already runs from {run_folder.parent} (process {holder}). Stop it first (Ctrl-C, or "
                f"kill {holder}), or give this one its own STRATA_HOME and ports."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(lock)


def holder_of(run_folder: Path) -> str | None:
    """The process that holds a home, as text; None when nobody does. Changes nothing."""
    try:
        lock = os.open(run_folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(lock)
    return None


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsInvalid(
            f"{path.parent} cannot be written: {reason}; set STRATA_HOME to a folder that can"
        ) from None
