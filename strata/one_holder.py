"""A file one process may hold at a time. The system lets go of it when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from strata.errors import AlreadyRunning


def take(path: Path, refusal: Callable[[str], str]) -> int:
    """The open file, now held by this process and naming it; closing it lets go.

    Raises AlreadyRunning at once, with `refusal(its process id)`, when another holds it, and OSError where the file
    cannot be written.
    """
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(held, 0)
        os.pwrite(held, f"{os.getpid()}\n".encode("ascii"), 0)
    except BlockingIOError:
        holder = _named_in(held)
        os.close(held)
        raise AlreadyRunning(refusal(holder)) from None
    except BaseException:
        os.close(held)
        raise
    return held


@contextmanager
def hold(path: Path, refusal: Callable[[str], str]) -> Iterator[None]:
    """`take` until left."""
    held = take(path, refusal)
    try:
        yield
    finally:
        os.close(held)


def holder_of(path: Path) -> str | None:
    """The process that holds a file, as text; None when nobody does. Changes nothing."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named_in(file)
    finally:
        os.close(file)
    return None


def _named_in(file: int) -> str:
    return os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
