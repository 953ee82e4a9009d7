"""One training of a segmenter at a time, by a lock the system releases when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strata.errors import AlreadyRunning


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Hold `folder/.lock`. Raises AlreadyRunning at once when another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another process is training {folder.name}; wait for it or stop it") from None
        yield
